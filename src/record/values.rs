//! The values of variables at one place of a Dockerfile.

use std::collections::BTreeMap;

use crate::dockerfile::lex::{self, Modifier, Piece};
use crate::dockerfile::{ArgPair, Dockerfile, Kind};
use crate::plan::{Request, platform_args};
use crate::spec::{Allowance, Glob, Spent};

/// Limit on the total size of values, in bytes. Similar to the limit on a plan.
const ALLOWANCE: usize = 64 << 20;

/// Variables and args by name.
pub(super) type Values = BTreeMap<String, String>;

/// The remaining size.
pub(super) struct Limit(Allowance);

impl Default for Limit {
    fn default() -> Self {
        Self(Allowance::new(ALLOWANCE))
    }
}

/// The replacement for an unset variable.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unset {
    Empty,
    /// The reference, as written.
    Kept,
}

/// Expands a word and removes its quotes; returns it as written if that fails.
pub(super) fn word(text: &str, escape: char, values: &Values, limit: &Limit) -> String {
    let pieces = lex::word(text, escape).ok();
    let expanded = pieces.and_then(|pieces| expand(&pieces, values, Unset::Empty, limit));
    expanded.unwrap_or_else(|| text.to_owned())
}

/// Expands the variables in a text that are set. Quotes are kept.
pub(super) fn command(text: &str, escape: char, values: &Values, limit: &Limit) -> String {
    let pieces = lex::quoted_word(text, escape).ok();
    let expanded = pieces.and_then(|pieces| expand(&pieces, values, Unset::Kept, limit));
    expanded.unwrap_or_else(|| text.to_owned())
}

/// `None` if a required variable is not set, or the result is too large.
fn expand(pieces: &[Piece], values: &Values, unset: Unset, limit: &Limit) -> Option<String> {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Variable { name, is_braced, modifier } => {
                let value = values.get(name.as_str());
                let text = match value {
                    None if unset == Unset::Kept => {
                        kept(name, *is_braced, modifier, values, limit)?
                    }
                    _ => modified(name, value, modifier, values, unset, limit)?,
                };
                limit.0.spend(text.len()).ok()?;
                out.push_str(&text);
            }
        }
    }
    Some(out)
}

/// The reference to an unset variable, as written.
fn kept(
    name: &str,
    is_braced: bool,
    modifier: &Modifier,
    values: &Values,
    limit: &Limit,
) -> Option<String> {
    let inner = |pieces: &[Piece]| expand(pieces, values, Unset::Kept, limit);
    Some(match modifier {
        Modifier::Plain if is_braced => format!("${{{name}}}"),
        Modifier::Plain => format!("${name}"),
        Modifier::Default { colon, word } => {
            format!("${{{name}{}{}}}", sign(*colon, "-"), inner(word)?)
        }
        Modifier::Alternative { colon, word } => {
            format!("${{{name}{}{}}}", sign(*colon, "+"), inner(word)?)
        }
        Modifier::Required { colon, message } => {
            format!("${{{name}{}{}}}", sign(*colon, "?"), inner(message)?)
        }
        Modifier::TrimPrefix { longest, pattern } => {
            format!("${{{name}{}{}}}", doubled(*longest, "#"), inner(pattern)?)
        }
        Modifier::TrimSuffix { longest, pattern } => {
            format!("${{{name}{}{}}}", doubled(*longest, "%"), inner(pattern)?)
        }
        // BuildKit writes one slash for both forms.
        Modifier::Replace { pattern, replacement, .. } => {
            format!("${{{name}/{}/{}}}", inner(pattern)?, inner(replacement)?)
        }
    })
}

fn doubled(is_doubled: bool, sign: &str) -> String {
    sign.repeat(if is_doubled { 2 } else { 1 })
}

fn sign(colon: bool, sign: &str) -> String {
    if colon { format!(":{sign}") } else { sign.to_owned() }
}

fn modified(
    _name: &str,
    value: Option<&String>,
    modifier: &Modifier,
    values: &Values,
    unset: Unset,
    limit: &Limit,
) -> Option<String> {
    let inner = |pieces: &[Piece]| expand(pieces, values, unset, limit);
    let text = value.cloned().unwrap_or_default();
    match modifier {
        Modifier::Plain => Some(text),
        Modifier::Default { colon, .. } if is_set(value, *colon) => Some(text),
        Modifier::Default { word, .. } => inner(word),
        Modifier::Alternative { colon, word } if is_set(value, *colon) => inner(word),
        Modifier::Alternative { .. } => Some(String::new()),
        Modifier::Required { colon, .. } => is_set(value, *colon).then_some(text),
        Modifier::TrimPrefix { longest, pattern } => {
            let end = Glob::new(&inner(pattern)?).prefix(&text, *longest, &limit.0);
            end.ok().map(|end| text[end.unwrap_or(0)..].to_owned())
        }
        Modifier::TrimSuffix { longest, pattern } => {
            let start = Glob::new(&inner(pattern)?).suffix(&text, *longest, &limit.0);
            start.ok().map(|start| text[..start.unwrap_or(text.len())].to_owned())
        }
        Modifier::Replace { all, pattern, replacement } => {
            let (pattern, replacement) = (Glob::new(&inner(pattern)?), inner(replacement)?);
            let replaced: Result<String, Spent> =
                pattern.replace(&text, &replacement, *all, &limit.0);
            replaced.ok()
        }
    }
}

fn is_set(value: Option<&String>, colon: bool) -> bool {
    value.is_some_and(|value| !colon || !value.is_empty())
}

/// The values of args before the first `FROM`.
pub(super) fn globals(dockerfile: &Dockerfile, request: &Request, limit: &Limit) -> Values {
    let given = &request.build_args;
    let escape = dockerfile.directives.escape.char();
    let mut values = Values::new();
    for (name, value) in platform_args(request) {
        values.insert(name.to_owned(), given.get(name).cloned().unwrap_or(value));
    }
    // Without a target, the last stage is identified by its name (`toDispatchState`).
    if request.target.is_none()
        && !given.contains_key("TARGETSTAGE")
        && let Some(name) = dockerfile.stages.last().and_then(|stage| stage.header.name.as_ref())
    {
        values.insert("TARGETSTAGE".to_owned(), name.value.to_lowercase());
    }
    for instruction in &dockerfile.global_args {
        let Kind::Arg(pairs) = &instruction.kind else { continue };
        for ArgPair { name, default } in pairs {
            if let Some(value) = given.get(&name.value).cloned().or_else(|| {
                default.as_ref().map(|default| word(&default.value, escape, &values, limit))
            }) {
                values.insert(name.value.clone(), value);
            }
        }
    }
    values
}
