//! The state of a stage of a Dockerfile after each instruction.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::history;
use super::names::Numbers;
use super::state::{Place, State};
use super::values::{self, Limit, Values};
use crate::convert::ReadDockerfile;
use crate::diagnostic::Diagnostics;
use crate::dockerfile::{ArgPair, Instruction, Kind, Pair, parse};
use crate::plan::{Action, Environment, PlannedStep, Title, join_workdir};
use crate::source::SourceFile;
use crate::spec::EPOCH_ARG;
use crate::text::Text;

/// The record of an instruction.
#[derive(Debug)]
pub(super) struct Recorded {
    /// The text in the history, if it has one.
    pub(super) created_by: Option<String>,
    /// The name in the progress, if it is a step.
    pub(super) title: Option<Title>,
    /// The process of a `RUN`.
    pub(super) process: Option<Process>,
    /// True if an added file is unpacked if its content is an archive.
    pub(super) unpacks: bool,
    /// True if a file that is not an archive is copied to the destination itself.
    pub(super) renames: bool,
}

impl Recorded {
    /// Sets the name and the action of a step of the instruction.
    pub(super) fn apply_to(&self, step: &mut PlannedStep) {
        step.title = self.title.clone().map(Box::new);
        // A build file recognises archives by their names; `ADD` looks at their content.
        match &mut step.action {
            Action::Copy(copy) => copy.unpack = self.unpacks,
            Action::Unpack(unpack) if self.renames => {
                let to = unpack.destination.trim_end_matches('/');
                if !to.is_empty() {
                    unpack.destination = to.into();
                }
            }
            _ => {}
        }
        // The shell of a build file stops at the first failure, the layout of its text is changed,
        // and args are set only in the steps that use them. Use the process of docker/dockerfile
        // instead, so that messages show the same command and the two frontends share cached steps.
        if let (Action::Exec(exec), Some(process)) = (&mut step.action, &self.process) {
            exec.environment = Arc::clone(&process.environment);
            if let (None, Some(words)) = (&exec.script, &process.words) {
                exec.args = words.iter().map(|word| Text::from(word.as_str())).collect();
            }
        }
    }
}

/// The process of a `RUN`, as in BuildKit's Dockerfile frontend.
#[derive(Debug)]
pub(super) struct Process {
    /// The shell and the text, if it runs in a shell.
    pub(super) words: Option<Vec<String>>,
    /// The variables and args.
    pub(super) environment: Arc<Environment>,
}

/// Walks the instructions of a stage.
pub(super) struct Walk<'w> {
    pub(super) read: &'w ReadDockerfile,
    pub(super) globals: &'w Values,
    pub(super) build_args: &'w BTreeMap<String, String>,
    /// The value of `SOURCE_DATE_EPOCH`, once its word has been resolved.
    pub(super) epoch: Option<&'w str>,
    pub(super) limit: &'w Limit,
    pub(super) numbers: Numbers,
    pub(super) state: State,
}

/// Args that are not passed as variables.
const NO_VARIABLES: [&str; 2] = ["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"];

/// True if a destination can only be a directory.
fn is_directory(to: &str) -> bool {
    to.is_empty() || to.ends_with('/') || matches!(to.rsplit('/').next(), Some("." | ".."))
}

