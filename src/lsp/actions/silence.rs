//! Silencing a finding of a rule by a comment above the line.

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use super::Fix;
use crate::lsp::document::Document;
use crate::lsp::findings::Finding;

/// The comment above the value with the finding.
pub(super) fn fix(document: &Document, finding: &Finding) -> Option<Fix> {
    if !finding.code.is_rule() {
        return None;
    }
    let rule = finding.code.name();
    let text = &document.text;
    // A comment above a string of several lines applies to all of it; inside of it, a comment
    // could be a part of a command.
    let mut scripts = document.index.scripts.iter();
    let script = scripts.rfind(|script| script.contains(&finding.range.start));
    let start = script.map_or(finding.range.start, |script| script.start);
    let line = document.lines.range(text, document.lines.line(start));
    if is_in_string(document, line.start) {
        return None;
    }
    let written = &text[line.clone()];
    let indent = &written[..written.len() - written.trim_start().len()];
    let title = format!("Silence {rule} here");
    // A comment that is there already gets the rule, too.
    let before = document.lines.line(start).checked_sub(1);
    if let Some(before) = before.map(|before| document.lines.range(text, before)) {
        let comment = &text[before.clone()];
        let names = comment.trim_start().strip_prefix("# check=skip=");
        if let Some(names) = names {
            let length = names.find(' ').unwrap_or(names.len());
            let end = before.end - (names.len() - length);
            let edits = vec![(end..end, format!(",{rule}"))];
            return Some(Fix { title, edits, is_preferred: false });
        }
    }
    let edits = vec![(line.start..line.start, format!("{indent}# check=skip={rule}\n"))];
    Some(Fix { title, edits, is_preferred: false })
}

/// True if an offset is inside of a string of several lines. There, a comment would be text.
fn is_in_string(document: &Document, offset: usize) -> bool {
    let mut tokens = Source::new(document.valid_text()).lex();
    tokens.any(|token| {
        matches!(token.kind(), TokenKind::MlLiteralString | TokenKind::MlBasicString)
            && token.span().start() < offset
            && offset < token.span().end()
    })
}
