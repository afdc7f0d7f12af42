//! The reasons of one step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::add::Explaining;
use super::{Kind, NotCounted, Reason};
use crate::lock::is_commit;
use crate::plan::{
    Action, ContextSource, Copy, Exec, Fetch, Git, HttpFile, Mode, MountKind, Origin, Owner,
    PlannedMount, PlannedStage, PlannedStep, Unpack,
};
use crate::reference::Reference;
use crate::spec::{Security, Step, Verb};

/// The variable of every process that engines set themselves if nothing else does.
const PATH: &str = "PATH";

/// The setting with the timestamp of created files.
pub(super) const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// The note of an image or a download of which only some files are used.
pub(super) const FILES_COUNT: &str = "only the files count";

/// The note of a command that the label shows.
pub(super) const SHOWN: &str = "as in its name";

/// The parts of an explanation of one step.
pub(super) struct Collected<'a> {
    explaining: &'a Explaining<'a>,
    pub(super) reasons: BTreeSet<Reason>,
    pub(super) not_counted: BTreeSet<NotCounted>,
    pub(super) remarks: Vec<String>,
    pub(super) is_independent: bool,
}

/// The variables of an image.
pub(super) type Variables<'a> = BTreeMap<&'a str, &'a str>;

impl<'a> Collected<'a> {
    pub(super) fn new(explaining: &'a Explaining<'a>) -> Self {
        Self {
            explaining,
            reasons: BTreeSet::new(),
            not_counted: BTreeSet::new(),
            remarks: Vec::new(),
            is_independent: false,
        }
    }

    /// Adds a reason with its value.
    pub(super) fn add(&mut self, kind: Kind, name: &str, value: Option<&str>) {
        let masked = &self.explaining.masked;
        let value = value.map(|value| match kind {
            Kind::Arg | Kind::Var | Kind::Env => masked.value(name, value),
            _ => masked.text(value),
        });
        let (name, from, note) = (masked.text(name), String::new(), String::new());
        self.reasons.insert(Reason { kind, name, from, value, note });
    }

    fn add_with_note(&mut self, kind: Kind, name: &str, value: Option<&str>, note: &str) {
        let masked = &self.explaining.masked;
        self.reasons.insert(Reason {
            kind,
            name: masked.text(name),
            from: String::new(),
            value: value.map(|value| masked.text(value)),
            note: note.to_owned(),
        });
    }

    /// Adds the command of a step. The text of an explanation shows it if the label does not.
    fn command(&mut self, name: &str, command: &str, step: &PlannedStep) {
        let label = step.label.trim_end_matches("...").trim_end();
        let is_shown = step.title.is_some()
            || command.trim_start().starts_with(label)
            || label.contains(command)
            || !name.is_empty() && label.contains(name);
        let note = if is_shown { SHOWN } else { "" };
        self.add_with_note(Kind::Command, name, Some(command), note);
    }

