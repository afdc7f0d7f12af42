//! From a [`Spec`](crate::spec::Spec) to a [`Plan`]: what is done, in which order, with every value known.
//!
//! Comes in: the spec, a [`Request`], and [`Facts`] about the images that [`select`] asked for. Goes
//! out: a [`Plan`] with only the stages that the target needs, in which there are no names, templates
//! or defaults any more. Knows nothing of LLB: see [`crate::lower`].

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

/// What is known of the images that a selection asked for, in the same order. `None` is for what could not be
/// looked up: then there is no plan, and what is wrong with the rest is found all the same.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// One for each of [`Selection::images`].
    pub images: Vec<Option<ImageFact>>,
    /// One for each of [`Selection::contexts`].
    pub contexts: Vec<Option<ContextFact>>,
}

impl Facts {
    /// Nothing is known.
    pub fn none(selection: &Selection<'_>) -> Self {
        Self {
            images: vec![None; selection.images().len()],
            contexts: vec![None; selection.contexts().len()],
        }
    }
}

/// What is known of an image.
#[derive(Debug, Clone, Default)]
pub struct ImageFact {
    /// The reference to use, where a source policy has put another in place of the one asked for.
    pub reference: Option<Reference>,
    /// The digest of what its reference stands for today, where the engine has one.
    pub digest: Option<String>,
    /// Its config, as the registry keeps it.
    pub config: Vec<u8>,
    /// Its `ONBUILD` triggers, where a stage starts from it.
    pub triggers: Vec<String>,
    /// The result of firing them, if there are any.
    pub triggered: Option<Triggered>,
}

/// An image whose `ONBUILD` triggers have been fired.
#[derive(Debug, Clone)]
pub struct Triggered {
    /// What makes its files.
    pub definition: Definition,
    /// Its config.
    pub config: Vec<u8>,
    /// What the stages require that it takes files from, where no op of the engine can wait: each is to be
    /// built beside it.
    pub beside: Vec<Definition>,
}

/// What is done to build a target.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The images that stages start from and take files from.
    pub images: Vec<PlannedImage>,
    /// The named build contexts that stages start from and take files from.
    pub named_contexts: Vec<PlannedContext>,
    /// The stages, each behind those that it needs; those behind the target are not in it.
    pub stages: Vec<PlannedStage>,
    /// Which of the stages is the target.
    pub target: usize,
    /// Whether its report is built, and not what it makes.
    pub is_report: bool,
    /// The stages that must build for the target to succeed.
    pub gates: Vec<Gate>,
    /// What is read of the build context.
    pub context: ContextPaths,
    /// Whether the build context is scanned too where the client asks for an SBOM.
    pub sbom_of_context: bool,
    /// What the target's image says of itself.
    pub config: ImageConfig,
    /// How many entries of its history are those of the image at the bottom.
    pub inherited_history: usize,
    /// The config of the image at the bottom of the target, as it was looked up.
    pub base_config: Option<Vec<u8>>,
    /// The platform that the target is for.
    pub platform: Platform,
    /// The time of everything that is made, in seconds since 1970.
    pub epoch: Option<i64>,
    /// OCI annotations of the target's image.
    pub annotations: BTreeMap<String, String>,
    /// Proxies for every process, by the lowercase names of their variables.
    pub proxies: BTreeMap<String, String>,
}

impl Plan {
    /// The time of what is made, as image configs have it.
    pub(crate) fn created(&self) -> Option<String> {
        self.epoch.and_then(resolve::rfc3339)
    }
}

/// An image of the plan.
#[derive(Debug, Clone)]
pub struct PlannedImage {
    /// Which one, held to the digest that was looked up.
    pub reference: Reference,
    /// For which platform.
    pub platform: Platform,
    /// Every `from` that means it, and where the file declares it, if it does.
    pub spans: BTreeSet<Span>,
    /// The client's directory of images that it is in, where it is in one.
    pub layout: Option<String>,
    /// The named context that it stands for, where it stands for one.
    pub context: Option<String>,
    /// Whether its config could be looked up.
    pub is_known: bool,
    /// Whether there is anything in it; an image without layers is the same as `scratch`.
    pub has_layers: bool,
    /// How a container is run of it.
    pub config: ContainerConfig,
    /// Its `ONBUILD` triggers, where they have been fired.
    pub fired: Vec<String>,
    /// The beginning of its name in the progress, where the build file does not decide on it.
    pub title: Option<String>,
    /// What makes its files for stages that start from it, where it has `ONBUILD` triggers.
    pub triggered: Option<Definition>,
    /// What must be built beside that.
    pub beside: Vec<Definition>,
}

