//! Splitting an instruction's text: keyword, flags and arguments.
//!
//! Input: the text of an instruction. Output: its ranges and words, with quotes. Follows
//! `split_command.go` and `line_parsers.go` in `frontend/dockerfile/parser` of BuildKit.

use std::ops::Range;

use super::directive::Escape;
use super::joined::Joined;
use crate::source::{SourceFile, Spanned};

/// An instruction's parts.
#[derive(Debug)]
pub(super) struct Parts {
    /// The keyword, as written.
    pub(super) keyword: Range<usize>,
    /// The flags, without quotes.
    pub(super) flags: Vec<Spanned<String>>,
    /// The arguments, without surrounding white space.
    pub(super) rest: Range<usize>,
}

/// Splits a range of the text.
pub(super) fn split(
    joined: &Joined,
    range: Range<usize>,
    escape: Escape,
    file: &SourceFile,
) -> Parts {
    let range = trim(joined.text(), range);
    let text = &joined.text()[range.clone()];
    let end = text.find(is_separator).map_or(range.end, |at| range.start + at);
    let keyword = range.start..end;
    let (flags, start) = flags(joined, end..range.end, escape, file);
    Parts { keyword, flags, rest: trim(joined.text(), start..range.end) }
}

/// The white space at which BuildKit's parser splits.
pub(super) fn is_separator(c: char) -> bool {
    matches!(c, '\t' | '\x0b' | '\x0c' | '\r' | ' ')
}

/// The range without surrounding white space.
pub(super) fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let part = &text[range.clone()];
    let start = range.start + (part.len() - part.trim_start().len());
    let end = start + part.trim().len();
    start..end
}

/// The words that begin with `--`, and the offset after them. A lone `--` ends them.
fn flags(
    joined: &Joined,
    range: Range<usize>,
    escape: Escape,
    file: &SourceFile,
) -> (Vec<Spanned<String>>, usize) {
    let text = joined.text();
    let mut flags = Vec::new();
    let mut at = range.start;
    loop {
        at += text[at..range.end].len() - text[at..range.end].trim_start().len();
        if !text[at..range.end].starts_with("--") {
            return (flags, at);
        }
        let (value, end) = unquoted_word(text, at..range.end, escape);
        if value == "--" {
            return (flags, end);
        }
        flags.push(Spanned { value, span: joined.span(at..end, file) });
        at = end;
    }
}

/// A word without its quotes and escapes, and the offset of its end.
fn unquoted_word(text: &str, range: Range<usize>, escape: Escape) -> (String, usize) {
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text[range.clone()].char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            None if c.is_whitespace() => return (word, range.start + at),
            None if c == '\'' || c == '"' => quote = Some(c),
            Some(open) if c == open => quote = None,
            _ if c == escape.char() => word.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => word.push(c),
        }
    }
    (word, range.end)
}

/// The words of a range, as written; white space in quotes does not split.
pub(super) fn quoted(text: &str, range: Range<usize>, escape: Escape) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = text[range.clone()].char_indices();
    while let Some((at, c)) = chars.next() {
        let at = range.start + at;
        if quote.is_none() && c.is_whitespace() {
            words.extend(start.take().map(|start| start..at));
            continue;
        }
        start.get_or_insert(at);
        match quote {
            // There are no escapes in single quotes.
            Some('\'') if c != '\'' => {}
            Some(open) if c == open => quote = None,
            _ if c == escape.char() => drop(chars.next()),
            None if c == '\'' || c == '"' => quote = Some(c),
            _ => {}
        }
    }
    words.extend(start.map(|start| start..range.end));
    words
}

/// The words of a range, split at white space; quotes have no effect.
pub(super) fn plain(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut at = range.start;
    for word in text[range].split(is_separator) {
        if !word.is_empty() {
            words.push(at..at + word.len());
        }
        at += word.len() + 1;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (String, Vec<String>, String) {
        let file = SourceFile::new("Dockerfile", text.into());
        let mut joined = Joined::default();
        joined.push(text, 0);
        let parts = split(&joined, 0..text.len(), Escape::Backslash, &file);
        let flags = parts.flags.into_iter().map(|flag| flag.value).collect();
        (text[parts.keyword].to_owned(), flags, text[parts.rest].to_owned())
    }

    #[test]
    fn keyword_flags_and_rest() {
        let strings =
            |flags: &[&str]| flags.iter().map(|&flag| flag.to_owned()).collect::<Vec<_>>();
        let of = |keyword: &str, flags: &[&str], rest: &str| {
            (keyword.to_owned(), strings(flags), rest.to_owned())
        };
        assert_eq!(parts("RUN echo  a "), of("RUN", &[], "echo  a"));
        assert_eq!(parts("RUN"), of("RUN", &[], ""));
        assert_eq!(parts("COPY --a=1  --b \"x y\" z"), of("COPY", &["--a=1", "--b"], "\"x y\" z"));
        assert_eq!(parts("COPY --a='1 2' --b=x\\ y c"), of("COPY", &["--a=1 2", "--b=x y"], "c"));
        assert_eq!(parts("RUN --a -- --b c"), of("RUN", &["--a"], "--b c"));
        assert_eq!(parts("RUN --a"), of("RUN", &["--a"], ""));
        assert_eq!(parts("FROM\tx"), of("FROM", &[], "x"));
    }

    #[test]
    fn words_with_quotes() {
        let text = r#" a="b c"  d\ e 'f\' "g\"h" "i"#;
        let words: Vec<_> = quoted(text, 0..text.len(), Escape::Backslash)
            .into_iter()
            .map(|word| &text[word])
            .collect();
        assert_eq!(words, [r#"a="b c""#, r"d\ e", r"'f\'", r#""g\"h""#, "\"i"]);
    }
}
