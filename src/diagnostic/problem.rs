//! One error or warning.

use std::borrow::Cow;

use buildkit_llb::visible_line;

use super::code::Code;
use crate::source::Span;

/// One error or warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The check that reported it: a stable name for docs, tests and filters.
    pub code: Code,
    /// Its location; `None` if it is not about the file (but about an option of the client).
    pub span: Option<Span>,
    /// The message.
    pub message: String,
    /// The hint.
    pub hint: Option<String>,
    /// Other locations that are involved.
    pub related: Vec<(Span, String)>,
    /// The name of the arg or stage that it is about, if it may be withdrawn later
    /// ([`Diagnostics::withdraw`](super::Diagnostics::withdraw)).
    pub about: Option<String>,
}

impl Diagnostic {
    /// A diagnostic with a location in the file.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { span: Some(span), ..Self::without_place(code, message) }
    }

    /// A diagnostic about an option of the client.
    pub fn without_place(code: Code, message: impl Into<String>) -> Self {
        let message = shown(message);
        Self { code, span: None, message, hint: None, related: Vec::new(), about: None }
    }

    /// Adds a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(shown(hint));
        self
    }

    /// Adds a hint, if there is one.
    pub fn maybe_hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(shown);
        self
    }

    /// Sets the arg or stage that it is about.
    pub fn about(mut self, name: impl Into<String>) -> Self {
        self.about = Some(name.into());
        self
    }

    /// Adds another location.
    pub fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related.push((span, shown(message)));
        self
    }
}

/// Makes a text safe for terminals, in one line: it may quote anything from a file.
fn shown(text: impl Into<String>) -> String {
    let text = text.into();
    match visible_line(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    }
}