impl Walk<'_> {
    fn escape(&self) -> char {
        self.read.dockerfile.directives.escape.char()
    }

    /// Adds the args of a trigger of the base image, which has been built already: the steps of the
    /// stage get them.
    pub(super) fn trigger_of_image(&mut self, text: &str) {
        let file = SourceFile::new("Dockerfile", format!("FROM scratch\n{text}\n").into_bytes());
        let triggered = parse(&file, &mut Diagnostics::default());
        for instruction in triggered.stages.iter().flat_map(|stage| &stage.instructions) {
            let Kind::Arg(pairs) = &instruction.kind else { continue };
            // A variable that the triggers also set takes precedence over the arg.
            let pairs =
                pairs.iter().filter(|pair| self.state.image_env.get(&pair.name.value).is_none());
            let pairs: Vec<ArgPair> = pairs.cloned().collect();
            self.arg(&pairs);
        }
    }

    /// Processes an instruction.
    pub(super) fn instruction(&mut self, instruction: &Instruction, is_trigger: bool) -> Recorded {
        let place = Place { escape: self.escape(), values: &self.state.values, limit: self.limit };
        let renames = match &instruction.kind {
            Kind::Add(add) => !is_directory(&place.word(&add.transfer.destination)),
            _ => false,
        };
        let mut is_step = false;
        let mut process = None;
        let created_by = match &instruction.kind {
            Kind::Arg(pairs) => Some(self.arg(pairs)),
            Kind::Env(pairs) => Some(self.env(pairs)),
            Kind::Label(pairs) => {
                let pairs = pairs.iter().map(|pair| place.pair(pair));
                let texts = pairs.map(|(name, value)| format!("{name}={value}"));
                Some(history::words("LABEL", texts))
            }
            Kind::Run(run) => {
                is_step = true;
                process = Some(Process {
                    words: history::process(run, &self.state),
                    environment: Arc::new(self.state.environment.clone()),
                });
                Some(history::run(run, &self.state))
            }
            Kind::Copy(copy) => {
                is_step = true;
                Some(history::copy(copy, &place))
            }
            Kind::Add(add) => {
                is_step = true;
                Some(history::add(add, &place))
            }
            Kind::Workdir(path) => {
                let text = self.workdir(&place.word(path));
                is_step = self.state.workdir != "/";
                Some(text)
            }
            Kind::Cmd(command) => Some(history::command("CMD", command, &self.state)),
            Kind::Entrypoint(command) => Some(history::command("ENTRYPOINT", command, &self.state)),
            Kind::Shell(words) => {
                self.state.shell = Some(words.clone());
                Some(history::list("SHELL", words))
            }
            Kind::Healthcheck(healthcheck) => Some(history::healthcheck(healthcheck)),
            Kind::Expose(ports) => Some(history::expose(ports, &place)),
            Kind::Volume(volumes) => {
                let volumes: Vec<String> = volumes.iter().map(|word| place.word(word)).collect();
                Some(history::list("VOLUME", &volumes))
            }
            Kind::User(user) => Some(history::words("USER", [place.word(user)])),
            Kind::StopSignal(signal) => Some(history::words("STOPSIGNAL", [place.word(signal)])),
            Kind::Maintainer(name) => Some(history::words("MAINTAINER", [name.value.clone()])),
            Kind::Onbuild(_) | Kind::From(_) => None,
        };
        let title = is_step.then(|| {
            let text = self.title(instruction);
            self.numbers.next(is_trigger, &text, &self.state.values)
        });
        let unpacks = matches!(&instruction.kind, Kind::Add(add) if add.unpack.unwrap_or(true));
        Recorded { created_by, title, process, unpacks, renames }
    }

    /// The text of an instruction in the progress.
    fn title(&self, instruction: &Instruction) -> String {
        let Self { state, limit, .. } = self;
        let Kind::Run(run) = &instruction.kind else {
            return values::word(&instruction.text, self.escape(), &state.values, limit);
        };
        let mut text = instruction.text.clone();
        if let Some(first) = history::only_heredoc(run) {
            let content = first.content.trim();
            let line = content.lines().next().unwrap_or_default();
            let more = if content.lines().nth(1).is_some() { "..." } else { "" };
            text.push_str(&format!(" ({line}{more})"));
        }
        // A secret must not be shown, not even if the image has a variable of the same name.
        let secrets = run.mounts.iter().filter_map(|mount| mount.env.clone());
        let secrets: Vec<String> = secrets.collect();
        if secrets.is_empty() {
            return values::command(&text, self.escape(), &state.values, limit);
        }
        let mut values = state.values.clone();
        values.extend(secrets.into_iter().map(|name| (name, "****".to_owned())));
        values::command(&text, self.escape(), &values, limit)
    }

    fn env(&mut self, pairs: &[Pair]) -> String {
        let place = Place { escape: self.escape(), values: &self.state.values, limit: self.limit };
        // All words have the values from before the instruction.
        let pairs: Vec<_> = pairs.iter().map(|pair| place.pair(pair)).collect();
        let texts = pairs.iter().map(|(name, value)| format!("{name}={value}"));
        let text = history::words("ENV", texts);
        for (name, value) in pairs {
            let entry = (Text::from(name.as_str()), Text::from(value.as_str()));
            self.state.image_env.extend([entry]);
            self.state.set(name, value);
        }
        text
    }

    fn workdir(&mut self, written: &str) -> String {
        let workdir = join_workdir(&self.state.workdir, written);
        // An absolute path is shown as written.
        let shown = if written.starts_with('/') { written } else { &workdir };
        let text = format!("WORKDIR {shown}");
        self.state.workdir = workdir;
        text
    }

    fn arg(&mut self, pairs: &[ArgPair]) -> String {
        let mut texts = Vec::new();
        for ArgPair { name, default } in pairs {
            let place =
                Place { escape: self.escape(), values: &self.state.values, limit: self.limit };
            let name = name.value.clone();
            let default = default.as_ref().map(|default| place.word(default));
            let value = self.build_args.get(&name).cloned().or(default);
            let value = value.or_else(|| self.globals.get(&name).cloned());
            // The word has been resolved to a number, or to nothing.
            let value = match self.epoch {
                Some(epoch) if name == EPOCH_ARG => Some(epoch.to_owned()),
                _ => value,
            };
            texts.push(match &value {
                Some(value) => format!("{name}={value}"),
                None => name.clone(),
            });
            let known = self.state.args.iter_mut().find(|(known, _)| *known == name);
            match known {
                Some((_, last)) => *last = value.clone().unwrap_or_default(),
                None => self.state.args.push((name.clone(), value.clone().unwrap_or_default())),
            }
            if let Some(value) = value.filter(|_| !NO_VARIABLES.contains(&&*name)) {
                self.state.set(name, value);
            }
        }
        history::words("ARG", texts)
    }
}
