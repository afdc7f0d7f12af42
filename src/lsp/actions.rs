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

impl Fix {
    /// The only sensible change of a value or a word.
    fn of_value(title: String, range: Range<usize>, text: &str) -> Self {
        Self { title, edits: vec![(range, text.to_owned())], is_preferred: true }
    }
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
    if let Some((_, meant)) = hint.split_once("did you mean `") {
        let meant = meant.split('`').next()?;
        let range = misspelt(document, finding, meant)?;
        return Some(Fix::of_value(format!("Change to `{meant}`"), range, meant));
    }
    for (prefix, title) in [
        ("quote it: ", "Quote it"),
        ("remove the quotes: ", "Remove the quotes"),
        ("remove the brackets: ", "Remove the brackets"),
    ] {
        if let Some(value) = hint.strip_prefix(prefix) {
            return Some(Fix::of_value(title.to_owned(), finding.range.clone(), value));
        }
    }
    let form = hint.strip_prefix("write `")?.split('`').next()?;
    let is_about_value = matches!(
        finding.code,
        Code::WrongType | Code::InvalidValue | Code::DockerfileForm | Code::InvalidName
    );
    let fits = is_about_value
        && form.starts_with(['{', '[', '"'])
        && !has_placeholder(form)
        && is_one_value(document, finding)
        && !is_around(document, finding, form);
    fits.then(|| Fix::of_value(format!("Change to `{form}`"), finding.range.clone(), form))
}

/// True for a form with a part that a person must fill in.
fn has_placeholder(form: &str) -> bool {
    const WORDS: [&str; 12] = [
        "...", "NAME", "FILE", "PATH", "DIR", "VALUE", "PROGRAM", "ARGUMENT", "ID", "USER",
        "GROUP", "MODE",
    ];
    WORDS.iter().any(|word| form.contains(word))
}

/// True if a finding marks a whole value. Of a header, only a part would be replaced.
fn is_one_value(document: &Document, finding: &Finding) -> bool {
    let written = document.text.get(finding.range.clone()).unwrap_or_default();
    let is_header = written.starts_with('[') && !written.contains([',', '"', '\'']);
    !written.is_empty() && !is_header
}

/// True if a form is the table around the marked value, such as `{ cache = "/c" }` for the `true`
/// of `{ cache = true }`.
fn is_around(document: &Document, finding: &Finding, form: &str) -> bool {
    let Some((key, _)) = form.trim_start_matches('{').split_once('=') else { return false };
    let before = document.text.get(..finding.range.start).unwrap_or_default().trim_end();
    let before = before.strip_suffix('=').unwrap_or_default().trim_end();
    form.starts_with('{') && before.ends_with(key.trim())
}

/// The range of the misspelt word: the name in the message, where the finding is.
fn misspelt(document: &Document, finding: &Finding, meant: &str) -> Option<Range<usize>> {
    let written = document.text.get(finding.range.clone())?;
    let names = finding.message.split('`').skip(1).step_by(2);
    let hinted = finding.hint.iter().flat_map(|hint| hint.split('`').skip(1).step_by(2));
    for name in names.chain(hinted).filter(|name| !name.is_empty() && *name != meant) {
        if let Some(at) = written.find(name) {
            let start = finding.range.start + at;
            return Some(start..start + name.len());
        }
    }
    // A message about a whole step does not name the key.
    let words = written.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'));
    let word = nearest(meant, words.filter(|word| !word.is_empty() && *word != meant))?;
    let start = finding.range.start + word.as_ptr().addr() - written.as_ptr().addr();
    Some(start..start + word.len())
}
