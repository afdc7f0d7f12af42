//! The stages that a target needs: its dependencies, and the stages that must build besides them.
//!
//! A required stage is not a dependency, since none of its files get into the stage that requires
//! it. It may even start from that stage, for example to test it.

use super::candidates::{Candidates, Required};
use super::declared::DeclaredId;
use crate::id::IdVec;

/// The stages that are built for a target.
pub(super) struct Reach {
    /// Each stage after its dependencies: first the target's dependencies, then the target, then the
    /// required stages with their dependencies.
    pub(super) stages: Vec<DeclaredId>,
    /// True for each stage of the spec that is in `stages`.
    pub(super) has: IdVec<DeclaredId, bool>,
    /// The stages that must build for the target to succeed.
    pub(super) gates: Vec<Required>,
    /// Required stages that are not built because the client skips them.
    pub(super) left_out: Vec<Required>,
}

impl Reach {
    /// Collects the stages to build for a target; none without a target.
    pub(super) fn of(
        target: Option<DeclaredId>,
        skips_required: bool,
        stages: &Candidates<'_>,
    ) -> Self {
        let mut roots = target.map_or_else(Vec::new, |target| reached(target, stages));
        let mut gates = target.map_or_else(Vec::new, |target| gates_of(target, &roots, stages));
        let mut left_out = Vec::new();
        if skips_required {
            std::mem::swap(&mut gates, &mut left_out);
            roots.truncate(1);
        }
        let mut reach = Self {
            stages: stages.order_from(roots).nodes,
            has: stages.list.map(|_| false),
            gates,
            left_out,
        };
        for &at in &reach.stages {
            reach.has[at] = true;
        }
        reach.left_out.retain(|required| !reach.has[required.stage]);
        reach
    }

    /// Adds a stage, unless it is built already.
    pub(super) fn add(&mut self, at: DeclaredId) {
        if !std::mem::replace(&mut self.has[at], true) {
            self.stages.push(at);
        }
    }
}

/// Every stage that is built for a target: the target first, then all stages that it needs or
/// requires, directly or indirectly.
fn reached(target: DeclaredId, stages: &Candidates<'_>) -> Vec<DeclaredId> {
    let mut reached = vec![target];
    let mut is_reached: IdVec<DeclaredId, bool> = stages.list.map(|_| false);
    is_reached[target] = true;
    let mut next = 0;
    while let Some(&at) = reached.get(next) {
        next += 1;
        let candidate = &stages.list[at];
        let required = candidate.requires.iter().map(|required| required.stage);
        for needed in required.chain(candidate.needs()) {
            if !std::mem::replace(&mut is_reached[needed], true) {
                reached.push(needed);
            }
        }
    }
    reached
}

/// The stages that a target's stages require, without duplicates, those of the target itself first.
fn gates_of(target: DeclaredId, reached: &[DeclaredId], stages: &Candidates<'_>) -> Vec<Required> {
    let mut is_new: IdVec<DeclaredId, bool> = stages.list.map(|_| true);
    is_new[target] = false;
    let required = reached.iter().flat_map(|&at| &stages.list[at].requires);
    required
        .filter(|required| std::mem::replace(&mut is_new[required.stage], false))
        .copied()
        .collect()
}
