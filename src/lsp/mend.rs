//! A text that is being typed, made valid TOML: the lines that prevent it are blanked.
//!
//! Input: a text. Output: the same text with spaces in place of these lines, so that offsets stay
//! valid and everything that is said about the rest is right.
//!
//! The compiler drops everything after the first syntax error, because it must not report what is
//! only its consequence. In an editor the cause is nearly always the line with the cursor.

use std::ops::Range;

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::diagnostic::{Code, Diagnostics};
use crate::source::SourceFile;
use crate::toml;

/// Maximum number of lines or sections that are left out.
const ROUNDS: usize = 12;

/// The amount of text, in bytes, that is parsed at most: each attempt parses all of the text.
const BUDGET: usize = 2 << 20;

/// A text without the lines that cannot be parsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mended {
    /// The text. `None` if it is valid as it is.
    text: Option<String>,
    /// The ranges of the original text that are missing.
    pub(super) blanked: Vec<Range<usize>>,
}

impl Mended {
    /// The text to parse.
    pub(super) fn text<'t>(&'t self, original: &'t str) -> &'t str {
        self.text.as_deref().unwrap_or(original)
    }
}

/// Makes a text valid. `edited` is the offset of the last change.
pub(super) fn mend(original: &str, edited: Option<usize>) -> Mended {
    let mut blanked: Vec<Range<usize>> = Vec::new();
    let mut text = original.to_owned();
    let mut fault = first_fault(&text);
    let mut attempts = BUDGET / text.len().max(1);
    for _ in 0..ROUNDS {
        let Some(at) = fault.clone() else { break };
        let mut last = None;
        for candidate in candidates(&text, &at, edited) {
            if attempts == 0 {
                break;
            }
            attempts -= 1;
            let next = blank(&text, candidate.clone());
            let found = first_fault(&next);
            let is_better = found.as_ref().is_none_or(|found| found.start > at.start);
            last = Some((candidate, next, found));
            if is_better {
                break;
            }
        }
        let Some((candidate, next, found)) = last else { break };
        blanked.push(candidate);
        (text, fault) = (next, found);
    }
    if let Some(at) = fault {
        let rest = line_start(&text, at.start)..text.len();
        text = blank(&text, rest.clone());
        blanked.push(rest);
    }
    blanked.sort_by_key(|range| range.start);
    let is_valid = blanked.is_empty();
    Mended { text: (!is_valid).then_some(text), blanked }
}

/// The ranges that may be the cause of an error, the most probable one first.
fn candidates(text: &str, fault: &Range<usize>, edited: Option<usize>) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let line = line_of(text, fault.start);
    let section = section(text, fault.start);
    let edited = edited.map(|at| line_of(text, at.min(text.len())));
    ranges.extend(edited.filter(|edited| section.contains(&edited.start)));
    // The text of a string without an end would be parsed line by line.
    let is_string = ["'''", "\"\"\""].iter().any(|quotes| text[fault.start..].starts_with(quotes));
    if !is_string {
        ranges.push(line.clone());
        ranges.extend(line_before(text, line.start));
    }
    let end = section.end;
    ranges.push(line.start..end);
    // A list without an end.
    ranges.extend(open_bracket(text, section.clone(), fault.start).map(|open| open..end));
    ranges.push(section);
    ranges.retain(|range| {
        range.start <= range.end
            && !is_header(text, range.start)
            && !text[range.clone()].trim().is_empty()
    });
    // A header that occurs twice.
    if is_header(text, line.start) {
        ranges.push(line.start..section_end(text, line.end));
    }
    ranges
}

/// The start of the line with the outermost bracket that is open at an offset.
fn open_bracket(text: &str, section: Range<usize>, offset: usize) -> Option<usize> {
    let end = offset.clamp(section.start, section.end);
    let mut open = Vec::new();
    for token in Source::new(&text[section.start..end]).lex() {
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => {
                open.push(section.start + token.span().start());
            }
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                open.pop();
            }
            _ => {}
        }
    }
    open.first().map(|&open| line_start(text, open))
}

/// The range of the first error; a header that occurs twice is one with all that follows it.
fn first_fault(text: &str) -> Option<Range<usize>> {
    let file = SourceFile::new("", text.as_bytes().to_vec());
    let mut diagnostics = Diagnostics::default();
    toml::parse(&file, &mut diagnostics);
    let errors = diagnostics.errors();
    let faults = errors.iter().filter(|error| error.code == Code::InvalidToml);
    let fault = faults.filter_map(|error| error.span).min()?;
    let range = file.range(fault);
    Some(range.start.min(text.len())..range.end.min(text.len()))
}

