//! The reasons of one step.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::explaining::Explaining;
use super::notes::{FILES_COUNT, IN_KEYS, SHOWN};
use super::{Kind, NotCounted, Reason};
use crate::lock::is_commit;
use crate::plan::{ContextSource, HttpFile, Origin, PlannedStage, PlannedStep, StageId};
use crate::reference::Reference;

/// The parts of an explanation of one step.
pub(super) struct Collected<'a> {
    pub(super) explaining: &'a Explaining<'a>,
    reasons: Vec<Reason>,
    /// The args and variables among the reasons.
    names: BTreeSet<String>,
    pub(super) not_counted: BTreeSet<NotCounted>,
    pub(super) remarks: Vec<String>,
    pub(super) is_independent: bool,
}

impl<'a> Collected<'a> {
    pub(super) fn new(explaining: &'a Explaining<'a>) -> Self {
        Self {
            explaining,
            reasons: Vec::new(),
            names: BTreeSet::new(),
            not_counted: BTreeSet::new(),
            remarks: Vec::new(),
            is_independent: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }

    /// The reasons by their kinds. Variables are sorted by name; other reasons are in the order of
    /// the step, as it is part of the cache key.
    pub(super) fn reasons(&mut self) -> Vec<Reason> {
        let mut reasons = std::mem::take(&mut self.reasons);
        reasons.sort_by(|one, other| {
            let by_name = if one.kind.is_variable() { one.cmp(other) } else { Ordering::Equal };
            one.kind.cmp(&other.kind).then(by_name)
        });
        reasons.dedup();
        reasons
    }

    /// Adds a reason with its value.
    pub(super) fn add(&mut self, kind: Kind, name: &str, value: Option<&str>) {
        let masked = &self.explaining.masked;
        let value = value.map(|value| match kind {
            Kind::Arg | Kind::Var | Kind::Env => masked.value(name, value),
            _ => masked.text(value),
        });
        if kind.is_variable() {
            self.names.insert(name.to_owned());
        }
        let (name, from, note) = (masked.text(name), String::new(), String::new());
        self.reasons.push(Reason { kind, name, from, value, note });
    }

    pub(super) fn add_with_note(
        &mut self,
        kind: Kind,
        name: &str,
        value: Option<&str>,
        note: &str,
    ) {
        let masked = &self.explaining.masked;
        self.reasons.push(Reason {
            kind,
            name: masked.text(name),
            from: String::new(),
            value: value.map(|value| masked.text(value)),
            note: note.to_owned(),
        });
    }

    /// Adds the command of a step. The text of an explanation shows it if the label does not.
    pub(super) fn command(&mut self, name: &str, command: &str, step: &PlannedStep) {
        let label = step.label.trim_end_matches("...").trim_end();
        let is_shown = step.title.is_some()
            || command.trim_start().starts_with(label)
            || label.contains(command)
            || !name.is_empty() && label.contains(name);
        let note = if is_shown { SHOWN } else { "" };
        self.add_with_note(Kind::Command, name, Some(command), note);
    }

    pub(super) fn setting(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.add(Kind::Setting, name, Some(value));
        }
    }

    pub(super) fn ignore(&mut self, kind: &str, name: &str) {
        let name = self.explaining.masked.text(name);
        self.not_counted.insert(NotCounted { kind: kind.to_owned(), name });
    }

    /// Adds an arg or a constant, if a name is one.
    pub(super) fn name(&mut self, name: &str) {
        let Explaining { selection, masked, .. } = self.explaining;
        if !selection.scope.knows(name) || !self.names.insert(name.to_owned()) {
            return;
        }
        let is_var = selection.spec.vars.0.contains_key(name);
        let value = selection.scope.known_value(name);
        self.reasons.push(Reason {
            kind: if is_var { Kind::Var } else { Kind::Arg },
            name: masked.text(name),
            from: String::new(),
            value: value.map(|value| masked.value(name, &value)),
            note: IN_KEYS.to_owned(),
        });
    }

    /// Adds the base of a stage, and the stages that are merged into it.
    pub(super) fn base(&mut self, stage: &PlannedStage) {
        let plan = self.explaining.plan;
        match stage.base {
            Origin::Stage(base) => self.stage(base),
            Origin::Image(_) | Origin::Named(_) => self.origin(stage.base, ""),
            Origin::Context | Origin::Scratch => {}
        }
        if let Origin::Image(at) = stage.base {
            for trigger in &plan.images[at].fired {
                self.add(Kind::Trigger, trigger, None);
            }
        }
        for merged in &stage.merged {
            self.stage(merged.stage);
        }
    }

