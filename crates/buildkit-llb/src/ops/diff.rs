//! Diff: what one file system changed against another.

use buildkit_proto::fields::{diff_op, lower_diff_input, op, upper_diff_input};

use super::{NONE, Op};
use crate::{Cap, Graph, Metadata, State};

/// Takes what `upper` changed against `lower`, deletions included, for use in a
/// [`Merge`](crate::Merge).
///
/// Against scratch everything is a change, so then the result is `upper` itself: no op is added and
/// the metadata is not used. A state against itself is kept: the result is empty but needs the state,
/// so a merge with it waits for a step without taking anything of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diff {
    /// What is there before.
    pub lower: State,
    /// What is there after.
    pub upper: State,
}

impl Diff {
    /// What `upper` changed against `lower`.
    pub fn new(lower: State, upper: State) -> Diff {
        Diff { lower, upper }
    }
}

impl Op for Diff {
    type Handle = State;

    fn add_to(self, graph: &mut Graph, metadata: Metadata<'_>) -> State {
        let Some(lower) = self.lower.0 else { return self.upper };
        let draft = graph.draft();
        draft.needs(Cap::DIFF_OP);
        // Like merge, diff does not deduplicate its inputs (`client/llb/diff.go`).
        let lower = draft.inputs.push(lower) as i64;
        let upper = self.upper.0.map_or(NONE, |upper| draft.inputs.push(upper) as i64);
        draft.kind.message(op::DIFF, |diff| {
            diff.message(diff_op::LOWER, |message| message.number(lower_diff_input::INPUT, lower));
            diff.message(diff_op::UPPER, |message| message.number(upper_diff_input::INPUT, upper));
        });
        graph.insert(metadata).output(0)
    }
}
