//! The shape of the language: its keys and their types, as data.
//!
//! Generated from the same declarations as the parser. The reference
//! (`docs/reference/build-file.md`) and the JSON Schema (`schema/mstage.schema.json`) are generated
//! from it, so that all three agree.

/// The set of accepted values.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A string without substitutions.
    Text,
    /// A string in which `${NAME}` is substituted.
    Template,
    /// One of a few fixed words.
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
        /// A regular expression for the names; empty for any.
        names: &'static str,
        /// The shape of the values.
        values: Box<Shape>,
    },
    /// Strings with dotted names, which may be written as nested tables.
    Tree,
    /// One of several shapes.
    Any(Vec<Shape>),
    /// A table with fixed keys.
    Table(TableShape),
}

/// A table with fixed keys.
#[derive(Debug, Clone)]
pub struct TableShape {
    /// Its name, with its article.
    pub what: &'static str,
    /// Its description.
    pub docs: String,
    /// Its keys, in the order of their declaration.
    pub keys: Vec<Key>,
}

/// A key of a table.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// Its description.
    pub docs: String,
    /// True if it is required.
    pub required: bool,
    /// The accepted values.
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

    /// True if a table is accepted.
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

/// Joins doc comments to one text: their lines begin with a space.
pub(super) fn docs(lines: &[&str]) -> String {
    lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
}
