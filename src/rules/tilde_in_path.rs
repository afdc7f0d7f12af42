//! `tilde-in-path`: a `~` at the start of a path that no shell expands.
//!
//! Shells replace it by a home directory. In a build file it is literal: `~/.cache` is a directory
//! named `~`.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::spec::{Env, Mount, MountList, ProcessKeys, Sources, Stage, StageName, Template, Verb};

/// Variables whose values are paths, or lists of paths with a colon between them.
const PATHS: [&str; 3] = ["PATH", "HOME", "DIR"];

pub(super) fn check(_: &StageName, stage: &Stage, diagnostics: &mut Diagnostics) {
    let mut found = Found { diagnostics };
    found.paths(stage.workdir.as_deref());
    found.paths(&stage.report);
    found.mounts(stage.mounts.iter().flat_map(MountList::iter));
    found.env(&stage.env);
    if let Some(image) = &stage.image {
        found.paths(image.workdir.as_deref().into_iter().chain(&image.volumes));
        found.env(&image.env);
    }
    for step in stage.all_steps() {
        found.paths(step.verb.keys().workdir.as_deref());
        found.step(&step.verb);
    }
}

struct Found<'d> {
    diagnostics: &'d mut Diagnostics,
}

impl Found<'_> {
    fn step(&mut self, verb: &Verb) {
        match verb {
            Verb::Run(step) => self.process(&step.process),
            Verb::Exec(step) => {
                self.paths(step.command.first().map(|program| &program.0));
                self.process(&step.process);
            }
            Verb::Copy(step) => {
                match &step.sources.value {
                    Sources::To(sources) => self.paths(sources.as_slice()),
                    Sources::Each(pairs) => {
                        self.paths(pairs.iter().flat_map(|(source, to)| [source, to]));
                    }
                }
                self.paths(&step.to);
            }
            Verb::Fetch(step) => self.paths(&step.to),
            Verb::Git(step) => self.paths(&step.to),
            Verb::Unpack(step) => self.paths([&step.source.value].into_iter().chain(&step.to)),
            Verb::Write(step) => self.paths([&step.path.value]),
            Verb::Mkdir(step) => self.paths(step.paths.as_slice()),
            Verb::Remove(step) => self.paths(step.paths.as_slice()),
            Verb::Symlink(step) => self.paths([&step.path.value, &step.target.value]),
            Verb::Parallel(_) => {}
        }
    }

    fn process(&mut self, process: &ProcessKeys) {
        self.mounts(process.mounts.iter());
        self.env(&process.env);
    }

    fn mounts<'m>(&mut self, mounts: impl Iterator<Item = &'m Mount>) {
        for mount in mounts {
            match mount {
                Mount::Cache(mount) => {
                    self.paths([&mount.path.value].into_iter().chain(mount.source.as_deref()));
                }
                Mount::Bind(mount) => {
                    let to = mount.to.as_ref().map(|to| &to.value);
                    self.paths([&mount.source.value].into_iter().chain(to));
                }
                Mount::Secret(mount) => self.paths(mount.to.as_ref().map(|to| &to.value)),
                Mount::Ssh(mount) => self.paths(mount.to.as_ref().map(|to| &to.value)),
                Mount::Tmpfs(mount) => self.paths([&mount.path.value]),
            }
        }
    }

    fn env(&mut self, env: &Env) {
        for (name, value) in &env.0 {
            let name = name.as_str();
            if PATHS.iter().any(|end| name.ends_with(end)) {
                let (start, end) = value.ends();
                let part = start.split(':').chain(end.split(':').skip(1));
                let part = part.into_iter().find(|part| begins_with_tilde(part));
                part.into_iter().for_each(|part| self.report(part, value.span));
            }
        }
    }

    fn paths<'t>(&mut self, templates: impl IntoIterator<Item = &'t Template>) {
        for template in templates {
            let (start, _) = template.ends();
            if begins_with_tilde(start) {
                self.report(start, template.span);
            }
        }
    }

    fn report(&mut self, path: &str, span: Span) {
        let rest = path.split_once('/').map_or("", |(_, rest)| rest);
        let slash = if rest.is_empty() { "" } else { "/" };
        self.diagnostics.push(
            Diagnostic::new(Code::TildeInPath, span, format!("`~` is not replaced in `{path}`"))
                .hint(format!(
                    "only shells expand `~`: write the home directory, as in \"/root{slash}{rest}\""
                )),
        );
    }
}

/// True for `~`, `~/a` and `~user/a`, but not for a file such as `~backup`.
fn begins_with_tilde(path: &str) -> bool {
    path.strip_prefix('~').is_some_and(|rest| rest.is_empty() || rest.contains('/'))
}
