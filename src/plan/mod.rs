//! From a [`Spec`](crate::spec::Spec) to a [`Plan`]: what is done, in which order, with every value known.
//!
//! Comes in: the spec, a [`Request`], and [`Facts`] about the images that [`select`] asked for. Goes
//! out: a [`Plan`] with only the stages that the target needs, in which there are no names, templates
//! or defaults any more. Knows nothing of LLB: see [`crate::lower`].

mod config;
mod environment;
mod image;
mod order;
mod owner;
mod path;
mod reference;
mod request;
mod resolve;
mod scope;
mod select;
mod stage_scope;
mod step;

use std::collections::BTreeSet;
use std::sync::Arc;

use buildkit_llb::Platform;

pub use self::config::{ContainerConfig, Empty, History, ImageConfig, RootFs};
pub use self::environment::Environment;
pub use self::owner::{Id, Mode, Owner};
pub use self::reference::{InvalidReference, Reference};
pub use self::request::Request;
pub use self::resolve::resolve;
pub use self::select::{ImageQuery, Origin, Selection, select};
use crate::source::Span;
use crate::spec::Sharing;

/// What is known of the images that a selection asked for, in the same order.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// One for each of [`Selection::images`].
    pub images: Vec<ImageFact>,
}

/// What is known of an image.
#[derive(Debug, Clone)]
pub struct ImageFact {
    /// The digest of what its reference stands for today. Empty where the engine has none.
    pub digest: String,
    /// Its config, as the registry keeps it.
    pub config: Vec<u8>,
}

/// What is done to build a target.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The images that stages start from and take files from.
    pub images: Vec<PlannedImage>,
    /// The stages, each behind those that it needs; the last is the target.
    pub stages: Vec<PlannedStage>,
    /// What is read of the build context.
    pub context: ContextPaths,
    /// What the target's image says of itself.
    pub config: ImageConfig,
}

/// An image of the plan.
#[derive(Debug, Clone)]
pub struct PlannedImage {
    /// Which one, held to the digest that was looked up.
    pub reference: Reference,
    /// For which platform.
    pub platform: Platform,
    /// Where the file first names it.
    pub span: Span,
    /// Whether there is anything in it; an image without layers is the same as `scratch`.
    pub has_layers: bool,
}

/// A stage of the plan.
#[derive(Debug, Clone)]
pub struct PlannedStage {
    /// Its name.
    pub name: String,
    /// The platform that its steps run on.
    pub platform: Platform,
    /// What it starts from.
    pub base: Origin,
    /// What is done, in order.
    pub steps: Vec<PlannedStep>,
}

/// A step of the plan.
#[derive(Debug, Clone)]
pub struct PlannedStep {
    /// What it does, in a few words, for the progress.
    pub label: String,
    /// Where it is written.
    pub span: Span,
    /// What it does.
    pub action: Action,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// Runs a process.
    Exec(Exec),
    /// Copies files.
    Copy(Copy),
    /// Makes the directory that the stage works in.
    Workdir {
        /// Its absolute path.
        path: String,
        /// Its owner, where it is not root.
        owner: Option<Owner>,
    },
}

/// A process to run.
#[derive(Debug, Clone)]
pub struct Exec {
    /// The program and its arguments.
    pub args: Vec<String>,
    /// Its environment, shared by the steps that have the same.
    pub environment: Arc<Environment>,
    /// Its working directory, absolute.
    pub workdir: String,
    /// Its user; empty for root.
    pub user: String,
    /// What it sees besides the stage's own files.
    pub mounts: Vec<PlannedMount>,
}

/// Files to copy.
#[derive(Debug, Clone)]
pub struct Copy {
    /// Whose files.
    pub origin: Origin,
    /// Absolute paths, or patterns, in the origin.
    pub sources: Vec<String>,
    /// The absolute destination; a directory ends with a slash.
    pub destination: String,
    /// The owner that the copies get.
    pub owner: Option<Owner>,
    /// The mode that the copies get.
    pub mode: Option<Mode>,
}

/// A mount of a run step.
#[derive(Debug, Clone)]
pub struct PlannedMount {
    /// Where the process sees it, absolute.
    pub destination: String,
    /// What it sees.
    pub kind: MountKind,
}

/// What a mount shows.
#[derive(Debug, Clone)]
pub enum MountKind {
    /// A directory that outlives the build.
    Cache {
        /// Which directory.
        id: String,
        /// What happens when two steps want it at once.
        sharing: Sharing,
        /// Whether the process may only read it.
        read_only: bool,
        /// Whose a new directory is, where it is not root's.
        owner: Option<Owner>,
    },
    /// Files of an origin.
    Bind {
        /// Whose files.
        origin: Origin,
        /// The absolute path of the file or directory in the origin.
        source: String,
        /// Whether the process may write there; what it writes is lost.
        writable: bool,
    },
}

/// The paths of the build context that a build reads, so that no others are sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContextPaths(BTreeSet<String>);

impl ContextPaths {
    /// Adds an absolute path or pattern.
    fn add(&mut self, path: &str) {
        self.0.insert(path.trim_start_matches('/').to_owned());
    }

    /// The paths, from the context's root; `None` where all of it is read.
    pub fn only(&self) -> Option<impl Iterator<Item = &str>> {
        (!self.0.contains("")).then(|| self.0.iter().map(String::as_str))
    }
}
