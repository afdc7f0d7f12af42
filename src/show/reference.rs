//! The reference: every table with its keys, their types and descriptions, and an example.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::spec::shape::{Key, Shape, TableShape};

const HEAD: &str = "\
# Build file keys

Every key of a build file. The tests generate this page from the parser's own declarations and compile its examples.

In a *template*, `${NAME}` is replaced; in *text*, it is not. [From a Dockerfile](from-dockerfile.md) lists the key for each instruction.
";

/// An example for each table, by the table's name.
const EXAMPLES: &[(&str, &str)] = &[
    ("a build file", include_str!("examples/build-file.toml")),
    ("an arg", include_str!("examples/args.toml")),
    ("a check", include_str!("examples/check.toml")),
    ("a stage", include_str!("examples/stage.toml")),
    ("a `from`", include_str!("examples/from.toml")),
    ("a cache mount", include_str!("examples/mounts.toml")),
    ("a run step", include_str!("examples/run.toml")),
    ("an exec step", include_str!("examples/exec.toml")),
    ("a copy step", include_str!("examples/copy.toml")),
    ("a fetch step", include_str!("examples/fetch.toml")),
    ("a write step", include_str!("examples/files.toml")),
    ("an image", include_str!("examples/image.toml")),
];

/// The reference of a shape, in Markdown.
pub fn reference(shape: &Shape) -> String {
    let mut page = Page { text: HEAD.to_owned(), seen: BTreeSet::new() };
    page.add(shape);
    page.text
}

struct Page {
    text: String,
    seen: BTreeSet<&'static str>,
}

impl Page {
    /// Adds the tables of a shape, each after the table that contains it.
    fn add(&mut self, shape: &Shape) {
        match shape {
            Shape::Table(table) => {
                if self.seen.insert(table.what) {
                    self.add_table(table);
                    for key in &table.keys {
                        self.add(&(key.shape)());
                    }
                }
            }
            Shape::List(inner) | Shape::Map { values: inner, .. } => self.add(inner),
            Shape::Any(shapes) => shapes.iter().for_each(|shape| self.add(shape)),
            Shape::Text
            | Shape::Template
            | Shape::Words(_)
            | Shape::Rule
            | Shape::Integer
            | Shape::Boolean
            | Shape::Tree => {}
        }
    }

    fn add_table(&mut self, table: &TableShape) {
        let _ = write!(self.text, "\n## {}\n\n{}\n\n", heading(table.what), table.docs);
        self.text.push_str("| key | takes | meaning |\n| --- | --- | --- |\n");
        for Key { name, docs, required, shape } in &table.keys {
            let required = if *required { " **Required.**" } else { "" };
            let takes = takes(&shape()).replace('|', "\\|");
            let _ = writeln!(self.text, "| `{name}` | {takes} | {docs}{required} |");
        }
        if let Some((_, example)) = EXAMPLES.iter().find(|(what, _)| *what == table.what) {
            let _ = write!(self.text, "\n```toml\n{example}```\n");
        }
    }
}

/// `a run step` becomes `Run step`.
fn heading(what: &str) -> String {
    let name = what.split_once(' ').map_or(what, |(_, name)| name).replace('`', "");
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A short description of a key's type, in Markdown with links relative to the reference.
pub fn takes(shape: &Shape) -> String {
    match shape {
        Shape::Text => "text".to_owned(),
        Shape::Template => "template".to_owned(),
        Shape::Words(words) => {
            words.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", ")
        }
        Shape::Rule => "[rule](../rules/README.md)".to_owned(),
        Shape::Integer => "integer".to_owned(),
        Shape::Boolean => "`true` or `false`".to_owned(),
        Shape::List(items) => format!("list of {}", takes(items)),
        Shape::Map { values, .. } => format!("table: {} by name", takes(values)),
        Shape::Tree => "table: templates by name".to_owned(),
        Shape::Any(shapes) => {
            let mut all: Vec<String> = shapes.iter().map(takes).collect();
            all.dedup();
            match &all[..] {
                [one, list] if *list == format!("list of {one}") => {
                    format!("{one}; or a list of them")
                }
                _ => all.join(", or "),
            }
        }
        Shape::Table(table) => {
            let heading = heading(table.what);
            format!("[{}](#{})", heading.to_lowercase(), heading.to_lowercase().replace(' ', "-"))
        }
    }
}
