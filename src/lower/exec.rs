//! Steps that run a process, and their mounts.

use std::borrow::Cow;

use buildkit_llb::{
    BindAccess, BindMount, CacheMount, CacheSharing, CdiDevice, CopyAction, Digest, Exec, FileOp,
    Metadata, MkdirAction, MkfileAction, Mode, Mount, NetMode, Platform, ProxyEnv, SecretEnv,
    SecretMount, SecurityMode, SshMount, State, TmpfsMount,
};

use super::file::{chown, inline_document};
use super::site::StepSite;
use super::{Lowering, Settings};
use crate::plan::{self, Id, MountKind, Owner, PlannedMount};
use crate::spec::{Network, Security, Sharing};
use crate::text::Text;

/// The initial directory of a cache mount in the op that creates it. The name is that of the
/// Dockerfile frontend (`setCacheUIDGID` in `dockerfile2llb/convert_runmount.go`).
const CACHE_DIRECTORY: &str = "/cache";

/// A path that no image has, used to resolve a user's name.
const OWNER_PROBE: &str = "/.mstage/cache";

/// The directory in which scripts that begin with `#!` are mounted, as for heredocs in Dockerfiles.
const SCRIPTS: &str = "/dev/pipes/";

/// The name of a script in that directory.
const SCRIPT: &str = "script";

/// The variable that makes a process differ in every build, so that it always runs. BuildKit's
/// `ignore_cache` would also empty its cache mounts.
const NO_CACHE: &str = "MSTAGE_NO_CACHE";

impl<'a> Lowering<'a> {
    pub(super) fn add_exec(
        &mut self,
        exec: &plan::Exec,
        no_cache: bool,
        platform: &Platform,
        StepSite { root, mut metadata, settings, .. }: StepSite<'_>,
    ) -> State {
        let process = &settings.process;
        let mounts = self.mounts(exec, root, settings);
        metadata.linux_resources.clone_from(&process.resources);
        let script = exec.script.as_ref().map(|_| [Text::from(format!("{SCRIPTS}{SCRIPT}"))]);
        let args = script.as_ref().map_or(&*exec.args, |path| path);
        let [program, args @ ..] = args else { return root };
        let variables = exec.environment.iter();
        let secrets = exec
            .secret_env
            .iter()
            .map(|secret| SecretEnv::new(&*secret.id, &*secret.name).optional(!secret.required));
        let devices = exec
            .devices
            .iter()
            .map(|device| CdiDevice::new(&*device.name).optional(!device.required));
        let mut op = Exec::new(root, program)
            .args(args)
            .envs(variables)
            .cwd(&*exec.workdir)
            .user(&*exec.user)
            .platform(Some(platform.clone()))
            .mounts(mounts)
            .secret_env(secrets.collect())
            .network(match exec.network {
                None => process.network.unwrap_or(NetMode::Sandbox),
                Some(Network::Sandbox) => NetMode::Sandbox,
                Some(Network::Host) => NetMode::Host,
                Some(Network::None) => NetMode::None,
            })
            .security(match exec.security {
                Security::Sandbox => SecurityMode::Sandbox,
                Security::Insecure => SecurityMode::Insecure,
            })
            .cdi_devices(devices.collect())
            .proxy_env(self.proxies())
            .extra_hosts(process.hosts.as_slice().into())
            .hostname(&*process.hostname)
            .ulimits(process.ulimits.as_slice().into())
            .cgroup_parent(&*process.cgroup_parent);
        if no_cache {
            let nonce = Digest::of(settings.sessions.id.as_bytes()).to_string();
            op = op.env(NO_CACHE, nonce);
        }
        self.graph.add(op, metadata).root
    }

