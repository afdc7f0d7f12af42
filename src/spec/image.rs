//! `[stages.NAME.image]`: the config of the exported image.

use std::collections::BTreeMap;

use super::env::Env;
use super::form::{STRING, TABLE};
use super::name::LabelName;
use super::names::Names;
use super::on_build::Trigger;
use super::pasted;
use super::read::Read;
use super::reader::Reader;
use super::shape::Shape;
use super::table::{Field, Table, table};
use super::template::{Allowed, MaybeEmpty, Scalar, Template, TextTemplate, User, read_template};
use crate::diagnostic::{Code, Diagnostic, Reported};
use crate::source::{Span, Spanned};
use crate::text::Text;
use crate::toml::{Entry, Key, Kind, Places, Value};

table! {
    /// The config of the exported image. It has no effect on steps, and changing it runs none of
    /// them again.
    pub struct Image as "an image" {
        /// The program of a container: a list, or a string for a shell. Drops an inherited `cmd`.
        "entrypoint" entrypoint: Option<Spanned<Command>>,
        /// The arguments of the entrypoint, or the program if there is none: a list, or a string
        /// for a shell.
        "cmd" cmd: Option<Spanned<Command>>,
        /// Environment variables besides those of the stage.
        "env" env: Env,
        /// The user of a container, instead of the stage's.
        "user" user: Option<User>,
        /// The working directory of a container, instead of the stage's.
        "workdir" workdir: Option<MaybeEmpty>,
        /// Ports that the program listens on: 8080, "53/udp", "8000-8010".
        "expose" expose: Vec<Spanned<Scalar>>,
        /// Directories whose content outlives containers.
        "volumes" volumes: Vec<Template>,
        /// Labels; nested tables are joined with dots. Names may contain `${NAME}`.
        "labels" labels: Labels,
        /// OCI annotations of the manifest; nested tables are joined with dots. Names may contain
        /// `${NAME}`.
        "annotations" annotations: Labels,
        /// Set the annotations `org.opencontainers.image.base.name` and `.digest` to the image that
        /// the stage is based on, directly or through other stages.
        "base-annotations" base_annotations: Option<bool>,
        /// The signal that stops a container: "SIGTERM" is Docker's default.
        "stop-signal" stop_signal: Option<Template>,
        /// The healthcheck of a container.
        "healthcheck" healthcheck: Option<Spanned<Healthcheck>>,
        /// Dockerfile instructions to run in images that are built from this one.
        "on-build" on_build: Vec<Trigger>,
        /// The author of the image.
        "author" author: Option<TextTemplate>,
        /// Settings that are not inherited from the base: "env", "env.NAME", "expose", "volumes",
        /// "labels", "labels.NAME", "entrypoint", "cmd", "user", "workdir", "shell", "stop-signal",
        /// "healthcheck".
        "clear" clear: Vec<Spanned<String>>,
    }

    /// The healthcheck of a container.
    pub(super) struct HealthcheckTable as "a healthcheck" {
        /// The command: a list, or a string for a shell. Required unless `none` is set.
        "cmd" cmd: Option<Command>,
        /// Time between two runs: "30s", "1m30s".
        "interval" interval: Option<Duration>,
        /// Time limit for a run.
        "timeout" timeout: Option<Duration>,
        /// Time after the start during which failures do not count.
        "start-period" start_period: Option<Duration>,
        /// Time between two runs during the start period.
        "start-interval" start_interval: Option<Duration>,
        /// Number of consecutive failures after which the container is unhealthy.
        "retries" retries: Option<u32>,
        /// Disable an inherited healthcheck.
        "none" none: Option<Spanned<bool>>,
    }
}

/// The healthcheck of a container.
#[derive(Debug, Clone)]
pub enum Healthcheck {
    /// Disables an inherited one.
    None,
    /// Runs a command.
    Run {
        /// The command.
        cmd: Command,
        /// Time between two runs.
        interval: Option<Duration>,
        /// Time limit for a run.
        timeout: Option<Duration>,
        /// Time after the start during which failures do not count.
        start_period: Option<Duration>,
        /// Time between two runs during the start period.
        start_interval: Option<Duration>,
        /// Number of consecutive failures after which the container is unhealthy.
        retries: Option<u32>,
    },
}

