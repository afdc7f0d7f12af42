//! Settings of the client and the engine that apply to every op, apart from the build file.

pub use buildkit_frontend::{ProcessOptions, Sessions};
use buildkit_llb::{Definition, Platform, ResolveMode, State};

use crate::plan::GitUrl;

/// Settings that apply to every op.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The client's sessions, from which its directories are read.
    pub sessions: Sessions,
    /// The main build context.
    pub context: MainContext,
    /// Patterns to exclude from the build context; empty if that is not a directory of the client.
    pub ignore: Vec<String>,
    /// The place to look for images.
    pub resolve_mode: ResolveMode,
    /// Label steps with their platform.
    pub several_platforms: bool,
    /// Settings of the processes of run steps.
    pub process: ProcessOptions,
    /// Prefix for the ids of cache mounts; may be empty.
    pub cache_namespace: String,
    /// The program that steps with cache mounts wait for, if new caches are filled.
    pub waits: Option<Program>,
    /// Features of the engine that not all engines have.
    pub engine: Engine,
}

/// The main build context.
#[derive(Debug, Clone, Default)]
pub struct MainContext {
    /// The origin of its files.
    pub source: MainSource,
    /// The subdirectory that is the context; empty for all of it. Not for a client's directory.
    pub subdir: String,
}

/// The origin of a build context.
#[derive(Debug, Clone, Default)]
pub enum MainSource {
    /// The client's directory.
    #[default]
    Local,
    /// A git repository.
    Git(GitUrl),
    /// A file from a URL.
    Http {
        /// The URL.
        url: String,
        /// True if it is an archive whose files are the context; otherwise the context contains
        /// only the file itself.
        is_archive: bool,
    },
    /// The result of another build of the client.
    Input(Definition),
}

/// Features of newer engines. Each has a fallback that gives the same files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Engine {
    /// The merge op.
    pub merge: bool,
    /// The diff op.
    pub diff: bool,
    /// The passthrough op, with which a result can wait for others.
    pub passthrough: bool,
    /// Required paths in a copy with patterns.
    pub required_paths: bool,
    /// Owners as part of the cache key of copied files: copies that differ only in the owner have
    /// different keys.
    pub owners_in_keys: bool,
    /// Creation of symbolic links.
    pub symlinks: bool,
    /// The set-user-id, set-group-id and sticky bits in the mode of a copy.
    pub special_modes: bool,
}

impl Engine {
    /// A current engine, which has all of them.
    pub const CURRENT: Self = Self {
        merge: true,
        diff: true,
        passthrough: true,
        required_paths: true,
        owners_in_keys: true,
        symlinks: true,
        special_modes: true,
    };
}

/// The frontend's own program in a container.
#[derive(Debug, Clone)]
pub struct Program {
    /// The image that contains it.
    pub image: State,
    /// Its path.
    pub path: String,
    /// Its platform.
    pub platform: Platform,
    /// A text that no other build has.
    pub nonce: String,
}
