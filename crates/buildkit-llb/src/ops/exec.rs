//! Exec: a process in a container.
//!
//! The daemon chooses everything that is not set here, looks users up and joins relative paths.
//! Must not depend on the syntax of a shell.

use std::borrow::Cow;

use buildkit_proto::fields::{
    cdi_device, exec_op, host_ip, meta, op, proxy_env, secret_env, ulimit,
};
use buildkit_proto::pb;

use self::mounts::{MountResult, Mounts};
use super::mount::{BindAccess, BindMount, Mount};
use crate::draft::Draft;
use crate::wire::Writer;
use crate::{Cap, Graph, Metadata, Op, Platform, State};

mod mounts;

/// Runs a process in a container.
///
/// ```
/// use buildkit_llb::{BindMount, CacheMount, Exec, Graph, Image, Metadata};
///
/// let mut graph = Graph::new();
/// let base = graph.add(Image::new("golang:1.24".parse()?), Metadata::default());
/// let tools = graph.add(Image::new("alpine:3".parse()?), Metadata::default());
///
/// let exec = Exec::new(base, "/bin/sh")
///     .args(["-ec", "go build ./..."])
///     .cwd("/src")
///     .mount(CacheMount::new("/root/.cache/go-build", "/root/.cache/go-build"))
///     .mount(BindMount::new("/tools", tools));
/// let built = graph.add(exec, Metadata::named("RUN go build ./...")).root;
/// assert_ne!(built, base);
/// # Ok::<(), buildkit_llb::InvalidReference>(())
/// ```
///
/// Mounts and their outputs are sent in the order of BuildKit's Go client, so that the same step of
/// a Dockerfile is the same vertex: by destination, then secrets, then agents.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Exec<'a> {
    /// The root of the container's file system.
    pub root: State,
    /// Makes the root read-only; the resulting root is then unchanged.
    pub readonly_root: bool,
    /// The program.
    pub program: Cow<'a, str>,
    /// Its arguments.
    pub args: Vec<Cow<'a, str>>,
    /// The environment, as names and values. If it lacks `PATH`, the daemon sets one.
    pub env: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// The working directory, absolute. The daemon creates it if it is missing.
    pub cwd: Cow<'a, str>,
    /// The user, as `uid`, `uid:gid`, `name` or `name:group`. Empty is root.
    pub user: Cow<'a, str>,
    /// The platform of the container. `None` means the daemon's own.
    pub platform: Option<Platform>,
    /// Mounts besides the root.
    pub mounts: Vec<Mount<'a>>,
    /// Secrets in the environment.
    pub secret_env: Vec<SecretEnv<'a>>,
    /// The network.
    pub network: NetMode,
    /// The privileges of the process.
    pub security: SecurityMode,
    /// Devices.
    pub cdi_devices: Vec<CdiDevice<'a>>,
    /// Entries of `/etc/hosts`.
    pub extra_hosts: Cow<'a, [HostIp]>,
    /// The host name. Empty: the daemon's choice.
    pub hostname: Cow<'a, str>,
    /// Limits of the process.
    pub ulimits: Cow<'a, [Ulimit]>,
    /// The parent of the container's cgroup. Empty: the daemon's choice.
    pub cgroup_parent: Cow<'a, str>,
    /// Proxy variables, which are not part of the cache key.
    pub proxy_env: Option<ProxyEnv<'a>>,
    /// The exit codes that count as success. Empty means only 0. Results with other codes are
    /// cached like any others.
    pub valid_exit_codes: Vec<i32>,
}

impl<'a> Exec<'a> {
    /// A program without arguments, in the root directory, as root.
    pub fn new(root: State, program: impl Into<Cow<'a, str>>) -> Exec<'a> {
        Exec {
            root,
            readonly_root: false,
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: "/".into(),
            user: "".into(),
            platform: None,
            mounts: Vec::new(),
            secret_env: Vec::new(),
            network: NetMode::Sandbox,
            security: SecurityMode::Sandbox,
            cdi_devices: Vec::new(),
            extra_hosts: Cow::default(),
            hostname: "".into(),
            ulimits: Cow::default(),
            cgroup_parent: "".into(),
            proxy_env: None,
            valid_exit_codes: Vec::new(),
        }
    }

    /// A program and its arguments in one list. `None` if the list is empty: BuildKit runs no such
    /// op.
    pub fn from_args(
        root: State,
        args: impl IntoIterator<Item = impl Into<Cow<'a, str>>>,
    ) -> Option<Exec<'a>> {
        let mut args = args.into_iter().map(Into::into);
        let program = args.next()?;
        Some(Exec { args: args.collect(), ..Exec::new(root, program) })
    }

