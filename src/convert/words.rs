//! Values of a Dockerfile as strings of a build file.
//!
//! Input: a word with its quotes and `$NAME`. Output: an equivalent text with `${NAME}`. A variable
//! that may be unset is empty in a Dockerfile but an error in a build file, so it becomes
//! `${NAME:-}`.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::dockerfile::lex::{self, Modifier, Piece};
use crate::dockerfile::{Instruction, Kind, Word};

/// Maximum length of a value with substitutions: more than a process accepts for one variable
/// (`MAX_ARG_STRLEN` of Linux).
const LONGEST: usize = 1 << 17;

/// Maximum length of a text with substitutions: more than a build file may have.
const LONGEST_TEXT: usize = 1 << 23;

/// The meaning of a name at one place of a Dockerfile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It is set.
    Set,
    /// It may be unset, depending on the base image or a build arg.
    Maybe,
    /// It is never set in the same way in a build file: `$1`, `$@`.
    Never,
}

/// The meaning of names at one place.
pub(super) trait Names {
    /// The meaning of a name.
    fn meaning(&self, name: &str) -> Meaning;

    /// The text to substitute for a name: for a variable that has been set before in the same
    /// table, and for an arg with a default of its own.
    fn replacement(&self, _name: &str) -> Option<String> {
        None
    }

    /// The name of a constant with the value of [`Names::replacement`], for use with modifiers.
    fn constant(&self, _name: &str) -> Option<String> {
        None
    }

    /// Its value, as far as it is known.
    fn known(&self, _name: &str) -> Known<'_> {
        Known::Unknown
    }
}

/// The value of a name, as known during the conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known<'v> {
    /// Its value.
    Value(&'v str),
    /// It is unset.
    Unset,
    /// It depends on the base image or the platform.
    Unknown,
}

/// The value of pieces, if all values in it are known. `Err` is the text of `${NAME:?text}` for a
/// name that is unset or empty (`processDollar` in `frontend/dockerfile/shell/lex.go`).
pub(super) fn fold<'v>(
    pieces: &[Piece],
    known: &dyn Fn(&str) -> Known<'v>,
) -> Result<Option<String>, String> {
    let mut out = String::new();
    for piece in pieces {
        let value = match piece {
            Piece::Text(text) => Some(text.clone()),
            Piece::Variable { name, modifier, .. } => fold_variable(name, modifier, known)?,
        };
        let Some(value) = value else { return Ok(None) };
        out.push_str(&value);
        if out.len() > LONGEST {
            return Ok(None);
        }
    }
    Ok(Some(out))
}

fn fold_variable<'v>(
    name: &str,
    modifier: &Modifier,
    known: &dyn Fn(&str) -> Known<'v>,
) -> Result<Option<String>, String> {
    let value = match known(name) {
        Known::Value(value) => Some(value),
        Known::Unset => None,
        Known::Unknown => return Ok(None),
    };
    let counts = |colon: bool| value.filter(|value| !colon || !value.is_empty());
    match modifier {
        Modifier::Plain => Ok(Some(value.unwrap_or_default().to_owned())),
        Modifier::Default { colon, word } => match counts(*colon) {
            Some(value) => Ok(Some(value.to_owned())),
            None => fold(word, known),
        },
        Modifier::Alternative { colon, word } => match counts(*colon) {
            Some(_) => fold(word, known),
            None => Ok(Some(String::new())),
        },
        Modifier::Required { colon, message } => match counts(*colon) {
            Some(value) => Ok(Some(value.to_owned())),
            None => {
                let message = fold(message, known)?.filter(|message| !message.is_empty());
                let rule = if value.is_some() { "empty" } else { "unset" };
                let message = message.unwrap_or_else(|| format!("is not allowed to be {rule}"));
                Err(format!("{name}: {message}"))
            }
        },
        // Patterns are left to the build.
        Modifier::TrimPrefix { .. } | Modifier::TrimSuffix { .. } | Modifier::Replace { .. } => {
            Ok(value.is_none_or(str::is_empty).then(String::new))
        }
    }
}

/// The value of a word, if the variables in it are known.
pub(super) fn folded(word: &str, escape: char, names: &dyn Names) -> Option<String> {
    if lex::is_plain(word, escape) {
        return Some(word.to_owned()).filter(|word| word.len() <= LONGEST);
    }
    fold(&lex::word(word, escape).ok()?, &|name| names.known(name)).ok()?
}

