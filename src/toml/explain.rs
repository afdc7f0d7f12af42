//! Better messages for the parser's own errors.
//!
//! Input: an error of the parser, and the text around it. Output: a diagnostic, and whether the
//! rest of the parser's output is reliable. Must not depend on the language's keys.

use std::fmt::Write;
use std::ops::Range;

use toml_parser::{Expected, ParseError};

use crate::diagnostic::{Code, Diagnostic};
use crate::source::SourceFile;

/// An error of the parser.
pub(super) struct SyntaxError<'a> {
    /// The parser's message, including what it expected.
    message: String,
    file: &'a SourceFile,
    /// The range in the file.
    pub(super) range: Range<usize>,
}

/// Prefixes of messages after which the rest of the parser's output is unreliable.
const DERAILING: [&str; 5] = [
    "invalid literal string",
    "invalid basic string",
    "invalid multi-line",
    "unclosed",
    MISSING_COMMA,
];

const MISSING_COMMA: &str = "missing comma";

/// Prefixes of messages about something in `{...}` that is not a key.
const UNCLOSED_TABLE: [&str; 2] =
    ["missing key for inline table element", "invalid inline table element"];

/// The message for a key without a value in `{...}`.
const KEY_IN_TABLE: &str = "extra comma in inline table, expected `=`";

/// Prefixes of messages about a bare word used as a value. The parser guesses from its first letter
/// what was intended.
const BARE_WORD: [&str; 3] = ["string values must be quoted", "invalid boolean", "invalid float"];

/// Prefixes of messages about a key without a value.
const NO_VALUE: [&str; 3] =
    ["missing assignment between key-value pairs", "key with no value", "missing value for key"];

type Words = (&'static str, &'static str);

const KEY_ALONE: Words = ("a key has no value", "write `key = value`");

const OPEN_LIST: Words =
    ("unterminated list: expected `]` before this", "write `]` after the last value");

impl<'a> SyntaxError<'a> {
    /// An error in the text that begins at `start`.
    pub(super) fn new(error: &ParseError, file: &'a SourceFile, start: usize) -> Self {
        let span = error.unexpected().unwrap_or_default();
        Self { message: message(error), file, range: start + span.start()..start + span.end() }
    }

    /// True if the parser's output after this error is unreliable.
    pub(super) fn derails(&self) -> bool {
        self.begins(&DERAILING) || self.is_open_table() || self.is_open_list()
    }

    /// The diagnostic.
    pub(super) fn explain(&self) -> Diagnostic {
        if let Some((what, hint)) = self.words_by_text().or_else(|| self.words()) {
            return self.diagnostic(what.to_owned()).hint(hint);
        }
        let slice = self.slice();
        if self.message.starts_with("unclosed array table")
            || self.message.starts_with("unclosed table")
        {
            self.diagnostic("unterminated header: expected `]`".to_owned())
        } else if self.message.starts_with("unexpected leading zero") {
            let number = word(&self.file.text()[self.range.start..]);
            self.diagnostic("a number cannot begin with a zero".to_owned())
                .hint(format!("quote it: \"{number}\""))
        } else if self.begins(&BARE_WORD) {
            // For `1.2.3` the parser points at `.3` only.
            let before = &self.file.text()[..self.range.start];
            let number = &before[before.trim_end_matches(is_of_word).len()..];
            let value = format!("{number}{slice}");
            let hint = hint_about_word(&value);
            self.diagnostic(format!("not a TOML value: `{}`", value.escape_debug())).hint(hint)
        } else {
            self.diagnostic(format!("invalid TOML: {}", self.message))
        }
    }

    fn diagnostic(&self, message: String) -> Diagnostic {
        Diagnostic::new(Code::InvalidToml, self.file.span(self.range.clone()), message)
    }

