//! The stages of a build, as written and as planned.

use std::collections::BTreeSet;

use super::process::Process;
use crate::collect::collect_map;
use crate::id::IdVec;
use crate::plan::{
    ContainerConfig, ImageId, Origin, Plan, PlannedStep, SelectedStage, Selection, StageId,
};
use crate::spec::{Stage, Step};

/// The input of rules about plans: the stages as written and as planned, in the same order.
pub(super) struct Subject<'a> {
    pub(super) selection: &'a Selection<'a>,
    pub(super) plan: &'a Plan,
}

impl<'a> Subject<'a> {
    /// The stages as written, each after its dependencies.
    pub(super) fn stages(&self) -> impl Iterator<Item = (StageId, &'a SelectedStage<'a>)> {
        self.selection.stages.enumerate()
    }

    /// A stage as written.
    pub(super) fn stage(&self, at: StageId) -> &'a Stage {
        &self.selection.stages[at].stage.value
    }

    /// The name of a stage.
    pub(super) fn name(&self, at: StageId) -> &'a str {
        self.selection.stages[at].name.as_str()
    }

    /// The base of a stage.
    pub(super) fn base(&self, at: StageId) -> Origin {
        self.plan.stages[at].base
    }

    /// The steps of a stage, as written and as planned.
    pub(super) fn steps(&self, at: StageId) -> impl Iterator<Item = (&'a Step, &'a PlannedStep)> {
        let written = collect_map(self.stage(at).all_steps().map(|step| (step.id, step)));
        let planned = self.plan.stages[at].steps.iter();
        planned.filter_map(move |planned| Some((*written.get(&planned.written?)?, planned)))
    }

    /// The config of an image; `None` if its lookup failed.
    pub(super) fn config(&self, image: ImageId) -> Option<&'a ContainerConfig> {
        let image = &self.plan.images[image];
        image.is_known.then_some(&image.config)
    }

    /// The processes of a stage's steps.
    pub(super) fn processes(&self, at: StageId) -> impl Iterator<Item = Process<'a>> {
        self.steps(at).filter_map(|(written, planned)| Process::new(written, planned))
    }

    /// A stage and its ancestors, from top to bottom, and the base of the lowest one.
    pub(super) fn chain(&self, at: StageId) -> (Vec<StageId>, Origin) {
        let mut chain = vec![at];
        let mut bottom = self.base(at);
        while let Origin::Stage(below) = bottom {
            chain.push(below);
            bottom = self.base(below);
        }
        (chain, bottom)
    }

    /// For each stage, the result of `of`, which is given the result for its base; from the bottom
    /// up.
    pub(super) fn inherited<T: Clone>(
        &self,
        of: impl Fn(&Stage, Result<&T, Origin>) -> T,
    ) -> IdVec<StageId, T> {
        let mut values = IdVec::default();
        for (at, selected) in self.stages() {
            let value = match self.base(at) {
                Origin::Stage(base) => of(&selected.stage.value, Ok(&values[base])),
                base => of(&selected.stage.value, Err(base)),
            };
            values.push(value);
        }
        values
    }

    /// The stages whose layers are in an image that the file is meant to build.
    pub(super) fn shipped_layers(&self) -> BTreeSet<StageId> {
        let mut layers = BTreeSet::new();
        for &shipped in &self.selection.shipped {
            let mut at = Some(shipped);
            // The ancestors of a visited stage have been visited too.
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
