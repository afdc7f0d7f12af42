//! The external sources of builds, collected from their plans, for writing a lock file.

mod values;

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::Platform;

pub use self::values::{SecretArg, requests_for_lock, secrets_in_references};
use super::{Action, ContextSource, Plan, Selection};
use crate::lock::{Upstream, is_commit};
use crate::source::{SourceMap, Span};
use crate::spec::{Spec, Template, Verb};

/// The external sources of some builds.
#[derive(Debug, Default)]
pub struct Needs {
    upstreams: BTreeMap<Upstream, Need>,
    /// The planned stages.
    stages: BTreeSet<String>,
    /// The spans of the planned steps.
    steps: BTreeSet<Span>,
}

/// The use of an external source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The span of its first mention in the build file.
    pub span: Span,
    /// The platform, for an image.
    pub platform: Option<Platform>,
    /// The URLs to fetch it from; several if they differ in their credentials. None for an image.
    pub addresses: BTreeSet<String>,
}

impl Needs {
    /// Adds those of one build, which must not use a lock file. References that have a digest, a
    /// checksum or a commit, and sources given by the client, are not included.
    pub fn add(&mut self, selection: &Selection<'_>, plan: &Plan) {
        for image in selection.images() {
            let is_named = image.context.is_none() && image.layout.is_none();
            if is_named && image.reference.digest().is_none() {
                let platform = Some(image.platform.clone());
                let upstream = Upstream::Image(image.reference.clone());
                self.need(upstream, None, image.span, platform);
            }
        }
        for query in selection.contexts() {
            let Some(span) = query.declared else { continue };
            match &query.source {
                ContextSource::Git(git) if git.checksum.is_none() && !is_commit(&git.reference) => {
                    let upstream = Upstream::git(&git.remote, &git.reference);
                    self.need(upstream, Some(&git.remote), span, None);
                }
                ContextSource::Http(file) if file.checksum.is_none() => {
                    self.need(Upstream::url(&file.url), Some(&file.url), span, None);
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
                        self.need(Upstream::url(&fetch.url), Some(&fetch.url), step.span, None);
                    }
                    Action::Git(git) if git.checksum.is_none() && !is_commit(&git.reference) => {
                        let upstream = Upstream::git(&git.url, &git.reference);
                        self.need(upstream, Some(&git.url), step.span, None);
                    }
                    _ => {}
                }
            }
        }
    }

    fn need(
        &mut self,
        upstream: Upstream,
        address: Option<&str>,
        span: Span,
        platform: Option<Platform>,
    ) {
        let new = Need { span, platform, addresses: BTreeSet::new() };
        let need = self.upstreams.entry(upstream).or_insert(new);
        need.addresses.extend(address.map(str::to_owned));
    }

    /// Removes sources whose name contains the value of an arg that looks like a secret. Returns a
    /// remark for each.
    pub fn leave_out_secrets(&mut self, secrets: &[SecretArg]) -> Vec<String> {
        let mut remarks = Vec::new();
        self.upstreams.retain(|upstream, _| {
            let secret = secrets.iter().find(|secret| secret.is_in(upstream));
            remarks.extend(secret.map(|secret| secret.remark(upstream)));
            secret.is_none()
        });
        remarks
    }

    /// All sources, without duplicates.
    pub fn upstreams(&self) -> &BTreeMap<Upstream, Need> {
        &self.upstreams
    }

    /// Remarks about the parts of the build file that were not covered: stages and downloads that
    /// lack a value, or that are left out of all builds.
    pub fn left_out(&self, spec: &Spec, files: &SourceMap) -> Vec<String> {
        const WHY: &str = "an arg has no value, or a condition excludes it";
        let mut remarks = Vec::new();
        for (name, stage) in &spec.stages {
            if !self.stages.contains(name.as_str()) {
                remarks.push(format!("stage `{name}` was skipped: {WHY}"));
                continue;
            }
            for step in stage.all_steps().filter(|step| !self.steps.contains(&step.span)) {
                let url = match &step.verb {
                    Verb::Fetch(fetch) if may_be_none(fetch.checksum.as_deref()) => &fetch.url,
                    Verb::Git(git) if may_be_none(git.checksum.as_deref()) => &git.url,
                    _ => continue,
                };
                let url = files.written(url.span);
                remarks.push(format!("`{url}` of stage `{name}` was skipped: {WHY}"));
            }
        }
        remarks
    }
}

/// True if a remote source may lack a checksum, so that a lock file may pin it: a checksum with a
/// name in it may be empty.
pub(crate) fn may_be_none(checksum: Option<&Template>) -> bool {
    checksum.and_then(Template::as_literal).is_none()
}