/// The text with spaces in place of a range, except its newlines.
fn blank(text: &str, range: Range<usize>) -> String {
    let blanks: String = text[range.clone()]
        .bytes()
        .map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { ' ' })
        .collect();
    [&text[..range.start], &blanks, &text[range.end..]].concat()
}

fn line_start(text: &str, at: usize) -> usize {
    let bytes = &text.as_bytes()[..at];
    bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1)
}

fn line_of(text: &str, at: usize) -> Range<usize> {
    let start = line_start(text, at);
    let end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    start..end
}

/// The last line before an offset that is not blank.
fn line_before(text: &str, at: usize) -> Option<Range<usize>> {
    let end = text[..at].trim_end().len();
    (end > 0).then(|| line_of(text, end - 1))
}

/// The lines around an offset from one header to the next, without the headers.
fn section(text: &str, at: usize) -> Range<usize> {
    let mut start = line_start(text, at);
    // An error at a header is about what comes before it.
    while start > 0 {
        let before = line_of(text, start - 1).start;
        if is_header(text, before) {
            break;
        }
        start = before;
    }
    let line = line_of(text, at);
    let end = match is_header(text, line.start) {
        true => line.start.saturating_sub(1).max(start),
        false => section_end(text, line.end),
    };
    start..end
}

/// The end of the last line before the next header, from the end of a line.
fn section_end(text: &str, line_end: usize) -> usize {
    let mut end = line_end;
    while end < text.len() && !is_header(text, end + 1) {
        end = line_of(text, end + 1).end;
    }
    end
}

/// True if the line at an offset looks like a header.
fn is_header(text: &str, start: usize) -> bool {
    let line = text.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
    let name = line.trim_start_matches('[');
    line.starts_with('[')
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && line.split('#').next().is_some_and(|header| header.trim_end().ends_with(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The blanked lines.
    fn lines(text: &str, edited: Option<&str>) -> Vec<String> {
        let at = edited.map(|edited| text.find(edited).unwrap() + edited.len());
        let mended = mend(text, at);
        let valid = mended.text(text);
        assert_eq!(valid.len(), text.len());
        assert_eq!(first_fault(valid), None, "{valid}");
        assert_eq!(valid.matches('\n').count(), text.matches('\n').count());
        mended.blanked.iter().map(|range| text[range.clone()].trim().to_owned()).collect()
    }

    #[test]
    fn a_half_typed_line_is_left_out() {
        for half in [
            "workdi",
            "workdir =",
            "workdir = \"/a",
            "workdir = [",
            "env = { A",
            "env = { A = \"1\",",
        ] {
            let text = format!(
                "[stages.a]\nfrom = \"x\"\n{half}\nuser = \"u\"\n\n[stages.b]\nfrom = \"a\"\n"
            );
            assert!(lines(&text, None).concat().starts_with(half), "{half}");
            assert_eq!(lines(&text, Some(half)), [half], "{half}");
        }
    }

    #[test]
    fn a_half_typed_step_is_left_out() {
        for half in [
            "{ copy",
            "{ copy =",
            "{ copy = \"a",
            "{ copy = \"a\", ",
            "{ copy = \"a\", fr",
            "\"go bu",
            "go build",
        ] {
            let text = format!(
                "[stages.a]\nfrom = \"x\"\nsteps = [\n  \"one\",\n  {half}\n  \"two\",\n]\n\n[stages.b]\nfrom = \"a\"\n"
            );
            assert_eq!(lines(&text, Some(half)), [half.trim()], "{half}");
            assert!(mend(&text, None).text(&text).contains("[stages.b]\nfrom = \"a\""), "{half}");
        }
    }

    #[test]
    fn what_has_no_end_is_left_out_up_to_the_next_header() {
        let text =
            "[stages.a]\nfrom = \"x\"\nsteps = ['''\n  one\n  two\n\n[stages.b]\nfrom = \"a\"\n";
        assert_eq!(lines(text, None), ["steps = ['''\n  one\n  two"]);
        let text = "[stages.a]\nuser = \"u\"\nsteps = [\n  \"one\",\n\n[stages.b]\nfrom = \"a\"\n";
        assert_eq!(lines(text, None), ["steps = [\n  \"one\","]);
        assert_eq!(
            lines(text, Some("steps = [")).concat().replace([' ', '\n'], ""),
            "steps=[\"one\","
        );
    }

    #[test]
    fn what_is_valid_or_hopeless() {
        assert_eq!(mend("a = 1\n", None), Mended { text: None, blanked: Vec::new() });
        lines("'''\u{e4}\n\u{1f600}\n", None);
        lines(&"= [ {\n".repeat(100), None);
        lines("[[[\n\n]]]\n[a\n[b]\n[b]\n", Some("[a"));
        lines("\u{0}", None);
    }
}