    /// With further arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<Cow<'a, str>>>) -> Exec<'a> {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// With a further variable in the environment.
    pub fn env(
        mut self,
        name: impl Into<Cow<'a, str>>,
        value: impl Into<Cow<'a, str>>,
    ) -> Exec<'a> {
        self.env.push((name.into(), value.into()));
        self
    }

    /// With further variables in the environment.
    pub fn envs(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<Cow<'a, str>>, impl Into<Cow<'a, str>>)>,
    ) -> Exec<'a> {
        let pairs = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        self.env.extend(pairs);
        self
    }

    /// With a further mount.
    pub fn mount(mut self, mount: impl Into<Mount<'a>>) -> Exec<'a> {
        self.mounts.push(mount.into());
        self
    }

    /// With further mounts.
    pub fn mounts(mut self, mounts: impl IntoIterator<Item = Mount<'a>>) -> Exec<'a> {
        self.mounts.extend(mounts);
        self
    }
}

setters! { Exec<'a> {
    readonly_root: bool,
    cwd: impl Into<Cow<'a, str>>,
    user: impl Into<Cow<'a, str>>,
    platform: Option<Platform>,
    secret_env: Vec<SecretEnv<'a>>,
    network: NetMode,
    security: SecurityMode,
    cdi_devices: Vec<CdiDevice<'a>>,
    extra_hosts: Cow<'a, [HostIp]>,
    hostname: impl Into<Cow<'a, str>>,
    ulimits: Cow<'a, [Ulimit]>,
    cgroup_parent: impl Into<Cow<'a, str>>,
    proxy_env: Option<ProxyEnv<'a>>,
    valid_exit_codes: Vec<i32>,
} }

/// The states after an [`Exec`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecStates {
    /// The root.
    pub root: State,
    /// For each mount, in the given order, its state afterwards: the output of a writable bind
    /// mount that has one, the unchanged input of a read-only bind mount, `None` for all others.
    pub mounts: Vec<Option<State>>,
}

/// A secret of the client as an environment variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretEnv<'a> {
    /// The id of the secret.
    pub id: Cow<'a, str>,
    /// The name of the variable.
    pub name: Cow<'a, str>,
    /// Run without it if the client does not have it.
    pub optional: bool,
}

impl<'a> SecretEnv<'a> {
    /// A secret by its id, in a variable by its name.
    pub fn new(id: impl Into<Cow<'a, str>>, name: impl Into<Cow<'a, str>>) -> SecretEnv<'a> {
        SecretEnv { id: id.into(), name: name.into(), optional: false }
    }
}

setters! { SecretEnv<'a> {
    optional: bool,
} }

/// The network of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetMode {
    /// The daemon's network for builds.
    #[default]
    Sandbox,
    /// The host's. The client must allow `network.host`.
    Host,
    /// None.
    None,
}

/// The privileges of a process in a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityMode {
    /// The default.
    #[default]
    Sandbox,
    /// All privileges. The client must allow `security.insecure`.
    Insecure,
}

/// A device of the host, named as in the Container Device Interface. The client must allow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CdiDevice<'a> {
    /// The name, e.g. `vendor.com/gpu=gpu0`.
    pub name: Cow<'a, str>,
    /// Run without it if the daemon does not have it.
    pub optional: bool,
}

impl<'a> CdiDevice<'a> {
    /// A device that must be there.
    pub fn new(name: impl Into<Cow<'a, str>>) -> CdiDevice<'a> {
        CdiDevice { name: name.into(), optional: false }
    }
}

setters! { CdiDevice<'a> {
    optional: bool,
} }

