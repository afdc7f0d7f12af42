//! Exec: a process in a container.
//!
//! What is not said here, the daemon decides; it also looks users up and joins relative paths. What
//! the texts mean to a shell is not known here.

use buildkit_proto::pb;

use super::mount::{
    BindAccess, BindMount, CacheMount, CacheSharing, ContentCache, Mount, SecretMount, SshMount,
    TmpfsMount,
};
use super::{Draft, Inputs, NONE, Op};
use crate::{Cap, Graph, Metadata, Platform, State};

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

/// The mounts of an exec, as they are encoded one after the other.
#[derive(Default)]
struct Mounts {
    encoded: Vec<pb::Mount>,
    inputs: Inputs,
    /// How many have an output. BuildKit numbers outputs by the order of mounts, whatever the number
    /// that a mount gives itself (`solver/llbsolver/ops/exec.go`), so the two must agree.
    outputs: u32,
    /// Where the first SSH agent is.
    first_agent: Option<String>,
}

/// What is to be found where a mount was.
#[derive(Clone, Copy)]
enum MountResult {
    Nothing,
    Unchanged(State),
    Output(u32),
}

impl Mounts {
    /// Encodes the root and the mounts. Gives the output of the root, which means nothing if it is
    /// read-only, and what becomes of the mounts in their given order.
    fn add_all(
        &mut self,
        root: State,
        readonly_root: bool,
        mounts: Vec<Mount>,
        caps: &mut Vec<Cap>,
    ) -> (u32, Vec<MountResult>) {
        let access = if readonly_root { BindAccess::Readonly } else { BindAccess::Output };
        let root = BindMount { access, ..BindMount::new("/", root) };
        let mut results = vec![MountResult::Nothing; mounts.len()];
        let mut ordered = vec![(0, Mount::Bind(root))];
        ordered.extend((1..).zip(mounts));
        // The sort is stable, so what is mounted over something else stays over it. Secrets and
        // agents stay in their order.
        ordered.sort_by(|(_, a), (_, b)| order(a).cmp(&order(b)));
        let mut root_output = 0;
        let mut agents = 0;
        for (position, mount) in ordered {
            let result = match mount {
                Mount::Bind(mount) => self.bind(mount, caps),
                Mount::Cache(mount) => self.cache(mount, caps),
                Mount::Tmpfs(mount) => self.tmpfs(mount, caps),
                Mount::Secret(mount) => self.secret(mount, caps),
                Mount::Ssh(mount) => {
                    agents += 1;
                    self.ssh(mount, agents - 1, caps)
                }
            };
            if position > 0 {
                results[position - 1] = result;
            } else if let MountResult::Output(output) = result {
                root_output = output;
            }
        }
        (root_output, results)
    }

    fn bind(&mut self, mount: BindMount, caps: &mut Vec<Cap>) -> MountResult {
        if !mount.input.is_scratch() {
            caps.push(Cap::EXEC_MOUNT_BIND);
        }
        if !mount.selector.is_empty() {
            caps.push(Cap::EXEC_MOUNT_SELECTOR);
        }
        if mount.content_cache != ContentCache::Default {
            caps.push(Cap::EXEC_MOUNT_CONTENT_CACHE);
        }
        let result = match mount.access {
            BindAccess::Readonly => MountResult::Unchanged(mount.input),
            BindAccess::NoOutput => {
                caps.push(Cap::EXEC_MOUNT_BIND_READWRITE_NO_OUTPUT);
                MountResult::Nothing
            }
            BindAccess::Output => {
                self.outputs += 1;
                MountResult::Output(self.outputs - 1)
            }
        };
        let encoded = pb::Mount {
            input: self.inputs.position(mount.input),
            output: match result {
                MountResult::Output(output) => i64::from(output),
                MountResult::Nothing | MountResult::Unchanged(_) => NONE,
            },
            readonly: mount.access == BindAccess::Readonly,
            selector: mount.selector,
            content_cache: match mount.content_cache {
                ContentCache::Default => pb::MountContentCache::Default,
                ContentCache::On => pb::MountContentCache::On,
                ContentCache::Off => pb::MountContentCache::Off,
            }
            .into(),
            ..encode(pb::MountType::Bind, mount.dest)
        };
        self.encoded.push(encoded);
        result
    }