/// Converts the value of a word. The error is BuildKit's message.
pub(super) fn value(word: &str, escape: char, names: &dyn Names) -> Result<String, String> {
    if lex::is_plain(word, escape) {
        return Ok(word.to_owned());
    }
    let pieces = lex::word(word, escape).map_err(|problem| unprocessed(word, &problem))?;
    let value = template(&pieces, names);
    match value.len() <= LONGEST.max(2 * word.len()) {
        true => Ok(value),
        false => Err(format!("a value is longer than {LONGEST} bytes")),
    }
}

/// BuildKit's message for a word that has no value.
pub(super) fn unprocessed(word: &str, problem: &str) -> String {
    format!("failed to process {word:?}: {problem}")
}

/// The value of a word without variables; `None` if it has any.
pub(super) fn constant(word: &str, escape: char) -> Option<String> {
    if lex::is_plain(word, escape) {
        return Some(word.to_owned());
    }
    match &lex::word(word, escape).ok()?[..] {
        [] => Some(String::new()),
        [Piece::Text(text)] => Some(text.clone()),
        _ => None,
    }
}

/// The variables in a word.
pub(super) fn names(word: &str, escape: char) -> Vec<String> {
    let mut found = Vec::new();
    if word.contains('$') {
        collect(&lex::word(word, escape).unwrap_or_default(), &mut found);
    }
    found
}

/// The variables in a word, and those in the defaults that are written in their place.
pub(super) fn names_with_defaults(word: &str, escape: char, known: &dyn Names) -> Vec<String> {
    let mut found = names(word, escape);
    add_names_of_defaults(&mut found, known);
    found
}

/// Adds the variables in the defaults that are written in place of names.
pub(super) fn add_names_of_defaults(found: &mut Vec<String>, known: &dyn Names) {
    let defaults: Vec<String> = found.iter().filter_map(|name| known.replacement(name)).collect();
    found.extend(defaults.iter().flat_map(|default| names_of_template(default)));
}

/// The names that are substituted in a string of a build file.
pub(super) fn names_of_template(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for rest in text.split("${").skip(1) {
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let name = &rest[..end.unwrap_or(rest.len())];
        if is_name(name) {
            names.insert(name.to_owned());
        }
    }
    names
}

/// True if a word has the variable with a modifier.
pub(super) fn modifies(word: &str, escape: char, name: &str) -> bool {
    let pieces = lex::word(word, escape).unwrap_or_default();
    pieces.iter().any(|piece| match piece {
        Piece::Text(_) => false,
        Piece::Variable { name: named, modifier, .. } => {
            named == name && *modifier != Modifier::Plain
        }
    })
}

/// The variables in the content of a heredoc.
pub(super) fn names_of_text(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    collect(&lex::text(text).unwrap_or_default(), &mut found);
    found
}

fn collect(pieces: &[Piece], found: &mut Vec<String>) {
    for piece in pieces {
        let Piece::Variable { name, modifier, .. } = piece else { continue };
        found.push(name.clone());
        match modifier {
            Modifier::Plain => {}
            Modifier::Default { word, .. } | Modifier::Alternative { word, .. } => {
                collect(word, found);
            }
            Modifier::Required { message: word, .. }
            | Modifier::TrimPrefix { pattern: word, .. }
            | Modifier::TrimSuffix { pattern: word, .. } => collect(word, found),
            Modifier::Replace { pattern, replacement, .. } => {
                collect(pattern, found);
                collect(replacement, found);
            }
        }
    }
}

/// Converts pieces to a string of a build file.
pub(super) fn template(pieces: &[Piece], names: &dyn Names) -> String {
    let mut out = String::new();
    for piece in pieces {
        // Values that contain each other would grow without limit.
        if out.len() > LONGEST_TEXT {
            break;
        }
        match piece {
            Piece::Text(text) => out.push_str(&literal(text)),
            Piece::Variable { name, modifier, .. } => variable(name, modifier, names, &mut out),
        }
    }
    out
}

/// Escapes a literal text.
pub(super) fn literal(text: &str) -> Cow<'_, str> {
    match text.contains("${") {
        true => Cow::Owned(text.replace("${", "$${")),
        false => Cow::Borrowed(text),
    }
}

