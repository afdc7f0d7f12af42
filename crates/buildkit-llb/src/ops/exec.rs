//! Exec: a process in a container.
//!
//! What is not said here, the daemon decides; it also looks users up and joins relative paths. What
//! the texts mean to a shell is not known here.

use buildkit_proto::pb;

use self::mounts::{MountResult, Mounts};
use super::{Draft, Mount, Op};
use crate::{Cap, Graph, Metadata, Platform, State};

mod mounts;

/// Runs a process in a container.
///
/// ```
/// use buildkit_llb::{BindMount, CacheMount, Exec, Graph, Image, Metadata};
///
/// let mut graph = Graph::new();
/// let base = graph.add(Image::new("docker.io/library/golang:1.24"), Metadata::default());
/// let tools = graph.add(Image::new("docker.io/library/alpine:3"), Metadata::default());
///
/// let exec = Exec {
///     args: vec!["-ec".into(), "go build ./...".into()],
///     cwd: "/src".into(),
///     mounts: vec![
///         CacheMount::new("/root/.cache/go-build", "/root/.cache/go-build").into(),
///         BindMount::new("/tools", tools).into(),
///     ],
///     ..Exec::new(base, "/bin/sh")
/// };
/// let built = graph.add(exec, Metadata::named("RUN go build ./...")).root;
/// assert_ne!(built, base);
/// ```
///
/// Mounts and their outputs are sent in the order in which BuildKit's Go client sends them, so that
/// the same step of a Dockerfile is the same vertex: by destination, then secrets, then agents.
#[derive(Clone, Debug, PartialEq)]
pub struct Exec {
    /// The root of the container's file system.
    pub root: State,
    /// Whether the root cannot be written; then it is also the root afterwards.
    pub readonly_root: bool,
    /// The program.
    pub program: String,
    /// What it is given.
    pub args: Vec<String>,
    /// The environment, by name. If it lacks `PATH`, the daemon sets one.
    pub env: Vec<(String, String)>,
    /// The working directory, absolute. The daemon makes it if it is missing.
    pub cwd: String,
    /// The user, as `uid`, `uid:gid`, `name` or `name:group`. Empty is root.
    pub user: String,
    /// The platform of the container. None is the daemon's own.
    pub platform: Option<Platform>,
    /// What is seen besides the root.
    pub mounts: Vec<Mount>,
    /// Secrets in the environment.
    pub secret_env: Vec<SecretEnv>,
    /// The network.
    pub network: NetMode,
    /// How much the process may do.
    pub security: SecurityMode,
    /// Devices.
    pub cdi_devices: Vec<CdiDevice>,
    /// Entries of `/etc/hosts`.
    pub extra_hosts: Vec<HostIp>,
    /// The name of the host. Empty leaves it to the daemon.
    pub hostname: String,
    /// Limits of the process.
    pub ulimits: Vec<Ulimit>,
    /// The parent of the container's cgroup. Empty leaves it to the daemon.
    pub cgroup_parent: String,
    /// Variables for proxies, which are no part of the cache key.
    pub proxy_env: Option<ProxyEnv>,
    /// The exit codes that are no failure. None given is 0. What is made with another code is cached
    /// like anything else.
    pub valid_exit_codes: Vec<i32>,
}

impl Exec {
    /// A program without arguments, in the root directory, as root.
    pub fn new(root: State, program: impl Into<String>) -> Exec {
        Exec {
            root,
            readonly_root: false,
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: "/".to_owned(),
            user: String::new(),
            platform: None,
            mounts: Vec::new(),
            secret_env: Vec::new(),
            network: NetMode::Sandbox,
            security: SecurityMode::Sandbox,
            cdi_devices: Vec::new(),
            extra_hosts: Vec::new(),
            hostname: String::new(),
            ulimits: Vec::new(),
            cgroup_parent: String::new(),
            proxy_env: None,
            valid_exit_codes: Vec::new(),
        }
    }

    /// A program and its arguments in one list. Nothing if the list is empty, as BuildKit runs no
    /// such op.
    pub fn from_args(root: State, args: impl IntoIterator<Item = String>) -> Option<Exec> {
        let mut args = args.into_iter();
        let program = args.next()?;
        Some(Exec { args: args.collect(), ..Exec::new(root, program) })
    }
}

/// What there is after an [`Exec`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecStates {
    /// The root.
    pub root: State,
    /// For each mount, in the order in which they were given, what is there afterwards: of a writable
    /// bind mount with an output that output, of a read-only one what was there before, of all others
    /// nothing.
    pub mounts: Vec<Option<State>>,
}

/// A secret of the client as an environment variable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretEnv {
    /// Which secret.
    pub id: String,
    /// The name of the variable.
    pub name: String,
    /// Whether the exec runs without it if the client does not have it.
    pub optional: bool,
}

/// The network of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NetMode {
    /// The daemon's network for builds.
    #[default]
    Sandbox,
    /// The host's. The client must have granted `network.host`.
    Host,
    /// None.
    None,
}

/// How much a process in a container may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityMode {
    /// What is usual.
    #[default]
    Sandbox,
    /// Everything. The client must have granted `security.insecure`.
    Insecure,
}

/// A device of the host, by its name in the Container Device Interface. The client must have granted
/// it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CdiDevice {
    /// The name, e.g. `vendor.com/gpu=gpu0`.
    pub name: String,
    /// Whether the exec runs without it if the daemon does not have it.
    pub optional: bool,
}

