//! Hints for values of the wrong type: the same value in the form that its key expects.
//!
//! Input: a value, and its text. Output: the value in the expected form, if it can be guessed. Must
//! not depend on the file that contains it.

use crate::toml::{Entry, Kind, Value};

// The expected values, in the words of the messages.
pub(super) const STRING: &str = "a string";
/// Any text, or a number, which stands for its digits.
pub(super) const SCALAR: &str = "a string or a decimal integer";
pub(super) const LIST: &str = "a list";
pub(super) const BOOLEAN: &str = "`true` or `false`";
pub(super) const TABLE: &str = "a table";

/// Maximum length of a value in a hint.
const LONGEST: usize = 100;

/// The form of a value where `wanted` is expected.
pub(super) fn of(wanted: &str, found: &Kind<'_>, written: &str) -> Option<String> {
    match found {
        // `true` may be intended as the value of a variable; any other text cannot consist of it.
        Kind::Boolean(_) if wanted == STRING => Some("put text in quotes: \"...\"".to_owned()),
        // Probably a mode.
        Kind::Integer { radix: 8, .. } if wanted == STRING => {
            Some(format!("quote it: \"{}\"", written.replacen('o', "", 1)))
        }
        Kind::Integer { .. } | Kind::Float | Kind::Boolean(_) | Kind::Datetime
            if [STRING, SCALAR].contains(&wanted) =>
        {
            Some(format!("quote it: \"{written}\""))
        }
        Kind::String(word) if wanted == BOOLEAN => match word.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some("remove the quotes: true".to_owned()),
            "false" | "no" | "off" | "0" => Some("remove the quotes: false".to_owned()),
            _ => None,
        },
        Kind::Array(items) if [STRING, SCALAR].contains(&wanted) => match &items[..] {
            [Value { kind: Kind::String(word), .. }] if is_short(word) => {
                Some(format!("remove the brackets: {}", quoted(word)))
            }
            _ => Some("only one value is allowed here".to_owned()),
        },
        Kind::Table(entries) if wanted == SCALAR => {
            let is_arg = entries.iter().any(|entry| entry.key.name == "default");
            is_arg.then(|| "declare values that a build arg may change in [args]".to_owned())
        }
        found if wanted == LIST => as_list(found, written),
        found if wanted == TABLE => as_table(found, written),
        _ => None,
    }
}

fn as_list(found: &Kind<'_>, written: &str) -> Option<String> {
    match found {
        Kind::Table(_) if is_header(written) => {
            let header = written.lines().next().unwrap_or_default().trim();
            Some(format!("give each table of the list the header `[{header}]`"))
        }
        // The key of a longer header.
        Kind::Table(_) if !written.starts_with('{') => {
            Some(format!("give each table of the list the header `[[...{written}]]`"))
        }
        // A set in the form of Docker's API and Compose.
        Kind::Table(entries) if is_set(entries) => {
            let names: Vec<_> = entries.iter().map(|entry| quoted(&entry.key.name)).collect();
            let list = format!("write `[{}]`", names.join(", "));
            is_short(&list).then_some(list)
        }
        Kind::String(_) | Kind::Integer { .. } | Kind::Table(_) => Some(match is_short(written) {
            true => format!("write `[{written}]`"),
            false => "put it into a list: [...]".to_owned(),
        }),
        Kind::Float | Kind::Boolean(_) | Kind::Datetime | Kind::Array(_) => None,
    }
}

fn as_table(found: &Kind<'_>, written: &str) -> Option<String> {
    if is_header(written) {
        let header = written.lines().next().unwrap_or_default().trim();
        let header = header.trim_start_matches('[').trim_end_matches(']');
        return Some(format!("put the name in the header: [{header}.NAME]"));
    }
    match found {
        Kind::String(_) | Kind::Array(_) => Some(match pairs(found) {
            Some(pairs) => {
                let pairs = pairs.iter().map(|(name, value)| format!("{name} = {}", quoted(value)));
                format!("write `{{ {} }}`", pairs.collect::<Vec<_>>().join(", "))
            }
            None => "write `{ NAME = \"VALUE\" }`".to_owned(),
        }),
        Kind::Boolean(_) | Kind::Integer { .. } | Kind::Float | Kind::Datetime => {
            Some("write `{ NAME = \"VALUE\" }`".to_owned())
        }
        Kind::Table(_) => None,
    }
}

/// The form of a value where a table with fixed keys is expected. `what` names the table.
pub(super) fn of_table(what: &str, found: &Kind<'_>, written: &str) -> Option<String> {
    let value = if is_short(written) { written } else { "..." };
    if is_header(written) {
        let header = written.lines().next().unwrap_or_default().trim();
        let header = header.trim_start_matches('[').trim_end_matches(']');
        return Some(format!("use single brackets in the header: [{header}]"));
    }
    match (what, found) {
        ("a healthcheck", found) => Some(healthcheck(found, value)),
        ("a mount", _) => Some("write `{ cache = \"/PATH\" }` or `{ bind = \"FILE\" }`".to_owned()),
        ("an image", Kind::String(_)) => Some(format!(
            "`image` configures the image that is built; set the base image with `from = {value}`"
        )),
        ("a stage", Kind::String(_)) => Some(format!(
            "give the stage a header, [stages.NAME], and put `from = {value}` below it"
        )),
        ("a stage", _) => Some("give the stage a header: [stages.NAME]".to_owned()),
        ("a source", Kind::String(_)) => {
            Some(format!("write `{{ git = {value} }}` or `{{ http = {value} }}`"))
        }
        ("a check", Kind::Array(_)) => Some(format!("write `{{ skip = {value} }}`")),
        _ => None,
    }
}