/// A stage of the plan.
#[derive(Debug, Clone)]
pub struct PlannedStage {
    /// Its name.
    pub name: Text,
    /// The platform that its steps run on.
    pub platform: Platform,
    /// What it starts from.
    pub base: Origin,
    /// What is put over that.
    pub merged: Vec<Merged>,
    /// Whether its steps run even if the cache has what they make.
    pub ignore_cache: bool,
    /// Whether it is scanned too where the client asks for an SBOM.
    pub sbom: bool,
    /// What is done, in order; branches that are done at once stand one behind the other.
    pub steps: Vec<PlannedStep>,
    /// The mounts of its processes, its own or inherited, without those of single steps.
    pub mounts: Arc<[PlannedMount]>,
    /// Where it branches.
    pub forks: Vec<Fork>,
    /// Where it is said that what they add becomes one layer, if it is.
    pub squash: Option<Span>,
    /// What is exported of it, whether the steps pass or not.
    pub report: Option<Report>,
}

/// Where steps begin that are done at once.
#[derive(Debug, Clone)]
pub struct Fork {
    /// What it is called in the progress.
    pub label: Text,
    /// Where it is written.
    pub span: Span,
}

/// Which of several branches a step is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch {
    /// Where they begin: the place among those of the stage.
    pub fork: usize,
    /// Which of the branches.
    pub number: usize,
}

/// A step of the plan.
#[derive(Debug, Clone)]
pub struct PlannedStep {
    /// What it does, in a few words, for the progress.
    pub label: Text,
    /// Its name in the progress, where the build file does not decide on it.
    pub title: Option<Box<Title>>,
    /// Where it is written.
    pub span: Span,
    /// Whether it runs in every build.
    pub no_cache: bool,
    /// The branch that it is in, if it is done at once with others.
    pub branch: Option<Branch>,
    /// What it does.
    pub action: Action,
}

/// The name of a step in the progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title {
    /// Its place, such as `[builder 2/5] `.
    pub place: String,
    /// What it does.
    pub text: String,
}

/// What a step does. All paths of files in the stage are absolute.
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
    /// Makes directories, with those that they are in.
    Mkdir {
        /// The directories.
        paths: Vec<Text>,
        /// Their owner, where it is not root.
        owner: Option<Box<Owner>>,
        /// Their mode; 0755 without.
        mode: Option<Mode>,
    },
    /// Removes files and directories.
    Remove {
        /// Their paths, or patterns.
        paths: Vec<Text>,
        /// Whether they need not be there.
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
    /// The program and its arguments; empty where there is a script.
    pub args: Box<[Text]>,
    /// A file to run, which begins with `#!`.
    pub script: Option<Text>,
    /// Its environment, shared by the steps that have the same.
    pub environment: Arc<Environment>,
    /// Its working directory, absolute.
    pub workdir: Text,
    /// Its user; empty for root.
    pub user: Text,
    /// What it sees besides the stage's own files.
    pub mounts: Box<[PlannedMount]>,
    /// Secrets in its environment.
    pub secret_env: Box<[SecretEnv]>,
    /// Its network; the client's choice without one.
    pub network: Option<Network>,
    /// How much it may do.
    pub security: Security,
    /// Devices of the engine.
    pub devices: Box<[PlannedDevice]>,
}

/// A secret of the client in a process's environment.
#[derive(Debug, Clone)]
pub struct SecretEnv {
    /// Which secret.
    pub id: Text,
    /// The variable.
    pub name: Text,
    /// The place that names the variable.
    pub span: Span,
    /// Whether the build fails without it.
    pub required: bool,
}

/// A device of the engine.
#[derive(Debug, Clone)]
pub struct PlannedDevice {
    /// Its CDI name.
    pub name: Text,
    /// Whether the build fails without it.
    pub required: bool,
}

/// Files to copy.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Whose files.
    pub origin: Origin,
    /// What goes where.
    pub items: Box<[CopyItem]>,
    /// The owner that the copies get.
    pub owner: Option<Box<Owner>>,
    /// The mode that the copies get.
    pub mode: Option<Mode>,
    /// Patterns of what is taken of directories; everything without.
    pub include: Box<[Text]>,
    /// Patterns of what is not taken.
    pub exclude: Box<[Text]>,
    /// Whether it becomes a layer of its own.
    pub link: bool,
    /// Whether a source that is an archive is unpacked, whatever its name, as `ADD` does.
    pub unpack: bool,
}

/// One source of a copy.
#[derive(Debug, Clone)]
pub struct CopyItem {
    /// The absolute path, or pattern, in the origin.
    pub source: Text,
    /// The absolute destination; a directory ends with a slash.
    pub destination: Text,
    /// The pattern, seen from the source, of what is taken with the directories that it is in.
    pub parents: Option<Text>,
    /// What must be there, with `parents`.
    pub required: Option<RequiredPath>,
    /// Whether the source is a pattern only for BuildKit: it must match.
    pub must_match: bool,
    /// The absolute path, where it is plain and need not be there.
    pub optional: Option<Text>,
    /// The path or pattern that the origin must have ready.
    reads: Text,
}

