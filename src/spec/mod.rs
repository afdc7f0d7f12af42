//! The language: from text to a [`Spec`], the file as it is written.
//!
//! Comes in: a [`SourceFile`]. Goes out: a [`Spec`], in which every key is known, every value has the
//! type that its key takes, and every `${...}` can be read; and a list of all that is wrong with it.
//! Knows nothing of values of args, of images, and of what a stage's `from` means: see [`crate::plan`].

mod arg;
mod image;
mod mount;
mod name;
mod names;
mod read;
mod rules;
pub(crate) mod script;
mod stage;
mod step;
mod template;
mod text;
mod toml;

use std::collections::BTreeMap;

use ::toml::de::DeValue;

pub use self::arg::Arg;
pub use self::image::{Command, Image, Labels};
pub use self::mount::{BindMount, CacheMount, Mount, Sharing};
pub use self::name::{ArgName, EnvName, LabelName, StageName};
pub use self::read::OneOrMany;
use self::read::{Field, Keys, Read, Reader, Table, Value, table};
pub use self::stage::{Env, From, Shell, Stage};
pub use self::step::{CopyStep, ExecStep, ProcessKeys, RunStep, Script, Step, StepKeys, Verb};
pub use self::template::{ExpandError, Lookup, Scalar, Template};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceFile, Spanned};

table! {
    /// A build file.
    pub struct Spec as "a build file" {
        /// The target that is built without `--target`.
        "default" default: Option<Spanned<String>>,
        /// What a build can be given with `--build-arg`.
        "args" args: Args,
        /// The stages, by name.
        "stages" stages: BTreeMap<StageName, Spanned<Stage>>,
    }
}

/// Args by name.
#[derive(Debug, Clone, Default)]
pub struct Args(pub BTreeMap<ArgName, Arg>);

impl Field for Args {
    fn take(table: &mut Table<'_>, key: &'static str, reader: &mut Reader<'_>) -> Option<Self> {
        let Some((_, value)) = table.remove(key) else { return Some(Self::default()) };
        warn_of_misplaced_keys(&value, key, reader);
        BTreeMap::read(value, reader).map(Self)
    }
}

/// Reads a build file and reports all that is wrong with it. `None` means that there are errors.
pub fn parse(file: &SourceFile, diagnostics: &mut Diagnostics) -> Option<Spec> {
    if let Some(span) = file.not_text() {
        return diagnostics.fail(
            Diagnostic::new(Code::NotText, span, "the file is not UTF-8 text")
                .hint("save it as UTF-8"),
        );
    }
    let document = toml::parse(file, diagnostics);
    let mut found = Diagnostics::default();
    let mut reader = Reader { file, diagnostics: &mut found };
    let spec: Option<Spec> = Table::root(document.table, Spec::WHAT).read_all(&mut reader);
    let mut reader = Reader { file, diagnostics };
    if let Some(reliable_until) = document.reliable_until {
        toml::keep_reliable(reliable_until, found, &mut reader);
        return None;
    }
    reader.diagnostics.absorb(found, |_| true);
    let spec = spec.filter(|_| !reader.diagnostics.has_errors())?;
    if spec.stages.is_empty() {
        return diagnostics.fail(
            Diagnostic::without_place(Code::MissingKey, format!("{} has no stages", file.name()))
                .hint("begin with a stage: [stages.runtime]"),
        );
    }
    rules::check(&spec, diagnostics);
    Some(spec)
}

/// The tables that have a key, with their articles.
fn tables_with_key(key: &str) -> Vec<&'static str> {
    fn has<T: Keys>(key: &str) -> Option<&'static str> {
        let mut found = false;
        T::visit_keys(&mut |known| found |= known == key);
        found.then_some(T::WHAT)
    }
    [
        has::<Spec>(key),
        has::<Stage>(key),
        has::<Image>(key),
        has::<RunStep>(key),
        has::<ExecStep>(key),
        has::<CopyStep>(key),
        has::<CacheMount>(key),
        has::<BindMount>(key),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Warns of keys of the language in a table of free names: they have slipped under its header.
fn warn_of_misplaced_keys(value: &Value<'_>, table: &str, reader: &mut Reader<'_>) {
    // Words that are as common for a label or a variable as they are for a key.
    const COMMON: [&str; 4] = ["name", "description", "id", "to"];
    let DeValue::Table(entries) = value.get_ref() else { return };
    for key in entries.keys().filter(|key| !COMMON.contains(&key.get_ref().as_ref())) {
        let tables = tables_with_key(key.get_ref());
        if tables.is_empty() {
            continue;
        }
        let key_text = key.get_ref();
        reader.diagnostics.push(
            Diagnostic::new(
                Code::MisplacedKey,
                key.span().into(),
                format!(
                    "`{key_text}` in `{table}` is taken for a name, and is a key of {}",
                    tables.join(" and of ")
                ),
            )
            .hint(format!("move it above the header of `{table}` if it is meant as a key")),
        );
    }
}
