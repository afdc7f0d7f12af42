//! Handles to the contents of a graph: its vertices and their results.

use buildkit_proto::fields;

use crate::Digest;
use crate::wire::Writer;

/// A file system that a build makes, or scratch, the empty one: a handle to one output of an op.
///
/// Only a [`Graph`](crate::Graph) creates handles other than [`State::SCRATCH`], so none can dangle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State(pub(crate) Option<Output>);

impl State {
    /// The empty file system.
    pub const SCRATCH: State = State(None);

    /// True for the empty file system, which no op makes.
    pub fn is_scratch(self) -> bool {
        self.0.is_none()
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            None => write!(f, "State(scratch)"),
            Some(output) => write!(f, "State({}, output {})", output.vertex.0, output.index),
        }
    }
}

/// Position of a vertex in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct VertexId(pub(crate) u32);

impl VertexId {
    /// A result of this vertex.
    pub(crate) fn output(self, index: u32) -> State {
        State(Some(Output { vertex: self, index }))
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One result of a vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Output {
    pub(crate) vertex: VertexId,
    pub(crate) index: u32,
}

/// Writes a reference to a result.
pub(crate) fn write_input(wire: &mut Writer, output: Output, digest: Digest) {
    wire.message(fields::op::INPUTS, |input| {
        input.digest(fields::input::DIGEST, digest);
        input.number(fields::input::INDEX, output.index);
    });
}

/// With `u32`, handles and parts have half the size that they would have with `usize`.
pub(crate) fn to_u32(index: usize) -> u32 {
    u32::try_from(index).expect("a graph has fewer than 2^32 ops, files and bytes")
}
