//! The part of a spec that one build needs.

use std::collections::BTreeSet;

use buildkit_llb::Platform;

use crate::diagnostic::Diagnostic;
use crate::id::IdVec;
use crate::plan::context::ContextQuery;
use crate::plan::origin::{ContextId, ImageId, Origins, StageId};
use crate::plan::planned::Gate;
use crate::plan::request::Request;
use crate::plan::scope::Scope;
use crate::reference::Reference;
use crate::source::{Span, Spanned};
use crate::spec::{Spec, Stage, StageName, Step, StepId};

/// The part of a spec that one build needs.
pub struct Selection<'s> {
    pub(crate) spec: &'s Spec,
    pub(crate) scope: Scope<'s>,
    pub(crate) request: &'s Request,
    /// Each after its dependencies: first those of the target, then the target, then required
    /// stages and their dependencies, then stages that are only checked.
    pub(crate) stages: IdVec<StageId, SelectedStage<'s>>,
    /// The index of the target; `None` if all stages are checked and there is no default.
    pub(crate) target: Option<StageId>,
    /// The error of a build, if all stages are checked and the default target is unclear.
    pub(crate) unclear: Option<Diagnostic>,
    /// True to build its report instead of its result.
    pub(crate) is_report: bool,
    /// The stages that must build for the target to succeed.
    pub(crate) gates: Vec<Gate>,
    /// The stages whose images the file is meant to build: its default target, or else the target.
    pub(crate) shipped: Vec<StageId>,
    pub(crate) images: IdVec<ImageId, ImageQuery>,
    pub(crate) contexts: IdVec<ContextId, ContextQuery>,
    /// The meaning of each `from`.
    pub(crate) origins: Origins,
}

/// A stage that the build needs.
pub(crate) struct SelectedStage<'s> {
    pub(crate) name: &'s StageName,
    pub(crate) stage: &'s Spanned<Stage>,
    /// Its own, its base's, or the target's.
    pub(crate) platform: Platform,
    /// True if it is built for the target, false if it is only checked.
    pub(crate) needed: bool,
    /// True if a build context replaces it: then its base is that context, and it has nothing else.
    pub(crate) replaced: bool,
    /// The steps that do not exist in this build.
    pub(crate) skipped: BTreeSet<StepId>,
}

/// An image whose digest and config the build needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageQuery {
    /// Its reference.
    pub reference: Reference,
    /// Its platform.
    pub platform: Platform,
    /// The client's store that contains it; `None` if it is in a registry.
    pub layout: Option<String>,
    /// The named context that refers to it, if any.
    pub context: Option<String>,
    /// The span of its first mention in the file.
    pub span: Span,
    /// True if a stage is based on it, so that its `ONBUILD` triggers are run.
    pub is_base: bool,
    /// True if only its name suggests that it is an image, so that a stage or a source may be
    /// meant.
    pub is_plain_name: bool,
}

impl ImageQuery {
    /// An image of a registry that the file declares, with the span of a mention.
    pub(super) fn new(reference: Reference, platform: Platform, span: Span, is_base: bool) -> Self {
        let (layout, context) = (None, None);
        Self { reference, platform, layout, context, span, is_base, is_plain_name: false }
    }
}

impl Selection<'_> {
    /// The index of the target. If there is none, for lack of a default, any stage that nothing
    /// needs can be used: the last one.
    pub(crate) fn target(&self) -> Option<StageId> {
        self.target.or(self.stages.ids().last())
    }

    /// The error of a build, if all stages are checked and the default target is unclear.
    /// Everything else can be checked without one.
    pub fn unclear_target(&self) -> Option<&Diagnostic> {
        self.unclear.as_ref()
    }

    /// The images that must be looked up before [`crate::plan::resolve()`].
    pub fn images(&self) -> &IdVec<ImageId, ImageQuery> {
        &self.images
    }

    /// True if there is a stage to plan: conditions may leave out all of them.
    pub(crate) fn has_stages(&self) -> bool {
        !self.stages.is_empty()
    }

    /// True if no stage of the file is left out.
    pub(crate) fn has_all_stages(&self) -> bool {
        self.stages.len() == self.spec.stages.len()
    }

    /// The request that it was made for.
    pub fn request(&self) -> &Request {
        self.request
    }

    /// The named build contexts that must be inspected before [`crate::plan::resolve()`].
    pub fn contexts(&self) -> &IdVec<ContextId, ContextQuery> {
        &self.contexts
    }
}

impl SelectedStage<'_> {
    /// True if a step is included in this build.
    pub(crate) fn has(&self, step: &Step) -> bool {
        !self.skipped.contains(&step.id)
    }
}