    /// A message for cases in which the text shows more than the parser's message.
    fn words_by_text(&self) -> Option<Words> {
        let text = self.file.text();
        let (before, rest) = text.split_at(self.range.start);
        let line = self.line();
        let is_key = self.begins(&NO_VALUE) || self.message.starts_with("invalid unquoted key");
        let is_behind = self.message.starts_with("unexpected key or value");
        let words = if self.is_open_table() {
            (
                "expected `}` or a comma before this: a table is still open",
                "write `{ key = value, ... }`, and close it before this",
            )
        } else if self.is_open_list() {
            OPEN_LIST
        } else if is_key && is_comment(line)
            || is_behind && is_comment(rest)
            || self.begins(&BARE_WORD) && self.slice().contains(" //")
        {
            ("unexpected text: expected a comment", "begin a comment with `#`")
        } else if is_key && (rest.starts_with(':') || before.trim_end_matches(' ').ends_with(':')) {
            ("expected `=` between a key and its value, found `:`", "write `key = value`")
        } else if self.begins(&BARE_WORD) && self.range.is_empty() {
            KEY_ALONE
        } else if is_key && (line == "-" || line.starts_with("- ")) {
            ("unexpected item of a YAML list", "write a list in brackets: `key = [\"a\", \"b\"]`")
        } else if is_behind && rest.starts_with(';') {
            ("unexpected semicolon after a value", "remove it: a value ends with its line")
        } else if is_behind && rest.starts_with('+') {
            ("values cannot be added", "write one string, such as \"${NAME}-more\"")
        } else if rest.starts_with('(') && self.message.starts_with("missing opening quote") {
            ("expected a value, found `(`", "write a list in brackets: [\"a\", \"b\"]")
        } else if is_behind && rest.starts_with(',') {
            (
                "unexpected comma after a value",
                "remove it: commas separate only the items of lists and `{...}`",
            )
        } else if is_behind && rest.starts_with([']', '}']) {
            ("unexpected bracket", "remove it")
        } else if is_behind || self.message.starts_with(MISSING_COMMA) {
            self.words_of_inner_quotes()?
        } else {
            return None;
        };
        Some(words)
    }

    /// A message for a string that ends early, at a quote inside it.
    fn words_of_inner_quotes(&self) -> Option<Words> {
        let text = self.file.text();
        let line = text[..self.range.start].lines().next_back()?;
        let rest = text[self.range.start..].lines().next()?;
        let quote = line.trim_end().chars().next_back().filter(|end| ['"', '\''].contains(end))?;
        let is_adjacent = line.ends_with(quote) && !rest.starts_with(is_separator);
        let is_inner = (is_adjacent || rest.starts_with(is_word))
            && rest.contains(quote)
            && (line.ends_with(quote) || !begins_entry(rest));
        is_inner.then_some(if quote == '"' {
            (
                "a \"...\" string ended at the quote before this",
                "write \\\" for a quote in the string, or put the string in '...'",
            )
        } else {
            (
                "a '...' string ended at the quote before this",
                "put a string that contains a ' in \"...\" or '''...'''",
            )
        })
    }

    /// A message that follows from the parser's message alone.
    fn words(&self) -> Option<Words> {
        Some(match self.message.as_str() {
            message if message.starts_with("missing escaped value") => (
                "unknown escape in a \"...\" string",
                "use '...' or '''...''', where a backslash needs no escape",
            ),
            "invalid literal string, expected `'`" => (
                "unterminated string: expected a closing quote on this line",
                "add the closing '; write text of several lines between ''' and '''",
            ),
            "invalid basic string, expected `\"`" => (
                "unterminated string: expected a closing quote on this line",
                "add the closing \"; write text of several lines between ''' and '''",
            ),
            message if message.starts_with("missing opening quote") => {
                ("expected a quote before a string", "put strings in quotes: '...' or \"...\"")
            }
            message if message.starts_with(MISSING_COMMA) => (
                "expected a comma before this",
                "separate the items of a list or a `{...}` with commas",
            ),
            KEY_IN_TABLE => KEY_ALONE,
            message if message.starts_with("extra comma") => ("unexpected comma", "remove it"),
            message if message.starts_with("unexpected key or value") => {
                ("unexpected text after a value", "write each `key = value` on its own line")
            }
            message if message.starts_with("unclosed array, ") => {
                ("unterminated list: expected `]`", "write `]` after the last value")
            }
            message if message.starts_with("unclosed inline table") => {
                ("unterminated table: expected `}`", "write `}` after the last value")
            }
            _ if self.begins(&NO_VALUE) => KEY_ALONE,
            message if message.starts_with("invalid multi-line") => UNCLOSED_TEXT,
            message if message.contains("visible characters") => (
                "a string contains a control character",
                "write it as an escape in a \"...\" string, such as \"\\u0000\"",
            ),
            _ => return None,
        })
    }

