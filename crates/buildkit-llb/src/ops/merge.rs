//! Merge: several file systems laid over one another.

use buildkit_proto::pb;

use super::{Draft, Op};
use crate::{Cap, Graph, Metadata, State};

/// Lays file systems over one another, the later over the earlier, without copying a file.
///
/// Scratch among the inputs changes nothing and is left out. When that leaves one input, it is the
/// result itself; when it leaves none, the result is scratch. Then no op is added and the metadata is
/// not used.
///
/// Where both have an entry, also a directory, the later one's mode and owner hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// What to lay over one another, from the bottom up.
    pub inputs: Vec<State>,
}

impl Merge {
    /// A merge of these, from the bottom up.
    pub fn new(inputs: impl IntoIterator<Item = State>) -> Merge {
        Merge { inputs: inputs.into_iter().collect() }
    }
}

impl Op for Merge {
    type Handle = State;

    fn add_to(self, graph: &mut Graph, metadata: Metadata) -> State {
        // Inputs are not deduplicated: a MergeOp refers to each by its own position.
        let inputs: Vec<_> = self.inputs.into_iter().filter_map(|state| state.0).collect();
        match inputs[..] {
            [] => return State::SCRATCH,
            [only] => return State(Some(only)),
            _ => {}
        }
        let op = pb::MergeOp {
            inputs: (0..inputs.len()).map(|i| pb::MergeInput { input: i as i64 }).collect(),
        };
        let draft =
            Draft { op: pb::op::Op::Merge(op), platform: None, inputs, caps: vec![Cap::MERGE_OP] };
        graph.insert(draft, metadata).output(0)
    }
}
