//! The shape of the language: which keys there are and what they take, as data.
//!
//! It comes from the same declarations as the parser. The reference (`docs/reference/build-file.md`) and the JSON
//! Schema (`schema/mstage.schema.json`) are written from it, so that none of the three can disagree.

/// What a value may be.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A string without `${NAME}`.
    Text,
    /// A string in which `${NAME}` is replaced.
    Template,
    /// One of a few words.
    Words(Vec<&'static str>),
    /// The name of an advisory rule.
    Rule,
    /// An integer.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A list of values of one shape.
    List(Box<Shape>),
    /// A table with free names as keys.
    Map {
        /// What the names look like, as a regular expression; empty for any.
        names: &'static str,
        /// What stands under each.
        values: Box<Shape>,
    },
    /// Strings under names of any number of parts, which may be written as nested tables.
    Tree,
    /// One of several shapes.
    Any(Vec<Shape>),
    /// A table with keys of the language.
    Table(TableShape),
}

/// A table with keys of the language.
#[derive(Debug, Clone)]
pub struct TableShape {
    /// What it is, with its article.
    pub what: &'static str,
    /// What it is for.
    pub docs: String,
    /// Its keys, in the order of their declaration.
    pub keys: Vec<Key>,
}

/// A key of a table.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub docs: String,
    /// Whether it must be there.
    pub required: bool,
    /// What it takes.
    pub shape: fn() -> Shape,
}

impl Shape {
    /// A table with any names as keys.
    pub(super) fn map(values: Shape) -> Shape {
        Shape::Map { names: "", values: Box::new(values) }
    }

    /// A table with names of one kind as keys.
    pub(super) fn named(names: &'static str, values: Shape) -> Shape {
        Shape::Map { names, values: Box::new(values) }
    }

    /// Whether a table may stand here.
    pub(super) fn takes_table(&self) -> bool {
        match self {
            Shape::Map { .. } | Shape::Tree | Shape::Table(_) => true,
            Shape::Any(shapes) => shapes.iter().any(Shape::takes_table),
            Shape::Text
            | Shape::Template
            | Shape::Words(_)
            | Shape::Rule
            | Shape::Integer
            | Shape::Boolean
            | Shape::List(_) => false,
        }
    }

    /// A value, or a list of such values.
    pub(super) fn or_list(self) -> Shape {
        Shape::Any(vec![self.clone(), Shape::List(Box::new(self))])
    }
}

/// Doc comments as one text: their lines come with a leading space.
pub(super) fn docs(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}
