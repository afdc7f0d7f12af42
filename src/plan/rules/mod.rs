//! Advisory rules that need values: what a name means, what an image is, where a file ends up. One file
//! each, and a page each in `docs/rules`; those that need nothing but the file are in `crate::spec`.

pub(super) mod base_image_platform;
mod clash_in_parallel;
mod copy_in_cache_mount;
mod credentials_in_url;
mod cross_build_without_target;
mod ignore_pattern;
pub(super) mod ignored_copy;
pub(super) mod invalid_default_in_from;
mod linked_into_special;
pub(super) mod near_platform;
mod package_cache_in_layer;
mod redundant_platform;
mod relative_workdir;
mod report_in_mount;
pub(super) mod shadowed_arg;
mod shell_form_command;
mod toolchain_in_image;
pub(super) mod unmatched_pattern;
mod untagged_image;
mod write_in_mount;

use std::collections::{BTreeMap, BTreeSet};

use super::select::{Origin, SelectedStage, Selection};
use super::{Plan, PlannedStep};
use crate::diagnostic::Diagnostics;
use crate::source::{Span, Spanned};
use crate::spec::{From, Stage, Step};

/// What the rules look at: the stages as they are written, and what became of them, in one order.
struct Subject<'a> {
    selection: &'a Selection<'a>,
    plan: &'a Plan,
}

/// Runs every rule on what a build is made of.
pub(super) fn check(selection: &Selection<'_>, plan: &Plan, diagnostics: &mut Diagnostics) {
    let subject = Subject { selection, plan };
    clash_in_parallel::check(&subject, diagnostics);
    copy_in_cache_mount::check(&subject, diagnostics);
    credentials_in_url::check(&subject, diagnostics);
    cross_build_without_target::check(&subject, diagnostics);
    linked_into_special::check(&subject, diagnostics);
    package_cache_in_layer::check(&subject, diagnostics);
    redundant_platform::check(&subject, diagnostics);
    relative_workdir::check(&subject, diagnostics);
    report_in_mount::check(&subject, diagnostics);
    shell_form_command::check(&subject, diagnostics);
    toolchain_in_image::check(&subject, diagnostics);
    untagged_image::check(&subject, diagnostics);
    write_in_mount::check(&subject, diagnostics);
}

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
