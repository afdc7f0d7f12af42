//! What a client offers and wants of every op, apart from the file itself.

use std::collections::BTreeMap;

use buildkit_llb::{Definition, HostIp, LinuxResources, ResolveMode, Ulimit};

use crate::plan::GitUrl;
use crate::spec::Network;

/// What the client offers and wants of every op.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The client's sessions, from which its directories are read.
    pub sessions: Sessions,
    /// Where the files of the build context are.
    pub context: MainContext,
    /// What is left out of the build context: nothing where that is no directory of the client.
    pub ignore: Vec<String>,
    /// Where images are looked for.
    pub resolve_mode: ResolveMode,
    /// Whether steps are labelled with their platform.
    pub several_platforms: bool,
    /// What the processes of run steps get.
    pub process: ProcessSettings,
    /// What the ids of cache mounts begin with; empty for nothing.
    pub cache_namespace: String,
    /// What the engine can do that not every engine can.
    pub engine: Engine,
}

/// The sessions of a client.
#[derive(Debug, Clone, Default)]
pub struct Sessions {
    /// The one that the build belongs to.
    pub id: String,
    /// Those that other directories are read from, by the names of the directories.
    pub of_directories: BTreeMap<String, String>,
    /// What transfers of the directories of named contexts go on from, by the names of the contexts.
    pub shared_keys: BTreeMap<String, String>,
}

impl Sessions {
    /// The session from which a directory is read.
    pub fn of(&self, directory: &str) -> &str {
        self.of_directories.get(directory).unwrap_or(&self.id)
    }
}

/// Where the files of the build context are.
#[derive(Debug, Clone, Default)]
pub struct MainContext {
    /// Where they come from.
    pub source: MainSource,
    /// The directory of it that is the context; empty for all of it. Not for a client's directory.
    pub subdir: String,
}

/// Where a build context comes from.
#[derive(Debug, Clone, Default)]
pub enum MainSource {
    /// The client's directory.
    #[default]
    Local,
    /// A git repository.
    Git(GitUrl),
    /// A file from the web.
    Http {
        /// Its address.
        url: String,
        /// Whether it is an archive, whose files are the context; else it is the only file itself.
        is_archive: bool,
    },
    /// What another build of the client makes.
    Input(Definition),
}

/// What the processes of run steps get.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProcessSettings {
    /// Their network, where a step asks for none itself.
    pub network: Option<Network>,
    /// Entries of `/etc/hosts`.
    pub hosts: Vec<HostIp>,
    /// The name of the machine; empty for BuildKit's.
    pub hostname: String,
    /// The size of `/dev/shm` in bytes; 0 for the engine's.
    pub shm_size: u64,
    /// Limits of each process.
    pub ulimits: Vec<Ulimit>,
    /// The control group that theirs is in; empty for the engine's.
    pub cgroup_parent: String,
    /// How much of the machine they may use.
    pub resources: Option<LinuxResources>,
}

/// What newer engines can do. Without it, something else is done that comes to the same files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Engine {
    /// Put layers over one another that do not depend on each other.
    pub merge: bool,
    /// Take what one file system changed against another.
    pub diff: bool,
    /// Hand on a file system once others could be built.
    pub passthrough: bool,
    /// Hold a copy with patterns to paths that must be there.
    pub required_paths: bool,
    /// Know copied files by their owners, too: copies of files that differ in nothing else are not taken for the
    /// same.
    pub owners_in_keys: bool,
    /// Make symbolic links.
    pub symlinks: bool,
    /// Give copies the bits for set-user-id, set-group-id and sticky.
    pub special_modes: bool,
}
