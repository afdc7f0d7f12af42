//! An op under construction: its kind, its inputs, and the capabilities that it needs.

use std::collections::BTreeMap;

use buildkit_proto::fields;

use crate::caps::Caps;
use crate::handle::Output;
use crate::wire::Writer;
use crate::{Cap, Platform, State};

/// An op under construction. [`Graph::draft`] is an empty one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// The field that gives the kind of the op.
    pub(crate) kind: Writer,
    pub(crate) inputs: Inputs,
    pub(crate) caps: Caps,
    pub(crate) platform: Option<Platform>,
    /// True if the op runs a container, to which limits can apply.
    pub(crate) runs_container: bool,
}

impl Draft {
    pub(crate) fn needs(&mut self, cap: Cap) {
        self.caps.insert(cap);
    }

    /// Writes everything but its inputs, in the order of [`pb::Op::encode_canonical`]: the kind
    /// comes last.
    ///
    /// [`pb::Op::encode_canonical`]: buildkit_proto::pb::Op::encode_canonical
    pub(crate) fn write_rest(&self, wire: &mut Writer) {
        if let Some(platform) = &self.platform {
            wire.message(fields::op::PLATFORM, |message| platform.write(message));
        }
        // Without effect, but the Go client always sends it (`MarshalConstraints` in
        // `client/llb/marshal.go`); with it our digests equal those of its ops.
        wire.message(fields::op::CONSTRAINTS, |_| {});
        wire.bytes.extend_from_slice(&self.kind.bytes);
    }

    /// Clears it, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.kind.bytes.clear();
        self.inputs.clear();
        self.caps = Caps::default();
        self.platform = None;
        self.runs_container = false;
    }
}

/// The number for "no input" and "no output" (`Empty` and `SkipOutput` in `solver/pb/const.go`).
pub(crate) const NONE: i64 = -1;

/// The inputs of an op under construction, which the op refers to by position.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    outputs: Vec<Output>,
    /// The first position of each.
    positions: BTreeMap<Output, usize>,
}

impl Inputs {
    /// The position of a state among the inputs, added if it is new; [`NONE`] for scratch.
    pub(crate) fn position(&mut self, state: State) -> i64 {
        let Some(output) = state.0 else { return NONE };
        let known = self.positions.get(&output).copied();
        known.unwrap_or_else(|| self.push(output)) as i64
    }

    /// Adds an input even if it exists already, and returns its position.
    pub(crate) fn push(&mut self, output: Output) -> usize {
        self.outputs.push(output);
        let last = self.outputs.len() - 1;
        self.positions.entry(output).or_insert(last);
        last
    }

    pub(crate) fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn clear(&mut self) {
        self.outputs.clear();
        self.positions.clear();
    }
}
