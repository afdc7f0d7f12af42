//! The origins of files, and the ids of stages, images and contexts in a plan.

use std::collections::BTreeMap;

use crate::id::ids;
use crate::source::{Span, Spanned};
use crate::spec::{From, first_of};

ids! {
    /// A stage of a selection and of its plan; both list the same stages in the same order.
    pub StageId;
    /// An image of a selection and of its plan.
    pub ImageId;
    /// A named build context of a selection and of its plan.
    pub ContextId;
}

/// The origin of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The build context.
    Context,
    /// An empty file system.
    Scratch,
    /// A stage of the plan.
    Stage(StageId),
    /// An image of the plan.
    Image(ImageId),
    /// A named build context of the plan.
    Named(ContextId),
}

/// The meaning of each `from`, by its span.
#[derive(Debug, Default)]
pub(crate) struct Origins(BTreeMap<Span, Origin>);

impl Origins {
    /// Records the meaning of a `from`.
    pub(super) fn insert(&mut self, from: Span, origin: Origin) {
        self.0.insert(from, origin);
    }

    /// Returns the meaning of a `from` in a stage that is built; `select` records all of these.
    pub(crate) fn of(&self, from: &Spanned<From>) -> Origin {
        self.at(from).unwrap_or(Origin::Context)
    }

    /// Returns the meaning of a `from`; `None` if its stage is not built.
    pub(crate) fn at(&self, from: &Spanned<From>) -> Option<Origin> {
        self.0.get(&first_of(from).span).copied()
    }

    /// Returns the meaning of an optional `from`. Without it, files come from the build context.
    pub(super) fn of_option(&self, from: Option<&Spanned<From>>) -> Origin {
        from.map_or(Origin::Context, |from| self.of(from))
    }

    /// Every `from` by its span, with its meaning.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Span, Origin)> {
        self.0.iter().map(|(&span, &origin)| (span, origin))
    }
}
