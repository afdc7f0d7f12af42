//! The pieces of a template, for analysing its possible values.

use super::part::{Modifier, Part, Substitution};
use super::{Content, Template};

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Literal text.
    Text(&'t str),
    /// The value of a name.
    Name(&'t str),
    /// The result of a modifier.
    Changed,
}

impl Template {
    /// Its pieces, in order.
    pub fn pieces(&self) -> Vec<Piece<'_>> {
        let parts = match &self.content {
            Content::Literal(text) => return vec![Piece::Text(text)],
            Content::Parts(parts) => parts.iter(),
        };
        parts
            .map(|part| match part {
                Part::Text(text) => Piece::Text(text),
                Part::Substitution(Substitution { name, modifier: Modifier::Plain, .. }) => {
                    Piece::Name(name)
                }
                Part::Substitution(_) => Piece::Changed,
            })
            .collect()
    }
}
