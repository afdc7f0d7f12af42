//! Templates, for who asks what they may become and has no values.

use super::{Content, Modifier, Part, Substitution, Template};

/// A piece of a template, for who asks what it may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Text that stays as it is.
    Text(&'t str),
    /// The value of a name.
    Name(&'t str),
    /// What a modifier makes of a value.
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
