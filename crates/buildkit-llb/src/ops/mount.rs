//! What an exec sees besides its root: the kinds of mounts and their options.
//!
//! How mounts are put in order and numbered is `exec.rs`'s matter.

use std::borrow::Cow;

use crate::State;

/// Something that an [`Exec`](crate::Exec) sees at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mount<'a> {
    /// A state.
    Bind(BindMount<'a>),
    /// A directory that stays on the daemon from build to build.
    Cache(CacheMount<'a>),
    /// A secret of the client, as a file.
    Secret(SecretMount<'a>),
    /// An SSH agent of the client.
    Ssh(SshMount<'a>),
    /// A file system in memory.
    Tmpfs(TmpfsMount<'a>),
}

/// A state that an exec sees at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindMount<'a> {
    /// Where it is seen. A relative path starts at the working directory.
    pub dest: Cow<'a, str>,
    /// The state. Scratch is an empty directory.
    pub input: State,
    /// The file or directory of it to mount. Empty is all.
    pub selector: Cow<'a, str>,
    /// Whether it can be written, and what becomes of that.
    pub access: BindAccess,
    /// Whether the exec's cache key has the contents or the history of what is mounted.
    pub content_cache: ContentCache,
}

impl<'a> BindMount<'a> {
    /// All of a state, read-only.
    pub fn new(dest: impl Into<Cow<'a, str>>, input: State) -> BindMount<'a> {
        BindMount {
            dest: dest.into(),
            input,
            selector: "".into(),
            access: BindAccess::Readonly,
            content_cache: ContentCache::Default,
        }
    }
}

/// Whether a bind mount can be written, and what becomes of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindAccess {
    /// It cannot.
    Readonly,
    /// It can; what the exec changed is thrown away.
    NoOutput,
    /// It can; what the exec changed is a state of its own, found in
    /// [`ExecStates::mounts`](crate::ExecStates::mounts).
    Output,
}

/// Whether a cache key has the contents or the history of what is mounted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentCache {
    /// The contents, where BuildKit can compute them for good.
    #[default]
    Default,
    /// The contents. An error of the build if the mount is writable, has an output, and a selector.
    On,
    /// The history.
    Off,
}

/// A directory that stays on the daemon from build to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheMount<'a> {
    /// Where it is seen. A relative path starts at the working directory.
    pub dest: Cow<'a, str>,
    /// Which cache it is: mounts with the same id and input are the same. The Dockerfile frontend
    /// writes its own as `<namespace>/<id or path>`.
    pub id: Cow<'a, str>,
    /// How several execs at once use it.
    pub sharing: CacheSharing,
    /// What it holds at first.
    pub input: State,
    /// The directory of `input` to take. Empty is all.
    pub selector: Cow<'a, str>,
    /// Whether it cannot be written.
    pub readonly: bool,
}

impl<'a> CacheMount<'a> {
    /// A cache that is empty at first, shared and writable.
    pub fn new(dest: impl Into<Cow<'a, str>>, id: impl Into<Cow<'a, str>>) -> CacheMount<'a> {
        CacheMount {
            dest: dest.into(),
            id: id.into(),
            sharing: CacheSharing::Shared,
            input: State::SCRATCH,
            selector: "".into(),
            readonly: false,
        }
    }
}

/// How several execs at once use a cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheSharing {
    /// All of them together.
    #[default]
    Shared,
    /// Each has its own.
    Private,
    /// One after the other.
    Locked,
}

/// A secret of the client, as a file that can only be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretMount<'a> {
    /// Where the file is seen.
    pub dest: Cow<'a, str>,
    /// Which secret.
    pub id: Cow<'a, str>,
    /// The file's owner.
    pub uid: u32,
    /// The file's group.
    pub gid: u32,
    /// The file's mode. 0 is mode 0000, not a default.
    pub mode: u32,
    /// Whether the exec runs without it if the client does not have it.
    pub optional: bool,
}

impl<'a> SecretMount<'a> {
    /// A secret that must be there, readable by root.
    pub fn new(dest: impl Into<Cow<'a, str>>, id: impl Into<Cow<'a, str>>) -> SecretMount<'a> {
        SecretMount {
            dest: dest.into(),
            id: id.into(),
            uid: 0,
            gid: 0,
            mode: 0o400,
            optional: false,
        }
    }
}

/// An SSH agent of the client, as a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshMount<'a> {
    /// Where the socket is seen. None is `/run/buildkit/ssh_agent.` and the agent's number in the
    /// exec. The first agent's is put into the environment as `SSH_AUTH_SOCK`, unless that is set.
    pub dest: Option<Cow<'a, str>>,
    /// Which agent. Empty is `default`.
    pub id: Cow<'a, str>,
    /// The socket's owner.
    pub uid: u32,
    /// The socket's group.
    pub gid: u32,
    /// The socket's mode. 0 is mode 0000, not a default.
    pub mode: u32,
    /// Whether the exec runs without it if the client does not have it.
    pub optional: bool,
}

impl<'a> SshMount<'a> {
    /// An agent that must be there, usable by root.
    pub fn new(id: impl Into<Cow<'a, str>>) -> SshMount<'a> {
        SshMount { dest: None, id: id.into(), uid: 0, gid: 0, mode: 0o600, optional: false }
    }
}

/// A file system in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TmpfsMount<'a> {
    /// Where it is seen. A relative path starts at the working directory.
    pub dest: Cow<'a, str>,
    /// Its size in bytes; 0 is no limit.
    pub size: u64,
}

impl<'a> TmpfsMount<'a> {
    /// A file system without a limit.
    pub fn new(dest: impl Into<Cow<'a, str>>) -> TmpfsMount<'a> {
        TmpfsMount { dest: dest.into(), size: 0 }
    }
}

/// Lets each kind be given where a mount is wanted.
macro_rules! kinds {
    ($($kind:ident($mount:ident)),*) => {$(
        impl<'a> From<$mount<'a>> for Mount<'a> {
            fn from(mount: $mount<'a>) -> Mount<'a> {
                Mount::$kind(mount)
            }
        }
    )*};
}

kinds!(Bind(BindMount), Cache(CacheMount), Secret(SecretMount), Ssh(SshMount), Tmpfs(TmpfsMount));
