//! Completion: the keys, words and names that fit at a position and are not there yet.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use lsp_types::{
    CompletionItem, CompletionItemKind, Documentation, InsertTextFormat, MarkupContent, MarkupKind,
    TextEdit,
};

use super::cursor::{Cursor, Place, cursor};
use super::describe::{self, PLATFORMS, predefined};
use super::document::Document;
use super::index::Kind;
use super::language::{Table, forms, item_of, language, values_of};
use super::meaning::Meaning;
use super::names::Names;
use super::workspace::Workspace;
use crate::diagnostic::Code;
use crate::spec::shape::{Key, Shape};

/// The items at an offset. `snippets` is true if the client knows tab stops in inserted text.
pub(super) fn complete(
    workspace: &Workspace,
    document: &Rc<Document>,
    offset: usize,
    snippets: bool,
) -> Vec<CompletionItem> {
    let Some(cursor) = cursor(&document.text, offset) else { return Vec::new() };
    let names = Names::new(workspace.group(document));
    let mut items = Items { document, cursor: &cursor, snippets, list: Vec::new() };
    match &cursor.place {
        Place::Key { tables, taken, is_line } => items.keys(tables, taken, *is_line),
        Place::Name { key: "when" | "unless", taken } => items.conditions(&names, taken),
        Place::Name { .. } => {}
        Place::Value { shape, meaning, .. } => items.values(shape, *meaning, &names),
        Place::Header { before, .. } => items.headers(before, &names),
        Place::Rule => items.rules(),
        Place::Substitution { is_script, is_outer, needs_brace } => {
            items.substitutions(&names, *is_script, *is_outer, *needs_brace);
        }
    }
    items.list
}

struct Items<'c> {
    document: &'c Document,
    cursor: &'c Cursor,
    snippets: bool,
    list: Vec<CompletionItem>,
}

/// An item before it has a place.
struct Item<'i> {
    label: &'i str,
    kind: CompletionItemKind,
    detail: String,
    docs: String,
    /// The inserted text, with tab stops.
    insert: String,
}

