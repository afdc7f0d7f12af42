//! The text of a template, with values instead of names.

use super::Unfit;
use super::part::{Modifier, Part, Substitution};
use crate::source::Span;
use crate::spec::allowance::{Allowance, Spent};
use crate::spec::glob::Glob;
use crate::text::Text;

/// A function that returns the value of a name: `None` if it is unset.
pub type Lookup<'l, E> = &'l mut dyn FnMut(&str) -> Result<Option<Text>, E>;

/// The reason why a template has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpandError<E> {
    /// The error of the lookup of a name.
    Lookup(E),
    /// A name that is unset, without a modifier that allows that.
    Unset {
        /// The name.
        name: String,
        /// Its span.
        span: Span,
    },
    /// The name in `${NAME:?message}` is unset or empty.
    Required {
        /// The name.
        name: String,
        /// The message, expanded.
        message: String,
        /// Its span.
        span: Span,
    },
    /// The result is not allowed as a value.
    Unfit(Unfit),
    /// The allowance is exhausted.
    TooLarge,
}

/// Returns the text of parts, with values from `lookup`.
pub(super) fn expand<E>(
    parts: &[Part],
    lookup: Lookup<'_, E>,
    allowance: &Allowance,
) -> Result<Text, ExpandError<E>> {
    Expander { lookup, allowance }.expand(parts)
}

/// The lookup of names, and the limit on the size of their values.
struct Expander<'l, E> {
    lookup: Lookup<'l, E>,
    allowance: &'l Allowance,
}

impl<E> Expander<'_, E> {
    fn expand(&mut self, parts: &[Part]) -> Result<Text, ExpandError<E>> {
        if let [Part::Substitution(substitution)] = parts {
            return self.substitute(substitution);
        }
        let mut out = String::new();
        for part in parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Substitution(substitution) => out.push_str(&self.substitute(substitution)?),
            }
        }
        Ok(out.into())
    }

    fn substitute(
        &mut self,
        Substitution { name, modifier, span }: &Substitution,
    ) -> Result<Text, ExpandError<E>> {
        let value = (self.lookup)(name).map_err(ExpandError::Lookup)?;
        let unset = || ExpandError::Unset { name: name.clone(), span: *span };
        let text = match modifier {
            Modifier::Plain => value.ok_or_else(unset)?,
            Modifier::Default { colon, word } => match set(value, *colon) {
                Some(value) => value,
                None => self.expand(word)?,
            },
            Modifier::Alternative { colon, word } => match set(value, *colon) {
                Some(_) => self.expand(word)?,
                None => Text::default(),
            },
            Modifier::Required { colon, message } => {
                let rule = if value.is_some() { "empty" } else { "unset" };
                match set(value, *colon) {
                    Some(value) => value,
                    None => {
                        let mut message = self.expand(message)?.to_string();
                        if message.is_empty() {
                            message = format!("is not allowed to be {rule}");
                        }
                        let (name, span) = (name.clone(), *span);
                        return Err(ExpandError::Required { name, message, span });
                    }
                }
            }
            Modifier::TrimPrefix { longest, pattern } => {
                let value = value.ok_or_else(unset)?;
                let pattern = Glob::new(&self.expand(pattern)?);
                match pattern.prefix(&value, *longest, self.allowance)? {
                    Some(end) => value.piece(&value[end..]),
                    None => value,
                }
            }
            Modifier::TrimSuffix { longest, pattern } => {
                let value = value.ok_or_else(unset)?;
                let pattern = Glob::new(&self.expand(pattern)?);
                match pattern.suffix(&value, *longest, self.allowance)? {
                    Some(start) => value.piece(&value[..start]),
                    None => value,
                }
            }
            Modifier::Replace { all, pattern, replacement } => {
                let value = value.ok_or_else(unset)?;
                let pattern = Glob::new(&self.expand(pattern)?);
                let replacement = self.expand(replacement)?;
                pattern.replace(&value, &replacement, *all, self.allowance)?.into()
            }
        };
        self.allowance.spend(text.len())?;
        Ok(text)
    }
}

fn set(value: Option<Text>, colon: bool) -> Option<Text> {
    value.filter(|value| !(colon && value.is_empty()))
}

impl<E> From<Spent> for ExpandError<E> {
    fn from(_: Spent) -> Self {
        ExpandError::TooLarge
    }
}