impl Healthcheck {
    /// The command.
    pub fn cmd(&self) -> Option<&Command> {
        match self {
            Self::None => None,
            Self::Run { cmd, .. } => Some(cmd),
        }
    }
}

impl Read for Healthcheck {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        let before = reader.diagnostics.count();
        if let Some(problem) = test_with_its_kind(&value) {
            return reader.diagnostics.error(problem);
        }
        let HealthcheckTable {
            cmd,
            interval,
            timeout,
            start_period,
            start_interval,
            retries,
            none,
        } = HealthcheckTable::read(value, reader)?;
        match (cmd, none.filter(|none| none.value)) {
            (Some(_), Some(none)) => reader.diagnostics.error(
                Diagnostic::new(
                    Code::ConflictingKeys,
                    none.span,
                    "a healthcheck has both `cmd` and `none = true`",
                )
                .hint("`none` disables an inherited healthcheck: remove the other keys"),
            ),
            (None, Some(_)) => Ok(Self::None),
            (None, None) => {
                // An unknown key that was reported may have held the command.
                reader.diagnostics.no_errors_since(before)?;
                reader.diagnostics.error(
                    Diagnostic::new(Code::MissingKey, span, "a healthcheck needs `cmd`")
                        .hint("set `cmd`, or `none = true`; nothing is inherited from the base image's healthcheck"),
                )
            }
            (Some(cmd), None) => {
                Ok(Self::Run { cmd, interval, timeout, start_period, start_interval, retries })
            }
        }
    }

    fn shape() -> Shape {
        HealthcheckTable::shape()
    }
}

impl Names for Healthcheck {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        let Self::Run { interval, timeout, start_period, start_interval, .. } = self else {
            return;
        };
        for duration in [interval, timeout, start_period, start_interval] {
            duration.visit_names(visit);
        }
    }
}

/// A `cmd` or a `test` whose first word gives the way to run the others, as in Compose and in image
/// configs.
fn test_with_its_kind(value: &Value<'_>) -> Option<Diagnostic> {
    let Kind::Table(entries) = &value.kind else { return None };
    let Entry { key, value } = entries.iter().find(is_test)?;
    let Kind::Array(words) = &value.kind else { return None };
    let test = super::form::health_test(words)?;
    let message = match key.name.as_ref() {
        "cmd" => "the first item of a healthcheck's `cmd` must be the program".to_owned(),
        other => format!("unknown key `{other}` in a healthcheck"),
    };
    let code = if key.name == "cmd" { Code::InvalidValue } else { Code::UnknownKey };
    let span = if key.name == "cmd" { value.span } else { key.span };
    Some(Diagnostic::new(code, span, message).hint(format!("write `{test}`")))
}

fn is_test(entry: &&Entry<'_>) -> bool {
    ["cmd", "test"].contains(&entry.key.name.as_ref())
}

/// A program with its arguments, or text for a shell in the container. `${NAME}` is not substituted
/// in either, because the container's shell expands it.
#[derive(Debug, Clone)]
pub enum Command {
    /// A list: the program and its arguments.
    List(Vec<Spanned<String>>),
    /// A string: the text for the shell.
    Shell(String),
}

impl Read for Command {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        match value.kind {
            Kind::String(_) => {
                let text = String::read(value, reader)?;
                match pasted::in_command(&text, span) {
                    Some(pasted) => reader.diagnostics.error(pasted),
                    None => Ok(Command::Shell(text)),
                }
            }
            Kind::Array(_) => {
                let words: Vec<Spanned<String>> = Vec::read(value, reader)?;
                match pasted::in_words(&words) {
                    Some(pasted) => reader.diagnostics.error(pasted),
                    None => Ok(Command::List(words)),
                }
            }
            other => {
                let form = "[\"PROGRAM\", \"ARGUMENT\"]";
                reader.wrong_form(span, &other, "a list or a string", form)
            }
        }
    }

    fn shape() -> Shape {
        Shape::Text.or_list()
    }
}

/// A duration, as text.
#[derive(Debug, Clone)]
pub struct Duration(pub Template);