/// An entry of `/etc/hosts`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostIp {
    /// The host name.
    pub host: String,
    /// The address. It is not part of the cache key.
    pub ip: String,
}

impl HostIp {
    /// A host name and its address.
    pub fn new(host: impl Into<String>, ip: impl Into<String>) -> HostIp {
        HostIp { host: host.into(), ip: ip.into() }
    }
}

/// A limit of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ulimit {
    /// The limited resource, e.g. `nofile`.
    pub name: String,
    /// The current limit; -1 means none.
    pub soft: i64,
    /// The maximum to which the process may raise it; -1 means none.
    pub hard: i64,
}

impl Ulimit {
    /// The current and the maximum limit of a resource.
    pub fn new(name: impl Into<String>, soft: i64, hard: i64) -> Ulimit {
        Ulimit { name: name.into(), soft, hard }
    }
}

/// Proxy variables. They are set in upper and in lower case; empty ones are not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyEnv<'a> {
    /// `HTTP_PROXY`
    pub http_proxy: Cow<'a, str>,
    /// `HTTPS_PROXY`
    pub https_proxy: Cow<'a, str>,
    /// `FTP_PROXY`
    pub ftp_proxy: Cow<'a, str>,
    /// `NO_PROXY`
    pub no_proxy: Cow<'a, str>,
    /// `ALL_PROXY`
    pub all_proxy: Cow<'a, str>,
}

setters! { ProxyEnv<'a> {
    http_proxy: impl Into<Cow<'a, str>>,
    https_proxy: impl Into<Cow<'a, str>>,
    ftp_proxy: impl Into<Cow<'a, str>>,
    no_proxy: impl Into<Cow<'a, str>>,
    all_proxy: impl Into<Cow<'a, str>>,
} }

impl Graph {
    /// Adds an exec and returns its root after the command. [`Graph::add`] also returns the results
    /// of its mounts.
    pub fn run(&mut self, exec: Exec<'_>, metadata: Metadata<'_>) -> State {
        self.add(exec, metadata).root
    }
}

impl Op for Exec<'_> {
    type Handle = ExecStates;

    fn add_to(mut self, graph: &mut Graph, metadata: Metadata<'_>) -> ExecStates {
        let draft = graph.draft();
        draft.runs_container = true;
        draft.platform = self.platform.take();
        self.add_caps(draft);
        let access = if self.readonly_root { BindAccess::Readonly } else { BindAccess::Output };
        let root = BindMount { access, ..BindMount::new("/", self.root) }.into();
        let mounts = Mounts::sorted(&root, &self.mounts);
        let mut results = (MountResult::Nothing, Vec::new());
        let Draft { kind, inputs, caps, .. } = draft;
        kind.message(op::EXEC, |exec| {
            exec.message(exec_op::META, |message| self.write_meta(mounts.first_agent(), message));
            results = mounts.write(exec, inputs, caps);
            let network = match self.network {
                NetMode::Sandbox => pb::NetMode::Unset,
                NetMode::Host => pb::NetMode::Host,
                NetMode::None => pb::NetMode::None,
            };
            exec.number(exec_op::NETWORK, network as i64);
            let security = match self.security {
                SecurityMode::Sandbox => pb::SecurityMode::Sandbox,
                SecurityMode::Insecure => pb::SecurityMode::Insecure,
            };
            exec.number(exec_op::SECURITY, security as i64);
            for secret in &self.secret_env {
                exec.message(exec_op::SECRETENV, |message| secret.write(message));
            }
            for device in &self.cdi_devices {
                exec.message(exec_op::CDI_DEVICES, |message| device.write(message));
            }
        });
        let vertex = graph.insert(metadata);
        let state = |result| match result {
            MountResult::Unchanged(state) => Some(state),
            MountResult::Output(index) => Some(vertex.output(index)),
            MountResult::Nothing => None,
        };
        let (root, mounts) = results;
        ExecStates {
            root: state(root).unwrap_or(self.root),
            mounts: mounts.into_iter().map(state).collect(),
        }
    }
}

