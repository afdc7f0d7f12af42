//! Branches that are done at once: each goes on from the same state, and what they changed is merged in
//! their order.

use buildkit_llb::{Diff, Merge, Metadata, State};

use super::position::Position;
use super::{Engine, Lowering};
use crate::plan::{Branch, PlannedStage};

impl Engine {
    /// Whether it can merge what branches changed. Else they are done one after the other.
    pub fn merges_branches(&self) -> bool {
        self.merge && self.diff
    }
}

/// Branches that have been begun, and not merged yet.
pub(super) struct Forked {
    /// The branch that is being done.
    branch: Branch,
    /// What all of them go on from.
    base: State,
    /// What those that are done have become.
    done: Vec<State>,
}

impl Lowering<'_> {
    /// Goes on to a branch, or to what stands behind all branches: from what has been done so far to what the
    /// next step goes on from.
    pub(super) fn go_on(
        &mut self,
        next: Option<Branch>,
        so_far: State,
        forked: &mut Option<Forked>,
        stage: &PlannedStage,
        position: &Position,
    ) -> State {
        let Some(mut open) = forked.take() else {
            *forked = next.map(|branch| Forked { branch, base: so_far, done: Vec::new() });
            return so_far;
        };
        if next == Some(open.branch) {
            *forked = Some(open);
            return so_far;
        }
        open.done.push(so_far);
        let base = match next {
            Some(branch) if branch.fork == open.branch.fork => {
                let base = open.base;
                *forked = Some(Forked { branch, ..open });
                return base;
            }
            _ => self.merge_branches(&open, stage, position),
        };
        *forked = next.map(|branch| Forked { branch, base, done: Vec::new() });
        base
    }

    fn merge_branches(
        &mut self,
        forked: &Forked,
        stage: &PlannedStage,
        position: &Position,
    ) -> State {
        let fork = &stage.forks[forked.branch.fork];
        let location = self.location(fork.span);
        let mut label = String::new();
        let mut inputs = vec![forked.base];
        for (number, &branch) in (1..).zip(&forked.done) {
            label.clear();
            position.write_stage(&format!("{}: branch {number}", fork.label), &mut label);
            let op = Diff::new(forked.base, branch);
            inputs.push(self.graph.add(op, Metadata::named(&label).at([location.clone()])));
        }
        label.clear();
        position.write_stage(&format!("{}: merge", fork.label), &mut label);
        self.graph.add(Merge::new(inputs), Metadata::named(&label).at([location]))
    }
}
