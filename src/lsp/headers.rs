//! The keys of headers and the dotted keys of a text, with their places.
//!
//! The tree has a key where it occurs first. A name that a person changes has to be changed
//! wherever it is written: `[stages.a]`, `[stages.a.env]` and `stages.a.user = "u"`.

use std::ops::Range;

use toml_parser::parser::{EventReceiver, parse_document};
use toml_parser::{ErrorSink, Source, Span, decoder::Encoding};

/// A part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Its text without quotes; escapes are not replaced.
    pub(super) name: String,
    /// Its range without quotes.
    pub(super) range: Range<usize>,
}

/// A header, or a key outside of brackets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// The parts of the key, those of the header first. Those that are written elsewhere are in
    /// `inherited`.
    pub(super) parts: Vec<Part>,
    /// The names of the header that contains the key; empty for a header itself.
    pub(super) inherited: Vec<String>,
    /// The range of the header with its brackets; `None` for a key.
    pub(super) header: Option<Range<usize>>,
}

/// The headers and keys of a text, in order.
pub(super) fn headers(text: &str) -> Vec<Written> {
    let tokens: Vec<_> = Source::new(text).lex().collect();
    let mut reader = Reader {
        text,
        found: Vec::new(),
        section: Vec::new(),
        start: None,
        parts: Vec::new(),
        is_dotted: false,
        depth: 0,
    };
    parse_document(&tokens, &mut reader, &mut ());
    reader.found
}

struct Reader<'t> {
    text: &'t str,
    found: Vec<Written>,
    section: Vec<String>,
    /// The offset of the open header.
    start: Option<usize>,
    parts: Vec<Part>,
    is_dotted: bool,
    /// The number of open brackets.
    depth: usize,
}

impl Reader<'_> {
    fn begin(&mut self, start: usize) {
        self.start = Some(start);
        self.parts.clear();
        self.depth = 0;
    }

    fn end(&mut self, end: usize) {
        let Some(start) = self.start.take() else { return };
        let parts = std::mem::take(&mut self.parts);
        self.section = parts.iter().map(|part| part.name.clone()).collect();
        self.found.push(Written { parts, inherited: Vec::new(), header: Some(start..end) });
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
}

impl EventReceiver for Reader<'_> {
    fn std_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.begin(span.start());
    }

    fn std_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.end(span.end());
    }

    fn array_table_open(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.begin(span.start());
    }

    fn array_table_close(&mut self, span: Span, _: &mut dyn ErrorSink) {
        self.end(span.end());
    }

    fn inline_table_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        self.depth += 1;
        true
    }

    fn inline_table_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.close();
    }

    fn array_open(&mut self, _: Span, _: &mut dyn ErrorSink) -> bool {
        self.depth += 1;
        true
    }

    fn array_close(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.close();
    }

    fn simple_key(&mut self, span: Span, _: Option<Encoding>, _: &mut dyn ErrorSink) {
        if self.depth > 0 {
            return;
        }
        if !std::mem::take(&mut self.is_dotted) {
            self.parts.clear();
        }
        let range = inner(self.text, span.start()..span.end());
        self.parts.push(Part { name: self.text[range.clone()].to_owned(), range });
    }

    fn key_sep(&mut self, _: Span, _: &mut dyn ErrorSink) {
        self.is_dotted = self.depth == 0;
    }

    fn key_val_sep(&mut self, _: Span, _: &mut dyn ErrorSink) {
        if self.depth == 0 {
            let parts = std::mem::take(&mut self.parts);
            self.found.push(Written { parts, inherited: self.section.clone(), header: None });
        }
    }
}

/// The range of a string or a key without its quotes.
pub(super) fn inner(text: &str, range: Range<usize>) -> Range<usize> {
    let token = text.get(range.clone()).unwrap_or_default();
    for quotes in ["'''", "\"\"\"", "'", "\""] {
        if token.len() >= 2 * quotes.len() && token.starts_with(quotes) && token.ends_with(quotes) {
            return range.start + quotes.len()..range.end - quotes.len();
        }
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_dotted_keys() {
        let text = "args.A = \"1\"\n[stages.a]\nenv.\"B\" = \"2\"\nsteps = [{ run = 'x' }]\n[[stages.'a'.steps]]\nrun = 'y'\n";
        let found: Vec<String> = headers(text)
            .iter()
            .map(|written| {
                let parts: Vec<&str> =
                    written.parts.iter().map(|part| &text[part.range.clone()]).collect();
                format!("{}|{}", written.inherited.join("."), parts.join("."))
            })
            .collect();
        let expected = [
            "|args.A",
            "|stages.a",
            "stages.a|env.B",
            "stages.a|steps",
            "|stages.a.steps",
            "stages.a.steps|run",
        ];
        assert_eq!(found, expected);
    }
}
