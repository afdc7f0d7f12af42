//! Diagnostics as plain text: `mstage.toml:12: message`, with a hint and other locations on the
//! lines below.
//!
//! The line number is part of the text because old engines show no excerpt of the file.

use std::borrow::Cow;
use std::fmt::Write;

use super::Diagnostic;
use crate::source::SourceMap;

/// Maximum number of characters of a line: nobody reads more, and clients limit the size of a
/// message.
const MAX_LINE: usize = 1_000;

/// Maximum number of related locations.
pub const MAX_PLACES: usize = 20;

/// Prefix of a message that includes its line number, in BuildKit's words, which people search for.
pub const DOCKERFILE_LINE: &str = "dockerfile parse error on line ";

/// One diagnostic, without a trailing newline.
pub fn diagnostic(diagnostic: &Diagnostic, files: &SourceMap) -> String {
    let mut text = headline(diagnostic, files);
    for line in details(diagnostic, files) {
        let _ = write!(text, "\n  {line}");
    }
    text
}

/// The location and the message, in one line.
pub fn headline(diagnostic: &Diagnostic, files: &SourceMap) -> String {
    let message = cut(&diagnostic.message);
    match diagnostic.span.filter(|_| !message.starts_with(DOCKERFILE_LINE)) {
        Some(span) => format!("{}: {message}", files.place(span)),
        None => message.into_owned(),
    }
}

/// The hint and the related locations, one per line.
pub fn details(diagnostic: &Diagnostic, files: &SourceMap) -> Vec<String> {
    let hint = diagnostic.hint.iter().map(|hint| format!("help: {}", cut(hint)));
    let places = diagnostic.related.iter().take(MAX_PLACES);
    let places = places.map(|(span, message)| format!("{}: {}", files.place(*span), cut(message)));
    let more = diagnostic.related.len().saturating_sub(MAX_PLACES);
    let more = (more > 0).then(|| format!("and {more} more places"));
    hint.chain(places).chain(more).collect()
}

/// Truncates a text to the maximum length of a line.
pub fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_LINE) {
        Some((end, _)) => format!("{}...", &text[..end]).into(),
        None => text.into(),
    }
}

/// An error. If it is a finding of a rule, includes the reason why it is an error and the rule's
/// page.
fn error(found: &Diagnostic, files: &SourceMap) -> String {
    let mut text = diagnostic(found, files);
    if let Some(url) = found.code.url() {
        let _ = write!(text, "\n  `check` turns rule `{}` into an error: {url}", found.code.name());
    }
    text
}

/// Maximum number of errors in a message.
const MAX_ERRORS: usize = 50;

/// Size in bytes from which on a message gets no further errors. It is sent in an HTTP/2 header.
const MAX_MESSAGE: usize = 64 << 10;

/// All errors of a build as one message.
pub fn errors(errors: &[&Diagnostic], files: &SourceMap) -> String {
    let shown = &errors[..errors.len().min(MAX_ERRORS)];
    let mut text = match shown {
        [single] => return error(single, files),
        several => {
            let main = files.main().name();
            match several
                .iter()
                .filter_map(|found| found.span)
                .all(|span| files.file(span).name() == main)
            {
                true => format!("{} errors in {main}", several.len()),
                false => format!("{} errors", several.len()),
            }
        }
    };
    let mut told = 0;
    for found in shown {
        if text.len() >= MAX_MESSAGE {
            break;
        }
        text.push('\n');
        text.push_str(&error(found, files));
        told += 1;
    }
    if told < errors.len() {
        let _ = write!(text, "\nand {} more", errors.len() - told);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::{SourceFile, Span};

    #[test]
    fn nothing_is_longer_than_anybody_reads() {
        let files = SourceMap::new(SourceFile::new("f", b"a".to_vec()));
        let span = Span { start: 0, end: 1 };
        let long = "\u{e4}".repeat(MAX_LINE + 1);
        let mut found = Diagnostic::new(Code::StageCycle, span, long.as_str()).hint(&long);
        for _ in 0..MAX_PLACES + 5 {
            found = found.related(span, "another");
        }
        let text = diagnostic(&found, &files);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1 + 1 + MAX_PLACES + 1);
        let shown = format!("{}...", "\u{e4}".repeat(MAX_LINE));
        assert_eq!(lines[..2], [format!("f:1: {shown}"), format!("  help: {shown}")]);
        assert_eq!(lines[lines.len() - 2..], ["  f:1: another", "  and 5 more places"]);
        assert_eq!(cut(&long[2..]), &long[2..]);
    }
}
