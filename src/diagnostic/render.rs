//! Diagnostics as plain text: `mstage.toml:12: message`, a hint below, other places below that.
//!
//! The line number stands in the text itself because old engines show no excerpt of the file.

use std::fmt::Write;

use super::Diagnostic;
use crate::source::SourceMap;

/// One diagnostic, without a newline at its end.
pub fn diagnostic(diagnostic: &Diagnostic, files: &SourceMap) -> String {
    let mut text = headline(diagnostic, files);
    for line in details(diagnostic, files) {
        let _ = write!(text, "\n  {line}");
    }
    text
}

/// Where it is and what is wrong, in one line.
pub fn headline(diagnostic: &Diagnostic, files: &SourceMap) -> String {
    let place = diagnostic.span.map_or_else(String::new, |span| format!("{}: ", files.place(span)));
    format!("{place}{}", diagnostic.message)
}

/// What to do, and the other places, a line each.
pub fn details(diagnostic: &Diagnostic, files: &SourceMap) -> Vec<String> {
    let hint = diagnostic.hint.iter().map(|hint| format!("help: {hint}"));
    let related = diagnostic
        .related
        .iter()
        .map(|(span, message)| format!("{}: {message}", files.place(*span)));
    hint.chain(related).collect()
}

/// An error; where it is the finding of a rule, with why it is one and where the rule's page is.
fn error(found: &Diagnostic, files: &SourceMap) -> String {
    let mut text = diagnostic(found, files);
    if let Some(url) = found.code.url() {
        let _ = write!(text, "\n  `check` makes rule `{}` an error: {url}", found.code.name());
    }
    text
}

/// How many errors a message tells in full.
const MAX_ERRORS: usize = 50;

/// All errors of a build as one message.
pub fn errors(errors: &[&Diagnostic], files: &SourceMap) -> String {
    let shown = &errors[..errors.len().min(MAX_ERRORS)];
    let mut text = match shown {
        [single] => return error(single, files),
        several => format!("{} errors in {}", several.len(), files.main().name()),
    };
    for found in shown {
        text.push('\n');
        text.push_str(&error(found, files));
    }
    if shown.len() < errors.len() {
        let _ = write!(text, "\nand {} more", errors.len() - shown.len());
    }
    text
}
