//! Diff: what one file system changed against another.

use buildkit_proto::pb;

use super::{Draft, NONE, Op};
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

    fn add_to(self, graph: &mut Graph, metadata: Metadata) -> State {
        let Some(lower) = self.lower.0 else { return self.upper };
        // Like merge, diff does not deduplicate its inputs (`client/llb/diff.go`).
        let mut inputs = vec![lower];
        let upper = self.upper.0.map_or(NONE, |upper| {
            inputs.push(upper);
            1
        });
        let op = pb::DiffOp {
            lower: Some(pb::LowerDiffInput { input: 0 }),
            upper: Some(pb::UpperDiffInput { input: upper }),
        };
        let draft =
            Draft { op: pb::op::Op::Diff(op), platform: None, inputs, caps: vec![Cap::DIFF_OP] };
        graph.insert(draft, metadata).output(0)
    }
}
