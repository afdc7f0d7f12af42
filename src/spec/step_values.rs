//! Types of values that are used only by keys of steps.

use std::collections::BTreeMap;

use super::form::STRING;
use super::name::PathKey;
use super::pasted;
use super::read::{OneOrMany, Read, words};
use super::reader::Reader;
use super::shape::Shape;
use super::table::table;
use super::template::{Allowed, Template, Unreadable, read_template};
use super::text::{self, dedent};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported, all};
use crate::rules::misplaced_key;
use crate::source::Spanned;
use crate::text::Text;
use crate::toml::{Entry, Key, Kind, Places, Value};

words! {
    /// The network of a process.
    pub enum Network as "a network" {
        /// A network of its own with outside access.
        "sandbox" Sandbox,
        /// The engine's network.
        "host" Host,
        /// None.
        "none" None,
    }

    /// The privileges of a process.
    pub enum Security as "a security mode" {
        /// The default privileges of containers.
        "sandbox" Sandbox,
        /// All privileges.
        "insecure" Insecure,
    }
}

table! {
    /// A device that may be optional.
    pub(super) struct DeviceTable as "a device" {
        /// Its CDI name.
        "name" name: Spanned<Template>,
        /// Fail the build if the engine does not have it.
        "required" required: Option<bool>,
    }
}

/// A device of the engine.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its CDI name.
    pub name: Template,
    /// Fail the build if the engine does not have it.
    pub required: bool,
}

impl Read for Device {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        if let Kind::Table(_) = value.kind {
            let DeviceTable { name, required } = DeviceTable::read(value, reader)?;
            return Ok(Self { name: name.value, required: required.unwrap_or(false) });
        }
        Template::read(value, reader).map(|name| Self { name, required: false })
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Template, DeviceTable::shape()])
    }
}

/// The sources of a step that adds files, with their destinations.
#[derive(Debug, Clone)]
pub enum Sources {
    /// Sources with one destination.
    To(OneOrMany<Template>),
    /// Sources with a destination each.
    Each(Vec<(Template, Template)>),
}

impl Read for Sources {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let Kind::Table(_) = value.kind else {
            return OneOrMany::read(value, reader).map(Sources::To);
        };
        warn_of_keys_for_paths(&value, reader.diagnostics);
        let pairs: BTreeMap<PathKey, Template> = BTreeMap::read(value, reader)?;
        let pairs = pairs.into_iter().map(|(PathKey { text, span }, to)| {
            Ok((read_template(text, span, Allowed::Line, reader)?, to))
        });
        all(pairs).map(Sources::Each)
    }

    fn shape() -> Shape {
        let paths = Shape::List(Box::new(Shape::Template));
        Shape::Any(vec![Shape::Template, paths, Shape::map(Shape::Template)])
    }
}

impl Sources {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Sources::To(sources) => sources.as_slice().is_empty(),
            Sources::Each(pairs) => pairs.is_empty(),
        }
    }
}

/// The content of a written file, without the indentation of the build file.
#[derive(Debug, Clone)]
pub struct Content {
    /// The literal text.
    pub text: Text,
    /// The parsed template for `expand`, or the reason why it cannot be parsed.
    pub template: Result<Template, Unreadable>,
}

impl Read for Content {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        if let Kind::Array(_) = value.kind {
            let lines = Vec::<Spanned<Text>>::read(value, reader)?;
            let mut text = String::new();
            let mut starts = Vec::with_capacity(lines.len());
            for line in lines {
                starts.push((text.len(), line.span));
                text.push_str(&line.value);
                text.push('\n');
            }
            let text = Text::from(text);
            let template =
                Template::parse(&text, span, Allowed::Bytes, || Places::of_strings(starts));
            return Ok(Self { text, template });
        }
        let text = match value.kind {
            // A file may contain NUL, which no other text may.
            Kind::String(text) => reader.text(&text).map(dedent),
            other => return reader.wrong_type(span, &other, STRING),
        };
        let template = Template::parse(&text, span, Allowed::Bytes, || {
            text::places(reader.file.slice(span), span.start)
        });
        if let Some(pasted) = pasted::in_content(&text, span) {
            return reader.diagnostics.error(pasted);
        }
        Ok(Self { text, template })
    }

    fn shape() -> Shape {
        Shape::Text.or_list()
    }
}

/// The text of a run step, without the indentation of the build file.
#[derive(Debug, Clone)]
pub struct Script(pub Text, Written);

/// The token of a string, with its quotes.
#[derive(Debug, Clone)]
struct Written(Text);

impl Spanned<Script> {
    /// The locations of the text in the file.
    pub fn places(&self) -> Places {
        let Script(_, Written(token)) = &self.value;
        text::places(token, self.span.start)
    }
}

impl Read for Script {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        if let found @ Kind::Array(_) = &value.kind {
            let form = "use `exec = [...]` for a program with arguments; write several commands as several steps, or as lines of one string";
            return reader.wrong_form(span, found, STRING, form);
        }
        let written = Written(reader.text(reader.file.slice(span)));
        let script = Text::read(value, reader)?.map(dedent);
        let script = script.piece(script.trim_end());
        if script.is_empty() {
            return reader.diagnostics.error(
                Diagnostic::new(Code::InvalidValue, span, "there is nothing to run")
                    .hint("write a command, or remove the step"),
            );
        }
        if let Some(pasted) = pasted::in_script(&script, span) {
            return reader.diagnostics.error(pasted);
        }
        Ok(Self(script, written))
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

/// Warns about a table of sources and destinations whose keys look like options for them.
fn warn_of_keys_for_paths(value: &Value<'_>, diagnostics: &mut Diagnostics) {
    const SOURCES: [&str; 5] = ["from", "source", "sources", "src", "srcs"];
    const DESTINATIONS: [&str; 6] = ["dest", "destination", "dst", "into", "target", "to"];
    let Kind::Table(entries) = &value.kind else { return };
    let (Some(source), Some(destination)) = (find(entries, &SOURCES), find(entries, &DESTINATIONS))
    else {
        return;
    };
    diagnostics.push(misplaced_key::for_paths(&source.name, &destination.name, source.span));
}

fn find<'k, 'i>(entries: &'k [Entry<'i>], names: &[&str]) -> Option<&'k Key<'i>> {
    entries.iter().map(|entry| &entry.key).find(|key| names.contains(&key.name.as_ref()))
}
