//! Mistakes in a step that its keys alone do not show: no verb, or a value that belongs to another
//! verb.
//!
//! Input: the table of a step before it is read. Output: a hint or a diagnostic. Must not depend on
//! the meaning of verbs.

use super::form::quoted;
use super::place_of;
use super::step::{ProcessKeys, StepKeys, VERBS, verb};
use super::synonym::{Meant, meant};
use super::table::{Keys, Table};
use crate::diagnostic::{Code, Diagnostic, list, nearest};
use crate::source::SourceFile;
use crate::toml::{Kind, Value};

/// The hint for a step without a verb.
pub(super) fn without_verb(table: &Table<'_>) -> String {
    let of_step = || table.keys().filter(|key| !is_of_every_step(key));
    for key in of_step().filter(|key| !is_of_process(key)) {
        if let Some(verb) = verb(key) {
            return format!("did you mean `{verb}`?");
        }
        match meant("a step", key, &[]) {
            Some(Meant::Key(verb)) => return format!("did you mean `{verb}`?"),
            Some(Meant::Else(hint)) => return hint.to_owned(),
            None => {}
        }
        if let Some(verb) = nearest(key, VERBS.iter().copied()).filter(|_| place_of(key).is_none())
        {
            return format!("did you mean `{verb}`?");
        }
    }
    of_step().find_map(without_effect).unwrap_or_else(|| format!("add one of {}", list(VERBS)))
}

/// The hint for a key that has no effect without a verb.
fn without_effect(key: &str) -> Option<String> {
    let place = place_of(key)?;
    Some(match is_of_process(key) {
        true => format!(
            "set `{key}` in [stages.NAME] for all steps, or next to the verb for one step: `{{ run = 'TEXT', {key} = ... }}`"
        ),
        false => place,
    })
}

/// True if a key is valid in steps that run a process.
fn is_of_process(key: &str) -> bool {
    key == "shell" || ProcessKeys::table_shape().keys.iter().any(|known| known.name == key)
}

/// True if a key is valid in every step, so that it does not show the intended verb.
fn is_of_every_step(key: &str) -> bool {
    key != "workdir" && StepKeys::table_shape().keys.iter().any(|known| known.name == key)
}

/// The hint for a step with two verbs.
pub(super) fn with_two_verbs(one: &str, other: &str) -> &'static str {
    let article = if one.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    match meant(&format!("{article} {one} step"), other, &[]) {
        Some(Meant::Else(hint)) => hint,
        Some(Meant::Key(_)) | None => {
            "write a separate table for each step: a step has exactly one verb"
        }
    }
}

/// The error for a value that its verb does not accept but another one does.
pub(super) fn slip(verb: &str, table: &Table<'_>, file: &SourceFile) -> Option<Diagnostic> {
    let value = table.value(verb)?;
    match (verb, &value.kind) {
        ("exec", Kind::String(text)) => {
            let words: Vec<_> = text.split_whitespace().map(quoted).collect();
            let words = match file.slice(value.span) {
                written if written.len() > 100 || text.contains(['\'', '"', '\\', '$']) => {
                    "\"PROGRAM\", \"ARGUMENT\"".to_owned()
                }
                _ => words.join(", "),
            };
            Some(wrong_type(
                value,
                "a list",
                format!("write `exec = [{words}]`, or use `run` for a shell command"),
            ))
        }
        ("copy", Kind::Array(items)) if items.iter().any(is_table) => Some(wrong_type(
            value,
            "a string, a list of strings or a table",
            "for a destination each, write one table: `copy = { \"a\" = \"/x\", \"b\" = \"/y\" }`"
                .to_owned(),
        )),
        ("copy", Kind::Array(items)) => items.iter().find_map(|item| url(verb, item)),
        ("fetch" | "git" | "unpack", Kind::Array(_)) => Some(wrong_type(
            value,
            "a string",
            format!("write a step for each: `{{ {verb} = \"...\" }}`"),
        )),
        ("copy" | "unpack", _) => url(verb, value),
        ("parallel", Kind::Table(_)) => Some(wrong_type(
            value,
            "a list",
            "branches have no names: `parallel = [{ steps = ['A', 'B'] }, 'C']`".to_owned(),
        )),
        _ => None,
    }
}

fn wrong_type(value: &Value<'_>, expected: &str, hint: String) -> Diagnostic {
    let message = format!("expected {expected}, found {}", value.kind.what());
    Diagnostic::new(Code::WrongType, value.span, message).hint(hint)
}

/// The error for a URL where a path of the build context is expected.
fn url(verb: &str, value: &Value<'_>) -> Option<Diagnostic> {
    let Kind::String(text) = &value.kind else { return None };
    let is_git = starts(text, &["git://", "ssh://", "git@"])
        || starts(text, &["https://", "http://"]) && text.ends_with(".git");
    let hint = if is_git {
        "use `git` for a repository: `{ git = \"https://...\" }`"
    } else if !starts(text, &["https://", "http://"]) {
        return None;
    } else if verb == "unpack" {
        "use `fetch` for a remote archive: `{ fetch = \"https://...\", extract = true }`"
    } else {
        "use `{ fetch = \"https://...\" }` for a remote file, `{ git = \"https://...\" }` for a repository"
    };
    let message = format!("expected a path in `{verb}`, found a URL");
    Some(Diagnostic::new(Code::InvalidValue, value.span, message).hint(hint))
}

fn starts(text: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| text.starts_with(start))
}

fn is_table(value: &Value<'_>) -> bool {
    matches!(value.kind, Kind::Table(_))
}