    fn begins(&self, starts: &[&str]) -> bool {
        starts.iter().any(|start| self.message.starts_with(start))
    }

    /// True inside a `{...}` whose closing brace is missing: the parser found something that is not
    /// a key.
    fn is_open_table(&self) -> bool {
        let before = self.file.text()[..self.range.start].trim_end();
        let behind = &self.file.text()[self.range.end..];
        self.begins(&UNCLOSED_TABLE)
            || self.message == KEY_IN_TABLE && before.ends_with(['\'', '"'])
            || self.message.starts_with("keys cannot be multi-line") && behind.starts_with(',')
    }

    /// True inside a list whose closing bracket is missing: instead of a value, the parser found a
    /// header, a header's name, or a key with a value.
    fn is_open_list(&self) -> bool {
        let line = self.line();
        let name = line.trim_start_matches('[').trim_end_matches(']');
        let is_header = line.starts_with('[') && word(name) == name;
        let rest = &self.file.text()[self.range.start..];
        self.begins(&BARE_WORD) && is_header && name == self.slice()
            || self.message.starts_with("missing comma between array elements")
                && rest.starts_with(line)
                && (is_header || begins_entry(rest))
    }

    fn slice(&self) -> &str {
        &self.file.text()[self.range.clone()]
    }

    fn line(&self) -> &str {
        let at = self.file.span(self.range.clone()).start;
        self.file.line_text(self.file.line(at)).trim()
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || [',', ']', '}', '#'].contains(&c)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || ['$', '-', '/', '.', '%', '*'].contains(&c)
}

fn is_comment(text: &str) -> bool {
    text.starts_with("//") || text.starts_with("/*")
}

/// The message for a string in `'''` or `"""` that is not closed.
pub(super) const UNCLOSED_TEXT: Words =
    ("unterminated multi-line string", "end it with the same three quotes that begin it");

/// The text of a parser error, including what it expected.
fn message(error: &ParseError) -> String {
    let mut message = error.description().to_owned();
    for (at, expected) in error.expected().unwrap_or_default().iter().enumerate() {
        message.push_str(if at == 0 { ", expected " } else { ", " });
        match expected {
            Expected::Literal("\n") => message.push_str("newline"),
            Expected::Literal(text) => _ = write!(message, "`{text}`"),
            Expected::Description(what) => message.push_str(what),
            _ => message.push_str("something else"),
        }
    }
    message
}

/// The hint for a bare word used as a value.
fn hint_about_word(word: &str) -> &'static str {
    match word.to_ascii_lowercase().as_str() {
        "true" | "false" | "yes" | "no" | "on" | "off" => "write a boolean as `true` or `false`",
        "null" | "none" | "nil" | "undefined" => "TOML has no null value: remove the key",
        word if word.starts_with("<<") => {
            "there are no here-documents: write text of several lines between ''' and '''"
        }
        word if word.starts_with(['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}']) => {
            "replace these typographic quotes with \" or '"
        }
        _ => "put strings in quotes: '...' or \"...\"",
    }
}

/// The key or number at the beginning of a text, including dots.
fn word(text: &str) -> &str {
    &text[..text.find(|c| !is_of_word(c)).unwrap_or(text.len())]
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || ['_', '-', '.'].contains(&c)
}

/// True if a text begins with `key =`.
fn begins_entry(text: &str) -> bool {
    let key = word(text);
    !key.is_empty() && text[key.len()..].trim_start_matches([' ', '\t']).starts_with('=')
}