/// An entry of `/etc/hosts`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostIp {
    /// The name.
    pub host: String,
    /// The address. It is no part of the cache key.
    pub ip: String,
}

/// A limit of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ulimit {
    /// What is limited, e.g. `nofile`.
    pub name: String,
    /// The limit that holds; -1 is none.
    pub soft: i64,
    /// The limit up to which the process may raise it; -1 is none.
    pub hard: i64,
}

/// Variables for proxies. They are set in upper and in lower case; empty ones are not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyEnv {
    /// `HTTP_PROXY`
    pub http_proxy: String,
    /// `HTTPS_PROXY`
    pub https_proxy: String,
    /// `FTP_PROXY`
    pub ftp_proxy: String,
    /// `NO_PROXY`
    pub no_proxy: String,
    /// `ALL_PROXY`
    pub all_proxy: String,
}

impl Op for Exec {
    type Handle = ExecStates;

    fn add_to(mut self, graph: &mut Graph, metadata: Metadata) -> ExecStates {
        let mut caps = self.caps();
        let platform = self.platform.take();
        let readonly_root = self.readonly_root.then_some(self.root);
        let mut mounts = Mounts::default();
        let (root, outputs) = mounts.add_all(
            self.root,
            self.readonly_root,
            std::mem::take(&mut self.mounts),
            &mut caps,
        );
        let op = pb::op::Op::Exec(pb::ExecOp {
            mounts: mounts.encoded,
            network: match self.network {
                NetMode::Sandbox => pb::NetMode::Unset,
                NetMode::Host => pb::NetMode::Host,
                NetMode::None => pb::NetMode::None,
            }
            .into(),
            security: match self.security {
                SecurityMode::Sandbox => pb::SecurityMode::Sandbox,
                SecurityMode::Insecure => pb::SecurityMode::Insecure,
            }
            .into(),
            secretenv: self.secret_env.drain(..).map(pb::SecretEnv::from).collect(),
            cdi_devices: self.cdi_devices.drain(..).map(pb::CdiDevice::from).collect(),
            meta: Some(self.meta(mounts.first_agent)),
        });
        let inputs = mounts.inputs.into_outputs();
        let vertex = graph.insert(Draft { op, platform, inputs, caps }, metadata);
        let state = |result: MountResult| match result {
            MountResult::Unchanged(state) => Some(state),
            MountResult::Output(index) => Some(vertex.output(index)),
            MountResult::Nothing => None,
        };
        ExecStates {
            root: readonly_root.unwrap_or_else(|| vertex.output(root)),
            mounts: outputs.into_iter().map(state).collect(),
        }
    }
}

impl Exec {
    /// The capabilities that are needed for other reasons than mounts.
    fn caps(&self) -> Vec<Cap> {
        let mut caps = vec![Cap::EXEC_META_BASE, Cap::EXEC_META_SETS_DEFAULT_PATH];
        for (needed, cap) in [
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
            if needed {
                caps.push(cap);
            }
        }
        caps
    }

    fn meta(self, first_agent: Option<String>) -> pb::Meta {
        let mut args = self.args;
        args.insert(0, self.program);
        let sets_agent = self.env.iter().any(|(name, _)| name == "SSH_AUTH_SOCK");
        let mut env: Vec<_> = self.env.into_iter().map(variable).collect();
        if let Some(agent) = first_agent
            && !sets_agent
        {
            env.push(format!("SSH_AUTH_SOCK={agent}"));
        }
        pb::Meta {
            args,
            env,
            cwd: self.cwd,
            user: self.user,
            proxy_env: self.proxy_env.map(pb::ProxyEnv::from),
            extra_hosts: self.extra_hosts.into_iter().map(pb::HostIp::from).collect(),
            hostname: self.hostname,
            ulimit: self.ulimits.into_iter().map(pb::Ulimit::from).collect(),
            cgroup_parent: self.cgroup_parent,
            // Directories that are made for mounts do not stay in the result. The Go client always
            // asks for this (`Marshal` in `client/llb/exec.go`), and it is part of the cache key.
            remove_mount_stubs_recursive: true,
            valid_exit_codes: self.valid_exit_codes,
        }
    }
}

fn variable((mut name, value): (String, String)) -> String {
    name.reserve_exact(value.len() + 1);
    name.push('=');
    name.push_str(&value);
    name
}

impl From<SecretEnv> for pb::SecretEnv {
    fn from(secret: SecretEnv) -> pb::SecretEnv {
        pb::SecretEnv { id: secret.id, name: secret.name, optional: secret.optional }
    }
}

impl From<CdiDevice> for pb::CdiDevice {
    fn from(device: CdiDevice) -> pb::CdiDevice {
        pb::CdiDevice { name: device.name, optional: device.optional }
    }
}

impl From<HostIp> for pb::HostIp {
    fn from(host: HostIp) -> pb::HostIp {
        pb::HostIp { host: host.host, ip: host.ip }
    }
}

impl From<Ulimit> for pb::Ulimit {
    fn from(limit: Ulimit) -> pb::Ulimit {
        pb::Ulimit { name: limit.name, soft: limit.soft, hard: limit.hard }
    }
}

impl From<ProxyEnv> for pb::ProxyEnv {
    fn from(proxy: ProxyEnv) -> pb::ProxyEnv {
        pb::ProxyEnv {
            http_proxy: proxy.http_proxy,
            https_proxy: proxy.https_proxy,
            ftp_proxy: proxy.ftp_proxy,
            no_proxy: proxy.no_proxy,
            all_proxy: proxy.all_proxy,
        }
    }
}