impl Read for Duration {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        if let found @ (Kind::Integer { .. } | Kind::Float) = &value.kind {
            let form = format!("a number with a unit: \"{}s\"", reader.file.slice(value.span));
            return reader.wrong_form(value.span, found, STRING, &form);
        }
        Template::read(value, reader).map(Self)
    }

    fn shape() -> Shape {
        Template::shape()
    }
}

impl Names for Duration {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        Names::visit_names(&self.0, visit);
    }
}

/// Labels or annotations by name.
#[derive(Debug, Clone, Default)]
pub struct Labels(pub BTreeMap<LabelName, Label>);

/// A label or an annotation.
#[derive(Debug, Clone)]
pub struct Label {
    /// Its name, with the names of the tables around it.
    pub name: Template,
    /// Its value.
    pub value: Template,
}

impl Names for Label {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        Names::visit_names(&self.name, visit);
        Names::visit_names(&self.value, visit);
    }
}

impl Field for Labels {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        Shape::Tree
    }

    fn take(
        table: &mut Table<'_>,
        key: &'static str,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Reported> {
        super::table::warn_of_misplaced_keys(table, key, reader);
        let mut labels = BTreeMap::new();
        if let Some(value) = table.remove(key) {
            let span = value.span;
            match value.kind {
                Kind::Table(entries) => join("", &mut Vec::new(), entries, &mut labels, reader)?,
                // The set of labels has no effect on anything else.
                other => _ = reader.wrong_type::<()>(span, &other, TABLE),
            }
        }
        Ok(Self(labels))
    }
}

/// Maximum length of a label's name in bytes: in nested tables, each name contains those of all
/// tables around it.
const MAX_LABEL_NAME: usize = 4096;

/// Joins the keys of nested tables with dots. `tables` are the keys of the tables around the
/// entries, each with its offset in `prefix`. Recursive; the TOML parser limits the depth.
fn join(
    prefix: &str,
    tables: &mut Vec<(usize, Span)>,
    entries: Vec<Entry<'_>>,
    labels: &mut BTreeMap<LabelName, Label>,
    reader: &mut Reader<'_>,
) -> Result<(), Reported> {
    let mut joined = Ok(());
    for entry in entries {
        let Key { name, span } = &entry.key;
        if prefix.len() + name.len() > MAX_LABEL_NAME {
            let message = format!("label name is longer than {MAX_LABEL_NAME} bytes");
            return reader.diagnostics.error(
                Diagnostic::new(Code::TooLarge, *span, message)
                    .hint("use a short name and put the text in the value"),
            );
        }
        tables.push((prefix.len(), *span));
        joined = joined.and(add(prefix, tables, entry, labels, reader));
        tables.pop();
    }
    joined
}

/// Adds a label, or those of an inner table. The last of `tables` is the key of the entry.
fn add(
    prefix: &str,
    tables: &mut Vec<(usize, Span)>,
    Entry { key: Key { name, span }, value }: Entry<'_>,
    labels: &mut BTreeMap<LabelName, Label>,
    reader: &mut Reader<'_>,
) -> Result<(), Reported> {
    if name.trim().is_empty() || name.contains(char::is_control) {
        let message = format!("invalid label name `{prefix}{name}`");
        return reader.diagnostics.error(
            Diagnostic::new(Code::InvalidName, span, message)
                .hint("label names are not empty and have no control characters"),
        );
    }
    // A name may contain `${NAME}`, but not distributed over several tables.
    read_template(name.as_ref().into(), span, Allowed::Line, reader)?;
    let name = format!("{prefix}{name}");
    if let Kind::Table(inner) = value.kind {
        return join(&format!("{name}."), tables, inner, labels, reader);
    }
    let Scalar(value) = Scalar::read(value, reader)?;
    let text: Text = name.as_str().into();
    let places = || Places::of_strings(tables.iter().copied());
    let template = Template::parse(&text, span, Allowed::Line, places)
        .map_err(|unreadable| reader.diagnostics.report(unreadable.diagnostic()))?;
    match labels.insert(LabelName::new(text), Label { name: template, value }) {
        None => Ok(()),
        Some(_) => reader.diagnostics.error(
            Diagnostic::new(Code::ConflictingKeys, span, format!("label `{name}` is set twice"))
                .hint("a quoted key and nested tables give the same name: remove one"),
        ),
    }
}
