//! The variables and the shell of stages, steps and images.

use std::collections::BTreeMap;

use super::form::quoted;
use super::name::{ArgName, EnvName};
use super::read::{Read, named_or_unread};
use super::reader::Reader;
use super::shape::Shape;
use super::table::{Field, Table, warn_of_misplaced_keys};
use super::template::{Scalar, Template, TextTemplate};
use crate::collect::collect_map;
use crate::diagnostic::{Code, Diagnostic, Reported};
use crate::text::Text;
use crate::toml::{Kind, Value};

/// Environment variables. Their order in the file has no meaning.
#[derive(Debug, Clone, Default)]
pub struct Env(pub BTreeMap<EnvName, Template>);

impl Field for Env {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        Shape::map(Scalar::shape())
    }

    fn take(
        table: &mut Table<'_>,
        key: &'static str,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Reported> {
        warn_of_misplaced_keys(table, key, reader);
        let Some(value) = table.remove(key) else { return Ok(Self::default()) };
        let entries: BTreeMap<EnvName, Scalar> = named_or_unread(value, reader)?;
        let entries = entries.into_iter().map(|(name, Scalar(template))| (name, template));
        Ok(Self(collect_map(entries)))
    }
}

/// The shell for the text of `run` steps: a program and its arguments. The text is added as the
/// last one.
#[derive(Debug, Clone)]
pub struct Shell(pub Vec<TextTemplate>);

/// A list, or the name of a shell as a shorthand.
impl Read for Shell {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        let words = match value.kind {
            Kind::Array(_) => Vec::<TextTemplate>::read(value, reader)?,
            Kind::String(name) if name == "bash" => ["/bin/bash", "-euo", "pipefail", "-c"]
                .map(|word| TextTemplate(Template::literal(word, span)))
                .to_vec(),
            Kind::String(name) if name == "sh" => {
                ["/bin/sh", "-ec"].map(|word| TextTemplate(Template::literal(word, span))).to_vec()
            }
            Kind::String(name) => {
                let message = format!("unknown shell `{name}`");
                let hint = match name.starts_with('/') {
                    true => format!("write the whole command as a list: [{}]", shell_of_path(&name)),
                    false => {
                        "write \"sh\", \"bash\", or the whole command as a list: [\"/bin/zsh\", \"-c\"]"
                            .to_owned()
                    }
                };
                return reader
                    .diagnostics
                    .error(Diagnostic::new(Code::InvalidValue, span, message).hint(hint));
            }
            other => {
                let form = "write \"bash\", or a list: [\"/bin/zsh\", \"-c\"]";
                return reader.wrong_form(span, &other, "a list or a string", form);
            }
        };
        if words.is_empty() {
            return reader.diagnostics.error(
                Diagnostic::new(Code::InvalidValue, span, "a shell needs a program")
                    .hint("the default is [\"/bin/sh\", \"-ec\"]"),
            );
        }
        Ok(Self(words))
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Words(vec!["sh", "bash"]), Shape::List(Box::new(Shape::Template))])
    }
}

/// The words of a shell that is written as a single string.
fn shell_of_path(text: &str) -> String {
    let mut words: Vec<_> = text.split_whitespace().map(quoted).collect();
    if words.len() == 1 {
        words.push("\"-ec\"".to_owned());
    }
    words.join(", ")
}

impl Read for ArgName {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        use super::name::Name;
        let span = value.span;
        let text = Text::read(value, reader)?;
        ArgName::check(text, span, reader)
    }

    fn as_list(found: &Kind<'_>, _: &str) -> Option<String> {
        let Kind::Table(entries) = found else { return None };
        let names: Vec<_> = entries.iter().map(|entry| quoted(&entry.key.name)).collect();
        Some(format!(
            "defaults belong in [args] at the top of the file; list only names here: [{}]",
            names.join(", ")
        ))
    }

    fn shape() -> Shape {
        Shape::Text
    }
}
