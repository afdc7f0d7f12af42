//! The state of a stage of a Dockerfile after each instruction.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::history;
use super::names::Numbers;
use super::values::{self, Limit, Values};
use crate::convert::ReadDockerfile;
use crate::diagnostic::Diagnostics;
use crate::dockerfile::{ArgPair, Instruction, Kind, Pair, Word, parse};
use crate::plan::{ContainerConfig, Environment, Origin, Plan, Title, join_workdir};
use crate::source::SourceFile;
use crate::spec::EPOCH_ARG;
use crate::text::Text;

/// The state at one place of a stage.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Variables and args together.
    values: Values,
    /// The same, in the order of a process's environment.
    environment: Environment,
    /// The variables of the image.
    image_env: Environment,
    /// The args in the order of their first declarations, each with the value of its last one.
    args: Vec<(String, String)>,
    workdir: String,
    /// The shell configured in the image.
    pub(super) shell: Option<Vec<String>>,
}

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

/// The process of a `RUN`, as in BuildKit's Dockerfile frontend.
#[derive(Debug)]
pub(super) struct Process {
    /// The shell and the text, if it runs in a shell.
    pub(super) words: Option<Vec<String>>,
    /// The variables and args.
    pub(super) environment: Arc<Environment>,
}

/// The base of a stage, for counting steps.
pub(super) struct Base {
    /// True if it counts.
    pub(super) is_counted: bool,
    /// True if it is a step with a name.
    pub(super) is_step: bool,
    /// The triggers of an image.
    pub(super) triggers: Vec<String>,
}

impl Base {
    /// `stage` is the stage of the Dockerfile that is the base, if it is one.
    pub(super) fn of(origin: &Origin, stage: &Option<usize>, plan: &Plan) -> Self {
        let image = match origin {
            Origin::Image(at) => Some(&plan.images[*at]),
            _ => None,
        };
        Self {
            is_counted: stage.is_none() && !matches!(origin, Origin::Scratch),
            is_step: image.is_some_and(|image| image.has_layers && image.context.is_none()),
            triggers: image.map(|image| image.fired.clone()).unwrap_or_default(),
        }
    }
}

impl State {
    /// The state of a stage that is based on an image.
    pub(super) fn of_image(config: ContainerConfig, os: &str) -> Self {
        let environment = Environment::from_entries(config.env.iter().map(String::as_str));
        let environment = environment.with_path(os);
        let values = environment.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            values: values.collect(),
            image_env: environment.clone(),
            environment,
            args: Vec::new(),
            workdir: join_workdir("/", &config.working_dir),
            shell: config.shell.filter(|shell| !shell.is_empty()),
        }
    }

    /// The variables of the image, as `NAME=value`.
    pub(super) fn image_environment(&self) -> Vec<String> {
        self.image_env.to_entries()
    }

    /// Begins a stage that is based on another one. The image's variables are set again, so that
    /// they take precedence over args of the same name and come after all args (`dispatchStages` in
    /// `dockerfile2llb/convert.go`).
    pub(super) fn begin_stage(&mut self) {
        if self.args.is_empty() {
            return;
        }
        let image: Vec<(Text, Text)> = (self.image_env.iter())
            .map(|(name, value)| (Text::from(name), Text::from(value)))
            .collect();
        if self.values.len() <= FEW {
            self.environment.retain(|name| self.image_env.get(name).is_none());
        }
        let values = image.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        self.values.extend(values);
        self.environment.extend(image);
    }

    /// Sets a variable or an arg. It moves to the end, as in `EnvList` of BuildKit's
    /// `client/llb/meta.go`.
    fn set(&mut self, name: String, value: String) {
        let is_few = self.values.len() <= FEW;
        if is_few && self.values.contains_key(&name) {
            self.environment.retain(|known| known != name);
        }
        self.environment.extend([(Text::from(name.as_str()), Text::from(value.as_str()))]);
        self.values.insert(name, value);
    }

    /// The args of a process, with their values in its environment.
    pub(super) fn passed_args(&self) -> Vec<(&str, &str)> {
        let args = self.args.iter();
        args.map(|(name, value)| {
            (name.as_str(), self.values.get(name).map_or(value.as_str(), String::as_str))
        })
        .collect()
    }
}

/// A place of a stage, for expanding words.
pub(super) struct Place<'p> {
    escape: char,
    values: &'p Values,
    limit: &'p Limit,
}

impl Place<'_> {
    /// The value of a word.
    pub(super) fn word(&self, word: &Word) -> String {
        values::word(&word.value, self.escape, self.values, self.limit)
    }

    fn pair(&self, pair: &Pair) -> (String, String) {
        (self.word(&pair.name), self.word(&pair.value))
    }
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

/// The number of variables up to which their order is tracked: moving one takes a walk over all.
const FEW: usize = 1000;

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
            Kind::Env(pairs) => {
                let pairs: Vec<_> = pairs.iter().map(|pair| place.pair(pair)).collect();
                let texts = pairs.iter().map(|(name, value)| format!("{name}={value}"));
                let text = history::words("ENV", texts);
                for (name, value) in pairs {
                    let entry = (Text::from(name.as_str()), Text::from(value.as_str()));
                    self.state.image_env.extend([entry]);
                    self.state.set(name, value);
                }
                Some(text)
            }
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
                let written = place.word(path);
                let workdir = join_workdir(&self.state.workdir, &written);
                is_step = workdir != "/";
                // An absolute path is shown as written.
                let shown = if written.starts_with('/') { &written } else { &workdir };
                let text = format!("WORKDIR {shown}");
                self.state.workdir = workdir;
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