/// Text within a substitution, where a backslash escapes the next character.
fn inner(pieces: &[Piece], names: &dyn Names, is_pattern: bool) -> String {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            // A pattern keeps its own escapes.
            Piece::Text(text) if is_pattern => out.push_str(&literal(text)),
            Piece::Text(text) => {
                for c in text.chars() {
                    if matches!(c, '\\' | '}') {
                        out.push('\\');
                    }
                    out.push(c);
                }
            }
            Piece::Variable { name, modifier, .. } => variable(name, modifier, names, &mut out),
        }
    }
    out
}

fn variable(name: &str, modifier: &Modifier, names: &dyn Names, out: &mut String) {
    let meaning = names.meaning(name);
    if let Some(value) = names.replacement(name) {
        // It is always set.
        match modifier {
            Modifier::Plain
            | Modifier::Default { colon: false, .. }
            | Modifier::Required { colon: false, .. } => return out.push_str(&value),
            Modifier::Alternative { colon: false, word } => {
                return out.push_str(&template(word, names));
            }
            _ => {
                if let Some(constant) = names.constant(name) {
                    return variable(&constant, modifier, &IsSet(names), out);
                }
            }
        }
    }
    match modifier {
        // For an unset variable, these result in an empty text.
        Modifier::TrimPrefix { .. } | Modifier::TrimSuffix { .. } | Modifier::Replace { .. }
            if meaning == Meaning::Maybe =>
        {
            let mut of_value = String::new();
            variable(name, modifier, &IsSet(names), &mut of_value);
            out.push_str(&format!("${{{name}+{of_value}}}"));
        }
        _ if meaning == Meaning::Never => match modifier {
            Modifier::Default { word, .. } => out.push_str(&inner(word, names, false)),
            Modifier::Required { message, .. } => {
                let message = inner(message, names, false);
                out.push_str(&format!("${{MSTAGE_UNSET:?{message}}}"));
            }
            _ => {}
        },
        Modifier::Plain if meaning == Meaning::Set => out.push_str(&format!("${{{name}}}")),
        Modifier::Plain => out.push_str(&format!("${{{name}:-}}")),
        Modifier::Default { colon, word } => {
            let (colon, word) = (if *colon { ":" } else { "" }, inner(word, names, false));
            out.push_str(&format!("${{{name}{colon}-{word}}}"));
        }
        Modifier::Alternative { colon, word } => {
            let (colon, word) = (if *colon { ":" } else { "" }, inner(word, names, false));
            out.push_str(&format!("${{{name}{colon}+{word}}}"));
        }
        Modifier::Required { colon, message } => {
            let (colon, message) = (if *colon { ":" } else { "" }, inner(message, names, false));
            out.push_str(&format!("${{{name}{colon}?{message}}}"));
        }
        Modifier::TrimPrefix { longest, pattern } => {
            let (sign, pattern) = (if *longest { "##" } else { "#" }, inner(pattern, names, true));
            out.push_str(&format!("${{{name}{sign}{pattern}}}"));
        }
        Modifier::TrimSuffix { longest, pattern } => {
            let (sign, pattern) = (if *longest { "%%" } else { "%" }, inner(pattern, names, true));
            out.push_str(&format!("${{{name}{sign}{pattern}}}"));
        }
        Modifier::Replace { all, pattern, replacement } => {
            let sign = if *all { "//" } else { "/" };
            // Docker keeps the escapes of both, but has no escapes in what it inserts.
            let (pattern, replacement) =
                (inner(pattern, names, true), inner(replacement, names, false));
            out.push_str(&format!("${{{name}{sign}{pattern}/{replacement}}}"));
        }
    }
}

/// The meaning of names if all of them are set.
struct IsSet<'n>(&'n dyn Names);

impl Names for IsSet<'_> {
    fn meaning(&self, name: &str) -> Meaning {
        match self.0.meaning(name) {
            Meaning::Maybe => Meaning::Set,
            meaning => meaning,
        }
    }

    fn replacement(&self, name: &str) -> Option<String> {
        self.0.replacement(name)
    }

    fn constant(&self, name: &str) -> Option<String> {
        self.0.constant(name)
    }
}

