//! What builds take from outside, gathered from their plans: what a lock file is written for.

mod values;

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::Platform;

pub use self::values::requests_for_lock;
use super::{Action, ContextSource, Plan, Selection};
use crate::lock::{Upstream, is_commit};
use crate::source::{SourceMap, Span};
use crate::spec::{Spec, Verb};

/// What some builds take from outside.
#[derive(Debug, Default)]
pub struct Needs {
    upstreams: BTreeMap<Upstream, Need>,
    /// The stages that were planned.
    stages: BTreeSet<String>,
    /// The places of the steps that were planned.
    steps: BTreeSet<Span>,
}

/// Where something from outside is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Where the build file first names it.
    pub span: Span,
    /// For which platform, of an image.
    pub platform: Option<Platform>,
}

impl Needs {
    /// Adds those of one build, which is held to no lock file. What is held to a digest, a checksum or a
    /// commit, and what the client gives, is none.
    pub fn add(&mut self, selection: &Selection<'_>, plan: &Plan) {
        for image in selection.images() {
            let is_named = image.context.is_none() && image.layout.is_none();
            if is_named && image.reference.digest().is_none() {
                let platform = Some(image.platform.clone());
                self.need(Upstream::Image(image.reference.clone()), image.span, platform);
            }
        }
        for query in selection.contexts() {
            let Some(span) = query.declared else { continue };
            match &query.source {
                ContextSource::Git(git) if git.checksum.is_none() && !is_commit(&git.reference) => {
                    self.need(Upstream::git(&git.remote, &git.reference), span, None);
                }
                ContextSource::Http(file) if file.checksum.is_none() => {
                    self.need(Upstream::Url(file.url.clone()), span, None);
                }
                _ => {}
            }
        }
        for stage in &plan.stages {
            self.stages.insert(stage.name.to_string());
            for step in &stage.steps {
                self.steps.insert(step.span);
                match &step.action {
                    Action::Fetch(fetch) if fetch.checksum.is_none() => {
                        self.need(Upstream::Url(fetch.url.clone()), step.span, None);
                    }
                    Action::Git(git) if git.checksum.is_none() && !is_commit(&git.reference) => {
                        self.need(Upstream::git(&git.url, &git.reference), step.span, None);
                    }
                    _ => {}
                }
            }
        }
    }

    fn need(&mut self, upstream: Upstream, span: Span, platform: Option<Platform>) {
        self.upstreams.entry(upstream).or_insert(Need { span, platform });
    }

    /// All of it, each once.
    pub fn upstreams(&self) -> &BTreeMap<Upstream, Need> {
        &self.upstreams
    }

    /// What of the build file was not looked at, a remark each: stages and downloads that lack a value, or
    /// that do not exist in any of the builds.
    pub fn left_out(&self, spec: &Spec, files: &SourceMap) -> Vec<String> {
        const WHY: &str = "it lacks a value, or does not exist with these args";
        let mut remarks = Vec::new();
        for (name, stage) in &spec.stages {
            if !self.stages.contains(name.as_str()) {
                remarks.push(format!("stage `{name}` was not looked at: {WHY}"));
                continue;
            }
            for step in stage.all_steps().filter(|step| !self.steps.contains(&step.span)) {
                let url = match &step.verb {
                    Verb::Fetch(fetch) if fetch.checksum.is_none() => &fetch.url,
                    Verb::Git(git) if git.checksum.is_none() => &git.url,
                    _ => continue,
                };
                let url = files.written(url.span);
                remarks.push(format!("`{url}` of stage `{name}` was not looked up: {WHY}"));
            }
        }
        remarks
    }
}
