//! Hover: the reference's text about a key, and what a name is. Signature: the keys of a step.

use std::rc::Rc;

use lsp_types::{
    Contents, Documentation, Hover, MarkupContent, MarkupKind, ParameterInformation,
    ParameterInformationLabel, SignatureHelp, SignatureInformation,
};

use super::cursor::{Place, cursor};
use super::describe;
use super::document::Document;
use super::index::Role;
use super::language::{Table, language};
use super::names::Names;
use super::walk::{At, Visitor, walk};
use super::workspace::Workspace;
use crate::diagnostic::{Code, Diagnostics};
use crate::source::SourceFile;
use crate::toml::{self, Kind, Value};

/// The text about what is at an offset.
pub(super) fn hover(
    workspace: &Workspace,
    document: &Rc<Document>,
    offset: usize,
) -> Option<Hover> {
    let names = Names::new(workspace.group(document));
    let (text, range) = if let Some((symbol, range)) = names.symbol_at(document, offset) {
        (describe::symbol(&names, symbol.kind, &symbol.name)?, range)
    } else if let Some((range, known)) = document.index.key_at(offset) {
        let (key, shape) = language().table(known.what)?.key(known.key.name)?;
        let takes = describe::takes(shape);
        let (docs, url) = (describe::docs(key), describe::reference(known.what));
        let text =
            format!("`{}` of {}: {takes}\n\n{docs}\n\n[Reference]({url})", key.name, known.what);
        (text, range.clone())
    } else {
        let used = document
            .index
            .uses
            .iter()
            .find(|used| used.range.start <= offset && offset <= used.range.end);
        match used {
            Some(used) => {
                let text = match used.role {
                    Role::Template(scope) | Role::Script(scope) if names.is_env(used, scope) => {
                        Some(format!("`{}`: a variable of the stage's environment", used.name))
                    }
                    Role::Template(_) | Role::Script(_) | Role::Condition | Role::Arg => {
                        describe::name(&names, &used.name)
                    }
                    Role::Base if used.name == "scratch" => {
                        Some("`scratch`: the empty base".to_owned())
                    }
                    Role::Base => Some(format!("`{}`: an image", used.name)),
                    Role::Stage | Role::Source | Role::Mounts => None,
                };
                (text?, used.range.clone())
            }
            None => rule(document, offset)?,
        }
    };
    let contents =
        Contents::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value: text });
    Some(Hover { contents, range: Some(document.range(range)) })
}

/// The rule whose name is at an offset.
fn rule(document: &Document, offset: usize) -> Option<(String, std::ops::Range<usize>)> {
    let text = &document.text;
    let start = text[..offset].trim_end_matches(is_of_rule).len();
    let end = text.len() - text[offset..].trim_start_matches(is_of_rule).len();
    let line = document.lines.range(text, document.lines.line(offset));
    let rule = Code::rule(&text[start..end])?;
    // A rule is only named in lists of rules and in comments.
    text[line].contains("check").then(|| (describe::rule(rule), start..end)).or_else(|| {
        (text[..start].ends_with(['"', '\''])).then(|| (describe::rule(rule), start..end))
    })
}

/// True for a character of a rule's name.
fn is_of_rule(c: char) -> bool {
    c.is_ascii_lowercase() || c == '-'
}

/// The keys of the step or the mount around an offset, with the one that is being written.
pub(super) fn signature(document: &Document, offset: usize) -> Option<SignatureHelp> {
    let (table, active) = around(document, offset).or_else(|| being_typed(document, offset))?;
    let keys = &table.shape.keys;
    let active = keys.iter().position(|key| Some(key.name) == active.as_deref());
    let parameters = keys.iter().map(|key| ParameterInformation {
        label: ParameterInformationLabel::String(key.name.to_owned()),
        documentation: Some(markdown(describe::docs(key))),
    });
    let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
    let information = SignatureInformation {
        label: format!("{{ {} }}", names.join(", ")),
        documentation: Some(markdown(table.shape.docs.clone())),
        parameters: Some(parameters.collect()),
        active_parameter: None,
    };
    let active = active.and_then(|active| u32::try_from(active).ok());
    Some(SignatureHelp {
        signatures: vec![information],
        active_signature: Some(0),
        active_parameter: active.map(Into::into),
    })
}

fn markdown(text: String) -> Documentation {
    Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value: text })
}

/// The table that the text being typed will be.
fn being_typed(document: &Document, offset: usize) -> Option<(&'static Table, Option<String>)> {
    let cursor = cursor(&document.text, offset)?;
    match cursor.place {
        Place::Key { tables, is_line: false, .. } if tables.len() == 1 => {
            Some((*tables.first()?, None))
        }
        Place::Value { what, key, .. } if is_inner(what) => {
            Some((language().table(what)?, Some(key.to_owned())))
        }
        _ => None,
    }
}

fn is_inner(what: &str) -> bool {
    what.ends_with(" step") || what.ends_with(" mount") || what == "a `from`"
}

/// The innermost table in braces around an offset, if it is clear which it is.
fn around(document: &Document, offset: usize) -> Option<(&'static Table, Option<String>)> {
    let file = SourceFile::new("", document.valid_text().as_bytes().to_vec());
    let tree = toml::parse(&file, &mut Diagnostics::default());
    let root = Value { kind: Kind::Table(tree.entries), span: file.span(0..0) };
    let mut finder = Finder { offset, found: None };
    walk(&root, &mut finder);
    finder.found
}

struct Finder {
    offset: usize,
    found: Option<(&'static Table, Option<String>)>,
}

impl<'d> Visitor<'d> for Finder {
    fn table(&mut self, value: &'d Value<'d>, tables: &[&'static Table], at: At<'_>) {
        let (start, end) = (value.span.start as usize, value.span.end as usize);
        let ([table], Kind::Table(entries)) = (tables, &value.kind) else { return };
        // The span of a table with a header is the header.
        let is_in_braces = entries.iter().all(|entry| (entry.key.span.end as usize) < end);
        if start < self.offset && self.offset < end && is_in_braces && !at.path.is_empty() {
            let before =
                entries.iter().filter(|entry| (entry.key.span.start as usize) <= self.offset);
            let active = before.max_by_key(|entry| entry.key.span.start);
            self.found = Some((table, active.map(|entry| entry.key.name.to_string())));
        }
    }
}
