//! The instructions that only change the image's config, as `[image]` of a stage.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::toml::{self, Value};
use super::words::{self, Names};
use crate::dockerfile::{CommandLine, Healthcheck, Instruction, Kind, Pair, Word, exposed};
use crate::source::Span;

/// An `[image]` table under construction.
#[derive(Debug, Default, Clone)]
pub(super) struct Image {
    pub(super) entrypoint: Option<Value>,
    pub(super) cmd: Option<Value>,
    pub(super) env: IndexMap<String, Value>,
    pub(super) user: Option<Value>,
    pub(super) workdir: Option<Value>,
    pub(super) expose: Vec<Value>,
    /// By their texts.
    pub(super) volumes: IndexMap<String, Value>,
    pub(super) labels: IndexMap<String, Value>,
    pub(super) stop_signal: Option<Value>,
    pub(super) healthcheck: Option<Value>,
    pub(super) on_build: Vec<Value>,
    pub(super) author: Option<Value>,
    pub(super) comments: Vec<String>,
    /// The names that its values depend on.
    pub(super) names: BTreeSet<String>,
    /// The names among them that are args but not visible at that place of the Dockerfile.
    pub(super) hidden: BTreeSet<String>,
    /// True if one of its commands is run by the shell that is set when the image is made.
    pub(super) has_shell_form: bool,
}

/// The port in the container. A Dockerfile may also give an address and a port of the host, which
/// are ignored (`ParsePortSpec` of Docker's `nat`). `known` is the value, as far as it is known.
fn in_container(written: &str, known: Option<String>) -> String {
    let known = known.filter(|known| known.contains(':') || known.ends_with('/'));
    match known.as_deref().and_then(|known| known.rsplit(':').next()) {
        Some(port) => words::literal(port.trim_end_matches('/')).into_owned(),
        None => written.to_owned(),
    }
}

impl Image {
    /// Adds an instruction. Returns false if it does not only change the image's config.
    pub(super) fn take(
        &mut self,
        instruction: &Instruction,
        escape: char,
        names: &dyn Names,
    ) -> Result<bool, String> {
        let span = instruction.span;
        match &instruction.kind {
            Kind::Cmd(command) => self.cmd = Some(self.command(command, span)),
            Kind::Entrypoint(command) => {
                self.entrypoint = Some(self.command(command, span));
            }
            Kind::Expose(ports) => {
                for port in ports {
                    let value = self.word(port, escape, names)?;
                    let known = words::folded(&port.value, escape, names);
                    for port in known.iter().flat_map(|known| known.split_whitespace()) {
                        exposed(port)?;
                    }
                    if known.as_ref().is_some_and(|known| known.trim().is_empty())
                        && !value.contains('$')
                    {
                        continue;
                    }
                    let value = in_container(&value, known);
                    let value = match value.parse::<u16>() {
                        Ok(number) if number.to_string() == value => Value::literal(number),
                        _ => Value::text(value),
                    };
                    self.expose.push(value.at(port.span));
                }
            }
            Kind::Volume(paths) => {
                for path in paths {
                    let text = self.word(path, escape, names)?;
                    let value = Value::text(text.clone()).at(path.span);
                    self.volumes.entry(text).or_insert(value);
                }
            }
            Kind::Label(pairs) => {
                for pair in pairs {
                    self.label(pair, escape, names)?;
                }
            }
            Kind::StopSignal(signal) => {
                self.stop_signal = Some(Value::text(self.word(signal, escape, names)?).at(span));
            }
            Kind::Healthcheck(healthcheck) => {
                self.healthcheck = Some(self.healthcheck(healthcheck, span));
            }
            Kind::Onbuild(trigger) => {
                self.on_build.push(Value::text(trigger.text.clone()).at(span));
            }
            Kind::Maintainer(name) => {
                self.author = Some(Value::text(words::literal(&name.value)).at(span));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// True if there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.entries().is_empty() && self.labels.is_empty() && self.env.is_empty()
    }

    /// Its entries in the order of the reference, without `env` and `labels`.
    pub(super) fn entries(&self) -> Vec<(&'static str, Value)> {
        [
            ("entrypoint", self.entrypoint.clone()),
            ("cmd", self.cmd.clone()),
            ("user", self.user.clone()),
            ("workdir", self.workdir.clone()),
            ("expose", list(&self.expose)),
            ("volumes", list(self.volumes.values())),
            ("stop-signal", self.stop_signal.clone()),
            ("healthcheck", self.healthcheck.clone()),
            ("on-build", list(&self.on_build)),
            ("author", self.author.clone()),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
    }

    fn word(&mut self, word: &Word, escape: char, names: &dyn Names) -> Result<String, String> {
        self.names.extend(words::names_with_defaults(&word.value, escape, names));
        words::value(&word.value, escape, names)
    }

    fn label(&mut self, pair: &Pair, escape: char, names: &dyn Names) -> Result<(), String> {
        let name = self.word(&pair.name, escape, names)?;
        let value = Value::text(self.word(&pair.value, escape, names)?).at(pair.value.span);
        self.labels.insert(name, value);
        Ok(())
    }

    fn command(&mut self, command: &CommandLine, span: Span) -> Value {
        match command {
            CommandLine::Exec(words) => {
                Value::list(words.value.iter().map(|word| Value::text(word.clone())))
            }
            CommandLine::Shell(text) => {
                self.has_shell_form = true;
                toml::Kind::Script(text.text.value.clone()).into()
            }
        }
        .at(span)
    }

    fn healthcheck(&mut self, healthcheck: &Healthcheck, span: Span) -> Value {
        let entries = match healthcheck {
            Healthcheck::None => vec![("none".to_owned(), Value::literal(true))],
            Healthcheck::Command { command, options } => {
                let mut entries = vec![("cmd".to_owned(), self.command(command, span))];
                for (name, value) in options {
                    let text = value.value.clone();
                    let value = match text.parse::<u32>() {
                        Ok(number) if *name == "retries" => Value::literal(number),
                        _ => Value::text(text),
                    };
                    entries.push(((*name).to_owned(), value));
                }
                entries
            }
        };
        Value::table(entries).at(span)
    }
}

/// The values as a list, if there are any.
fn list<'v>(values: impl IntoIterator<Item = &'v Value>) -> Option<Value> {
    let values: Vec<Value> = values.into_iter().cloned().collect();
    (!values.is_empty()).then(|| Value::list(values))
}