/// The form of a healthcheck from a Dockerfile or Compose.
fn healthcheck(found: &Kind<'_>, value: &str) -> String {
    let Kind::Array(items) = found else {
        return match found {
            Kind::Boolean(false) => "write `{ none = true }`".to_owned(),
            Kind::String(word) if word.eq_ignore_ascii_case("none") => {
                "write `{ none = true }`".to_owned()
            }
            Kind::String(_) => format!("write `{{ cmd = {value} }}`"),
            _ => "write `{ cmd = [\"PROGRAM\", \"ARGUMENT\"] }`".to_owned(),
        };
    };
    match health_test(items) {
        Some(test) => format!("write `{{ {test} }}`"),
        None => format!("write `{{ cmd = {value} }}`"),
    }
}

/// The keys for a `test` of Compose and of image configs, whose first word gives the way to run it.
pub(super) fn health_test(words: &[Value<'_>]) -> Option<String> {
    let mut words = words.iter().map(|word| match &word.kind {
        Kind::String(word) => word.as_ref(),
        _ => "...",
    });
    let kind = words.next()?;
    let rest: Vec<_> = words.map(quoted).collect();
    let test = match kind {
        "NONE" => "none = true".to_owned(),
        "CMD" => format!("cmd = [{}]", rest.join(", ")),
        "CMD-SHELL" => format!("cmd = {}", rest.first().map_or("\"...\"", String::as_str)),
        _ => return None,
    };
    Some(if is_short(&test) { test } else { "cmd = [...]".to_owned() })
}

// === Names and values ===

/// Names and values in the forms of other tools: lists or strings with `NAME=value` or `NAME:
/// value`, or tables with `name` and `value`. `None` if a part has another form.
fn pairs(found: &Kind<'_>) -> Option<Vec<(String, String)>> {
    let read: Vec<_> = match found {
        Kind::String(text) => vec![pair(text)?],
        Kind::Array(items) if !items.is_empty() => items
            .iter()
            .map(|item| match &item.kind {
                Kind::String(text) => pair(text),
                Kind::Table(entries) => {
                    Some((text_of(entries, "name")?, text_of(entries, "value")?))
                }
                _ => None,
            })
            .collect::<Option<_>>()?,
        _ => return None,
    };
    let length: usize = read.iter().map(|(name, value)| name.len() + value.len()).sum();
    (length <= LONGEST).then_some(read)
}

/// The names declared by a list or a string in the form of another tool.
pub(super) fn names_of_pairs(found: &Kind<'_>) -> Vec<String> {
    match found {
        Kind::String(text) => vec![name_of_pair(text)],
        Kind::Array(items) => items
            .iter()
            .filter_map(|item| match &item.kind {
                Kind::String(text) => Some(name_of_pair(text)),
                Kind::Table(entries) => text_of(entries, "name"),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn name_of_pair(text: &str) -> String {
    let end = text.find(['=', ':']).unwrap_or(text.len());
    text[..end].trim().to_owned()
}

fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=').or_else(|| text.split_once(": "))?;
    let name = name.trim();
    let is_name = !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || ['_', '-', '.'].contains(&c));
    // Also for `A == 'b'`.
    let value = value.trim_start_matches('=').trim().trim_matches(['\'', '"']);
    is_name.then(|| (name.to_owned(), value.to_owned()))
}

fn text_of(entries: &[Entry<'_>], key: &str) -> Option<String> {
    let entry = entries.iter().find(|entry| entry.key.name == key)?;
    match &entry.value.kind {
        Kind::String(text) => Some(text.to_string()),
        _ => None,
    }
}

// === Texts ===

/// True if a text is short enough for a hint.
fn is_short(text: &str) -> bool {
    text.len() <= LONGEST && !text.contains('\n')
}

/// True if a value is a table with a header of its own.
fn is_header(written: &str) -> bool {
    let line = written.lines().next().unwrap_or_default().trim();
    let name = line.trim_start_matches('[').trim_end_matches(']');
    line.starts_with('[')
        && line.ends_with(']')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || ['_', '-', '.'].contains(&c))
}

/// True if every value of a table is an empty table.
fn is_set(entries: &[Entry<'_>]) -> bool {
    !entries.is_empty() && entries.iter().all(is_empty)
}

fn is_empty(entry: &Entry<'_>) -> bool {
    matches!(&entry.value.kind, Kind::Table(inner) if inner.is_empty())
}

/// A text as a TOML string.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = !text.contains(|c: char| c.is_control() || c == '\\' || c == '"');
    match is_plain {
        true => format!("\"{text}\""),
        false if !text.contains(|c: char| c.is_control() || c == '\'') => format!("'{text}'"),
        false => "\"...\"".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Diagnostics;
    use crate::source::SourceFile;
    use crate::spec::parse;

    /// Uses of these names are not errors, because the form of their declaration already is one.
    #[test]
    fn names_in_the_forms_of_other_tools_are_not_unknown() {
        for vars in [
            "'A=x'",
            "'A: x'",
            "['A=x', 'B=y']",
            "['B', 'A']",
            "['A: x', 1]",
            "[{ name = 'B', value = 'y' }, { name = 'A', value = 'x' }]",
        ] {
            let text = format!("vars = {vars}\n[stages.a]\nfrom = '${{A}}'\n");
            let mut diagnostics = Diagnostics::default();
            let (_, spec) = parse(SourceFile::new("mstage.toml", text.into()), &mut diagnostics);
            let spec = spec.unwrap();
            assert_eq!(diagnostics.errors().len(), 1, "{vars}");
            assert!(spec.is_unread("A") && !spec.is_unread("x"), "{vars}");
        }
    }
}
