//! The stages of a spec, found by their names.

use crate::diagnostic::Known;
use crate::source::Spanned;
use crate::spec::{Spec, Stage, StageName};

/// All stages of a spec. Each is known by its place in the list.
pub(super) struct Named<'s> {
    /// In the order of their names.
    pub(super) list: Vec<(&'s StageName, &'s Spanned<Stage>)>,
    /// Their names, for who misspells one.
    pub(super) known: Known<'s>,
}

impl<'s> Named<'s> {
    pub(super) fn new(spec: &'s Spec) -> Self {
        let list: Vec<_> = spec.stages.iter().collect();
        Self { known: Known::new(list.iter().map(|(name, _)| name.as_str())), list }
    }

    /// The stage of that name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.list.binary_search_by_key(&name, |(known, _)| known.as_str()).ok()
    }
}
