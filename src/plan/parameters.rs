//! The inputs of a build of a target: args, secrets, agents, and the cache directories that it
//! uses.
//!
//! Input: a [`Selection`]. Output: [`Parameters`], each with its span. No image is looked up: a
//! value from the environment of a base image is unknown here.

use std::collections::BTreeMap;

use super::file_values::FileValues;
use super::path;
use super::select::{SelectedStage, Selection};
use crate::source::{Span, Spanned};
use crate::spec::{Arg, From, Input, Mount, MountList, Scalar, Template, Verb};
use crate::text::Text;

/// The inputs of a build of a target.
#[derive(Debug, Default)]
pub struct Parameters<'s> {
    /// The target's name.
    pub target: &'s str,
    /// Its description.
    pub description: Option<&'s str>,
    /// Args that the build uses, in the order of the file.
    pub args: Vec<Parameter<'s>>,
    /// Secrets by their ids, each with the span of its first use and whether any use requires it.
    pub secrets: BTreeMap<String, Use>,
    /// SSH agents, likewise.
    pub ssh: BTreeMap<String, Use>,
    /// Cache directories, likewise.
    pub caches: BTreeMap<String, Use>,
}

/// An arg.
#[derive(Debug)]
pub struct Parameter<'s> {
    /// Its name.
    pub name: &'s str,
    /// Its declaration.
    pub arg: &'s Arg,
    /// Its value in this build.
    pub value: Option<String>,
    /// The allowed values; empty for any.
    pub values: Vec<String>,
}

/// A resource of the client or of the engine that steps use.
#[derive(Debug, Clone, Copy)]
pub struct Use {
    /// The span of its first use.
    pub span: Span,
    /// Fail the build without it.
    pub required: bool,
}

impl<'s> Selection<'s> {
    /// The inputs of a build of the target. `written` returns the text of a span in the file, for
    /// an id whose value is unknown.
    pub fn parameters(&self, written: impl Fn(Span) -> String) -> Parameters<'s> {
        let Some(at) = self.target else { return Parameters::default() };
        let target = &self.stages[at];
        let mut parameters = Parameters {
            target: target.name.as_str(),
            description: target.stage.description.as_deref(),
            args: self.used_args(),
            ..Parameters::default()
        };
        let values = FileValues::new(self);
        for (at, selected) in self.stages.enumerate().filter(|(_, stage)| stage.needed) {
            let text = |template: &Template| {
                values.value(at, template).unwrap_or_else(|| written(template.span).into())
            };
            let steps = selected.stage.all_steps().filter(|step| selected.has(step));
            let steps = steps.filter_map(|step| match &step.verb {
                Verb::Run(run) => Some(&run.process.mounts),
                Verb::Exec(exec) => Some(&exec.process.mounts),
                _ => None,
            });
            // A stage that is replaced by a build context runs nothing.
            let lists = selected.stage.mounts.iter().chain(steps).filter(|_| !selected.replaced);
            for mount in lists.flat_map(MountList::iter) {
                parameters.add(mount, &text);
            }
        }
        parameters
    }

    /// The source that a `from` refers to. `None` for anything else, including a source that the
    /// client replaces by a build context.
    fn source_of(&self, from: &Spanned<From>, selected: &SelectedStage<'_>) -> Option<&'s Input> {
        let (From::Name(template) | From::Source(template)) = &from.value else { return None };
        let name = self.scope.value(template).ok()?;
        let is_stage =
            |name: &str| name != selected.name.as_str() && self.spec.stages.contains_key(name);
        if matches!(from.value, From::Name(_)) && is_stage(&name)
            || self.request.contexts.find(&name, &selected.platform).is_some()
        {
            return None;
        }
        self.spec.sources.get(name.as_str()).map(|input| &input.value)
    }

    /// The args that the stages and their sources use, directly or through the values of other
    /// args.
    fn used_args(&self) -> Vec<Parameter<'s>> {
        let mut used = BTreeMap::new();
        let mut next: Vec<String> = Vec::new();
        for selected in self.stages.iter().filter(|stage| stage.needed && !stage.replaced) {
            selected.stage.visit_names(&mut |name| next.push(name.to_owned()));
            selected.stage.visit_froms(&mut |from| {
                if let Some(input) = self.source_of(from, selected) {
                    input.visit_names(&mut |name| next.push(name.to_owned()));
                }
            });
        }
        while let Some(name) = next.pop() {
            if let Some(Scalar(value)) = self.spec.vars.0.get(name.as_str()) {
                // A value that refers to itself is reported elsewhere.
                if used.insert(name, None).is_none() {
                    value.visit_names(&mut |name| next.push(name.to_owned()));
                }
            } else if let Some((declared, arg)) = self.spec.args.0.get_key_value(name.as_str())
                && used.insert(name, Some((declared, arg))).is_none()
            {
                arg.default
                    .iter()
                    .chain(arg.values.iter().flatten().map(|value| &value.value.0))
                    .for_each(|value| value.visit_names(&mut |name| next.push(name.to_owned())));
            }
        }
        let mut args: Vec<Parameter<'s>> = used
            .into_values()
            .flatten()
            .map(|(name, arg)| {
                let value = self.scope.lookup(name.as_str()).ok().flatten();
                let values = arg.values.iter().flatten();
                let values = values.filter_map(|value| self.scope.value(&value.value.0).ok());
                Parameter {
                    name: name.as_str(),
                    arg,
                    value: value.map(|value| value.to_string()),
                    values: values.map(|value| value.to_string()).collect(),
                }
            })
            .collect();
        args.sort_by_key(|parameter| parameter.arg.span);
        args
    }
}

impl Parameters<'_> {
    fn add(&mut self, mount: &Mount, text: &dyn Fn(&Template) -> Text) {
        let (uses, id, span, required) = match mount {
            Mount::Secret(secret) => {
                (&mut self.secrets, text(&secret.id), secret.id.span, secret.required)
            }
            Mount::Ssh(ssh) => (&mut self.ssh, text(&ssh.id), ssh.id.span, ssh.required),
            Mount::Cache(cache) => {
                let id = match &cache.id {
                    Some(id) => text(id),
                    None => text(&cache.path).map(path::clean),
                };
                (&mut self.caches, id, cache.path.span, None)
            }
            Mount::Bind(_) | Mount::Tmpfs(_) => return,
        };
        let required = required.unwrap_or(false);
        let known = uses.entry(id.to_string()).or_insert(Use { span, required });
        known.span = known.span.min(span);
        known.required |= required;
    }
}
