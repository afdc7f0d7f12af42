//! From lines to instructions as text.
//!
//! Input: the file. Output: for each instruction its joined text, and the comments that belong to
//! it. Must not depend on the meaning of instructions. Follows `Parse` in
//! `frontend/dockerfile/parser/parser.go` of BuildKit.

use super::directive::Escape;
use super::joined::Joined;
use crate::source::{SourceFile, Span};

/// A comment on a line of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its span, starting at the `#`.
    pub span: Span,
    /// Its text after the `#`, without surrounding white space.
    pub text: String,
    /// True if a blank line separates it from whatever precedes it.
    pub after_blank: bool,
}

/// A comment between the lines of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InnerComment {
    /// The number of lines of the instruction before it, not counting comments.
    pub after: usize,
    /// The comment.
    pub comment: Comment,
}

/// An instruction that is not parsed yet.
#[derive(Debug)]
pub(super) struct Logical {
    pub(super) joined: Joined,
    /// The lines that the text was joined from.
    pub(super) span: Span,
    /// The comments above it.
    pub(super) leading: Vec<Comment>,
    /// The comments between its lines.
    pub(super) inner: Vec<InnerComment>,
    /// True if there is a blank line directly above it, between it and its comments.
    pub(super) after_blank: bool,
    /// Its last line, if there is a blank line between its lines: BuildKit reports that location.
    pub(super) empty_continuation: Option<Span>,
}

/// An iterator over the lines of a file.
pub(super) struct Lines<'f> {
    file: &'f SourceFile,
    at: usize,
    escape: Escape,
}

/// A line with its line break.
#[derive(Clone, Copy)]
pub(super) struct Line<'f> {
    /// Its offset in the file.
    pub(super) start: usize,
    pub(super) text: &'f str,
}

impl<'f> Lines<'f> {
    /// Starts at an offset, which is after the byte order mark and the directives.
    pub(super) fn new(file: &'f SourceFile, at: usize, escape: Escape) -> Self {
        Self { file, at, escape }
    }

    /// The next line, of any kind.
    pub(super) fn line(&mut self) -> Option<Line<'f>> {
        let rest = &self.file.text().as_str()[self.at..];
        let text = rest.split_inclusive('\n').next()?;
        let start = self.at;
        self.at += text.len();
        Some(Line { start, text })
    }

    /// The span from an offset to the end of the last line read, without its line break.
    pub(super) fn span_from(&self, start: usize) -> Span {
        let read = &self.file.text().as_str()[start..self.at];
        self.file.span(start..start + read.trim_end_matches(['\n', '\r']).len())
    }

    /// An empty span at an offset.
    pub(super) fn empty_span(&self, at: usize) -> Span {
        self.file.span(at..at)
    }

    /// The next instruction, or at the end of the file the remaining comments.
    pub(super) fn logical(&mut self) -> Result<Logical, Vec<Comment>> {
        let mut leading = Vec::new();
        let mut blank = false;
        loop {
            let Some(line) = self.line() else { return Err(leading) };
            if let Some(comment) = self.comment(line, blank) {
                leading.push(comment);
                blank = false;
                continue;
            }
            let text = line.text.trim_end_matches(['\n', '\r']).trim_start();
            if text.is_empty() {
                blank = true;
                continue;
            }
            return Ok(self.joined(line, leading, blank));
        }
    }

    /// Joins the instruction that begins with a line.
    fn joined(&mut self, first: Line<'f>, leading: Vec<Comment>, blank: bool) -> Logical {
        let without_break = first.text.trim_end_matches(['\n', '\r']);
        let text = without_break.trim_start();
        let start = first.start + (without_break.len() - text.len());
        let mut logical = Logical {
            joined: Joined::default(),
            span: self.file.span(start..start),
            after_blank: blank,
            leading,
            inner: Vec::new(),
            empty_continuation: None,
        };
        let (text, mut goes_on) = self.strip_continuation(text);
        logical.joined.push(text, start);
        let mut lines = 1;
        let mut blank = false;
        let mut has_blank = false;
        let mut last = start;
        while goes_on && let Some(line) = self.line() {
            last = line.start;
            if let Some(comment) = self.comment(line, blank) {
                logical.inner.push(InnerComment { after: lines, comment });
                blank = false;
                continue;
            }
            let text = line.text.trim_end_matches(['\n', '\r']);
            if text.trim_start().is_empty() {
                has_blank = true;
                blank = true;
                continue;
            }
            let text;
            (text, goes_on) = self.strip_continuation(line.text.trim_end_matches(['\n', '\r']));
            logical.joined.push(text, line.start);
            lines += 1;
            blank = false;
        }
        logical.span = self.span_from(start);
        logical.empty_continuation = has_blank.then(|| self.span_from(last));
        logical
    }

    /// Parses a line as a comment.
    fn comment(&self, line: Line<'_>, after_blank: bool) -> Option<Comment> {
        let text = line.text.trim();
        let start = line.start + (line.text.len() - line.text.trim_start().len());
        let comment = text.strip_prefix('#')?.trim().to_owned();
        Some(Comment {
            span: self.file.span(start..start + text.len()),
            text: comment,
            after_blank,
        })
    }

    /// A line without its continuation character, and true if it had one. An escaped continuation
    /// character, `\\` at the end of a line, does not count.
    fn strip_continuation<'t>(&self, line: &'t str) -> (&'t str, bool) {
        let escape = self.escape.char();
        match line.trim_end_matches([' ', '\t']).strip_suffix(escape) {
            Some(before) if !before.ends_with(escape) => (before, true),
            _ => (line, false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logicals(text: &str) -> (Vec<Logical>, Vec<Comment>, SourceFile) {
        let file = SourceFile::new("Dockerfile", text.into());
        let mut lines = Lines::new(&file, 0, Escape::Backslash);
        let mut found = Vec::new();
        loop {
            match lines.logical() {
                Ok(logical) => found.push(logical),
                Err(comments) => return (found, comments, file),
            }
        }
    }

    fn texts(text: &str) -> Vec<String> {
        logicals(text).0.iter().map(|logical| logical.joined.text().to_owned()).collect()
    }

    #[test]
    fn lines_are_joined() {
        assert_eq!(texts("A 1\n\n  B \\\n  2 \\ \t\n3\n"), ["A 1", "B   2 3"]);
        assert_eq!(texts("A \\\\\nB"), ["A \\\\", "B"], "the escape is escaped");
        assert_eq!(texts("A \\\r\n  b\r\nC\r\n"), ["A   b", "C"]);
        assert_eq!(texts("A \\"), ["A "], "the end of the file ends it");
        assert_eq!(texts("\\\nA"), ["A"]);
    }

    #[test]
    fn comments_and_blank_lines_between_lines() {
        let (found, rest, file) = logicals("# one\n\n#two\nRUN a \\\n # in\n\n  b\n# end\n");
        let [run] = &found[..] else { panic!("{found:?}") };
        assert_eq!(run.joined.text(), "RUN a   b");
        let leading: Vec<_> = run.leading.iter().map(|c| (&*c.text, c.after_blank)).collect();
        assert_eq!(leading, [("one", false), ("two", true)]);
        let inner: Vec<_> =
            run.inner.iter().map(|i| (i.after, file.slice(i.comment.span))).collect();
        assert_eq!(inner, [(1, "# in")]);
        assert_eq!(file.lines(run.empty_continuation.unwrap()), 7..=7);
        assert_eq!(file.lines(run.span), 4..=7);
        assert_eq!(rest.len(), 1);
    }
}