/// A path that must be there.
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
    /// The name that the file gets.
    pub filename: FileName,
    /// The digest that it must have.
    pub checksum: Option<String>,
    /// The absolute destination; a directory ends with a slash.
    pub destination: String,
    /// Whether it is an archive to be unpacked.
    pub extract: bool,
    /// Number of leading components to remove from paths.
    pub strip: u32,
    /// The owner that it gets.
    pub owner: Option<Box<Owner>>,
    /// The mode that it gets.
    pub mode: Option<Mode>,
    /// Whether it becomes a layer of its own.
    pub link: bool,
}

/// A file to write.
#[derive(Debug, Clone)]
pub struct Write {
    /// The file.
    pub path: Text,
    /// What is in it.
    pub content: Text,
    /// Its owner, where it is not root.
    pub owner: Option<Box<Owner>>,
    /// Its mode; 0644 without.
    pub mode: Option<Mode>,
    /// Whether it becomes a layer of its own.
    pub link: bool,
}

/// A git repository.
#[derive(Debug, Clone)]
pub struct Git {
    /// The URL.
    pub url: String,
    /// A branch, a tag or a commit; empty for the default branch.
    pub reference: String,
    /// The commit that is taken for that, where a lock file says which.
    pub commit: Option<String>,
    /// The commit that it must be.
    pub checksum: Option<String>,
    /// The directory of the repository to take; empty for all of it.
    pub subdir: String,
    /// Keep the `.git` directory.
    pub keep_git_dir: bool,
    /// Whether to leave submodules out.
    pub skip_submodules: bool,
    /// Whether to fetch the commit without asking what the reference is now.
    pub fetch_by_commit: bool,
    /// The absolute destination.
    pub destination: String,
    /// The owner that the files get.
    pub owner: Option<Box<Owner>>,
    /// The mode that the files get.
    pub mode: Option<Mode>,
    /// Whether it becomes a layer of its own.
    pub link: bool,
}

/// An archive to unpack.
#[derive(Debug, Clone)]
pub struct Unpack {
    /// Whose it is.
    pub origin: Origin,
    /// Its absolute path in the origin.
    pub source: Text,
    /// The absolute directory to unpack into, with a slash at its end.
    pub destination: Text,
    /// Number of leading components to remove from paths.
    pub strip: u32,
    /// The owner that the files get.
    pub owner: Option<Box<Owner>>,
    /// Whether it becomes a layer of its own.
    pub link: bool,
}

/// A mount of a run step.
#[derive(Debug, Clone)]
pub struct PlannedMount {
    /// Where the process sees it, absolute.
    pub destination: Text,
    /// What it sees.
    pub kind: MountKind,
}

/// What a mount shows.
#[derive(Debug, Clone)]
pub enum MountKind {
    /// A directory that outlives the build.
    Cache {
        /// Which directory.
        id: Text,
        /// What happens when two steps want it at once.
        sharing: Sharing,
        /// Whether the process may only read it.
        read_only: bool,
        /// Whose a new directory is, where it is not root's.
        owner: Option<Box<Owner>>,
        /// The mode of a new directory; 0755 without.
        mode: Option<u32>,
        /// Whose files a new directory begins with.
        origin: Option<Origin>,
        /// Which of them: an absolute path.
        source: Option<Text>,
    },
    /// Files of an origin.
    Bind {
        /// Whose files.
        origin: Origin,
        /// The absolute path of the file or directory in the origin.
        source: Text,
        /// Whether the process may write there; what it writes is lost.
        writable: bool,
    },
    /// A file with a secret of the client.
    Secret {
        /// Which secret.
        id: Text,
        /// The file's mode.
        mode: u32,
        /// The file's owner.
        uid: u32,
        /// The file's group.
        gid: u32,
        /// Whether the build fails without it.
        required: bool,
    },
    /// The socket of an SSH agent of the client.
    Ssh {
        /// Which agent.
        id: Text,
        /// The socket's mode.
        mode: u32,
        /// The socket's owner.
        uid: u32,
        /// The socket's group.
        gid: u32,
        /// Whether the build fails without it.
        required: bool,
        /// Whether the build file says where it stands.
        named: bool,
    },
    /// A file system in memory.
    Tmpfs {
        /// Its size in bytes; 0 is no limit.
        size: u64,
    },
}

/// The paths of the build context that a build reads, so that no others are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContextPaths(BTreeSet<Text>);

impl ContextPaths {
    /// Adds an absolute path or pattern.
    fn add(&mut self, path: &Text) {
        self.0.insert(path.map(|path| path.trim_start_matches('/').into()));
    }

    /// The paths, from the context's root; `None` where all of it is read.
    pub fn only(&self) -> Option<impl Iterator<Item = &str>> {
        (!self.0.contains("")).then(|| self.0.iter().map(Text::as_str))
    }
}
