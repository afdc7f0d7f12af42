//! Advisory rules that need values: what a name means, what an image is, where a file ends up. One file
//! each, and a page each in `docs/rules`; those that need nothing but the file are in `crate::spec`.

pub(super) mod base_image_platform;
mod clash_in_parallel;
mod command_without_shell;
mod contradicting_platform;
mod copy_in_cache_mount;
mod credentials_in_url;
mod cross_build_without_target;
mod dropped_cmd;
pub(super) mod ignore_pattern;
pub(super) mod ignored_copy;
pub(super) mod invalid_default_in_from;
mod linked_into_special;
mod mode_without_search;
mod near_filter_name;
pub(super) mod near_platform;
mod package_cache_in_layer;
mod pipe_hides_failure;
mod process;
mod redundant_platform;
mod relative_workdir;
mod report_in_mount;
mod runs_as_root;
pub(super) mod shadowed_arg;
mod shell_form_command;
mod sudo_in_step;
mod toolchain_in_image;
mod unanswered_prompt;
pub(super) mod unmatched_pattern;
mod untagged_image;
mod write_in_mount;

use std::collections::{BTreeMap, BTreeSet};

use self::process::Process;
use super::config::ContainerConfig;
use super::select::{Origin, SelectedStage, Selection};
use super::{Plan, PlannedStep};
use crate::diagnostic::Diagnostics;
use crate::source::{Span, Spanned};
use crate::spec::{From, Stage, Step};

/// What the rules look at: the stages as they are written, and what became of them, in one order.
struct Subject<'a> {
    selection: &'a Selection<'a>,
    plan: &'a Plan,
    /// What the images say of containers, in the plan's order. `None` for one that could not be looked up.
    images: &'a [Option<ContainerConfig>],
}

/// Runs every rule on what a build is made of. `images` are the configs of the plan's images.
pub(super) fn check(
    selection: &Selection<'_>,
    plan: &Plan,
    images: &[Option<ContainerConfig>],
    diagnostics: &mut Diagnostics,
) {
    let subject = Subject { selection, plan, images };
    for rule in RULES {
        rule(&subject, diagnostics);
    }
    let shipped = subject.shipped_layers();
    for (at, _) in subject.stages() {
        // Each script is read once for all rules that look into it.
        let processes: Vec<Process<'_>> = subject.processes(at).collect();
        if processes.is_empty() {
            continue;
        }
        for rule in RULES_OF_PROCESSES {
            rule(&processes, diagnostics);
        }
        if shipped.contains(&at) {
            package_cache_in_layer::check(&processes, diagnostics);
        }
    }
}

/// The rules that look at the stages.
const RULES: &[fn(&Subject<'_>, &mut Diagnostics)] = &[
    command_without_shell::check,
    contradicting_platform::check,
    copy_in_cache_mount::check,
    credentials_in_url::check,
    cross_build_without_target::check,
    dropped_cmd::check,
    linked_into_special::check,
    mode_without_search::check,
    near_filter_name::check,
    redundant_platform::check,
    relative_workdir::check,
    report_in_mount::check,
    runs_as_root::check,
    shell_form_command::check,
    toolchain_in_image::check,
    untagged_image::check,
    write_in_mount::check,
];

/// The rules that look at what the steps of a stage run.
const RULES_OF_PROCESSES: &[fn(&[Process<'_>], &mut Diagnostics)] = &[
    clash_in_parallel::check,
    pipe_hides_failure::check,
    sudo_in_step::check,
    unanswered_prompt::check,
];

impl<'a> Subject<'a> {
    /// The stages as they are written, each behind those that it needs.
    fn stages(&self) -> impl Iterator<Item = (usize, &'a SelectedStage<'a>)> {
        self.selection.stages.iter().enumerate()
    }

    /// A stage as it is written.
    fn stage(&self, at: usize) -> &'a Stage {
        &self.selection.stages[at].stage.value
    }

    /// The name of a stage.
    fn name(&self, at: usize) -> &'a str {
        self.selection.stages[at].name.as_str()
    }

    /// What a `from` means.
    fn origin(&self, from: &Spanned<From>) -> Origin {
        super::step::origin_of(Some(from), &self.selection.origins)
    }

    /// What a stage starts from.
    fn base(&self, at: usize) -> Origin {
        self.plan.stages[at].base
    }

    /// The steps of a stage, as they are written and as they are planned.
    fn steps(&self, at: usize) -> impl Iterator<Item = (&'a Step, &'a PlannedStep)> {
        let written: BTreeMap<Span, &Step> =
            self.stage(at).all_steps().map(|step| (step.span, step)).collect();
        let planned = self.plan.stages[at].steps.iter();
        planned.filter_map(move |planned| Some((*written.get(&planned.span)?, planned)))
    }

    /// What the steps of a stage run.
    fn processes(&self, at: usize) -> impl Iterator<Item = Process<'a>> {
        self.steps(at).filter_map(|(written, planned)| Process::new(written, planned))
    }

    /// A stage and those that it is built from, from the top down, and what is at the bottom.
    fn chain(&self, at: usize) -> (Vec<usize>, Origin) {
        let mut chain = vec![at];
        let mut bottom = self.base(at);
        while let Origin::Stage(below) = bottom {
            chain.push(below);
            bottom = self.base(below);
        }
        (chain, bottom)
    }

    /// For each stage what `of` says of it and of its base, from the bottom up.
    fn inherited<T: Clone>(&self, of: impl Fn(&Stage, Result<&T, Origin>) -> T) -> Vec<T> {
        let mut values: Vec<T> = Vec::with_capacity(self.selection.stages.len());
        for (at, selected) in self.stages() {
            let value = match self.base(at) {
                Origin::Stage(base) => of(&selected.stage.value, Ok(&values[base])),
                base => of(&selected.stage.value, Err(base)),
            };
            values.push(value);
        }
        values
    }

    /// The stages whose layers are in an image that the file is for.
    fn shipped_layers(&self) -> BTreeSet<usize> {
        let mut layers = BTreeSet::new();
        for &shipped in &self.selection.shipped {
            let mut at = Some(shipped);
            // What is below a stage that has been seen has been seen too.
            while let Some(stage) = at.filter(|&stage| layers.insert(stage)) {
                at = match self.base(stage) {
                    Origin::Stage(below) => Some(below),
                    Origin::Context | Origin::Scratch | Origin::Image(_) | Origin::Named(_) => None,
                };
            }
        }
        layers
    }
}
