//! The kinds of ops, one file each. Each writes an op as it is described in Rust as the message that
//! BuildKit reads, finds the capabilities that it needs, and says what handle it gives.
//!
//! Texts of ops may be borrowed: nothing of an op is kept but its bytes.

use std::collections::BTreeMap;

use buildkit_proto::fields;

use crate::caps::Caps;
use crate::graph::Output;
use crate::wire::Writer;
use crate::{Cap, Graph, Metadata, Platform, State};

mod diff;
mod exec;
mod file;
mod merge;
mod mount;
mod passthrough;
mod source;

pub use self::diff::Diff;
pub use self::exec::{
    CdiDevice, Exec, ExecStates, HostIp, NetMode, ProxyEnv, SecretEnv, SecurityMode, Ulimit,
};
pub use self::file::{
    ChownOpt, CopyAction, FileAction, FileOp, MkdirAction, MkfileAction, Mode, RmAction,
    SymlinkAction, Timestamp, UserOpt,
};
pub use self::merge::Merge;
pub use self::mount::{
    BindAccess, BindMount, CacheMount, CacheSharing, ContentCache, Mount, SecretMount, SshMount,
    TmpfsMount,
};
pub use self::passthrough::Passthrough;
pub use self::source::{
    Differ, Git, GitBundle, GitMtime, GitSignature, Http, HttpSignature, Image, Local,
    LocalSession, OciLayout, RecordType, ResolveMode, Source,
};

/// What can be added to a [`Graph`]: one of BuildKit's ops, or something that is said in them.
pub trait Op {
    /// What stands for the results in further ops.
    type Handle;

    /// Adds it. [`Graph::add`] is the usual way to call this.
    fn add_to(self, graph: &mut Graph, metadata: Metadata<'_>) -> Self::Handle;
}

/// An op in the making. [`Graph::draft`] is an empty one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// The one field that says what it does.
    pub(crate) kind: Writer,
    pub(crate) inputs: Inputs,
    pub(crate) caps: Caps,
    pub(crate) platform: Option<Platform>,
    /// Whether there is a container that limits could hold for.
    pub(crate) runs_container: bool,
}

impl Draft {
    pub(crate) fn needs(&mut self, cap: Cap) {
        self.caps.insert(cap);
    }

    /// Writes all but its inputs, in the order of [`pb::Op::encode_canonical`]: the kind comes last.
    ///
    /// [`pb::Op::encode_canonical`]: buildkit_proto::pb::Op::encode_canonical
    pub(crate) fn write_rest(&self, wire: &mut Writer) {
        if let Some(platform) = &self.platform {
            wire.message(fields::op::PLATFORM, |message| platform.write(message));
        }
        // Means nothing, but the Go client always sends it (`MarshalConstraints` in
        // `client/llb/marshal.go`), and with it our digests are those of its ops.
        wire.message(fields::op::CONSTRAINTS, |_| {});
        wire.bytes.extend_from_slice(&self.kind.bytes);
    }

    /// Makes it as good as new, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.kind.bytes.clear();
        self.inputs.clear();
        self.caps = Caps::default();
        self.platform = None;
        self.runs_container = false;
    }
}

/// How ops write "no input" and "no output" (`Empty` and `SkipOutput` in `solver/pb/const.go`).
pub(crate) const NONE: i64 = -1;

/// The inputs of an op in the making: ops refer to them by position.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    outputs: Vec<Output>,
    /// Where each stands, once there are so many that looking through them takes longer.
    positions: BTreeMap<Output, usize>,
}

/// How many inputs are looked through one by one.
const FEW: usize = 16;

impl Inputs {
    /// The position of a state among the inputs, each of which stands there once; [`NONE`] for
    /// scratch.
    pub(crate) fn position(&mut self, state: State) -> i64 {
        let Some(output) = state.0 else { return NONE };
        let known = if self.outputs.len() <= FEW {
            self.outputs.iter().position(|known| *known == output)
        } else {
            self.positions.get(&output).copied()
        };
        let position = known.unwrap_or_else(|| self.push(output));
        position as i64
    }

    /// Adds an input whether it stands there already or not, and gives its position.
    pub(crate) fn push(&mut self, output: Output) -> usize {
        self.outputs.push(output);
        let last = self.outputs.len() - 1;
        if last == FEW {
            self.positions = self.outputs.iter().copied().zip(0..).collect();
        } else if last > FEW {
            self.positions.insert(output, last);
        }
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
