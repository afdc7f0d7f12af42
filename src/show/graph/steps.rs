//! The steps of a stage in short.

use super::width::{first_line, shown};
use super::{Input, Step, Way};
use crate::credentials::redacted;
use crate::plan::{FileValues, SelectedStage, StageId};
use crate::source::{SourceMap, Span, Spanned};
use crate::spec::{self, Mount, MountList, Sources, Template, TextTemplate, Verb};

/// Maximum number of items of a list that a line shows.
const MAX_ITEMS: usize = 20;

/// The context for describing the steps of a stage.
pub(super) struct Describer<'d, 's> {
    pub(super) values: &'d FileValues<'d, 's>,
    pub(super) files: &'d SourceMap,
    pub(super) at: StageId,
    pub(super) selected: &'d SelectedStage<'s>,
    /// Resolves a `from`.
    pub(super) origin: &'d dyn Fn(&Spanned<spec::From>) -> super::From,
}

impl Describer<'_, '_> {
    /// The steps that exist in this build.
    pub(super) fn steps(&self, steps: &[spec::Step]) -> Vec<Step> {
        steps.iter().filter(|step| self.selected.has(step)).map(|step| self.step(step)).collect()
    }

    fn step(&self, step: &spec::Step) -> Step {
        let (verb, text) = self.verb_and_text(&step.verb);
        let name = step.verb.keys().name.as_ref().map(|name| self.text(name));
        let branches = match &step.verb {
            Verb::Parallel(parallel) => {
                parallel.branches.value.iter().map(|branch| self.steps(&branch.steps)).collect()
            }
            _ => Vec::new(),
        };
        Step {
            verb: verb.to_owned(),
            is_named: name.is_some(),
            text: name.unwrap_or(text),
            lines: lines(step.span, self.files),
            inputs: self.inputs(&step.verb),
            branches,
        }
    }

    fn verb_and_text(&self, verb: &Verb) -> (&'static str, String) {
        match verb {
            Verb::Run(step) => ("run", first_line(&step.script.value.0)),
            Verb::Exec(step) => {
                let words = step.command.value.iter();
                ("exec", self.list(words.map(|TextTemplate(word)| word)))
            }
            Verb::Copy(step) => match &step.sources.value {
                Sources::To(sources) => ("copy", self.list(sources.as_slice())),
                Sources::Each(pairs) => ("copy", self.list(pairs.iter().map(|(from, _)| from))),
            },
            Verb::Fetch(step) => ("fetch", redacted(&self.text(&step.url)).into_owned()),
            Verb::Git(step) => {
                let url = self.text(&step.url);
                let reference = step.reference.iter();
                let reference = reference.map(|reference| format!("#{}", self.text(&reference.0)));
                ("git", format!("{}{}", redacted(&url), reference.collect::<String>()))
            }
            Verb::Unpack(step) => ("unpack", self.text(&step.source)),
            Verb::Write(step) => ("write", self.text(&step.path)),
            Verb::Mkdir(step) => ("mkdir", self.list(step.paths.as_slice())),
            Verb::Remove(step) => ("remove", self.list(step.paths.as_slice())),
            Verb::Symlink(step) => {
                ("symlink", format!("{} → {}", self.text(&step.path), self.text(&step.target)))
            }
            Verb::Parallel(_) => ("parallel", String::new()),
        }
    }

    fn list<'t>(&self, templates: impl IntoIterator<Item = &'t Template>) -> String {
        let mut templates = templates.into_iter();
        let first = templates.by_ref().take(MAX_ITEMS).map(|template| self.text(template));
        let mut text = first.collect::<Vec<_>>().join(" ");
        if templates.next().is_some() {
            text.push_str(" …");
        }
        shown(&text)
    }

    /// The value of a string, or else its text in the file.
    pub(super) fn text(&self, template: &Template) -> String {
        match self.values.value(self.at, template) {
            Some(value) => shown(&value),
            None => shown(self.files.written(template.span)),
        }
    }

    fn inputs(&self, verb: &Verb) -> Vec<Input> {
        let from = |from: &Option<Spanned<spec::From>>| {
            let origin = from.iter().map(|from| (self.origin)(from));
            origin.map(|origin| Input { way: Way::Copy, origin }).collect()
        };
        match verb {
            Verb::Copy(step) => from(&step.from),
            Verb::Unpack(step) => from(&step.from),
            Verb::Run(step) => self.mounts(&step.process.mounts),
            Verb::Exec(step) => self.mounts(&step.process.mounts),
            _ => Vec::new(),
        }
    }

    /// The origins of mounts, without duplicates.
    pub(super) fn mounts(&self, mounts: &MountList) -> Vec<Input> {
        let inputs = mounts.iter().filter_map(Mount::from);
        let inputs = inputs.map(|from| Input { way: Way::Mount, origin: (self.origin)(from) });
        super::distinct(inputs)
    }
}

/// The lines of a span in the user's file.
pub(super) fn lines(span: Span, files: &SourceMap) -> [u32; 2] {
    let place = files.place(span);
    [*place.lines.start(), *place.lines.end()]
}
