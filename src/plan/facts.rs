//! The lookups that a selection needs before it can be planned.

use buildkit_llb::Definition;

use super::context::ContextFact;
use super::origin::{ContextId, ImageId};
use super::select::Selection;
use crate::id::IdVec;
use crate::reference::Reference;

/// The looked-up facts for a selection, in its order. `None` means that a lookup failed: then there
/// is no plan, but errors in the rest are still found.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// One for each of [`Selection::images`].
    pub images: IdVec<ImageId, Option<ImageFact>>,
    /// One for each of [`Selection::contexts`].
    pub contexts: IdVec<ContextId, Option<ContextFact>>,
}

impl Facts {
    /// No facts.
    pub fn none(selection: &Selection<'_>) -> Self {
        Self {
            images: selection.images().map(|_| None),
            contexts: selection.contexts().map(|_| None),
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
    /// The graphs to build along with it, if the engine has no op to wait for them: stages that are
    /// required by those that the triggers copy from.
    pub beside: Vec<Definition>,
}
