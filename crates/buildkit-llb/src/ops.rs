//! The kinds of ops, one file each. Each file writes an op as BuildKit's message, collects the
//! capabilities that it needs, and defines its handle.
//!
//! Texts of ops may be borrowed: only the encoded bytes of an op are kept.

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