    /// Adds a stage whose layers are used.
    fn stage(&mut self, at: StageId) {
        let squashed = self.explaining.plan.stages[at].squash.map(|_| "squashed");
        self.add(Kind::Stage, &self.explaining.stage_name(at), squashed);
    }

    /// Adds files of an origin, which are compared by their content.
    pub(super) fn files(&mut self, origin: Origin, path: &str) {
        let Explaining { plan, .. } = self.explaining;
        let from = match origin {
            Origin::Context | Origin::Scratch => String::new(),
            Origin::Stage(at) => format!("stage {}", self.explaining.stage_name(at)),
            Origin::Image(at) => format!("image {}", short(&plan.images[at].reference)),
            Origin::Named(at) => {
                let context = &plan.named_contexts[at];
                let kind = if context.declared.is_some() { "source" } else { "context" };
                format!("{kind} {}", context.name)
            }
        };
        let path = match path.trim_start_matches('/') {
            "" => ".",
            inside if origin == Origin::Context => inside,
            _ => path,
        };
        self.reasons.push(Reason {
            kind: Kind::Files,
            name: self.explaining.masked.text(path),
            from: self.explaining.masked.text(&from),
            value: None,
            note: String::new(),
        });
        self.origin(origin, FILES_COUNT);
    }

    /// Adds an image, a repository or a download from which files come.
    fn origin(&mut self, origin: Origin, note: &str) {
        let plan = self.explaining.plan;
        match origin {
            Origin::Image(at) => {
                let image = &plan.images[at];
                let name = match &image.context {
                    Some(context) => {
                        format!("{} (context {context})", short(&image.reference))
                    }
                    None => short(&image.reference),
                };
                let digest = image.reference.digest();
                let note = match (note, digest) {
                    ("", None) if image.layout.is_none() => "looked up in each build",
                    (note, _) => note,
                };
                self.add_with_note(Kind::Image, &name, digest, note);
                if image.platform != plan.platform {
                    self.add(Kind::Setting, "platform", Some(&image.platform.to_string()));
                }
            }
            Origin::Named(at) => match &plan.named_contexts[at].source {
                ContextSource::Git(url) => {
                    self.repository(&url.remote, &url.reference, url.checksum.as_deref());
                }
                ContextSource::Http(HttpFile { url, checksum, .. }) => {
                    self.url(url, checksum.as_deref());
                }
                ContextSource::Image(image) => {
                    self.add_with_note(Kind::Image, &short(image), image.digest(), note);
                }
                ContextSource::Dockerfile(dockerfile) => {
                    let mut name = dockerfile.file.clone();
                    if let Some(target) = &dockerfile.target {
                        let _ = write!(name, " (target {target})");
                    }
                    self.add(Kind::Setting, "dockerfile", Some(&name));
                    for (name, value) in &dockerfile.args {
                        self.add(Kind::Arg, name, Some(value));
                    }
                }
                ContextSource::Local(_)
                | ContextSource::Input(_)
                | ContextSource::Target(_)
                | ContextSource::OciLayout { .. }
                | ContextSource::Scratch => {}
            },
            Origin::Context | Origin::Scratch | Origin::Stage(_) => {}
        }
    }

    pub(super) fn repository(&mut self, url: &str, reference: &str, commit: Option<&str>) {
        let shown = if reference.is_empty() { "the default branch" } else { reference };
        match commit.or(Some(reference).filter(|reference| is_commit(reference))) {
            Some(commit) => self.add(Kind::Git, url, Some(commit)),
            None => self.add_with_note(
                Kind::Git,
                url,
                Some(shown),
                "asked for its commit in each build",
            ),
        }
    }

    pub(super) fn url(&mut self, url: &str, checksum: Option<&str>) {
        match checksum {
            Some(checksum) => self.add(Kind::Url, url, Some(checksum)),
            None => self.add_with_note(
                Kind::Url,
                url,
                None,
                "asked in each build; without a checksum, other content runs the step again",
            ),
        }
    }
}

/// The name of an image without its digest. It has a tag if a lookup would add one, so that it is
/// the same whether the image was looked up or not.
pub(super) fn short(reference: &Reference) -> String {
    let name = reference.familiar();
    let short = name.split('@').next().unwrap_or_default();
    let has_tag = short.rsplit('/').next().is_some_and(|last| last.contains(':'));
    if has_tag || name.contains('@') { short.to_owned() } else { format!("{short}:latest") }
}
