//! Where files come from, and the places in a plan that say so.

use std::collections::BTreeMap;

use crate::id::ids;
use crate::source::{Span, Spanned};
use crate::spec::{From, first_of};

ids! {
    /// A stage of a selection and of its plan, which have the same stages in one order.
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
    /// Notes what a `from` means.
    pub(super) fn insert(&mut self, from: Span, origin: Origin) {
        self.0.insert(from, origin);
    }

    /// What a `from` means. `select` has an entry for each `from` of a stage that is built.
    pub(crate) fn of(&self, from: &Spanned<From>) -> Origin {
        self.at(from).unwrap_or(Origin::Context)
    }

    /// What a `from` means, if it is in a stage that is built.
    pub(super) fn at(&self, from: &Spanned<From>) -> Option<Origin> {
        self.0.get(&first_of(from).span).copied()
    }

    /// What a `from` means that may be left out: then it is the build context.
    pub(super) fn of_option(&self, from: Option<&Spanned<From>>) -> Origin {
        from.map_or(Origin::Context, |from| self.of(from))
    }

    /// Every `from`, with what it means.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Span, Origin)> {
        self.0.iter().map(|(&span, &origin)| (span, origin))
    }
}
