//! Semantic tokens: names, and the commands in scripts.
//!
//! Everything else is coloured by the editor's own grammar of TOML.

use std::ops::Range;

use lsp_types::{SemanticToken, SemanticTokensLegend};

use super::document::Document;
use super::index::{Kind, Role};
use super::names::Names;
use crate::spec::shell;
use crate::toml::Places;

/// The types of tokens, in the order of their numbers.
const TYPES: [&str; 4] = ["class", "variable", "function", "namespace"];

const CLASS: u32 = 0;
const VARIABLE: u32 = 1;
const FUNCTION: u32 = 2;
const NAMESPACE: u32 = 3;

/// A declaration; a value that cannot change.
const MODIFIERS: [&str; 2] = ["declaration", "readonly"];

const DECLARATION: u32 = 1;
const READONLY: u32 = 2;

/// The names of types and modifiers.
pub(super) fn legend() -> SemanticTokensLegend {
    SemanticTokensLegend {
        token_types: TYPES.map(str::to_owned).to_vec(),
        token_modifiers: MODIFIERS.map(str::to_owned).to_vec(),
    }
}

/// The tokens of a document.
pub(super) fn tokens(names: &Names, document: &Document) -> Vec<SemanticToken> {
    let mut found: Vec<(Range<usize>, u32, u32)> = Vec::new();
    for definition in &document.index.definitions {
        let readonly = if definition.kind == Kind::Var { READONLY } else { 0 };
        found.push((definition.range.clone(), kind(definition.kind), DECLARATION | readonly));
    }
    for used in &document.index.uses {
        let target = names.target(used);
        let is_var = target.as_ref().is_some_and(|target| target.kind == Kind::Var);
        let modifiers = if is_var { READONLY } else { 0 };
        let number = match (used.role, target) {
            (_, Some(target)) => kind(target.kind),
            (Role::Template(_) | Role::Script(_), None) => VARIABLE,
            // An image, or a name that is not declared.
            _ => continue,
        };
        found.push((used.range.clone(), number, modifiers));
    }
    for script in &document.index.scripts {
        commands(document, script.clone(), &mut found);
    }
    found.retain(|(range, _, _)| !range.is_empty());
    found.sort_by_key(|(range, _, _)| (range.start, range.end));
    encode(document, found)
}

fn kind(kind: Kind) -> u32 {
    match kind {
        Kind::Stage => CLASS,
        Kind::Arg | Kind::Var => VARIABLE,
        Kind::Source | Kind::Mounts => NAMESPACE,
    }
}

/// Adds the program of each command.
fn commands(document: &Document, script: Range<usize>, found: &mut Vec<(Range<usize>, u32, u32)>) {
    let Ok(start) = u32::try_from(script.start) else { return };
    let (text, places) = Places::of_token(&document.valid_text()[script], start);
    if text.starts_with("#!") {
        return;
    }
    for command in shell::read(&text).commands {
        let Some(program) = command.words.first() else { continue };
        let span = places.span(program.range.clone());
        let range = span.start as usize..span.end as usize;
        // A variable has a token of its own.
        if !document.text.get(range.clone()).unwrap_or("$").contains(['$', '\n']) {
            found.push((range, FUNCTION, 0));
        }
    }
}

/// The tokens as differences, as the protocol wants them. Of those that overlap the first counts.
fn encode(document: &Document, found: Vec<(Range<usize>, u32, u32)>) -> Vec<SemanticToken> {
    let mut tokens = Vec::with_capacity(found.len());
    let (mut line, mut column, mut end) = (0, 0, 0);
    for (range, token_type, token_modifiers_bitset) in found {
        if range.start < end {
            continue;
        }
        end = range.end;
        let range = document.range(range);
        if range.start.line != range.end.line {
            continue;
        }
        let delta_line = range.start.line - line;
        let delta_start =
            if delta_line == 0 { range.start.character - column } else { range.start.character };
        (line, column) = (range.start.line, range.start.character);
        tokens.push(SemanticToken {
            delta_line,
            delta_start,
            length: range.end.character - range.start.character,
            token_type,
            token_modifiers_bitset,
        });
    }
    tokens
}
