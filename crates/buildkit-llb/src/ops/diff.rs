//! Diff: the changes from one file system to another.

use buildkit_proto::fields::{diff_op, lower_diff_input, op, upper_diff_input};

use crate::draft::NONE;
use crate::{Cap, Graph, Metadata, Op, State};

/// Computes the changes from `lower` to `upper`, including deletions, for use in a
/// [`Merge`](crate::Merge).
///
/// If `lower` is scratch, the result is `upper` itself: no op is added and the metadata is not
/// used. The diff of a state with itself is kept as an op: its result is empty but needs the state,
/// so a merge with it waits for a step without taking its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diff {
    /// The state before.
    pub lower: State,
    /// The state after.
    pub upper: State,
}

impl Diff {
    /// The changes from `lower` to `upper`.
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
