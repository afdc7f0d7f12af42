//! The value of a word.
//!
//! Follows `frontend/dockerfile/shell/lex.go` of BuildKit.

use std::collections::BTreeSet;

use super::variables::Variables;
use crate::dockerfile::lex::{self, Modifier, Piece};
use crate::spec::{Allowance, Glob, Spent};

/// The result of expanding a word.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expansion {
    /// Its value.
    pub(crate) text: String,
    /// The variables in it that are set.
    pub(crate) matched: BTreeSet<String>,
    /// The variables in it that are not set.
    pub(crate) unmatched: BTreeSet<String>,
    /// BuildKit's error message, if the expansion failed.
    pub(crate) error: Option<String>,
}

/// Expands a word with quotes and escapes.
pub(crate) fn expand_word(
    word: &str,
    escape: char,
    variables: &Variables,
    allowance: &Allowance,
) -> Expansion {
    expand(word, lex::word(word, escape), variables, allowance)
}

/// Expands the content of a heredoc, in which quotes are literal.
pub(crate) fn expand_text(text: &str, variables: &Variables, allowance: &Allowance) -> Expansion {
    expand(text, lex::text(text), variables, allowance)
}

fn expand(
    written: &str,
    pieces: Result<Vec<Piece>, String>,
    variables: &Variables,
    allowance: &Allowance,
) -> Expansion {
    let mut expander =
        Expander { variables, allowance, matched: BTreeSet::new(), unmatched: BTreeSet::new() };
    let result = pieces.and_then(|pieces| expander.text(&pieces));
    let Expander { matched, unmatched, .. } = expander;
    match result {
        Ok(text) => Expansion { text, matched, unmatched, error: None },
        Err(problem) => {
            let error = Some(format!("failed to process {written:?}: {problem}"));
            Expansion { text: String::new(), matched, unmatched, error }
        }
    }
}

struct Expander<'v> {
    variables: &'v Variables,
    allowance: &'v Allowance,
    matched: BTreeSet<String>,
    unmatched: BTreeSet<String>,
}

impl<'v> Expander<'v> {
    fn text(&mut self, pieces: &[Piece]) -> Result<String, String> {
        let mut out = String::new();
        for piece in pieces {
            let text = match piece {
                Piece::Text(text) => text.clone(),
                Piece::Variable { name, modifier, .. } => self.variable(name, modifier)?,
            };
            self.allowance.spend(text.len()).map_err(too_much)?;
            out.push_str(&text);
        }
        Ok(out)
    }

    fn get(&mut self, name: &str) -> Option<&'v str> {
        let value = self.variables.get(name);
        let seen = if value.is_some() { &mut self.matched } else { &mut self.unmatched };
        if !seen.contains(name) {
            seen.insert(name.to_owned());
        }
        value
    }

    fn variable(&mut self, name: &str, modifier: &Modifier) -> Result<String, String> {
        // The word after a modifier is evaluated even if it is not used.
        match modifier {
            Modifier::Plain => Ok(self.get(name).unwrap_or_default().to_owned()),
            Modifier::Default { colon, word } => {
                let word = self.text(word)?;
                let value = self.get(name).filter(|value| !(*colon && value.is_empty()));
                Ok(value.map_or(word, str::to_owned))
            }
            Modifier::Alternative { colon, word } => {
                let word = self.text(word)?;
                let value = self.get(name).filter(|value| !(*colon && value.is_empty()));
                Ok(value.map_or_else(String::new, |_| word))
            }
            Modifier::Required { colon, message } => {
                let message = self.text(message)?;
                let problem = match self.get(name) {
                    None => "is not allowed to be unset",
                    Some("") if *colon => "is not allowed to be empty",
                    Some(value) => return Ok(value.to_owned()),
                };
                let problem = if message.is_empty() { problem } else { &message };
                Err(format!("{name}: {problem}"))
            }
            Modifier::TrimPrefix { longest, pattern } => {
                let pattern = Glob::new(&self.text(pattern)?);
                let value = self.get(name).unwrap_or_default();
                let end = pattern.prefix(value, *longest, self.allowance).map_err(too_much)?;
                Ok(value[end.unwrap_or(0)..].to_owned())
            }
            Modifier::TrimSuffix { longest, pattern } => {
                let pattern = Glob::new(&self.text(pattern)?);
                let value = self.get(name).unwrap_or_default();
                let start = pattern.suffix(value, *longest, self.allowance).map_err(too_much)?;
                Ok(value[..start.unwrap_or(value.len())].to_owned())
            }
            Modifier::Replace { all, pattern, replacement } => {
                let pattern = Glob::new(&self.text(pattern)?);
                let replacement = self.text(replacement)?;
                let value = self.get(name).unwrap_or_default();
                pattern.replace(value, &replacement, *all, self.allowance).map_err(too_much)
            }
        }
    }
}

fn too_much(_: Spent) -> String {
    "its values are too large".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_names() {
        let mut variables = Variables::default();
        variables.set("A", "x.tar.gz".to_owned());
        variables.set("EMPTY", String::new());
        let allowance = Allowance::new(10_000);
        for (word, text, unmatched) in [
            ("$A-\"$B\"-'$C'", "x.tar.gz--$C", &["B"][..]),
            ("${EMPTY:-${D}y}${EMPTY-z}", "y", &["D"]),
            ("${A:+a}${B+b}", "a", &["B"]),
            ("${A%.*}/${A##*.}/${A/tar/cpio}", "x.tar/gz/x.cpio.gz", &[]),
            ("${A?no}", "x.tar.gz", &[]),
        ] {
            let found = expand_word(word, '\\', &variables, &allowance);
            let names: Vec<&str> = found.unmatched.iter().map(String::as_str).collect();
            assert_eq!((&*found.text, &names[..]), (text, unmatched), "{word}");
            assert_eq!(found.error, None, "{word}");
        }
        for (word, error) in [
            ("${B?no}", "failed to process \"${B?no}\": B: no"),
            ("${EMPTY:?}", "failed to process \"${EMPTY:?}\": EMPTY: is not allowed to be empty"),
            ("${A:-", "failed to process \"${A:-\": syntax error: missing '}'"),
        ] {
            let found = expand_word(word, '\\', &variables, &allowance);
            assert_eq!(found.error.as_deref(), Some(error), "{word}");
        }
        let small = Allowance::new(10);
        assert!(expand_word("$A$A", '\\', &variables, &small).error.is_some());
    }
}
