//! Concurrent branches: each starts from the same state, and their changes are merged in the order
//! of the branches.

use buildkit_llb::{Diff, Merge, Metadata, State};

use super::position::Position;
use super::{Engine, Lowering};
use crate::plan::{Branch, PlannedStage};

impl Engine {
    /// True if the engine can merge the changes of branches. Otherwise they run one after the
    /// other.
    pub fn merges_branches(&self) -> bool {
        self.merge && self.diff
    }
}

/// Branches that have been started but not merged.
pub(super) struct Forked {
    /// The current branch.
    branch: Branch,
    /// The common base of all branches.
    base: State,
    /// The results of the finished branches.
    done: Vec<State>,
}

impl Lowering<'_> {
    /// Switches to the next branch, or to the steps after all branches. Takes the current state and
    /// returns the state for the next step.
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
