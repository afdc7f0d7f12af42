//! Merge: several file systems on top of each other.

use buildkit_proto::fields::{merge_input, merge_op, op};

use crate::{Cap, Graph, Metadata, Op, State};

/// Merges file systems, later ones on top of earlier ones, without copying a file.
///
/// Scratch inputs have no effect and are omitted. If one input is left, it is the result itself; if
/// none is left, the result is scratch. Then no op is added and the metadata is not used.
///
/// If several inputs have the same entry, including a directory, the last one's mode and owner
/// apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Merge {
    /// The inputs, from bottom to top.
    pub inputs: Vec<State>,
}

impl Merge {
    /// A merge of `inputs`, from bottom to top.
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
