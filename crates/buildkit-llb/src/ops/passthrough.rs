//! Passthrough: a state that waits for other states.

use buildkit_proto::fields::{op, passthrough_op};

use crate::handle::Output;
use crate::{Cap, Graph, Metadata, Op, State};

/// Passes a state through unchanged, but only once others have been built: if one of them fails, so
/// does this op.
///
/// BuildKit has this op since v0.31; see [`Cap::PASSTHROUGH_OP`]. Scratch in `requires` is omitted.
/// If nothing is required, the result is the state itself and no op is added.
#[derive(Clone, Debug)]
pub struct Passthrough {
    id: String,
    output: Output,
    requires: Vec<State>,
}

impl Passthrough {
    /// Passes `output` through once `requires` have been built. `None` if `output` is scratch,
    /// which no op makes and which therefore cannot wait.
    ///
    /// The id is part of the op's cache key and must not be empty.
    pub fn new(
        id: impl Into<String>,
        output: State,
        requires: impl IntoIterator<Item = State>,
    ) -> Option<Passthrough> {
        let requires = requires.into_iter().filter(|state| !state.is_scratch()).collect();
        Some(Passthrough { id: id.into(), output: output.0?, requires })
    }
}

impl Op for Passthrough {
    type Handle = State;

    fn add_to(self, graph: &mut Graph, metadata: Metadata<'_>) -> State {
        if self.requires.is_empty() {
            return State(Some(self.output));
        }
        let draft = graph.draft();
        draft.needs(Cap::PASSTHROUGH_OP);
        let output = draft.inputs.push(self.output) as i64;
        for input in self.requires.into_iter().filter_map(|state| state.0) {
            draft.inputs.push(input);
        }
        draft.kind.message(op::PASSTHROUGH, |passthrough| {
            passthrough.text(passthrough_op::ID, &self.id);
            passthrough.numbers(passthrough_op::OUTPUTS, [output]);
        });
        graph.insert(metadata).output(0)
    }
}
