//! The context of every reader of values.

use super::form;
use super::unread::Unread;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::source::{SourceFile, Span, Spanned};
use crate::text::Text;
use crate::toml::Kind;

/// The places of keys in the tables of the language, for hints about unknown keys. The tables
/// themselves depend on readers, so a reader is given these functions.
pub(super) struct KeyPlaces {
    /// The header of the table for a key of a build file, a stage or an image.
    pub(super) header_of: fn(&str) -> Option<String>,
    /// The place of a key, ignoring spelling, in a sentence.
    pub(super) place_of: fn(&str) -> Option<String>,
    /// The tables that have a key, with their articles.
    pub(super) tables_with_key: fn(&str) -> &'static [&'static str],
}

/// The context of every reader: the file, and the list of diagnostics.
pub(super) struct Reader<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) diagnostics: &'a mut Diagnostics,
    pub(super) places: &'static KeyPlaces,
    pub(super) unread: Unread,
    /// Each `$NAME` in a template, where only `${NAME}` is substituted.
    pub(super) bare_dollars: Vec<Spanned<Text>>,
    /// The number of steps that have been read.
    pub(super) steps: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        file: &'a SourceFile,
        places: &'static KeyPlaces,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Self {
            file,
            diagnostics,
            places,
            unread: Unread::default(),
            bare_dollars: Vec::new(),
            steps: 0,
        }
    }
}

impl Reader<'_> {
    /// A string of the document: shared with the file, unless it contains escapes.
    pub(super) fn text(&self, string: &str) -> Text {
        self.file.text().piece(string)
    }

    /// Reports a value of the wrong type.
    pub(super) fn wrong_type<T>(
        &mut self,
        span: Span,
        found: &Kind<'_>,
        wanted: &str,
    ) -> Result<T, Reported> {
        let hint = form::of(wanted, found, self.file.slice(span));
        self.wrong_type_with(span, found, wanted, hint)
    }

    /// Reports a value of the wrong type, with a hint about the right form.
    pub(super) fn wrong_type_with<T>(
        &mut self,
        span: Span,
        found: &Kind<'_>,
        wanted: &str,
        hint: Option<String>,
    ) -> Result<T, Reported> {
        let message = format!("expected {wanted}, found {}", found.what());
        let diagnostic = Diagnostic::new(Code::WrongType, span, message);
        self.diagnostics.error(diagnostic.maybe_hint(hint))
    }

    /// Reports a value of the wrong type, with a hint derived from the value.
    pub(super) fn wrong_form<T>(
        &mut self,
        span: Span,
        found: &Kind<'_>,
        wanted: &str,
        form: &str,
    ) -> Result<T, Reported> {
        self.wrong_type_with(span, found, wanted, Some(form.to_owned()))
    }
}