    fn setting(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.add(Kind::Setting, name, Some(value));
        }
    }

    fn ignore(&mut self, kind: &str, name: &str) {
        let name = self.explaining.masked.text(name);
        self.not_counted.insert(NotCounted { kind: kind.to_owned(), name });
    }

    /// Adds an arg or a constant, if a name is one.
    pub(super) fn name(&mut self, name: &str) {
        let Explaining { selection, .. } = self.explaining;
        let is_var = selection.spec.vars.0.contains_key(name);
        let kind = if is_var { Kind::Var } else { Kind::Arg };
        let is_known = |reason: &Reason| {
            matches!(reason.kind, Kind::Arg | Kind::Var | Kind::Env) && reason.name == name
        };
        if selection.scope.knows(name) && !self.reasons.iter().any(is_known) {
            let value = selection.scope.known_value(name);
            self.add(kind, name, value.as_deref());
        }
    }

    /// Adds the base of a stage, and the stages that are merged into it.
    pub(super) fn base(&mut self, stage: &PlannedStage) {
        let plan = self.explaining.plan;
        match stage.base {
            Origin::Stage(base) => self.add(Kind::Stage, &self.explaining.stage_name(base), None),
            Origin::Image(_) | Origin::Named(_) => self.origin(stage.base, ""),
            Origin::Context | Origin::Scratch => {}
        }
        if let Origin::Image(at) = stage.base {
            for trigger in &plan.images[at].fired {
                self.add(Kind::Trigger, trigger, None);
            }
        }
        for merged in &stage.merged {
            self.add(Kind::Stage, &self.explaining.stage_name(merged.stage), None);
        }
    }

    /// Adds the parts of a step. `inherited` are the variables of the image that its stage begins
    /// with.
    pub(super) fn action(
        &mut self,
        step: &PlannedStep,
        written: Option<&Step>,
        inherited: Option<&Variables<'_>>,
    ) {
        match &step.action {
            Action::Exec(exec) => {
                let is_text = written.is_some_and(|step| matches!(step.verb, Verb::Run(_)));
                self.exec(exec, is_text, step, inherited);
            }
            Action::Copy(copy) => self.copy(copy),
            Action::Fetch(fetch) => self.fetch(fetch),
            Action::Git(git) => self.git(git),
            Action::Unpack(unpack) => self.unpack(unpack),
            Action::Write(write) => {
                self.command(&write.path, &write.content, step);
                self.ownership(write.owner.as_deref(), write.mode.as_ref());
                self.epoch();
                self.is_independent =
                    write.link && is_linked(write.owner.as_deref(), write.mode.as_ref());
            }
            Action::Mkdir { paths, owner, mode } => {
                self.command("mkdir", &paths.join(" "), step);
                self.ownership(owner.as_deref(), mode.as_ref());
                self.epoch();
            }
            Action::Remove { paths, missing_ok } => {
                self.command("remove", &paths.join(" "), step);
                self.setting("missing-ok", if *missing_ok { "true" } else { "" });
            }
            Action::Symlink { path, target } => {
                self.command("symlink", &format!("{path} -> {target}"), step);
                self.epoch();
            }
        }
    }

    fn exec(
        &mut self,
        exec: &Exec,
        is_text: bool,
        step: &PlannedStep,
        inherited: Option<&Variables<'_>>,
    ) {
        let (shell, command) = match (&exec.script, exec.args.split_last()) {
            (Some(script), _) => (String::new(), script.to_string()),
            (None, Some((script, shell))) if is_text => (shell.join(" "), script.to_string()),
            (None, _) => (String::new(), exec.args.join(" ")),
        };
        self.command("", &command, step);
        self.setting("shell", &shell);
        self.environment(exec, inherited);
        self.setting("workdir", if exec.workdir == "/" { "" } else { &exec.workdir });
        self.setting("user", &exec.user);
        if let Some(network) = exec.network {
            self.setting("network", &format!("{network:?}").to_lowercase());
        }
        if !matches!(exec.security, Security::Sandbox) {
            self.setting("security", &format!("{:?}", exec.security).to_lowercase());
        }
        for device in &exec.devices {
            self.setting("device", &device.name);
        }
        exec.mounts.iter().for_each(|mount| self.mount(mount));
        for secret in &exec.secret_env {
            self.ignore("secret", &secret.id);
        }
        for proxy in self.explaining.plan.proxies.keys() {
            self.ignore("proxy", proxy);
        }
    }

    /// Adds the variables of a process, except those of the image that its stage begins with: they
    /// change only with the image.
    fn environment(&mut self, exec: &Exec, inherited: Option<&Variables<'_>>) {
        let Explaining { selection, .. } = self.explaining;
        for (name, value) in exec.environment.iter() {
            let inherits = |variables: &Variables<'_>| variables.get(name) == Some(&value);
            let is_default =
                name == PATH && inherited.is_none_or(|known| !known.contains_key(PATH));
            if inherited.is_some_and(inherits) || is_default {
                continue;
            }
            let of_scope = selection.scope.known_value(name);
            let kind = match of_scope.is_some_and(|known| known == value) {
                true if selection.spec.vars.0.contains_key(name) => Kind::Var,
                true => Kind::Arg,
                false => Kind::Env,
            };
            self.add(kind, name, Some(value));
        }
    }

    fn mount(&mut self, mount: &PlannedMount) {
        match &mount.kind {
            MountKind::Bind { origin, source, .. } => self.files(*origin, source),
            MountKind::Cache { origin, source, .. } => {
                self.ignore("cache", &mount.destination);
                if let Some(origin) = origin {
                    self.files(*origin, source.as_deref().unwrap_or("/"));
                }
            }
            MountKind::Secret { id, .. } => self.ignore("secret", id),
            MountKind::Ssh { id, .. } => self.ignore("ssh", id),
            MountKind::Tmpfs { .. } => {}
        }
    }

    fn copy(&mut self, copy: &Copy) {
        for item in &copy.items {
            let source = item.optional.as_deref().unwrap_or(item.named());
            let source = match &item.parents {
                Some(pattern) if item.required.is_none() => {
                    format!("{}/{pattern}", source.trim_end_matches('/'))
                }
                _ => source.to_owned(),
            };
            self.files(copy.origin, &source);
        }
        let to: BTreeSet<&str> = copy.items.iter().map(|item| item.destination.as_str()).collect();
        self.setting("to", &to.into_iter().collect::<Vec<_>>().join(" "));
        self.setting("include", &copy.include.join(" "));
        self.setting("exclude", &copy.exclude.join(" "));
        self.ownership(copy.owner.as_deref(), copy.mode.as_ref());
        self.is_independent = copy.link && is_linked(copy.owner.as_deref(), copy.mode.as_ref());
    }

    fn unpack(&mut self, unpack: &Unpack) {
        self.files(unpack.origin, &unpack.source);
        self.setting("to", &unpack.destination);
        self.strip(unpack.strip);
        self.ownership(unpack.owner.as_deref(), None);
        self.is_independent = unpack.link && is_linked(unpack.owner.as_deref(), None);
    }

    fn fetch(&mut self, fetch: &Fetch) {
        self.url(&fetch.url, fetch.checksum.as_deref());
        self.setting("to", &fetch.destination);
        self.strip(fetch.strip);
        self.ownership(fetch.owner.as_deref(), fetch.mode.as_ref());
        self.is_independent = fetch.link && is_linked(fetch.owner.as_deref(), fetch.mode.as_ref());
    }

    fn git(&mut self, git: &Git) {
        let Git { url, reference, commit, checksum, .. } = git;
        self.repository(url, reference, commit.as_deref().or(checksum.as_deref()));
        self.setting("subdir", &git.subdir);
        self.setting("to", &git.destination);
        self.ownership(git.owner.as_deref(), git.mode.as_ref());
        self.is_independent = git.link && is_linked(git.owner.as_deref(), git.mode.as_ref());
    }

    fn strip(&mut self, count: u32) {
        self.setting("strip", &if count == 0 { String::new() } else { count.to_string() });
    }

    fn ownership(&mut self, owner: Option<&Owner>, mode: Option<&Mode>) {
        if let Some(Owner { user, group }) = owner {
            let group = group.as_ref().map(|group| format!(":{group}")).unwrap_or_default();
            self.setting("chown", &format!("{user}{group}"));
        }
        match mode {
            Some(Mode::Octal(bits) | Mode::Everywhere(bits)) => {
                self.setting("chmod", &format!("{bits:04o}"));
            }
            Some(Mode::Symbolic(change)) => self.setting("chmod", change),
            None => {}
        }
    }

    /// Adds the timestamp of files that a step creates.
    fn epoch(&mut self) {
        if let Some(epoch) = self.explaining.plan.epoch {
            self.add(Kind::Setting, EPOCH, Some(&epoch.to_string()));
        }
    }

    /// Adds files of an origin, which are compared by their content.
    fn files(&mut self, origin: Origin, path: &str) {
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
        self.reasons.insert(Reason {
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

    fn repository(&mut self, url: &str, reference: &str, commit: Option<&str>) {
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

    fn url(&mut self, url: &str, checksum: Option<&str>) {
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

/// True if a linked step does not depend on the layers below: it is a layer of its own, unless the
/// engine must look up names in them or set modes of files in them.
fn is_linked(owner: Option<&Owner>, mode: Option<&Mode>) -> bool {
    mode.is_none() && !owner.is_some_and(Owner::is_named)
}

/// The name of an image without its digest.
pub(super) fn short(reference: &Reference) -> String {
    let name = reference.familiar();
    name.split('@').next().unwrap_or_default().to_owned()
}