impl Items<'_> {
    fn add(&mut self, item: Item<'_>) {
        let Item { label, kind, detail, docs, insert } = item;
        let is_snippet = self.snippets && insert.contains('$');
        let new_text = if is_snippet { insert } else { plain(&insert) };
        let documentation =
            (!docs.is_empty()).then_some(Documentation::MarkupContent(MarkupContent {
                kind: MarkupKind::Markdown,
                value: docs,
            }));
        self.list.push(CompletionItem {
            label: label.to_owned(),
            kind: Some(kind),
            detail: (!detail.is_empty()).then_some(detail),
            documentation,
            sort_text: Some(format!("{:04}", self.list.len())),
            filter_text: Some(label.to_owned()),
            insert_text_format: is_snippet.then_some(InsertTextFormat::Snippet),
            text_edit: Some(
                TextEdit { range: self.document.range(self.cursor.range.clone()), new_text }.into(),
            ),
            ..CompletionItem::default()
        });
    }

    /// The keys that a table may still get. While it is open which of several tables it is, the
    /// keys that decide it.
    fn keys(&mut self, tables: &[&'static Table], taken: &[String], is_line: bool) {
        let is_open = tables.len() > 1;
        let mut seen = BTreeSet::new();
        for table in tables {
            let identity = table.identity().map(|key| key.name);
            for key in &table.shape.keys {
                let fits = !is_open || identity == Some(key.name);
                if !fits || taken.iter().any(|name| name == key.name) || !seen.insert(key.name) {
                    continue;
                }
                let shape = table.key(key.name).map(|(_, shape)| shape);
                let insert = self.key_with_value(key, shape, is_line);
                let kind = match is_open {
                    true => CompletionItemKind::Keyword,
                    false => CompletionItemKind::Property,
                };
                let detail = shape.map(describe::takes).unwrap_or_default();
                let docs = describe::docs(key);
                self.add(Item { label: key.name, kind, detail, docs, insert });
            }
        }
    }

    /// A key with the beginning of its value.
    fn key_with_value(&self, key: &Key, shape: Option<&Shape>, is_line: bool) -> String {
        let name = key.name;
        let Some(shape) = shape.filter(|_| !self.cursor.has_value) else { return name.to_owned() };
        if is_line && self.cursor.path.is_empty() && values_of(shape).is_some() {
            // A table of declarations is written with a header.
            return match Kind::of_key(name) {
                Some(Kind::Stage) => format!("[{name}.${{1:NAME}}]\n"),
                _ => format!("[{name}]\n"),
            };
        }
        let value = match forms(shape).first() {
            Some(Shape::Boolean) => "${1:true}",
            Some(Shape::Integer) => "$1",
            Some(Shape::List(_)) => "[$1]",
            Some(Shape::Map { .. } | Shape::Tree | Shape::Table(_)) => "{ $1 }",
            _ if name == "steps" && is_line => "[\n  $1\n]",
            _ => "\"$1\"",
        };
        format!("{name} = {value}")
    }

    fn conditions(&mut self, names: &Names, taken: &[String]) {
        let texts = args_and_vars(names);
        let declared = names.of(Kind::Arg).chain(names.of(Kind::Var));
        for name in declared.chain(predefined()) {
            if taken.iter().any(|known| known == name) {
                continue;
            }
            let insert = match self.cursor.has_value {
                true => name.to_owned(),
                false => format!("{name} = \"$1\""),
            };
            let docs = about(&texts, name);
            let kind = CompletionItemKind::Variable;
            self.add(Item { label: name, kind, detail: String::new(), docs, insert });
        }
    }

    /// The values of a key: those of its type, and names.
    fn values(&mut self, shape: &'static Shape, meaning: Meaning, names: &Names) {
        for form in forms(shape) {
            match form {
                Shape::Words(words) => {
                    for word in words {
                        self.text(word, CompletionItemKind::EnumMember, "");
                    }
                }
                Shape::Rule => self.rules(),
                Shape::Boolean if !self.cursor.is_quoted => {
                    for word in ["true", "false"] {
                        let (kind, insert) = (CompletionItemKind::Keyword, word.to_owned());
                        let (detail, docs) = (String::new(), String::new());
                        self.add(Item { label: word, kind, detail, docs, insert });
                    }
                }
                _ => {}
            }
        }
        let own_stage = name_in("stages", &self.cursor.path);
        let own_set = name_in("mounts", &self.cursor.path);
        match meaning {
            Meaning::Stage => self.symbols(names, Kind::Stage, |name| own_stage != Some(name)),
            Meaning::Source => self.symbols(names, Kind::Source, |_| true),
            Meaning::Base => {
                self.symbols(names, Kind::Stage, |name| own_stage != Some(name));
                self.symbols(names, Kind::Source, |_| true);
                self.text("scratch", CompletionItemKind::Keyword, "the empty base");
            }
            Meaning::Mounts => self.symbols(names, Kind::Mounts, |name| own_set != Some(name)),
            Meaning::Arg => self.symbols(names, Kind::Arg, |_| true),
            Meaning::Platform => {
                for platform in PLATFORMS {
                    self.text(platform, CompletionItemKind::Value, "");
                }
            }
            Meaning::Include | Meaning::Script | Meaning::Content | Meaning::Other => {}
        }
        if !self.cursor.is_quoted {
            self.tables(item_of(shape).unwrap_or(shape));
        }
    }

    /// The tables that may be in this place, each with the key that tells it apart: the verbs of
    /// steps, the kinds of mounts.
    fn tables(&mut self, shape: &'static Shape) {
        let tables = language().tables_of(shape);
        if tables.len() < 2 {
            return;
        }
        for table in tables {
            let Some((key, value)) = table.identity().and_then(|key| table.key(key.name)) else {
                continue;
            };
            let insert = format!("{{ {} }}", self.key_with_value(key, Some(value), false));
            let docs = table.shape.docs.clone();
            let kind = CompletionItemKind::Keyword;
            let detail = table.what().to_owned();
            self.add(Item { label: key.name, kind, detail, docs, insert });
        }
    }

    fn symbols(&mut self, names: &Names, kind: Kind, is_wanted: impl Fn(&str) -> bool) {
        let texts = describe::all(names, kind);
        let found: Vec<&str> = names.of(kind).filter(|name| is_wanted(name)).collect();
        for name in found {
            let docs = texts.get(name).cloned().unwrap_or_default();
            let item_kind = match kind {
                Kind::Stage => CompletionItemKind::Class,
                Kind::Arg | Kind::Var => CompletionItemKind::Variable,
                Kind::Source | Kind::Mounts => CompletionItemKind::Module,
            };
            let insert = self.quoted(name);
            self.add(Item {
                label: name,
                kind: item_kind,
                detail: kind.word().to_owned(),
                docs,
                insert,
            });
        }
    }

    fn text(&mut self, text: &str, kind: CompletionItemKind, detail: &str) {
        let insert = self.quoted(text).replace('$', "\\$");
        let (detail, docs) = (detail.to_owned(), String::new());
        self.add(Item { label: text, kind, detail, docs, insert });
    }

    fn quoted(&self, text: &str) -> String {
        if self.cursor.is_quoted { text.to_owned() } else { format!("\"{text}\"") }
    }

    fn rules(&mut self) {
        for rule in Code::rules() {
            let insert = self.quoted(rule.name());
            let (kind, detail) = (CompletionItemKind::EnumMember, rule.description().to_owned());
            self.add(Item { label: rule.name(), kind, detail, docs: String::new(), insert });
        }
    }

    /// The parts that a header may continue with.
    fn headers(&mut self, before: &[String], names: &Names) {
        let mut shape: &'static Shape = &language().root;
        for part in before {
            let table = language().tables_of(shape).into_iter().find_map(|table| table.key(part));
            let Some(next) = table.map(|(_, shape)| shape).or(values_of(shape)) else { return };
            shape = next;
        }
        for table in language().tables_of(shape) {
            for key in &table.shape.keys {
                let Some((key, value)) = table.key(key.name) else { continue };
                if takes_header(value) {
                    let kind = CompletionItemKind::Module;
                    let (insert, docs) = (key.name.to_owned(), describe::docs(key));
                    self.add(Item { label: key.name, kind, detail: String::new(), docs, insert });
                }
            }
        }
        if let [key] = before
            && let Some(kind) = Kind::of_key(key)
        {
            self.symbols(names, kind, |_| true);
        }
    }

    /// The names that a string or a script can use here.
    fn substitutions(&mut self, names: &Names, is_script: bool, is_outer: bool, needs_brace: bool) {
        let mut found: BTreeSet<&str> = names.of(Kind::Arg).collect();
        if !is_script {
            found.extend(names.of(Kind::Var));
        }
        let stage = name_in("stages", &self.cursor.path).filter(|_| !is_outer);
        let env = stage.map(|stage| names.env_of(stage)).unwrap_or_default();
        found.extend(env.iter().copied());
        let texts = args_and_vars(names);
        let declared: Vec<&str> = found.into_iter().collect();
        let predefined = predefined().filter(|name| !declared.contains(name));
        for name in declared.iter().copied().chain(predefined) {
            let docs = match env.contains(name) {
                true => "A variable of the stage's environment.".to_owned(),
                false => about(&texts, name),
            };
            let brace = if needs_brace { "}" } else { "" };
            let (kind, insert) = (CompletionItemKind::Variable, format!("{name}{brace}"));
            self.add(Item { label: name, kind, detail: String::new(), docs, insert });
        }
    }
}

