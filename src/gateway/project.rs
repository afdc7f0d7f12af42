//! A build file with all inputs for compiling its stages.
//!
//! Must not depend on how plans are made: see [`planning`](super::planning).

use buildkit_frontend::{Bridge, Status};
use buildkit_llb::{Cap, Platform};
use futures_util::future::BoxFuture;

use super::options::Options;
use crate::convert::ReadDockerfile;
use crate::lower::{Engine, MainContext, MainSource, Settings};
use crate::plan::Triggered;
use crate::source::SourceMap;
use crate::spec::Spec;

/// Builds a single stage for a platform. `pending` names the stages that wait for it.
///
/// Lookups need it: `ONBUILD` triggers of an image may copy from a stage, and that stage may have
/// images to look up as well.
pub(super) type BuildStage = for<'p> fn(
    &'p Project<'p>,
    &'p str,
    &'p Platform,
    &'p [&'p str],
) -> BoxFuture<'p, Result<Triggered, Status>>;

/// A build file and everything needed to compile its stages.
#[derive(Clone, Copy)]
pub(super) struct Project<'a> {
    pub(super) bridge: &'a Bridge,
    pub(super) options: &'a Options,
    pub(super) files: &'a SourceMap,
    pub(super) spec: &'a Spec,
    /// The Dockerfile that the spec was converted from, if any.
    pub(super) dockerfile: Option<&'a ReadDockerfile>,
    /// The main build context.
    pub(super) context: &'a MainContext,
    /// The patterns of the ignore file.
    pub(super) ignore: &'a [String],
    /// Builds one stage without the target: see [`BuildStage`].
    pub(super) build_stage: BuildStage,
}

impl Project<'_> {
    /// The client's settings and the engine's features.
    pub(super) fn settings(&self) -> Settings {
        let llb = &self.bridge.capabilities().llb;
        Settings {
            sessions: self.options.sessions.clone(),
            context: self.context.clone(),
            ignore: match self.context.source {
                MainSource::Local => {
                    let own = self.spec.ignore.iter().map(|pattern| pattern.text.clone());
                    self.ignore.iter().cloned().chain(own).collect()
                }
                MainSource::Git(_) | MainSource::Http { .. } | MainSource::Input(_) => Vec::new(),
            },
            resolve_mode: self.options.resolve_mode,
            several_platforms: self.options.multi_platform,
            process: self.options.process.clone(),
            waits: None,
            cache_namespace: self.options.cache_namespace.clone(),
            engine: Engine {
                merge: llb.supports(Cap::MERGE_OP.id()),
                diff: llb.supports(Cap::DIFF_OP.id()),
                passthrough: llb.supports(Cap::PASSTHROUGH_OP.id()),
                required_paths: llb.supports(Cap::FILE_COPY_REQUIRED_PATHS.id()),
                // Added in the same release (BuildKit's commit f84058eb1).
                owners_in_keys: llb.supports(Cap::SOURCE_POLICY.id()),
                symlinks: llb.supports(Cap::FILE_SYMLINK_CREATE.id()),
                // Added in the same release.
                special_modes: llb.supports(Cap::FILE_COPY_ALWAYS_REPLACE_EXISTING_DEST_PATHS.id()),
            },
        }
    }
}
