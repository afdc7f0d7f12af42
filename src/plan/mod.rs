//! From a [`Spec`](crate::spec::Spec) to a [`Plan`]: the stages and steps in order, with all values
//! known.
//!
//! Input: the spec, a [`Request`], and [`Facts`] about the images that [`select()`] asked for.
//! Output: a [`Plan`] with only the stages that the target needs, without names, templates and
//! defaults. Must not depend on LLB: see [`crate::lower`].

mod check;
mod condition;
mod config;
mod context;
mod environment;
mod epoch;
mod export;
mod fork;
mod git_url;
mod git_value;
mod image;
mod inherited;
mod layers;
mod merge;
mod needs;
mod owner;
mod parameters;
mod path;
mod platform;
mod reads;
mod remote;
mod report;
mod request;
mod resolve;
mod scope;
mod select;
mod stage_scope;
mod step;
mod triggers;
mod workdir;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use buildkit_llb::{Definition, FileName, Platform};

pub use self::check::{check_of, flag};
pub use self::config::{ContainerConfig, Empty, HealthcheckConfig, History, ImageConfig, RootFs};
pub use self::context::{
    ContextFact, ContextQuery, ContextSource, Dockerfile, HTTP_FILE, HttpFile, InvalidContext,
    NamedContexts, PlannedContext,
};
pub use self::environment::Environment;
pub use self::epoch::epoch_wanted;
pub use self::git_url::GitUrl;
pub(crate) use self::image::{parse_duration, port_range};
pub use self::merge::Merged;
pub(crate) use self::needs::may_be_none;
pub use self::needs::{Need, Needs, SecretArg, requests_for_lock, secrets_in_references};
pub use self::owner::{Id, Mode, Owner};
pub use self::parameters::{Parameter, Parameters, Use};
pub(crate) use self::path::{join, join_workdir};
pub(crate) use self::platform::of_base as platform_of_base;
pub use self::report::{REPORT_HINT, Report, why_no_report};
pub use self::request::{
    Request, SbomScope, Stages, VCS_REVISION, Vcs, truth, without_credentials,
};
pub use self::resolve::resolve;
pub(crate) use self::scope::{Scope, platform_args};
pub(crate) use self::select::SelectedStage;
pub use self::select::{
    Gate, ImageQuery, Origin, Selection, default_target, report_of, select, select_all,
    select_for_lock, select_outline,
};
pub use self::triggers::{args_for_triggers, froms_of};
use crate::reference::Reference;
use crate::source::Span;
use crate::spec::{Network, Security, Sharing};
use crate::text::Text;

/// The looked-up facts for a selection, in its order. `None` means that a lookup failed: then there
/// is no plan, but errors in the rest are still found.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// One for each of [`Selection::images`].
    pub images: Vec<Option<ImageFact>>,
    /// One for each of [`Selection::contexts`].
    pub contexts: Vec<Option<ContextFact>>,
}

impl Facts {
    /// No facts.
    pub fn none(selection: &Selection<'_>) -> Self {
        Self {
            images: vec![None; selection.images().len()],
            contexts: vec![None; selection.contexts().len()],
        }
    }
}

/// The looked-up facts about an image.
#[derive(Debug, Clone, Default)]
pub struct ImageFact {
    /// The reference to use, if a source policy has replaced the requested one.
    pub reference: Option<Reference>,
    /// The current digest of its reference, if the engine reports one.
    pub digest: Option<String>,
    /// Its config, as stored in the registry.
    pub config: Vec<u8>,
    /// Its `ONBUILD` triggers, if a stage is based on it.
    pub triggers: Vec<String>,
    /// The result of running them, if there are any.
    pub triggered: Option<Triggered>,
}

/// An image after its `ONBUILD` triggers.
#[derive(Debug, Clone)]
pub struct Triggered {
    /// The graph of its files.
    pub definition: Definition,
    /// Its config.
    pub config: Vec<u8>,
    /// The graphs to build beside it, if the engine has no op to wait for them: stages required by
    /// those that the triggers copy from.
    pub beside: Vec<Definition>,
}

