//! The actions of a plan's steps.

use std::sync::Arc;

use buildkit_llb::FileName;

use super::environment::Environment;
use super::origin::Origin;
use super::owner::{Mode, Owner};
use crate::source::Span;
use crate::spec::{Network, Security, Sharing};
use crate::text::Text;

/// The action of a step. All paths of files in the stage are absolute.
#[derive(Debug, Clone)]
pub enum Action {
    /// Runs a process.
    Exec(Exec),
    /// Copies files.
    Copy(Copy),
    /// Downloads a file.
    Fetch(Box<Fetch>),
    /// Fetches a git repository.
    Git(Box<Git>),
    /// Unpacks an archive.
    Unpack(Unpack),
    /// Writes a file.
    Write(Write),
    /// Creates directories and their parents.
    Mkdir {
        /// The directories.
        paths: Vec<Text>,
        /// Their owner, if it is not root.
        owner: Option<Box<Owner>>,
        /// Their mode; `None` is 0755.
        mode: Option<Mode>,
    },
    /// Removes files and directories.
    Remove {
        /// Their paths, or patterns.
        paths: Vec<Text>,
        /// Allow them to be missing.
        missing_ok: bool,
    },
    /// Creates a symbolic link.
    Symlink {
        /// The path of the link.
        path: Text,
        /// The target of the link.
        target: Text,
    },
}

impl Action {
    /// True if its result is a separate layer that is merged into the stage.
    pub(crate) fn is_linked(&self) -> bool {
        match self {
            Action::Copy(copy) => copy.link,
            Action::Fetch(fetch) => fetch.link,
            Action::Git(git) => git.link,
            Action::Unpack(unpack) => unpack.link,
            Action::Write(write) => write.link,
            Action::Exec(_)
            | Action::Mkdir { .. }
            | Action::Remove { .. }
            | Action::Symlink { .. } => false,
        }
    }

    /// The absolute paths that a step without a process changes; those of directories with or
    /// without a trailing slash.
    pub(crate) fn changed_paths(&self) -> impl Iterator<Item = &str> {
        let (paths, link): (&[Text], Option<&Text>) = match self {
            Action::Mkdir { paths, .. } | Action::Remove { paths, .. } => (paths, None),
            Action::Symlink { path, .. } => (&[], Some(path)),
            Action::Exec(_)
            | Action::Copy(_)
            | Action::Fetch(_)
            | Action::Git(_)
            | Action::Unpack(_)
            | Action::Write(_) => (&[], None),
        };
        paths.iter().chain(link).map(Text::as_str).chain(self.destinations())
    }

    /// The destinations of its files: absolute paths, those of directories with a trailing slash.
    pub(crate) fn destinations(&self) -> impl Iterator<Item = &str> {
        let (items, other): (&[CopyItem], Option<&str>) = match self {
            Action::Copy(copy) => (&copy.items, None),
            Action::Fetch(fetch) => (&[], Some(&fetch.destination)),
            Action::Git(git) => (&[], Some(&git.destination)),
            Action::Unpack(unpack) => (&[], Some(&unpack.destination)),
            Action::Write(write) => (&[], Some(&write.path)),
            Action::Exec(_)
            | Action::Mkdir { .. }
            | Action::Remove { .. }
            | Action::Symlink { .. } => (&[], None),
        };
        items.iter().map(|item| item.destination.as_str()).chain(other)
    }
}

/// A process to run.
#[derive(Debug, Clone)]
pub struct Exec {
    /// The program and its arguments; empty if there is a script.
    pub args: Box<[Text]>,
    /// A file to run, which begins with `#!`.
    pub script: Option<Text>,
    /// Its environment, shared between steps.
    pub environment: Arc<Environment>,
    /// Its working directory, absolute.
    pub workdir: Text,
    /// Its user; empty for root.
    pub user: Text,
    /// Its mounts.
    pub mounts: Box<[PlannedMount]>,
    /// Secrets in its environment.
    pub secret_env: Box<[SecretEnv]>,
    /// Its network; `None` is the client's choice.
    pub network: Option<Network>,
    /// Its privileges.
    pub security: Security,
    /// Devices of the engine.
    pub devices: Box<[PlannedDevice]>,
}

/// A secret of the client in a process's environment.
#[derive(Debug, Clone)]
pub struct SecretEnv {
    /// The id of the secret.
    pub id: Text,
    /// The variable.
    pub name: Text,
    /// The span of the variable's name.
    pub span: Span,
    /// Fail the build without it.
    pub required: bool,
}

/// A device of the engine.
#[derive(Debug, Clone)]
pub struct PlannedDevice {
    /// Its CDI name.
    pub name: Text,
    /// Fail the build without it.
    pub required: bool,
}

/// Files to copy.
#[derive(Debug, Clone)]
pub struct Copy {
    /// The origin of the files.
    pub origin: Origin,
    /// The sources with their destinations.
    pub items: Box<[CopyItem]>,
    /// The owner of the copies.
    pub owner: Option<Box<Owner>>,
    /// The mode of the copies.
    pub mode: Option<Mode>,
    /// Include patterns for directories; empty for everything.
    pub include: Box<[Text]>,
    /// Exclude patterns.
    pub exclude: Box<[Text]>,
    /// Put the files into a separate layer.
    pub link: bool,
    /// Unpack a source whose content is an archive, regardless of its name, as `ADD` does.
    pub unpack: bool,
}