/// True if a build file allows a name: a letter or `_`, then letters, digits and `_`.
pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The variables that are expanded in an instruction.
pub(super) fn names_of(instruction: &Instruction, escape: char) -> BTreeSet<String> {
    let (transfer, checksum) = match &instruction.kind {
        Kind::Copy(copy) => (&copy.transfer, None),
        Kind::Add(add) => (&add.transfer, add.checksum.as_ref()),
        kind => return names_of_words(&words_of(kind), escape),
    };
    let words = transfer.sources.iter().chain([&transfer.destination]).chain(&transfer.chown);
    let words: Vec<&Word> = words.chain(&transfer.chmod).chain(checksum).collect();
    let mut used = names_of_words(&words, escape);
    for heredoc in transfer.heredocs.iter().filter(|heredoc| heredoc.expand) {
        used.extend(names_of_text(&heredoc.content));
    }
    used
}

/// The destination of a `COPY` or `ADD`, as written.
pub(super) fn destination(instruction: &Instruction) -> Option<&str> {
    let transfer = match &instruction.kind {
        Kind::Copy(copy) => &copy.transfer,
        Kind::Add(add) => &add.transfer,
        _ => return None,
    };
    Some(&transfer.destination.value)
}

/// The words of an instruction that are expanded, for instructions that copy nothing.
fn words_of(kind: &Kind) -> Vec<&Word> {
    match kind {
        Kind::Label(pairs) => pairs.iter().flat_map(|pair| [&pair.name, &pair.value]).collect(),
        Kind::Env(pairs) => pairs.iter().map(|pair| &pair.value).collect(),
        Kind::Arg(pairs) => pairs.iter().filter_map(|pair| pair.default.as_ref()).collect(),
        Kind::Expose(words) | Kind::Volume(words) => words.iter().collect(),
        Kind::User(word) | Kind::StopSignal(word) | Kind::Workdir(word) => vec![word],
        _ => Vec::new(),
    }
}

fn names_of_words(words: &[&Word], escape: char) -> BTreeSet<String> {
    words.iter().flat_map(|word| names(&word.value, escape)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct SetIsSet;

    impl Names for SetIsSet {
        fn meaning(&self, name: &str) -> Meaning {
            match name {
                "SET" => Meaning::Set,
                _ if is_name(name) => Meaning::Maybe,
                _ => Meaning::Never,
            }
        }
    }

    #[test]
    fn values_that_are_known() {
        let known = |name: &str| match name {
            "A" => Known::Value("a"),
            "EMPTY" => Known::Value(""),
            "BASE" => Known::Unknown,
            _ => Known::Unset,
        };
        let fold = |word: &str| fold(&lex::word(word, '\\').unwrap(), &known);
        for (word, expected) in [
            ("x$A", Some("xa")),
            ("$UNSET", Some("")),
            ("$BASE", None),
            ("${EMPTY:-$A}", Some("a")),
            ("${EMPTY-$A}", Some("")),
            ("${A:+b}${UNSET+c}", Some("b")),
            ("${A#a}", None),
            ("${UNSET%x}", Some("")),
        ] {
            assert_eq!(fold(word), Ok(expected.map(str::to_owned)), "{word}");
        }
        assert_eq!(fold("${X:?say it}"), Err("X: say it".to_owned()));
        assert_eq!(fold("${X?}"), Err("X: is not allowed to be unset".to_owned()));
        assert_eq!(fold("${EMPTY:?}"), Err("EMPTY: is not allowed to be empty".to_owned()));
    }

    #[test]
    fn words_become_templates() {
        for (word, expected) in [
            ("a b", "a b"),
            ("\"$SET\"/x", "${SET}/x"),
            ("$FOO", "${FOO:-}"),
            ("\\${SET}", "$${SET}"),
            ("\\$SET", "$SET"),
            ("${FOO:-a${SET}}", "${FOO:-a${SET}}"),
            ("${FOO-a\\}b}", "${FOO-a\\}b}"),
            ("a$1b", "ab"),
            ("${SET##*/}", "${SET##*/}"),
            ("${SET//a/$FOO}", "${SET//a/${FOO:-}}"),
            ("${FOO%.*}", "${FOO+${FOO%.*}}"),
        ] {
            assert_eq!(value(word, '\\', &SetIsSet).as_deref(), Ok(expected), "{word}");
        }
        assert_eq!(names("$A${B:-$C}", '\\'), ["A", "B", "C"]);
        assert_eq!(constant("'a'\"b\"", '\\').as_deref(), Some("ab"));
        assert_eq!(constant("$A", '\\'), None);
    }
}
