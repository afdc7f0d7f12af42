//! Quick fixes: the change that a finding's hint describes.
//!
//! Input: findings of a document. Output: changes of its text.

mod copy;
mod moved;
mod silence;

use std::ops::Range;

use lsp_types::{CodeAction, CodeActionKind, TextEdit, WorkspaceEdit};

use super::document::Document;
use super::findings::Finding;
use super::workspace::Workspace;
use crate::diagnostic::{Code, nearest};

/// A change of a document, with its title.
#[derive(Debug, PartialEq, Eq)]
struct Fix {
    title: String,
    edits: Vec<(Range<usize>, String)>,
    /// True for the only sensible change.
    is_preferred: bool,
}

/// The fixes for findings in a range.
pub(super) fn actions(
    workspace: &Workspace,
    document: &Document,
    findings: &[Finding],
    range: Range<usize>,
) -> Vec<CodeAction> {
    let mut actions = Vec::new();
    for finding in findings {
        let marked = finding.marked(document);
        if marked.start > range.end || marked.end < range.start {
            continue;
        }
        for fix in fixes(document, finding) {
            let Fix { title, edits, is_preferred } = fix;
            let edits = edits
                .into_iter()
                .map(|(range, new_text)| TextEdit { range: document.range(range), new_text });
            let changes = [(document.uri.clone(), edits.collect())].into_iter().collect();
            actions.push(CodeAction {
                title,
                kind: Some(CodeActionKind::QuickFix),
                diagnostics: Some(vec![finding.to_diagnostic(document, workspace)]),
                is_preferred: is_preferred.then_some(true),
                edit: Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() }),
                ..CodeAction::default()
            });
        }
    }
    actions
}

fn fixes(document: &Document, finding: &Finding) -> Vec<Fix> {
    let by_hint = finding.hint.as_deref().and_then(|hint| by_hint(document, finding, hint));
    let mut fixes: Vec<Fix> = by_hint.into_iter().collect();
    fixes.extend(moved::fix(document, finding));
    fixes.extend(copy::fix(document, finding));
    fixes.extend(silence::fix(document, finding));
    fixes
}

/// The change that a hint gives word by word.
fn by_hint(document: &Document, finding: &Finding, hint: &str) -> Option<Fix> {
    let fix = |title: String, range: Range<usize>, text: &str| {
        Some(Fix { title, edits: vec![(range, text.to_owned())], is_preferred: true })
    };
    if let Some(meant) = hint
        .strip_prefix("did you mean `")
        .or_else(|| hint.split_once("did you mean `").map(|(_, meant)| meant))
    {
        let meant = meant.split('`').next()?;
        let range = misspelt(document, finding, meant)?;
        return fix(format!("Change to `{meant}`"), range, meant);
    }
    for (prefix, title) in [
        ("quote it: ", "Quote it"),
        ("remove the quotes: ", "Remove the quotes"),
        ("remove the brackets: ", "Remove the brackets"),
    ] {
        if let Some(value) = hint.strip_prefix(prefix) {
            return fix(title.to_owned(), finding.range.clone(), value);
        }
    }
    let form = hint.strip_prefix("write `")?.split('`').next()?;
    let is_value = form.starts_with(['{', '[', '"']);
    let is_about_value = matches!(
        finding.code,
        Code::WrongType | Code::InvalidValue | Code::DockerfileForm | Code::InvalidName
    );
    // A placeholder is for the reader to fill in.
    let has_placeholder = form.contains("...")
        || [
            "NAME", "FILE", "PATH", "DIR", "VALUE", "PROGRAM", "ARGUMENT", "ID", "USER", "GROUP",
            "MODE",
        ]
        .iter()
        .any(|word| form.contains(word));
    if !is_about_value || has_placeholder || !is_value {
        return None;
    }
    let written = document.text.get(finding.range.clone())?;
    // Of a header, only a part would be replaced.
    let is_header = written.starts_with('[') && !written.contains([',', '"', '\'']);
    (!written.is_empty() && !is_header).then_some(())?;
    fix(format!("Change to `{form}`"), finding.range.clone(), form)
}

/// The range of the misspelt word: the name in the message, where the finding is.
fn misspelt(document: &Document, finding: &Finding, meant: &str) -> Option<Range<usize>> {
    let written = document.text.get(finding.range.clone())?;
    let names = finding.message.split('`').skip(1).step_by(2);
    let hinted = finding.hint.iter().flat_map(|hint| hint.split('`').skip(1).step_by(2));
    for name in names.chain(hinted) {
        if let Some(at) = written.find(name).filter(|_| !name.is_empty()) {
            let start = finding.range.start + at;
            return Some(start..start + name.len());
        }
    }
    // A message about a whole step does not name the key.
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let words = written.split(|c: char| !is_of_word(c)).filter(|word| !word.is_empty());
    let word = nearest(meant, words)?;
    let start = finding.range.start + word.as_ptr().addr() - written.as_ptr().addr();
    Some(start..start + word.len())
}
