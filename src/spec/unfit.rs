//! The reason why a text is not allowed.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The reason why a text is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// It is empty.
    Empty,
    /// It is blank.
    Blank,
    /// It contains a control character.
    Control(char),
}

impl Unfit {
    /// The diagnostic. `is_written` is true if the text is literal in the file.
    pub fn diagnostic(self, span: Span, is_written: bool) -> Diagnostic {
        let (message, hint) = match self {
            Unfit::Empty if is_written => {
                ("empty string".to_owned(), "write a value, or remove the key")
            }
            Unfit::Empty => (
                "the value is empty after `${NAME}` is replaced".to_owned(),
                "use `${NAME:-default}` for a default, or `${NAME:?message}` for an error",
            ),
            Unfit::Blank => ("the value is blank".to_owned(), "write a value, or remove the key"),
            Unfit::Control('\0') => (
                "the value contains a NUL character".to_owned(),
                "programs cannot receive NUL characters",
            ),
            Unfit::Control(c) => (
                format!("the value contains the control character {}", name_of(c)),
                "names, paths and URLs are one line of plain text",
            ),
        };
        Diagnostic::new(Code::InvalidValue, span, message).hint(hint)
    }
}

/// The common name of a control character.
fn name_of(c: char) -> String {
    let name = match c {
        '\t' => "a tab",
        '\n' => "a newline",
        '\r' => "a carriage return",
        '\u{1b}' => "ESC",
        c => return format!("U+{:04X}", u32::from(c)),
    };
    format!("U+{:04X} ({name})", u32::from(c))
}
