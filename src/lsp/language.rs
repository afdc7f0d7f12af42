//! The language's tables, each made once: [`shape`](crate::spec::shape) makes them at every call.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::spec::shape::{Key, Shape, TableShape};
use crate::spec::{self};

/// All tables of the language, and the shape of a build file.
pub(super) struct Language {
    pub(super) root: Shape,
    tables: BTreeMap<&'static str, Table>,
}

/// A table with fixed keys.
pub(super) struct Table {
    pub(super) shape: TableShape,
    /// The shapes of its keys' values.
    values: Vec<Shape>,
}

/// The language.
pub(super) fn language() -> &'static Language {
    static LANGUAGE: LazyLock<Language> = LazyLock::new(|| {
        let root = spec::shape();
        let mut tables = BTreeMap::new();
        add(&root, &mut tables);
        Language { root, tables }
    });
    &LANGUAGE
}

fn add(shape: &Shape, tables: &mut BTreeMap<&'static str, Table>) {
    match shape {
        Shape::List(inner) | Shape::Map { values: inner, .. } => add(inner, tables),
        Shape::Any(shapes) => shapes.iter().for_each(|shape| add(shape, tables)),
        Shape::Table(table) if !tables.contains_key(table.what) => {
            let values: Vec<Shape> = table.keys.iter().map(|key| (key.shape)()).collect();
            tables.insert(table.what, Table { shape: table.clone(), values: values.clone() });
            values.iter().for_each(|shape| add(shape, tables));
        }
        Shape::Table(_)
        | Shape::Text
        | Shape::Template
        | Shape::Words(_)
        | Shape::Rule
        | Shape::Integer
        | Shape::Boolean
        | Shape::Tree => {}
    }
}

impl Language {
    /// The table of that name.
    pub(super) fn table(&self, what: &str) -> Option<&Table> {
        self.tables.get(what)
    }

    /// The tables that a value of a shape may be.
    pub(super) fn tables_of(&self, shape: &Shape) -> Vec<&Table> {
        let forms = forms(shape).into_iter();
        forms
            .filter_map(|form| match form {
                Shape::Table(table) => self.table(table.what),
                _ => None,
            })
            .collect()
    }
}

impl Table {
    /// The table's name with its article.
    pub(super) fn what(&self) -> &'static str {
        self.shape.what
    }

    /// A key, and the shape of its value.
    pub(super) fn key(&self, name: &str) -> Option<(&Key, &Shape)> {
        let at = self.shape.keys.iter().position(|key| key.name == name)?;
        Some((&self.shape.keys[at], &self.values[at]))
    }

    /// The key that distinguishes the table from others that could be in its place: the verb of a
    /// step, the kind of a mount.
    pub(super) fn identity(&self) -> Option<&Key> {
        let keys = &self.shape.keys;
        match &keys[..] {
            [only] => Some(only),
            keys => keys.iter().find(|key| key.required),
        }
    }
}

/// The alternatives of a shape, without nesting.
pub(super) fn forms(shape: &Shape) -> Vec<&Shape> {
    let mut flat = Vec::new();
    flatten(shape, &mut flat);
    flat
}

fn flatten<'s>(shape: &'s Shape, flat: &mut Vec<&'s Shape>) {
    match shape {
        Shape::Any(shapes) => shapes.iter().for_each(|shape| flatten(shape, flat)),
        shape => flat.push(shape),
    }
}

/// The shape of the items, if a list is possible.
pub(super) fn item_of(shape: &Shape) -> Option<&Shape> {
    forms(shape).into_iter().find_map(|form| match form {
        Shape::List(items) => Some(&**items),
        _ => None,
    })
}

/// The shape of the values, if a table with free names is possible.
pub(super) fn values_of(shape: &Shape) -> Option<&Shape> {
    forms(shape).into_iter().find_map(|form| match form {
        Shape::Map { values, .. } => Some(&**values),
        Shape::Tree => Some(form),
        _ => None,
    })
}

/// True if a string is possible in which `${NAME}` is replaced.
pub(super) fn takes_template(shape: &Shape) -> bool {
    forms(shape).iter().any(|form| matches!(form, Shape::Template | Shape::Tree))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_what_tells_them_apart() {
        let language = language();
        let steps = language.table("a stage").unwrap().key("steps").unwrap().1;
        let step = item_of(steps).unwrap();
        let tables = language.tables_of(step);
        let verbs: Vec<&str> = tables.iter().map(|table| table.identity().unwrap().name).collect();
        assert_eq!(verbs[..3], ["run", "exec", "copy"]);
        assert!(!takes_template(step));
        assert!(language.table("a parallel step").is_some());
        let stages = language.table("a build file").unwrap().key("stages").unwrap().1;
        assert!(values_of(stages).is_some() && item_of(stages).is_none());
    }
}
