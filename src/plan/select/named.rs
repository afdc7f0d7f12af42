//! The stages of a spec by name.

use crate::diagnostic::{Code, Diagnostic, Known};
use crate::source::{Span, Spanned};
use crate::spec::{Spec, Stage, StageName};

/// All stages of a spec. Each is identified by its index in the list.
pub(super) struct Named<'s> {
    /// Sorted by name.
    pub(super) list: Vec<(&'s StageName, &'s Spanned<Stage>)>,
    /// Their names, and those of stages that could not be read, for suggestions.
    pub(super) known: Known<'s>,
    /// True if all of the spec was read.
    pub(super) is_whole: bool,
}

impl<'s> Named<'s> {
    pub(super) fn new(spec: &'s Spec) -> Self {
        let list: Vec<_> = spec.stages.iter().collect();
        let names = list.iter().map(|(name, _)| name.as_str());
        Self { known: Known::new(names.chain(spec.unread())), is_whole: spec.is_whole(), list }
    }

    /// The stage with that name.
    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.list.binary_search_by_key(&name, |(known, _)| known.as_str()).ok()
    }

    /// The error for an unknown stage.
    pub(super) fn unknown(&self, code: Code, span: Span, name: &str) -> Diagnostic {
        let message = format!("there is no stage `{name}`");
        Diagnostic::new(code, span, message).maybe_hint(self.hint(name, []))
    }

    /// A hint for an unknown name: the most similar stage or other name, or else the list of
    /// stages.
    pub(super) fn hint<'a>(
        &'a self,
        name: &str,
        others: impl IntoIterator<Item = &'a str>,
    ) -> Option<String> {
        // Some of the stages may not have been read.
        let list = || self.is_whole.then(|| format!("the stages are {}", self.known.list()));
        self.known.did_you_mean(name, others).or_else(list)
    }
}