/// One source of a copy.
#[derive(Debug, Clone)]
pub struct CopyItem {
    /// The absolute path, or pattern, in the origin.
    pub source: Text,
    /// The absolute destination; a directory ends with a slash.
    pub destination: Text,
    /// The pattern, relative to the source, of the files that are copied with their parent
    /// directories.
    pub parents: Option<Text>,
    /// The required path, with `parents`.
    pub required: Option<RequiredPath>,
    /// True if the source is a pattern only for BuildKit: it must match.
    pub must_match: bool,
    /// The absolute path, if it is plain and optional.
    pub optional: Option<Text>,
    /// The path or pattern that is read from the origin.
    pub(super) reads: Text,
}

/// A path that must exist.
#[derive(Debug, Clone)]
pub struct RequiredPath {
    /// The absolute path in the origin.
    pub path: Text,
    /// The part of it that is kept at the destination.
    pub kept: Text,
}

/// A download.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// The URL.
    pub url: String,
    /// The name of the file.
    pub filename: FileName,
    /// The required digest.
    pub checksum: Option<String>,
    /// The absolute destination; a directory ends with a slash.
    pub destination: String,
    /// Unpack the file, which is an archive.
    pub extract: bool,
    /// Number of leading components to remove from paths.
    pub strip: u32,
    /// The owner of the files.
    pub owner: Option<Box<Owner>>,
    /// The mode of the files.
    pub mode: Option<Mode>,
    /// Put the files into a separate layer.
    pub link: bool,
}

/// A file to write.
#[derive(Debug, Clone)]
pub struct Write {
    /// The file.
    pub path: Text,
    /// The content.
    pub content: Text,
    /// Its owner, if it is not root.
    pub owner: Option<Box<Owner>>,
    /// Its mode; `None` is 0644.
    pub mode: Option<Mode>,
    /// Put the files into a separate layer.
    pub link: bool,
}

/// A git repository.
#[derive(Debug, Clone)]
pub struct Git {
    /// The URL.
    pub url: String,
    /// A branch, a tag or a commit; empty for the default branch.
    pub reference: String,
    /// The commit to use instead, if a lock file has it.
    pub commit: Option<String>,
    /// The commit that the reference must resolve to.
    pub checksum: Option<String>,
    /// The subdirectory to use; empty for the whole repository.
    pub subdir: String,
    /// Keep the `.git` directory.
    pub keep_git_dir: bool,
    /// Leave submodules out.
    pub skip_submodules: bool,
    /// Fetch the commit without resolving the reference.
    pub fetch_by_commit: bool,
    /// The absolute destination.
    pub destination: String,
    /// The owner of the files.
    pub owner: Option<Box<Owner>>,
    /// The mode of the files.
    pub mode: Option<Mode>,
    /// Put the files into a separate layer.
    pub link: bool,
}

/// An archive to unpack.
#[derive(Debug, Clone)]
pub struct Unpack {
    /// The origin of the archive.
    pub origin: Origin,
    /// Its absolute path in the origin.
    pub source: Text,
    /// The absolute directory to unpack into, with a trailing slash.
    pub destination: Text,
    /// Number of leading components to remove from paths.
    pub strip: u32,
    /// The owner of the files.
    pub owner: Option<Box<Owner>>,
    /// Put the files into a separate layer.
    pub link: bool,
}

/// A mount of a run step.
#[derive(Debug, Clone)]
pub struct PlannedMount {
    /// The absolute mount point.
    pub destination: Text,
    /// The content of the mount.
    pub kind: MountKind,
}

/// The kind of a mount.
#[derive(Debug, Clone)]
pub enum MountKind {
    /// A directory that outlives the build.
    Cache {
        /// The id of the directory.
        id: Text,
        /// Behaviour when two steps use it at once.
        sharing: Sharing,
        /// Mount it read-only.
        read_only: bool,
        /// The owner of a new directory, if it is not root.
        owner: Option<Box<Owner>>,
        /// The mode of a new directory; `None` is 0755.
        mode: Option<u32>,
        /// The origin of a new directory's content.
        origin: Option<Origin>,
        /// The absolute path of that content in the origin.
        source: Option<Text>,
    },
    /// Files of an origin.
    Bind {
        /// The origin of the files.
        origin: Origin,
        /// The absolute path of the file or directory in the origin.
        source: Text,
        /// Allow the process to write; its changes are discarded.
        writable: bool,
    },
    /// A file with a secret of the client.
    Secret {
        /// The id of the secret.
        id: Text,
        /// The file's mode.
        mode: u32,
        /// The file's owner.
        uid: u32,
        /// The file's group.
        gid: u32,
        /// Fail the build without it.
        required: bool,
    },
    /// The socket of an SSH agent of the client.
    Ssh {
        /// The id of the agent.
        id: Text,
        /// The socket's mode.
        mode: u32,
        /// The socket's owner.
        uid: u32,
        /// The socket's group.
        gid: u32,
        /// Fail the build without it.
        required: bool,
        /// True if the build file sets its path.
        named: bool,
    },
    /// A file system in memory.
    Tmpfs {
        /// Its size in bytes; 0 means no limit.
        size: u64,
    },
}
