//! The kinds of mounts of an exec, and their options.
//!
//! The order and numbering of mounts is in `exec.rs`.

use std::borrow::Cow;

use crate::State;

/// A mount of an [`Exec`](crate::Exec).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mount<'a> {
    /// A state.
    Bind(BindMount<'a>),
    /// A directory that the daemon keeps between builds.
    Cache(CacheMount<'a>),
    /// A secret of the client, as a file.
    Secret(SecretMount<'a>),
    /// An SSH agent of the client.
    Ssh(SshMount<'a>),
    /// A file system in memory.
    Tmpfs(TmpfsMount<'a>),
}

/// A state, mounted at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BindMount<'a> {
    /// The mount point. A relative path starts at the working directory.
    pub dest: Cow<'a, str>,
    /// The state. Scratch is an empty directory.
    pub input: State,
    /// The file or directory of it to mount. Empty is all.
    pub selector: Cow<'a, str>,
    /// The access mode, and the fate of changes.
    pub access: BindAccess,
    /// The part of the exec's cache key: contents or history.
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

setters! { BindMount<'a> {
    selector: impl Into<Cow<'a, str>>,
    access: BindAccess,
    content_cache: ContentCache,
} }

/// The access mode of a bind mount, and the fate of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindAccess {
    /// Read-only.
    Readonly,
    /// Writable; changes are discarded.
    NoOutput,
    /// Writable; the changed file system is a state of its own in
    /// [`ExecStates::mounts`](crate::ExecStates::mounts).
    Output,
}

/// The part of a cache key for a mount.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentCache {
    /// The contents for bind mounts other than the root and those that are written to through a
    /// selector; the history for these.
    #[default]
    Default,
    /// The contents. The build fails if the mount is writable and has an output and a selector.
    On,
    /// The history.
    Off,
}

/// A directory that the daemon keeps between builds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheMount<'a> {
    /// The mount point. A relative path starts at the working directory.
    pub dest: Cow<'a, str>,
    /// The id of the cache: mounts with the same id and input share it. The Dockerfile frontend
    /// uses `<namespace>/<id or path>`.
    pub id: Cow<'a, str>,
    /// Behaviour when several execs use it at once.
    pub sharing: CacheSharing,
    /// Its initial content.
    pub input: State,
    /// The directory of `input` to use. Empty is all.
    pub selector: Cow<'a, str>,
    /// Mount it read-only.
    pub readonly: bool,
}

impl<'a> CacheMount<'a> {
    /// A cache that is initially empty, shared and writable.
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

setters! { CacheMount<'a> {
    sharing: CacheSharing,
    input: State,
    selector: impl Into<Cow<'a, str>>,
    readonly: bool,
} }

/// Behaviour when several execs use a cache at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheSharing {
    /// All use the same directory.
    #[default]
    Shared,
    /// Each has its own.
    Private,
    /// Each waits for the previous one.
    Locked,
}

/// A secret of the client, as a read-only file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretMount<'a> {
    /// The path of the file.
    pub dest: Cow<'a, str>,
    /// The id of the secret.
    pub id: Cow<'a, str>,
    /// The file's owner.
    pub uid: u32,
    /// The file's group.
    pub gid: u32,
    /// The file's mode. 0 is mode 0000, not a default.
    pub mode: u32,
    /// Run without it if the client does not have it.
    pub optional: bool,
}

impl<'a> SecretMount<'a> {
    /// A required secret, readable by root.
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

setters! { SecretMount<'a> {
    uid: u32,
    gid: u32,
    mode: u32,
    optional: bool,
} }

/// An SSH agent of the client, as a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SshMount<'a> {
    /// The path of the socket. `None` is `/run/buildkit/ssh_agent.` and the agent's index in the
    /// exec. The path of the first agent is set in the environment as `SSH_AUTH_SOCK`, unless that
    /// is set already.
    pub dest: Option<Cow<'a, str>>,
    /// The id of the agent. Empty is `default`.
    pub id: Cow<'a, str>,
    /// The socket's owner.
    pub uid: u32,
    /// The socket's group.
    pub gid: u32,
    /// The socket's mode. 0 is mode 0000, not a default.
    pub mode: u32,
    /// Run without it if the client does not have it.
    pub optional: bool,
}

impl<'a> SshMount<'a> {
    /// A required agent, usable by root.
    pub fn new(id: impl Into<Cow<'a, str>>) -> SshMount<'a> {
        SshMount { dest: None, id: id.into(), uid: 0, gid: 0, mode: 0o600, optional: false }
    }
}

setters! { SshMount<'a> {
    dest: Option<Cow<'a, str>>,
    uid: u32,
    gid: u32,
    mode: u32,
    optional: bool,
} }

/// A file system in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TmpfsMount<'a> {
    /// The mount point. A relative path starts at the working directory.
    pub dest: Cow<'a, str>,
    /// Its size in bytes; 0 means no limit.
    pub size: u64,
}

impl<'a> TmpfsMount<'a> {
    /// A file system without a limit.
    pub fn new(dest: impl Into<Cow<'a, str>>) -> TmpfsMount<'a> {
        TmpfsMount { dest: dest.into(), size: 0 }
    }
}

setters! { TmpfsMount<'a> {
    size: u64,
} }

/// Converts each kind to a mount.
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