impl Exec<'_> {
    /// Adds the capabilities that are not about mounts.
    fn add_caps(&self, draft: &mut Draft) {
        for (needed, cap) in [
            (true, Cap::EXEC_META_BASE),
            (true, Cap::EXEC_META_SETS_DEFAULT_PATH),
            (self.network != NetMode::Sandbox, Cap::EXEC_META_NETWORK),
            (self.security != SecurityMode::Sandbox, Cap::EXEC_META_SECURITY),
            (!self.ulimits.is_empty(), Cap::EXEC_META_ULIMIT),
            (!self.cgroup_parent.is_empty(), Cap::EXEC_META_CGROUP_PARENT),
            (self.proxy_env.is_some(), Cap::EXEC_META_PROXY),
            (!self.valid_exit_codes.is_empty(), Cap::EXEC_VALID_EXIT_CODE),
            (!self.cdi_devices.is_empty(), Cap::EXEC_META_CDI),
            (!self.secret_env.is_empty(), Cap::EXEC_MOUNT_SECRET),
            (!self.secret_env.is_empty(), Cap::EXEC_SECRET_ENV),
        ] {
            draft.caps.insert_if(needed, cap);
        }
    }

    fn write_meta(&self, first_agent: Option<Cow<'_, str>>, message: &mut Writer) {
        message.item(meta::ARGS, self.program.as_bytes());
        for arg in &self.args {
            message.item(meta::ARGS, arg.as_bytes());
        }
        for (name, value) in &self.env {
            message.joined_item(meta::ENV, &[name, "=", value]);
        }
        if let Some(agent) = first_agent
            && !self.env.iter().any(|(name, _)| name == AGENT)
        {
            message.joined_item(meta::ENV, &[AGENT, "=", &agent]);
        }
        message.text(meta::CWD, &self.cwd);
        message.text(meta::USER, &self.user);
        if let Some(proxy) = &self.proxy_env {
            message.message(meta::PROXY_ENV, |message| proxy.write(message));
        }
        for host in self.extra_hosts.iter() {
            message.message(meta::EXTRA_HOSTS, |message| host.write(message));
        }
        message.text(meta::HOSTNAME, &self.hostname);
        for limit in self.ulimits.iter() {
            message.message(meta::ULIMIT, |message| limit.write(message));
        }
        message.text(meta::CGROUP_PARENT, &self.cgroup_parent);
        // Directories that were created for mounts are removed from the result. The Go client
        // always asks for this (`Marshal` in `client/llb/exec.go`), and it is part of the cache
        // key.
        message.flag(meta::REMOVE_MOUNT_STUBS_RECURSIVE, true);
        let codes = self.valid_exit_codes.iter().map(|&code| i64::from(code));
        message.numbers(meta::VALID_EXIT_CODES, codes);
    }
}

/// The variable with the path of the first agent's socket.
const AGENT: &str = "SSH_AUTH_SOCK";

impl SecretEnv<'_> {
    fn write(&self, message: &mut Writer) {
        message.text(secret_env::ID, &self.id);
        message.text(secret_env::NAME, &self.name);
        message.flag(secret_env::OPTIONAL, self.optional);
    }
}

impl CdiDevice<'_> {
    fn write(&self, message: &mut Writer) {
        message.text(cdi_device::NAME, &self.name);
        message.flag(cdi_device::OPTIONAL, self.optional);
    }
}

impl HostIp {
    fn write(&self, message: &mut Writer) {
        message.text(host_ip::HOST, &self.host);
        message.text(host_ip::IP, &self.ip);
    }
}

impl Ulimit {
    fn write(&self, message: &mut Writer) {
        message.text(ulimit::NAME, &self.name);
        message.number(ulimit::SOFT, self.soft);
        message.number(ulimit::HARD, self.hard);
    }
}

impl ProxyEnv<'_> {
    fn write(&self, message: &mut Writer) {
        message.text(proxy_env::HTTP_PROXY, &self.http_proxy);
        message.text(proxy_env::HTTPS_PROXY, &self.https_proxy);
        message.text(proxy_env::FTP_PROXY, &self.ftp_proxy);
        message.text(proxy_env::NO_PROXY, &self.no_proxy);
        message.text(proxy_env::ALL_PROXY, &self.all_proxy);
    }
}
