//! Merge: several file systems laid over one another.

use buildkit_proto::fields::{merge_input, merge_op, op};

use super::Op;
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

    fn add_to(self, graph: &mut Graph, metadata: Metadata<'_>) -> State {
        // Inputs are not deduplicated: a MergeOp refers to each by its own position.
        let inputs: Vec<_> = self.inputs.into_iter().filter_map(|state| state.0).collect();
        match inputs[..] {
            [] => return State::SCRATCH,
            [only] => return State(Some(only)),
            _ => {}
        }
        let draft = graph.draft();
        draft.needs(Cap::MERGE_OP);
        draft.kind.message(op::MERGE, |merge| {
            for input in inputs {
                let position = draft.inputs.push(input) as i64;
                merge.message(merge_op::INPUTS, |message| {
                    message.number(merge_input::INPUT, position);
                });
            }
        });
        graph.insert(metadata).output(0)
    }
}