/// The plan for building a target.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The images that stages are based on or copy from.
    pub images: Vec<PlannedImage>,
    /// The named build contexts that stages are based on or copy from.
    pub named_contexts: Vec<PlannedContext>,
    /// The stages, each after its dependencies; those after the target are not part of it.
    pub stages: Vec<PlannedStage>,
    /// The index of the target.
    pub target: usize,
    /// True to build its report instead of its result.
    pub is_report: bool,
    /// The stages that must build for the target to succeed.
    pub gates: Vec<Gate>,
    /// The paths of the build context that are used.
    pub context: ContextPaths,
    /// True if an SBOM should also cover the build context.
    pub sbom_of_context: bool,
    /// The config of the target's image.
    pub config: ImageConfig,
    /// The number of entries of its history that come from the base image.
    pub inherited_history: usize,
    /// The config of the target's base image, as it was looked up.
    pub base_config: Option<Vec<u8>>,
    /// The target platform.
    pub platform: Platform,
    /// The timestamp of everything that is created, in seconds since 1970.
    pub epoch: Option<i64>,
    /// OCI annotations of the target's image.
    pub annotations: BTreeMap<String, String>,
    /// Proxies for every process, by the lowercase names of their variables.
    pub proxies: BTreeMap<String, String>,
}

impl Plan {
    /// The timestamp, in the format of image configs.
    pub(crate) fn created(&self) -> Option<String> {
        self.epoch.and_then(resolve::rfc3339)
    }
}

/// An image of the plan.
#[derive(Debug, Clone)]
pub struct PlannedImage {
    /// Its reference, pinned to the looked-up digest.
    pub reference: Reference,
    /// Its platform.
    pub platform: Platform,
    /// Every `from` that refers to it, and its declaration in the file, if any.
    pub spans: BTreeSet<Span>,
    /// The client's store that contains it, if it is in one.
    pub layout: Option<String>,
    /// The named context that refers to it, if any.
    pub context: Option<String>,
    /// True if its config was looked up.
    pub is_known: bool,
    /// True if it has any content; an image without layers is equivalent to `scratch`.
    pub has_layers: bool,
    /// The settings of a container.
    pub config: ContainerConfig,
    /// Its `ONBUILD` triggers, if they have been run.
    pub fired: Vec<String>,
    /// The beginning of its name in the progress, if it is not derived from the build file.
    pub title: Option<String>,
    /// The graph for stages that are based on it, if it has `ONBUILD` triggers.
    pub triggered: Option<Definition>,
    /// The graphs to build beside that.
    pub beside: Vec<Definition>,
}

/// A stage of the plan.
#[derive(Debug, Clone)]
pub struct PlannedStage {
    /// Its name.
    pub name: Text,
    /// The platform of its steps.
    pub platform: Platform,
    /// Its base.
    pub base: Origin,
    /// The stages merged into the base.
    pub merged: Vec<Merged>,
    /// Run its steps even if their results are cached.
    pub ignore_cache: bool,
    /// True if an SBOM should also cover it.
    pub sbom: bool,
    /// The steps, in order; concurrent branches follow one another.
    pub steps: Vec<PlannedStep>,
    /// The mounts of all its processes, its own or inherited, without those of single steps.
    pub mounts: Arc<[PlannedMount]>,
    /// Its `parallel` steps.
    pub forks: Vec<Fork>,
    /// The span of the setting that squashes its layers, if set.
    pub squash: Option<Span>,
    /// The report to export, even if a step fails.
    pub report: Option<Report>,
}

/// A `parallel` step.
#[derive(Debug, Clone)]
pub struct Fork {
    /// Its label in the progress.
    pub label: Text,
    /// Its span.
    pub span: Span,
}

/// The branch of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// The index of the `parallel` step in the stage's forks.
    pub fork: usize,
    /// The index of the branch.
    pub number: usize,
}

/// A step of the plan.
#[derive(Debug, Clone)]
pub struct PlannedStep {
    /// A short description of its action, for the progress.
    pub label: Text,
    /// Its name in the progress, if it is not derived from the build file.
    pub title: Option<Box<Title>>,
    /// Its span.
    pub span: Span,
    /// True to run it in every build.
    pub no_cache: bool,
    /// Its branch, if it is in a `parallel` step.
    pub branch: Option<Branch>,
    /// Its action.
    pub action: Action,
}

/// The name of a step in the progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// Its position, such as `[builder 2/5] `.
    pub place: String,
    /// Its action.
    pub text: String,
}

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
    reads: Text,
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
    /// Put the file into a separate layer.
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

/// The paths of the build context that a build uses, so that no others are transferred.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContextPaths(BTreeSet<Text>);

impl ContextPaths {
    /// Adds an absolute path or pattern.
    fn add(&mut self, path: &Text) {
        self.0.insert(path.map(|path| path.trim_start_matches('/').into()));
    }

    /// The paths, from the context's root; `None` if all of it is used.
    pub fn only(&self) -> Option<impl Iterator<Item = &str>> {
        (!self.0.contains("")).then(|| self.0.iter().map(Text::as_str))
    }
}
