//! Heredocs: `<<EOF` in an instruction, and the lines below it up to `EOF`.
//!
//! Follows `ParseHeredoc` in `frontend/dockerfile/parser/parser.go` of BuildKit.

use super::lex;
use super::lines::Lines;
use crate::source::Span;

/// A heredoc of an instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it, without quotes. For a copy, also the name of the file.
    pub name: String,
    /// True if no part of its word is quoted: a copy then expands variables in it.
    pub expand: bool,
    /// True for `<<-`, which strips leading tabs from each line.
    pub chomp: bool,
    /// Its lines as written.
    pub content: String,
    /// The span of its lines, without the line that ends it.
    pub span: Span,
}

impl Heredoc {
    /// Its content: with `<<-`, without leading tabs.
    pub fn text(&self) -> String {
        if !self.chomp {
            return self.content.clone();
        }
        let lines = self.content.split_inclusive('\n');
        lines.map(|line| line.trim_start_matches('\t')).collect()
    }
}

/// The operator and word that begin a heredoc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) name: String,
    pub(super) expand: bool,
    pub(super) chomp: bool,
}

/// Parses a word such as `<<EOF` or `3<<-"EOF"`; `None` for other words.
pub(super) fn opening(word: &str) -> Option<Opening> {
    let word = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (chomp, rest) = match word.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, word),
    };
    let rest = rest.trim_start();
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let [raw] = &lex::raw_words(rest)?[..] else { return None };
    let name = lex::unset(raw)?;
    let expand = quotes(&name) == quotes(raw);
    Some(Opening { name, expand, chomp })
}

fn quotes(text: &str) -> usize {
    text.matches(['\'', '"']).count()
}

/// The openings of heredocs in a line.
pub(super) fn openings(line: &str) -> Vec<Opening> {
    if !line.contains("<<") {
        return Vec::new();
    }
    let words = lex::raw_words(line).unwrap_or_default();
    words.iter().filter_map(|word| opening(word)).collect()
}

/// Reads the lines of a heredoc. `Err` returns the opening if the file ends before its last line.
pub(super) fn read(opening: Opening, lines: &mut Lines<'_>) -> Result<Heredoc, Opening> {
    let mut content = String::new();
    let mut start = None;
    let mut span = None;
    while let Some(line) = lines.line() {
        let first = *start.get_or_insert(line.start);
        let end = line.text.trim_end_matches(['\n', '\r']);
        let end = if opening.chomp { end.trim_start_matches('\t') } else { end };
        if end == opening.name {
            let Opening { name, expand, chomp } = opening;
            let span = span.unwrap_or_else(|| lines.empty_span(first));
            return Ok(Heredoc { name, expand, chomp, content, span });
        }
        content.push_str(line.text);
        span = Some(lines.span_from(first));
    }
    Err(opening)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_begin_heredocs() {
        let read = |word| opening(word).map(|found| (found.name, found.expand, found.chomp));
        let of = |name: &str, expand, chomp| Some((name.to_owned(), expand, chomp));
        assert_eq!(read("<<EOF"), of("EOF", true, false));
        assert_eq!(read("<<-EOF"), of("EOF", true, true));
        assert_eq!(read("<<\"EOF\""), of("EOF", false, false));
        assert_eq!(read("3<<'E F'"), of("E F", false, false));
        assert_eq!(read("<<E'O'F"), of("EOF", false, false));
        assert_eq!(read("<< EOF"), of("EOF", true, false));
        assert_eq!(read("<<$A"), of("$A", true, false));
        for word in ["<<", "<<<EOF", "<EOF", "a<<EOF", "<<A B", "<<'A"] {
            assert_eq!(read(word), None, "{word}");
        }
        assert_eq!(openings("cat <<A 3<<B >c").len(), 2);
        assert_eq!(openings("echo it's <<A").len(), 0, "an open quote hides it");
    }
}
