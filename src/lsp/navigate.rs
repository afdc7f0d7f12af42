//! Go to definition, references, highlights and rename.

use std::collections::BTreeMap;
use std::rc::Rc;

use lsp_types::{
    DocumentHighlight, DocumentHighlightKind, Location, PrepareRenamePlaceholder, TextEdit, Uri,
    WorkspaceEdit,
};

use super::describe::is_predefined;
use super::document::{Document, uri_of};
use super::index::{Kind, Role};
use super::names::{Names, Place, Symbol};
use super::workspace::{Workspace, join};
use crate::spec::broken_name_rule;

/// The declaration of the name at an offset; for an included file, its beginning.
pub(super) fn definition(
    workspace: &Workspace,
    document: &Rc<Document>,
    offset: usize,
) -> Vec<Location> {
    let includes = &document.index.includes;
    let include = includes.iter().find(|(_, range)| range.start <= offset && offset <= range.end);
    if let Some((path, _)) = include {
        let path = join(document.directory(), path);
        let found = workspace.document(&path);
        let uri = found.map(|found| found.uri.clone());
        let start = lsp_types::Range::default();
        return uri.map(|uri| Location { uri, range: start }).into_iter().collect();
    }
    let names = Names::new(workspace.group(document));
    let Some((symbol, _)) = names.symbol_at(document, offset) else { return Vec::new() };
    let places = names.definitions(&symbol);
    // Further headers of the same stage are not other definitions.
    places.first().map(location).into_iter().collect()
}

/// The uses of the name at an offset.
pub(super) fn references(
    workspace: &Workspace,
    document: &Rc<Document>,
    offset: usize,
    with_declaration: bool,
) -> Vec<Location> {
    let names = Names::new(workspace.group(document));
    let Some((symbol, _)) = names.symbol_at(document, offset) else { return Vec::new() };
    let mut places = names.uses(&symbol);
    if with_declaration {
        places.splice(0..0, names.definitions(&symbol));
    }
    places.iter().map(location).collect()
}

/// The places of the name at an offset in its own document.
pub(super) fn highlights(
    workspace: &Workspace,
    document: &Rc<Document>,
    offset: usize,
) -> Vec<DocumentHighlight> {
    let names = Names::new(workspace.group(document));
    let Some((symbol, _)) = names.symbol_at(document, offset) else { return Vec::new() };
    let places = names.definitions(&symbol).into_iter().chain(names.uses(&symbol));
    let here = places.filter(|place| place.document.path == document.path);
    here.map(|place| DocumentHighlight {
        range: document.range(place.range),
        kind: Some(match place.used {
            Some(_) => DocumentHighlightKind::Read,
            None => DocumentHighlightKind::Write,
        }),
    })
    .collect()
}

/// The name at an offset that can be changed.
pub(super) fn prepare_rename(
    workspace: &Workspace,
    document: &Rc<Document>,
    offset: usize,
) -> Result<PrepareRenamePlaceholder, String> {
    let names = Names::new(workspace.group(document));
    let (symbol, range) = names.symbol_at(document, offset).ok_or_else(|| NO_NAME.to_owned())?;
    check_scripts(&names, &symbol)?;
    Ok(PrepareRenamePlaceholder { range: document.range(range), placeholder: symbol.name })
}

const NO_NAME: &str = "only names that the build file declares can be renamed: stages, args, vars, sources and sets of mounts";

/// The changes that give a name another one. The error says why it cannot have it.
pub(super) fn rename(
    workspace: &Workspace,
    document: &Rc<Document>,
    offset: usize,
    new: &str,
) -> Result<WorkspaceEdit, String> {
    let names = Names::new(workspace.group(document));
    let (symbol, _) = names.symbol_at(document, offset).ok_or_else(|| NO_NAME.to_owned())?;
    check_new_name(&names, &symbol, new)?;
    check_scripts(&names, &symbol)?;
    let places = names.definitions(&symbol).into_iter().chain(names.uses(&symbol));
    let mut changes: BTreeMap<String, (Uri, Vec<TextEdit>)> = BTreeMap::new();
    for place in places {
        let document = place.document;
        // What the client does not have open it finds by its address.
        let uri =
            if document.version.is_some() { document.uri.clone() } else { uri_of(&document.path) };
        let range = document.range(place.range);
        let (_, edits) = changes.entry(document.path.clone()).or_insert_with(|| (uri, Vec::new()));
        edits.push(TextEdit { range, new_text: new.to_owned() });
    }
    let changes = changes.into_values().map(|(uri, mut edits)| {
        edits.sort_by_key(|edit| edit.range.start);
        edits.dedup();
        (uri, edits)
    });
    Ok(WorkspaceEdit { changes: Some(changes.collect()), ..WorkspaceEdit::default() })
}