    /// The mounts of a process: its own, the one that waits for caches, `/dev/shm` and its script.
    fn mounts<'m>(
        &mut self,
        exec: &'m plan::Exec,
        root: State,
        settings: &Settings,
    ) -> Vec<Mount<'m>> {
        let mut mounts: Vec<Mount<'_>> =
            exec.mounts.iter().map(|mount| self.mount(mount, root, settings)).collect();
        mounts.extend(self.wait_for_caches(&exec.mounts, settings));
        if settings.process.shm_size > 0 {
            mounts.push(TmpfsMount::new("/dev/shm").size(settings.process.shm_size).into());
        }
        if let Some(script) = &exec.script {
            let file = MkfileAction::new(format!("/{SCRIPT}"), 0o755, script.as_bytes());
            let file = self.graph.add(FileOp::new(State::SCRATCH).then(file), inline_document());
            mounts.push(BindMount::new(SCRIPTS, file).into());
        }
        mounts
    }

    fn proxies(&self) -> Option<ProxyEnv<'a>> {
        if self.plan.proxies.is_empty() {
            return None;
        }
        Some(
            ProxyEnv::default()
                .http_proxy(self.proxy("http_proxy"))
                .https_proxy(self.proxy("https_proxy"))
                .ftp_proxy(self.proxy("ftp_proxy"))
                .no_proxy(self.proxy("no_proxy"))
                .all_proxy(self.proxy("all_proxy")),
        )
    }

    fn proxy(&self, name: &str) -> Cow<'a, str> {
        self.plan.proxies.get(name).map(Cow::from).unwrap_or_default()
    }

    fn mount<'m>(
        &mut self,
        mount: &'m PlannedMount,
        root: State,
        settings: &Settings,
    ) -> Mount<'m> {
        let destination = mount.destination.as_str();
        match &mount.kind {
            MountKind::Cache { .. } => {
                let cache = self.cache_mount(mount, root, settings);
                self.record_cache(mount, &cache, settings);
                cache.into()
            }
            MountKind::Bind { origin, source, writable } => {
                let mut bind = BindMount::new(destination, self.state_of(*origin));
                if source != "/" {
                    bind.selector = source.into();
                }
                if *writable {
                    bind.access = BindAccess::NoOutput;
                }
                bind.into()
            }
            MountKind::Secret { id, mode, uid, gid, required } => SecretMount::new(destination, id)
                .mode(*mode)
                .uid(*uid)
                .gid(*gid)
                .optional(!required)
                .into(),
            MountKind::Ssh { id, mode, uid, gid, required, named } => SshMount::new(id)
                .dest(named.then_some(destination.into()))
                .mode(*mode)
                .uid(*uid)
                .gid(*gid)
                .optional(!required)
                .into(),
            MountKind::Tmpfs { size } => TmpfsMount::new(destination).size(*size).into(),
        }
    }

    fn cache_mount<'m>(
        &mut self,
        mount: &'m PlannedMount,
        root: State,
        settings: &Settings,
    ) -> CacheMount<'m> {
        let MountKind::Cache { id, sharing, read_only, owner, mode, origin, source } = &mount.kind
        else {
            return CacheMount::new(&mount.destination, &mount.destination);
        };
        // The Dockerfile frontend writes ids in the same form, even without a namespace; the same
        // id is the same directory for both.
        let id = [&settings.cache_namespace, "/", id].concat();
        let mut cache = CacheMount::new(&mount.destination, id);
        cache.sharing = match sharing {
            Sharing::Shared => CacheSharing::Shared,
            Sharing::Private => CacheSharing::Private,
            Sharing::Locked => CacheSharing::Locked,
        };
        cache.readonly = *read_only;
        let source = source.as_deref().unwrap_or("/");
        if origin.is_none() && source != "/" {
            // A directory of the cache itself, whatever its owner (`dispatchRunMounts` in
            // `frontend/dockerfile/dockerfile2llb/convert_runmount.go` of BuildKit).
            cache.selector = source.into();
            return cache;
        }
        let content = origin.map(|origin| (self.state_of(origin), source));
        // The engine itself creates a directory owned by root.
        let is_usual =
            mode.is_none() && content.is_none() && owner.as_deref().is_none_or(Owner::is_root);
        if !is_usual && (owner.is_some() || mode.is_some()) {
            let keyed = settings.engine.owners_in_keys;
            cache.input = self.owned_directory(owner.as_deref(), *mode, content, root, keyed);
            cache.selector = CACHE_DIRECTORY.into();
        } else if let Some((state, source)) = content {
            cache.input = state;
            if source != "/" {
                cache.selector = source.into();
            }
        }
        cache
    }

    /// An initial directory for a cache mount, so that a new cache belongs to its user.
    ///
    /// A name is looked up in the step's own root. The result is copied to a file system of its
    /// own, because the identity of a cache mount includes its input: a copy is identified by its
    /// content, so the cache survives changes in earlier steps. If owners are not part of that
    /// identity (`owners_in_keys`), the files for the lookup of names are copied too, so that the
    /// directories of different users stay distinct.
    fn owned_directory(
        &mut self,
        owner: Option<&Owner>,
        mode: Option<u32>,
        content: Option<(State, &str)>,
        root: State,
        owners_in_keys: bool,
    ) -> State {
        let bits = mode.unwrap_or(0o755);
        let root_user = Owner { user: Id::Number(0), group: Some(Id::Number(0)) };
        let owner = owner.or(Some(&root_user));
        // For numbers, this is the same op as in `setCacheUIDGID` in
        // `frontend/dockerfile/dockerfile2llb/convert_runmount.go` of BuildKit, so that Dockerfiles
        // share the cache directory.
        let mkdir = |path: &'static str, names: State| {
            MkdirAction::new(path, bits)
                .make_parents(path != CACHE_DIRECTORY)
                .owner(chown(owner, names))
        };
        let mut op = if owner.is_some_and(Owner::is_named) {
            let probed = self
                .graph
                .add(FileOp::new(root).then(mkdir(OWNER_PROBE, root)), cache_permissions());
            let op = FileOp::new(State::SCRATCH).then(CopyAction::new(
                probed,
                OWNER_PROBE,
                CACHE_DIRECTORY,
            ));
            let names = owner.filter(|_| !owners_in_keys).map(files_of_names);
            names
                .into_iter()
                .flatten()
                .fold(op, |op, (file, copied)| op.then(CopyAction::new(probed, file, copied)))
        } else {
            FileOp::new(State::SCRATCH).then(mkdir(CACHE_DIRECTORY, State::SCRATCH))
        };
        if let Some((state, source)) = content {
            op = op.then(
                CopyAction::new(state, source, format!("{CACHE_DIRECTORY}/"))
                    .owner(chown(owner, root))
                    .mode(None::<Mode<'_>>)
                    .dir_copy_contents(true),
            );
        }
        self.graph.add(op, cache_permissions())
    }
}

fn cache_permissions() -> Metadata<'static> {
    Metadata::named("[internal] setting cache mount permissions")
}

/// The files in which an owner's names are looked up, and the paths to copy them to. The path
/// contains the name, since two users of one file must differ.
fn files_of_names(owner: &Owner) -> Vec<(&'static str, String)> {
    let Owner { user, group } = owner;
    let user = Some(user).filter(is_name).map(|user| ("/etc/passwd", format!("/user-{user}")));
    let group = group.as_ref().filter(is_name);
    let group = group.map(|group| ("/etc/group", format!("/group-{group}")));
    user.into_iter().chain(group).collect()
}

fn is_name(id: &&Id) -> bool {
    matches!(id, Id::Name(name) if name != "root")
}
