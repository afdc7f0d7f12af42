//! From text to the parts of a template.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

use super::part::{Modifier, Part, Substitution, unescape};
use crate::spec::name::{is_variable, leading_name};
use crate::toml::Places;

/// Maximum nesting of `${A:-${B:-...}}`.
const MAX_DEPTH: usize = 32;

pub(super) struct Parser<'t> {
    text: &'t str,
    places: &'t Places,
    chars: Peekable<CharIndices<'t>>,
    /// Each `$NAME` outside braces.
    pub(super) bare: Vec<Range<usize>>,
}

/// An error, and its range in the text.
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) range: Range<usize>,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, places: &'t Places) -> Self {
        Self { text, places, chars: text.char_indices().peekable(), bare: Vec::new() }
    }

    /// The offset of the next character.
    fn offset(&mut self) -> usize {
        self.chars.peek().map_or(self.text.len(), |&(at, _)| at)
    }

    /// An error about the text from `start` up to here.
    fn problem<T>(&mut self, start: usize, message: impl Into<String>) -> Result<T, Problem> {
        Err(Problem { message: message.into(), range: start..self.offset() })
    }

    /// Text and substitutions up to one of the `stops`, which is consumed; without stops, to the
    /// end.
    pub(super) fn parts(&mut self, stops: &[char], depth: usize) -> Result<Vec<Part>, Problem> {
        let start = self.offset();
        if depth > MAX_DEPTH {
            let message = format!("substitutions are nested more than {MAX_DEPTH} levels deep");
            return self.problem(start, message);
        }
        let mut parts = Vec::new();
        let mut text = String::new();
        loop {
            let Some((at, c)) = self.chars.next() else {
                if let Some(stop) = stops.first() {
                    return self.problem(start, format!("unterminated `${{`: expected `{stop}`"));
                }
                break;
            };
            match c {
                _ if stops.contains(&c) => break,
                '\\' if !stops.is_empty() => {
                    // The patterns of `#`, `%` and `/` have escapes of their own: keep the
                    // backslash.
                    text.push('\\');
                    text.extend(self.chars.next().map(|(_, escaped)| escaped));
                }
                '$' if self.text[at..].starts_with("$${") => {
                    self.chars.next();
                    self.chars.next();
                    text.push_str("${");
                }
                '$' if self.text[at..].starts_with("${") => {
                    self.chars.next();
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    parts.push(Part::Substitution(self.substitution(at, depth)?));
                }
                '$' => {
                    let name = leading_name(&self.text[at + 1..]);
                    if is_variable(name) {
                        self.bare.push(at..at + 1 + name.len());
                    }
                    text.push('$');
                }
                other => text.push(other),
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(parts)
    }

    /// Parses the rest of a substitution after the `${` at `start`, including its closing brace.
    fn substitution(&mut self, start: usize, depth: usize) -> Result<Substitution, Problem> {
        let after = self.offset();
        let name = leading_name(&self.text[after..]);
        if !is_variable(name) {
            return self.problem(start, "expected a name after `${`");
        }
        for _ in 0..name.len() {
            self.chars.next();
        }
        let name = name.to_owned();
        let Some((_, sign)) = self.chars.next() else {
            return self.problem(start, format!("unterminated `${{{name}`: expected `}}`"));
        };
        let inner = depth + 1;
        let modifier = match sign {
            '}' => Modifier::Plain,
            ':' => {
                let Some((_, sign)) = self.chars.next() else {
                    return self
                        .problem(start, format!("unterminated `${{{name}:`: expected `}}`"));
                };
                match self.conditional(sign, true, inner)? {
                    Some(modifier) => modifier,
                    None => {
                        let message =
                            format!("unknown modifier `:{sign}` in `${{{name}:{sign}...}}`");
                        return self.problem(start, message);
                    }
                }
            }
            '#' => {
                let longest = self.skip('#');
                Modifier::TrimPrefix { longest, pattern: self.parts(&['}'], inner)? }
            }
            '%' => {
                let longest = self.skip('%');
                Modifier::TrimSuffix { longest, pattern: self.parts(&['}'], inner)? }
            }
            '/' => {
                let all = self.skip('/');
                let pattern = self.parts(&['/'], inner)?;
                Modifier::Replace { all, pattern, replacement: self.word(inner)? }
            }
            sign => match self.conditional(sign, false, inner)? {
                Some(modifier) => modifier,
                None => {
                    let message = format!("unknown modifier `{sign}` in `${{{name}{sign}...}}`");
                    return self.problem(start, message);
                }
            },
        };
        let span = self.places.span(start..self.offset());
        Ok(Substitution { name, modifier, span })
    }

    fn conditional(
        &mut self,
        sign: char,
        colon: bool,
        depth: usize,
    ) -> Result<Option<Modifier>, Problem> {
        Ok(match sign {
            '-' => Some(Modifier::Default { colon, word: self.word(depth)? }),
            '+' => Some(Modifier::Alternative { colon, word: self.word(depth)? }),
            '?' => Some(Modifier::Required { colon, message: self.word(depth)? }),
            _ => None,
        })
    }

    /// Parses a word that is a value, not a pattern, and removes its escapes.
    fn word(&mut self, depth: usize) -> Result<Vec<Part>, Problem> {
        let mut parts = self.parts(&['}'], depth)?;
        for part in &mut parts {
            if let Part::Text(text) = part {
                *text = unescape(text);
            }
        }
        Ok(parts)
    }

    fn skip(&mut self, wanted: char) -> bool {
        self.chars.next_if(|&(_, c)| c == wanted).is_some()
    }
}