/// The texts about all args and vars.
fn args_and_vars(names: &Names) -> BTreeMap<String, String> {
    let mut texts = describe::all(names, Kind::Arg);
    texts.extend(describe::all(names, Kind::Var));
    texts
}

fn about(texts: &BTreeMap<String, String>, name: &str) -> String {
    let known = texts.get(name).cloned();
    known.or_else(|| describe::about_predefined(name)).unwrap_or_default()
}

/// The declared name that contains a path, if it is declared in this table of the build file.
fn name_in<'p>(table: &str, path: &'p [String]) -> Option<&'p str> {
    match path {
        [first, name, ..] if first == table => Some(name),
        _ => None,
    }
}

/// True if a value may have a header.
fn takes_header(shape: &'static Shape) -> bool {
    may_be_table(shape) || item_of(shape).is_some_and(may_be_table)
}

fn may_be_table(shape: &Shape) -> bool {
    let forms = forms(shape);
    forms.iter().any(|form| matches!(form, Shape::Table(_) | Shape::Map { .. } | Shape::Tree))
}

/// A snippet without its tab stops.
fn plain(snippet: &str) -> String {
    let mut text = String::new();
    let mut rest = snippet;
    while let Some(at) = rest.find('$') {
        if rest[..at].ends_with('\\') {
            text.push_str(&rest[..at - 1]);
            text.push('$');
            rest = &rest[at + 1..];
            continue;
        }
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(inner) = rest.strip_prefix('{') {
            let end = inner.find('}').unwrap_or(inner.len());
            text.push_str(inner[..end].split_once(':').map_or("", |(_, default)| default));
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snippets_for_clients_that_know_none() {
        assert_eq!(plain("from = \"$1\""), "from = \"\"");
        assert_eq!(plain("[stages.${1:NAME}]\n"), "[stages.NAME]\n");
        assert_eq!(plain("\"\\${BUILDPLATFORM}\""), "\"${BUILDPLATFORM}\"");
    }
}
