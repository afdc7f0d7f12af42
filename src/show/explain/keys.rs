//! The parts of a step that are in its cache key.
//!
//! Structs of the plan are taken apart without `..`: a new field does not compile until it is either
//! a reason or left out for a reason.

use std::collections::BTreeSet;

use super::Kind;
use super::explaining::{Explaining, Variables};
use super::notes::{EPOCH, OF_CLIENT};
use super::reasons::Collected;
use crate::lower::ProcessOptions;
use crate::plan::{
    Action, Copy, CopyItem, Exec, Fetch, Git, Mode, MountKind, Owner, PlannedMount, PlannedStage,
    PlannedStep, Unpack, Write,
};
use crate::spec::{Network, Security, Sharing, Step, Verb};

/// The variable of every process that engines set themselves if nothing else does.
const PATH: &str = "PATH";

/// The surroundings of a step.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) stage: &'a PlannedStage,
    /// The variables of the image that its stage begins with.
    pub(super) inherited: Option<&'a Variables<'a>>,
    /// True if it shares its op with other steps.
    pub(super) is_grouped: bool,
}

impl Collected<'_> {
    /// Adds the parts of a step.
    pub(super) fn action(
        &mut self,
        step: &PlannedStep,
        written: Option<&Step>,
        surroundings: Surroundings<'_>,
    ) {
        match &step.action {
            Action::Exec(exec) => {
                let is_text = written.is_some_and(|step| matches!(step.verb, Verb::Run(_)));
                self.exec(exec, is_text, step, surroundings);
            }
            Action::Copy(copy) => self.copy(copy),
            Action::Fetch(fetch) => self.fetch(fetch),
            Action::Git(git) => self.git(git),
            Action::Unpack(unpack) => self.unpack(unpack),
            Action::Write(write) => self.write(write, step, surroundings),
            Action::Mkdir { paths, owner, mode } => {
                self.command("mkdir", &paths.join(" "), step);
                let of = surroundings.is_grouped.then(|| paths.join(" "));
                self.ownership(owner.as_deref(), mode.as_ref(), of.as_deref());
                self.epoch();
            }
            Action::Remove { paths, missing_ok } => {
                self.command("remove", &paths.join(" "), step);
                let of = surroundings.is_grouped.then(|| paths.join(" "));
                self.flag(&name_of("missing-ok", of.as_deref()), *missing_ok);
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
        surroundings: Surroundings<'_>,
    ) {
        let Exec {
            args,
            script,
            environment: _,
            workdir,
            user,
            mounts,
            secret_env,
            network,
            security,
            devices,
        } = exec;
        let (shell, command) = match (script, args.split_last()) {
            (Some(script), _) => (String::new(), script.to_string()),
            (None, Some((script, shell))) if is_text => (shell.join(" "), script.to_string()),
            (None, _) => (String::new(), args.join(" ")),
        };
        self.command("", &command, step);
        self.setting("shell", &shell);
        if !is_text && script.is_none() && args.iter().any(|arg| arg.contains(' ')) {
            // The command does not show where an argument ends.
            self.setting("arguments", &format!("{args:?}"));
        }
        self.environment(exec, surroundings.inherited);
        self.setting("workdir", if workdir == "/" { "" } else { workdir });
        self.setting("user", user);
        match security {
            Security::Sandbox => {}
            Security::Insecure => self.setting("security", "insecure"),
        }
        for device in devices {
            let optional = if device.required { "" } else { ", optional" };
            self.setting("device", &format!("{}{optional}", device.name));
        }
        mounts.iter().for_each(|mount| self.mount(mount));
        for secret in secret_env {
            let optional = if secret.required { "" } else { ", optional" };
            self.setting("secret", &format!("{} as {}{optional}", secret.id, secret.name));
            self.ignore("secret", &secret.id);
        }
        let Explaining { plan, .. } = self.explaining;
        if surroundings.stage.platform != plan.platform {
            self.setting("platform", &surroundings.stage.platform.to_string());
        }
        self.client_options(*network);
        for proxy in plan.proxies.keys() {
            self.ignore("proxy", proxy);
        }
    }

    /// Adds the network of a process, and the other options of the client that are in its key.
    fn client_options(&mut self, network: Option<Network>) {
        // Limits of memory and processors are not in the key: they are metadata of the op.
        let ProcessOptions {
            network: forced,
            hosts,
            hostname,
            shm_size,
            ulimits,
            cgroup_parent,
            ..
        } = self.explaining.process;
        match (network, forced) {
            (Some(Network::Host), _) => self.setting("network", "host"),
            (Some(Network::None), _) => self.setting("network", "none"),
            (Some(Network::Sandbox), _) | (None, None) => {}
            (None, Some(forced)) => {
                self.client_option("network", &format!("{forced:?}").to_lowercase());
            }
        }
        // The addresses are not in the key.
        for host in hosts {
            self.client_option("add-host", &host.host);
        }
        self.client_option("hostname", hostname);
        if *shm_size > 0 {
            self.client_option("shm-size", &shm_size.to_string());
        }
        for limit in ulimits {
            let limit = format!("{}={}:{}", limit.name, limit.soft, limit.hard);
            self.client_option("ulimit", &limit);
        }
        self.client_option("cgroup-parent", cgroup_parent);
    }

    fn client_option(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.add_with_note(Kind::Setting, name, Some(value), OF_CLIENT);
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
        let PlannedMount { destination, kind } = mount;
        let text = match kind {
            MountKind::Bind { origin, source, writable } => {
                self.files(*origin, source);
                format!("bind {destination}{}", if *writable { ", writable" } else { "" })
            }
            MountKind::Cache { id, sharing, read_only, owner, mode, origin, source } => {
                self.ignore("cache", destination);
                let mut text = format!("cache {destination}");
                // BuildKit's key has no ids but usual ones (`checkShouldClearCacheOpts` in
                // `solver/llbsolver/ops/exec.go`).
                if id != destination || !matches!(sharing, Sharing::Shared) {
                    text.push_str(", not the usual id and sharing");
                }
                if *read_only {
                    text.push_str(", read-only");
                }
                if let Some(owner) = owner {
                    text.push_str(&format!(", owner {}", owner_text(owner)));
                }
                if let Some(mode) = mode {
                    text.push_str(&format!(", mode {mode:04o}"));
                }
                // A directory of the cache itself is not compared.
                if let Some(origin) = origin {
                    self.files(*origin, source.as_deref().unwrap_or("/"));
                }
                text
            }
            MountKind::Secret { id, mode, uid, gid, required } => {
                self.ignore("secret", id);
                let access = access(*mode, *uid, *gid, *required);
                format!("secret {id} at {destination}, {access}")
            }
            MountKind::Ssh { id, mode, uid, gid, required, named } => {
                self.ignore("ssh", id);
                let access = access(*mode, *uid, *gid, *required);
                let at = if *named { format!(" at {destination}") } else { String::new() };
                format!("ssh {id}{at}, {access}")
            }
            MountKind::Tmpfs { size: 0 } => format!("tmpfs {destination}"),
            MountKind::Tmpfs { size } => format!("tmpfs {destination}, size {size}"),
        };
        self.setting("mount", &text);
    }

    fn copy(&mut self, copy: &Copy) {
        let Copy { origin, items, owner, mode, include, exclude, link, unpack } = copy;
        let mut to: Vec<&str> = Vec::with_capacity(items.len());
        for item in items {
            // The source, and the rest, follow from the path as written.
            let CopyItem { destination, parents, required, optional, .. } = item;
            let source = optional.as_deref().unwrap_or(item.named());
            let source = match parents {
                Some(pattern) if required.is_none() => {
                    format!("{}/{pattern}", source.trim_end_matches('/'))
                }
                _ => source.to_owned(),
            };
            self.files(*origin, &source);
            if optional.is_some() {
                self.setting("optional", &source);
            }
            if let Some(required) = required {
                self.setting("parents", &required.kept);
            }
            to.push(destination);
        }
        let all: BTreeSet<&str> = to.iter().copied().collect();
        if all.len() == 1 {
            to.truncate(1);
        }
        self.setting("to", &to.join(" "));
        self.setting("include", &include.join(" "));
        self.setting("exclude", &exclude.join(" "));
        self.flag("unpack", *unpack);
        self.ownership(owner.as_deref(), mode.as_ref(), None);
        self.link(*link, owner.as_deref(), mode.is_some());
        self.epoch_of_copies();
    }

    fn unpack(&mut self, unpack: &Unpack) {
        let Unpack { origin, source, destination, strip, owner, link } = unpack;
        self.files(*origin, source);
        self.setting("to", destination);
        self.strip(*strip);
        self.ownership(owner.as_deref(), None, None);
        self.link(*link, owner.as_deref(), false);
        self.epoch_of_copies();
    }

    fn fetch(&mut self, fetch: &Fetch) {
        let Fetch { url, filename, checksum, destination, extract, strip, owner, mode, link } =
            fetch;
        self.url(url, checksum.as_deref());
        self.setting("file", filename.as_str());
        self.setting("to", destination);
        self.flag("unpack", *extract);
        self.strip(*strip);
        self.ownership(owner.as_deref(), mode.as_ref(), None);
        self.link(*link, owner.as_deref(), mode.is_some());
        self.epoch_of_copies();
    }

    fn git(&mut self, git: &Git) {
        // Fetching a commit directly gives the same files.
        let Git {
            url,
            reference,
            commit,
            checksum,
            subdir,
            keep_git_dir,
            skip_submodules,
            fetch_by_commit: _,
            destination,
            owner,
            mode,
            link,
        } = git;
        self.repository(url, reference, commit.as_deref().or(checksum.as_deref()));
        self.setting("subdir", subdir);
        self.flag("keep-git-dir", *keep_git_dir);
        self.flag("no-submodules", *skip_submodules);
        self.setting("to", destination);
        self.ownership(owner.as_deref(), mode.as_ref(), None);
        self.link(*link, owner.as_deref(), mode.is_some());
        self.epoch_of_copies();
    }

    fn write(&mut self, write: &Write, step: &PlannedStep, surroundings: Surroundings<'_>) {
        let Write { path, content, owner, mode, link } = write;
        self.command(path, content, step);
        let of = surroundings.is_grouped.then_some(path.as_str());
        self.ownership(owner.as_deref(), mode.as_ref(), of);
        let needs_copy = match mode {
            None => false,
            Some(Mode::Octal(bits) | Mode::Everywhere(bits)) => *bits > 0o777,
            Some(Mode::Symbolic(_)) => true,
        };
        self.link(*link, owner.as_deref(), needs_copy);
        self.epoch();
    }

    fn strip(&mut self, count: u32) {
        self.setting("strip", &if count == 0 { String::new() } else { count.to_string() });
    }

    fn flag(&mut self, name: &str, is_set: bool) {
        self.setting(name, if is_set { "true" } else { "" });
    }

    /// Adds the owner and the mode of files; those of `of` if several steps share an op.
    fn ownership(&mut self, owner: Option<&Owner>, mode: Option<&Mode>, of: Option<&str>) {
        if let Some(owner) = owner {
            self.setting(&name_of("chown", of), &owner_text(owner));
        }
        let bits = match mode {
            Some(Mode::Octal(bits)) => format!("{bits:04o}"),
            Some(Mode::Everywhere(bits)) => format!("{bits:04o}, also of parent directories"),
            Some(Mode::Symbolic(change)) => change.clone(),
            None => return,
        };
        self.setting(&name_of("chmod", of), &bits);
    }

    /// Adds whether a step is linked. It then does not depend on the layers below, unless the engine
    /// must look up names in them or set modes of files in them.
    fn link(&mut self, link: bool, owner: Option<&Owner>, sets_mode: bool) {
        self.is_independent = link && !sets_mode && !owner.is_some_and(Owner::is_named);
        self.flag("link", self.is_independent);
    }

    /// Adds the timestamp of files that a step creates.
    fn epoch(&mut self) {
        if let Some(epoch) = self.explaining.plan.epoch {
            self.add(Kind::Setting, EPOCH, Some(&epoch.to_string()));
        }
    }

    /// Adds the timestamp of copied files. Those of a Dockerfile keep their own.
    fn epoch_of_copies(&mut self) {
        if !self.explaining.plan.is_from_dockerfile {
            self.epoch();
        }
    }
}

/// The name of a setting of one step among several of an op.
fn name_of(name: &str, of: Option<&str>) -> String {
    match of {
        Some(of) => format!("{name} of {of}"),
        None => name.to_owned(),
    }
}

fn owner_text(owner: &Owner) -> String {
    let Owner { user, group } = owner;
    match group {
        Some(group) => format!("{user}:{group}"),
        None => user.to_string(),
    }
}

/// The mode and owner of a mounted secret or socket.
fn access(mode: u32, uid: u32, gid: u32, required: bool) -> String {
    let optional = if required { "" } else { ", optional" };
    format!("mode {mode:04o}, owner {uid}:{gid}{optional}")
}