    fn cache(&mut self, mount: CacheMount, caps: &mut Vec<Cap>) -> MountResult {
        caps.extend([Cap::EXEC_MOUNT_CACHE, Cap::EXEC_MOUNT_CACHE_SHARING]);
        if !mount.selector.is_empty() {
            caps.push(Cap::EXEC_MOUNT_SELECTOR);
        }
        let sharing = match mount.sharing {
            CacheSharing::Shared => pb::CacheSharingOpt::Shared,
            CacheSharing::Private => pb::CacheSharingOpt::Private,
            CacheSharing::Locked => pb::CacheSharingOpt::Locked,
        };
        let encoded = pb::Mount {
            input: self.inputs.position(mount.input),
            selector: mount.selector,
            readonly: mount.readonly,
            cache_opt: Some(pb::CacheOpt { id: mount.id, sharing: sharing.into() }),
            ..encode(pb::MountType::Cache, mount.dest)
        };
        self.encoded.push(encoded);
        MountResult::Nothing
    }

    fn tmpfs(&mut self, mount: TmpfsMount, caps: &mut Vec<Cap>) -> MountResult {
        caps.push(Cap::EXEC_MOUNT_TMPFS);
        if mount.size > 0 {
            caps.push(Cap::EXEC_MOUNT_TMPFS_SIZE);
        }
        let size = i64::try_from(mount.size).unwrap_or(i64::MAX);
        self.encoded.push(pb::Mount {
            tmpfs_opt: Some(pb::TmpfsOpt { size }),
            ..encode(pb::MountType::Tmpfs, mount.dest)
        });
        MountResult::Nothing
    }

    fn secret(&mut self, mount: SecretMount, caps: &mut Vec<Cap>) -> MountResult {
        caps.push(Cap::EXEC_MOUNT_SECRET);
        let opt = pb::SecretOpt {
            id: mount.id,
            uid: mount.uid,
            gid: mount.gid,
            mode: mount.mode,
            optional: mount.optional,
        };
        self.encoded.push(pb::Mount {
            // Not NONE: the Go client leaves this field alone for secrets and agents.
            output: 0,
            secret_opt: Some(opt),
            ..encode(pb::MountType::Secret, mount.dest)
        });
        MountResult::Nothing
    }

    fn ssh(&mut self, mount: SshMount, number: usize, caps: &mut Vec<Cap>) -> MountResult {
        caps.push(Cap::EXEC_MOUNT_SSH);
        let dest = mount.dest.unwrap_or_else(|| format!("/run/buildkit/ssh_agent.{number}"));
        self.first_agent.get_or_insert_with(|| dest.clone());
        let opt = pb::SshOpt {
            id: mount.id,
            uid: mount.uid,
            gid: mount.gid,
            mode: mount.mode,
            optional: mount.optional,
        };
        self.encoded.push(pb::Mount {
            output: 0,
            ssh_opt: Some(opt),
            ..encode(pb::MountType::Ssh, dest)
        });
        MountResult::Nothing
    }
}

/// The order in which the Go client sends mounts (`Marshal` in `client/llb/exec.go`). Secrets and
/// agents are not sorted among themselves.
fn order(mount: &Mount) -> (u8, &str) {
    match mount {
        Mount::Bind(mount) => (0, &mount.dest),
        Mount::Cache(mount) => (0, &mount.dest),
        Mount::Tmpfs(mount) => (0, &mount.dest),
        Mount::Secret(_) => (1, ""),
        Mount::Ssh(_) => (2, ""),
    }
}

/// A mount of scratch without an output.
fn encode(mount_type: pb::MountType, dest: String) -> pb::Mount {
    pb::Mount {
        input: NONE,
        output: NONE,
        dest,
        mount_type: mount_type.into(),
        ..pb::Mount::default()
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
