//! `[stages.NAME]`: the base of a stage, its settings and its steps.

use super::condition::Conditions;
use super::env::{Env, Shell};
use super::from::{From, first_of};
use super::image::Image;
use super::mount::Mount;
use super::mount_set::MountList;
use super::name::ArgName;
use super::names::Names;
use super::step::{Step, Verb};
use super::table::table;
use super::template::{MaybeEmpty, Template, User};
use crate::source::Spanned;

table! {
    /// A stage: a base, and the steps that are run on it.
    pub struct Stage as "a stage" {
        with conditions: Conditions;
        /// The base of the stage: a stage, an image, or `scratch`.
        "from" from: Spanned<From>,
        /// The platform of the stage: "linux/arm64", "${BUILDPLATFORM}". By default, the target's.
        "platform" platform: Option<Template>,
        /// Args in the environment of every run step, besides those that its text names. They take
        /// precedence over variables that the stage inherits, also from its base image. The list
        /// replaces the one that the stage inherits.
        "args" args: Option<Vec<Spanned<ArgName>>>,
        /// Args that are not visible in the stage: neither in its strings nor in its run steps. Not
        /// inherited.
        "no-args" no_args: Vec<Spanned<ArgName>>,
        /// Environment of every step; recorded in the image.
        "env" env: Env,
        /// Working directory of every step, created before the first; recorded in the image.
        "workdir" workdir: Option<MaybeEmpty>,
        /// User of every step; recorded in the image.
        "user" user: Option<User>,
        /// The shell for the text of `run` steps.
        "shell" shell: Option<Shell>,
        /// Mounts of every run step: tables, and names of sets in `[mounts]`. They replace those
        /// that the stage inherits; `[]` removes them.
        "mounts" mounts: Option<MountList>,
        /// The steps, in order.
        "steps" steps: Vec<Step>,
        /// Stages that must build for this one to succeed. They are built concurrently, and their
        /// files are not added to it.
        "requires" requires: Vec<Spanned<String>>,
        /// The directory, or the single file, that `--target NAME.report` exports, even if a step
        /// fails. A relative path starts at the `workdir`.
        "report" report: Option<Template>,
        /// Merge the layers that the stage adds to its base into one. The layers of the base are
        /// kept.
        "squash" squash: Option<Spanned<bool>>,
        /// The default of `link` for the stage's copies.
        "link" link: Option<bool>,
        /// The default owner of files that the stage's steps create: `chown` of `copy`, `fetch`,
        /// `git`, `unpack`, `write` and `mkdir`.
        "chown" chown: Option<Template>,
        /// The config of the exported image.
        "image" image: Option<Image>,
        /// Include the stage in an SBOM (`--sbom`), besides the target.
        "sbom" sbom: Option<bool>,
        /// A description, shown by `--call=targets`.
        "description" description: Option<String>,
    }
}

impl Stage {
    /// Calls `visit` with each name that the stage may use: of args, constants and variables.
    pub fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        Names::visit_names(self, visit);
    }

    /// Every step; those of branches follow their `parallel` step.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(|step| {
            let parallel = match &step.verb {
                Verb::Parallel(parallel) => Some(parallel),
                _ => None,
            };
            [step].into_iter().chain(parallel.into_iter().flat_map(|parallel| parallel.steps()))
        })
    }

    /// Its bases: one, or several that are merged. The first one provides the config.
    pub fn bases(&self) -> impl Iterator<Item = &Spanned<From>> {
        let others = match &self.from.value {
            From::Merge { others, .. } => &others[..],
            _ => &[],
        };
        [first_of(&self.from)].into_iter().chain(others)
    }

    /// Calls `visit` with each `from` of the stage: its own, those of its mounts and those of its
    /// steps.
    pub fn visit_froms<'s>(&'s self, visit: &mut dyn FnMut(&'s Spanned<From>)) {
        self.visit_froms_where(&|_| true, visit);
    }

    /// Like [`Self::visit_froms`], without those of steps that are left out.
    pub fn visit_froms_where<'s>(
        &'s self,
        exists: &dyn Fn(&Step) -> bool,
        visit: &mut dyn FnMut(&'s Spanned<From>),
    ) {
        self.bases().for_each(&mut *visit);
        self.mounts.iter().flat_map(MountList::iter).filter_map(Mount::from).for_each(&mut *visit);
        for step in self.all_steps().filter(|step| exists(step)) {
            step.visit_froms(visit);
        }
    }
}
