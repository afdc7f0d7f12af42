//! A plan: all steps that build a target. All names, templates and defaults are already resolved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use buildkit_llb::{Definition, Platform};

use super::action::{Action, PlannedMount};
use super::config::{ContainerConfig, ImageConfig};
use super::context::{ContextFact, ContextSource};
use super::origin::{ContextId, ImageId, Origin, StageId};
use crate::id::IdVec;
use crate::reference::Reference;
use crate::source::Span;
use crate::spec::StepId;
use crate::text::Text;

/// The plan for building a target.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The images that stages are based on or copy from.
    pub images: IdVec<ImageId, PlannedImage>,
    /// The named build contexts that stages are based on or copy from.
    pub named_contexts: IdVec<ContextId, PlannedContext>,
    /// The stages, each after its dependencies; those after the target are not part of it.
    pub stages: IdVec<StageId, PlannedStage>,
    /// The index of the target.
    pub target: StageId,
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
    /// True if its build file was converted from a Dockerfile. Copied, fetched and unpacked files
    /// then keep their times, and errors say nothing about the keys of build files.
    pub is_from_dockerfile: bool,
    /// OCI annotations of the target's image.
    pub annotations: BTreeMap<String, String>,
    /// Proxies for every process, by the lowercase names of their variables.
    pub proxies: BTreeMap<String, String>,
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
    /// The graphs to build along with that.
    pub beside: Vec<Definition>,
}

/// A named context of the plan.
#[derive(Debug, Clone)]
pub struct PlannedContext {
    /// Its name.
    pub name: String,
    /// Its source.
    pub source: ContextSource,
    /// The span of its declaration in the spec; `None` if the client offers it.
    pub declared: Option<Span>,
    /// The facts about it.
    pub fact: ContextFact,
    /// The paths of it that are used.
    pub paths: ContextPaths,
}

/// A stage that must build for the target to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// The stage that must build.
    pub stage: StageId,
    /// The span of the requirement.
    pub span: Span,
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

/// A stage whose changes are merged into another.
#[derive(Debug, Clone)]
pub struct Merged {
    /// The index of the stage.
    pub stage: StageId,
    /// The common ancestor, relative to which changes are computed. `Scratch` merges the whole
    /// stage.
    pub ancestor: Origin,
    /// The span of its name.
    pub span: Span,
}

/// The files of a stage that are exported even if a step fails.
#[derive(Debug, Clone)]
pub struct Report {
    /// The absolute path of a directory or a file; it need not exist.
    pub path: Text,
    /// Its span.
    pub span: Span,
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
    /// Its id in the build file; `None` for a step that is not in the file.
    pub written: Option<StepId>,
    /// True to run it in every build.
    pub no_cache: bool,
    /// Its branch, if it is in a `parallel` step.
    pub branch: Option<Branch>,
    /// The offset of its instruction in a Dockerfile, all of whose steps are one op.
    pub instruction: Option<u32>,
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

/// The paths of the build context that a build uses, so that no others are transferred.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContextPaths {
    used: BTreeSet<Text>,
    /// The patterns of files that every use excludes; `None` before the first use.
    excluded: Option<BTreeSet<String>>,
    /// True if a copy starts from the context's root.
    has_root_copy: bool,
    /// True if a copy starts from another directory.
    has_inner_copy: bool,
}

/// The links in a copied tree whose targets must be there, although the links are copied as such:
/// the cache keys of copies with patterns cover them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinksInKeys {
    /// Those of copies from a root.
    pub of_roots: bool,
    /// Those of copies from other directories.
    pub of_directories: bool,
}

impl ContextPaths {
    /// Adds an absolute path or pattern, and what this use of it excludes: patterns from the
    /// context's root.
    pub(super) fn add(&mut self, path: &Text, excludes: impl FnOnce() -> BTreeSet<String>) {
        self.used.insert(path.map(|path| path.trim_start_matches('/').into()));
        match &mut self.excluded {
            None => self.excluded = Some(excludes()),
            Some(all) if all.is_empty() => {}
            Some(all) => {
                let excludes = excludes();
                all.retain(|pattern| excludes.contains(pattern));
            }
        }
    }

    /// Records that a copy starts from a directory of the context.
    pub(super) fn add_copied(&mut self, directory: &str) {
        match directory {
            "/" => self.has_root_copy = true,
            _ => self.has_inner_copy = true,
        }
    }

    /// Transfers files even if every use excludes them.
    pub(super) fn without_excludes(mut self) -> Self {
        self.excluded = None;
        self
    }

    /// The paths, from the context's root; `None` if all of it is used.
    pub fn only(&self) -> Option<impl Iterator<Item = &str>> {
        (!self.used.contains("")).then(|| self.used.iter().map(Text::as_str))
    }

    /// The patterns of files that nothing uses, from the context's root. None of them re-includes
    /// files.
    pub fn excluded(&self, links: LinksInKeys) -> impl Iterator<Item = &str> {
        let may_be_in_keys =
            self.has_root_copy && links.of_roots || self.has_inner_copy && links.of_directories;
        let excluded = self.excluded.as_ref().filter(|_| !may_be_in_keys);
        excluded.into_iter().flatten().map(String::as_str)
    }
}