/// Refuses names that are illegal, or that mean something else already.
fn check_new_name(names: &Names, symbol: &Symbol, new: &str) -> Result<(), String> {
    if new == symbol.name {
        return Ok(());
    }
    let word = symbol.kind.word();
    let is_variable = matches!(symbol.kind, Kind::Arg | Kind::Var);
    if let Some(rule) = broken_name_rule(new, is_variable) {
        let what = symbol.kind.with_article();
        return Err(format!("`{new}` cannot be the name of {what}: {rule}"));
    }
    let clashes = match symbol.kind {
        Kind::Arg | Kind::Var => &[Kind::Arg, Kind::Var][..],
        Kind::Stage | Kind::Source => &[Kind::Stage, Kind::Source],
        Kind::Mounts => &[Kind::Mounts],
    };
    if let Some(taken) = clashes.iter().find(|kind| names.has(**kind, new)) {
        return Err(format!("there is already {} `{new}`", taken.with_article()));
    }
    let mut uses = names.documents.iter().flat_map(|document| &document.index.uses);
    match symbol.kind {
        Kind::Stage | Kind::Source => {
            if new == "scratch" {
                return Err("`scratch` is the empty base".to_owned());
            }
            let is_image = uses.any(|used| used.role == Role::Base && used.name == new);
            is_image.then_some(()).map_or(Ok(()), |()| {
                Err(format!("the build file uses an image `{new}`, which would become the {word}"))
            })
        }
        Kind::Arg | Kind::Var => {
            if is_predefined(new) {
                return Err(format!("`{new}` is a name that every build has"));
            }
            if names.is_any_env(new) {
                return Err(format!(
                    "`{new}` is a variable of the environment, which would hide the {word}"
                ));
            }
            let is_used = uses.any(|used| {
                matches!(used.role, Role::Template(_) | Role::Script(_)) && used.name == new
            });
            match is_used {
                true => Err(format!("`{new}` is used already, and would become the {word}")),
                false => Ok(()),
            }
        }
        Kind::Mounts => Ok(()),
    }
}

/// Refuses to rename an arg whose name is also a variable of a script that uses it.
fn check_scripts(names: &Names, symbol: &Symbol) -> Result<(), String> {
    if symbol.kind != Kind::Arg {
        return Ok(());
    }
    for Place { document, range, used } in names.uses(symbol) {
        if !used.is_some_and(|used| matches!(used.role, Role::Script(_))) {
            continue;
        }
        let scripts = &document.index.scripts;
        let script = scripts.iter().find(|script| script.contains(&range.start));
        let text = script.and_then(|script| document.text.get(script.clone())).unwrap_or_default();
        if sets(text, &symbol.name) {
            let file = document.path.rsplit('/').next().unwrap_or_default();
            let line = document.lines.line(range.start) + 1;
            let name = &symbol.name;
            return Err(format!(
                "the script at {file}:{line} sets a variable `{name}` of its own: rename it there first"
            ));
        }
    }
    Ok(())
}

/// True if a script gives a variable a value.
fn sets(script: &str, name: &str) -> bool {
    script.match_indices(name).any(|(at, _)| {
        let (before, after) = (&script[..at], &script[at + name.len()..]);
        if before.ends_with(is_of_name)
            || before.ends_with(['$', '{'])
            || after.starts_with(is_of_name)
        {
            return false;
        }
        let is_assigned =
            after.starts_with('=') && !after.starts_with("==") || after.starts_with("+=");
        let mut words = before.split_whitespace().rev().filter(|word| !word.starts_with('-'));
        let is_set = words.next().is_some_and(|word| {
            let word = word.trim_start_matches(['\'', '"', ';', '(', '{']);
            ["for", "read", "unset", "local"].contains(&word)
        });
        // `--build-arg NAME=value` is a word of a command.
        is_assigned
            && before.ends_with(|c: char| c.is_whitespace() || ";(&|'\"".contains(c))
            && !before.trim_end().ends_with("--build-arg")
            || is_set
    })
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn location(place: &Place<'_>) -> Location {
    let Place { document, range, .. } = place;
    Location { uri: document.uri.clone(), range: document.range(range.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_that_set_a_variable() {
        for (script, expected) in [
            ("'A=1; echo $A'", true),
            ("'x; A=$A y'", true),
            ("'for A in 1 2; do echo $A; done'", true),
            ("'read -r A'", true),
            ("'echo $A A'", false),
            ("'echo ${A}=1'", false),
            ("'BA=1 AB=2 $A'", false),
            ("'docker build --build-arg A=$A'", false),
            ("'go build -ldflags \"-X main.A=$A\"'", false),
        ] {
            assert_eq!(sets(script, "A"), expected, "{script}");
        }
    }
}
