//! The state at one place of a stage of a Dockerfile.

use super::values::{self, Limit, Values};
use crate::collect::collect_map;
use crate::dockerfile::{Pair, Word};
use crate::plan::{ContainerConfig, Environment, Origin, Plan, join_workdir};
use crate::text::Text;

/// The number of variables up to which their order is tracked: moving one takes a walk over all.
const FEW: usize = 1000;

/// The state at one place of a stage.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Variables and args together.
    pub(super) values: Values,
    /// The same, in the order of a process's environment.
    pub(super) environment: Environment,
    /// The variables of the image.
    pub(super) image_env: Environment,
    /// The args in the order of their first declarations, each with the value of its last one.
    pub(super) args: Vec<(String, String)>,
    pub(super) workdir: String,
    /// The shell configured in the image.
    pub(super) shell: Option<Vec<String>>,
}

/// A place of a stage, for expanding words.
pub(super) struct Place<'p> {
    pub(super) escape: char,
    pub(super) values: &'p Values,
    pub(super) limit: &'p Limit,
}

impl Place<'_> {
    /// The value of a word.
    pub(super) fn word(&self, word: &Word) -> String {
        values::word(&word.value, self.escape, self.values, self.limit)
    }

    pub(super) fn pair(&self, pair: &Pair) -> (String, String) {
        (self.word(&pair.name), self.word(&pair.value))
    }
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
            values: collect_map(values),
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
    pub(super) fn set(&mut self, name: String, value: String) {
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
