//! The kinds of ops, one file each. Each turns an op as it is described in Rust into the message that
//! BuildKit reads, finds the capabilities that it needs, and says what handle it gives.

use std::collections::BTreeMap;

use buildkit_proto::pb;

use crate::graph::Output;
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
    fn add_to(self, graph: &mut Graph, metadata: Metadata) -> Self::Handle;
}

/// An op that is ready to be encoded.
pub(crate) struct Draft {
    pub(crate) op: pb::op::Op,
    pub(crate) platform: Option<Platform>,
    pub(crate) inputs: Vec<Output>,
    pub(crate) caps: Vec<Cap>,
}

/// How ops write "no input" and "no output" (`Empty` and `SkipOutput` in `solver/pb/const.go`).
pub(crate) const NONE: i64 = -1;

/// The inputs of an op in the making: ops refer to them by position.
#[derive(Default)]
pub(crate) struct Inputs {
    outputs: Vec<Output>,
    positions: BTreeMap<Output, i64>,
}

impl Inputs {
    /// The position of a state among the inputs, each of which stands there once; [`NONE`] for
    /// scratch.
    pub(crate) fn position(&mut self, state: State) -> i64 {
        let Some(output) = state.0 else { return NONE };
        *self.positions.entry(output).or_insert_with(|| {
            self.outputs.push(output);
            self.outputs.len() as i64 - 1
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.outputs.len()
    }

    pub(crate) fn into_outputs(self) -> Vec<Output> {
        self.outputs
    }
}
