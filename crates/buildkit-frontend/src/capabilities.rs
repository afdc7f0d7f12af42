//! The daemon's capabilities: its answer to `Ping`.

use std::collections::BTreeMap;
use std::fmt;

use buildkit_llb::Platform;
use buildkit_proto::apicaps::ApiCap;
use buildkit_proto::frontend::PongResponse;

/// The daemon's capabilities: its answer to `Ping`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Capabilities {
    /// The capabilities of the gateway, by the ids in [`gateway`].
    pub gateway: CapSet,
    /// The capabilities of LLB, by the ids of [`Cap`](buildkit_llb::Cap).
    pub llb: CapSet,
    /// The workers, the default one first. Old daemons name none here.
    pub workers: Vec<Worker>,
}

/// Capabilities by id.
#[derive(Debug, Clone, Default)]
pub struct CapSet {
    caps: BTreeMap<String, State>,
}

/// A capability that the daemon lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unsupported {
    /// Its id.
    pub id: String,
    /// The daemon's reason, which may be empty, if it has the capability but has switched it off.
    pub disabled: Option<String>,
}

/// A worker: what runs the steps of a build.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Worker {
    /// Its id.
    pub id: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The platforms that it can run, its own first.
    pub platforms: Vec<Platform>,
}

#[derive(Debug, Clone)]
enum State {
    Enabled,
    /// With the reason, which may be empty.
    Disabled(String),
}

/// The ids of the gateway's capabilities that this crate uses (BuildKit's
/// `frontend/gateway/pb/caps.go`).
pub mod gateway {
    /// `Evaluate`. Since v0.11.
    pub const EVALUATE: &str = "gateway.evaluate";
    /// `NewContainer` and the related calls. Since v0.8.
    pub const EXEC: &str = "gateway.exec";
    /// `Inputs`. Since v0.7.
    pub const INPUTS: &str = "frontend.inputs";
    /// `ReadDir`.
    pub const READ_DIR: &str = "readdir";
    /// References in `Return` as messages rather than strings. Since v0.7.
    pub const REF_ARRAY: &str = "proto.refarray";
    /// `Return`.
    pub const RETURN: &str = "return";
    /// Several references in one `Return`.
    pub const RETURN_MAP: &str = "returnmap";
    /// `evaluate` in `Solve`. Since v0.8.
    pub const SOLVE_EVALUATE: &str = "gateway.solve.evaluate";
    /// `ResolveSourceMeta`. Since v0.13.
    pub const SOURCE_META: &str = "source.metaresolver";
    /// `StatFile`.
    pub const STAT_FILE: &str = "statfile";
    /// `Warn`. Since v0.10.
    pub const WARNINGS: &str = "gateway.warnings";
}

/// The capabilities of a gateway that sends no list: a frozen list, see `defaultCaps` in BuildKit's
/// `frontend/gateway/grpcclient`.
const GATEWAY_BASELINE: &[&str] = &["readfile", "resolveimage", "solve.base", "solve.inlinereturn"];

/// The LLB capabilities of a gateway that sends no list: a frozen list, see `defaultLLBCaps`.
const LLB_BASELINE: &[&str] = &[
    "constraints",
    "exec.meta.base",
    "exec.meta.proxyenv",
    "exec.mount.bind",
    "exec.mount.cache",
    "exec.mount.cache.sharing",
    "exec.mount.secret",
    "exec.mount.selector",
    "exec.mount.tmpfs",
    "meta.description",
    "meta.exportcache",
    "meta.ignorecache",
    "platform",
    // The daemon's own spelling.
    "soruce.http.uidgid",
    "source.buildop.llbfilename",
    "source.git",
    "source.git.fullurl",
    "source.git.keepgitdir",
    "source.http",
    "source.http.checksum",
    "source.http.perm",
    "source.image",
    "source.local",
    "source.local.excludepatterns",
    "source.local.followpaths",
    "source.local.includepatterns",
    "source.local.sessionid",
    "source.local.sharedkeyhint",
    "source.local.unique",
];

// === impl Capabilities ===

impl From<PongResponse> for Capabilities {
    fn from(pong: PongResponse) -> Self {
        let workers = pong.workers.into_iter().map(|worker| Worker {
            id: worker.id,
            labels: worker.labels,
            platforms: worker.platforms.into_iter().filter_map(|of| of.try_into().ok()).collect(),
        });
        Self {
            gateway: CapSet::new(pong.frontend_api_caps, GATEWAY_BASELINE),
            llb: CapSet::new(pong.llb_caps, LLB_BASELINE),
            workers: workers.collect(),
        }
    }
}

// === impl CapSet ===

impl CapSet {
    fn new(caps: Vec<ApiCap>, baseline: &[&str]) -> Self {
        if caps.is_empty() {
            return baseline.iter().copied().collect();
        }
        let mut set = Self::default();
        for cap in caps {
            set.caps.insert(
                cap.id,
                match cap.enabled {
                    true => State::Enabled,
                    false => State::Disabled(cap.disabled_reason_msg),
                },
            );
        }
        set
    }

    /// Returns true if the daemon has the capability and allows it.
    pub fn supports(&self, id: &str) -> bool {
        self.require(id).is_ok()
    }

    /// Fails unless the daemon has the capability and allows it.
    pub fn require(&self, id: &str) -> Result<(), Unsupported> {
        match self.caps.get(id) {
            Some(State::Enabled) => Ok(()),
            Some(State::Disabled(reason)) => {
                Err(Unsupported { id: id.to_owned(), disabled: Some(reason.clone()) })
            }
            None => Err(Unsupported { id: id.to_owned(), disabled: None }),
        }
    }

    /// The ids of the capabilities that the daemon has and allows, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let enabled = self.caps.iter().filter(|(_, state)| matches!(state, State::Enabled));
        enabled.map(|(id, _)| id.as_str())
    }
}

/// Capabilities that are all enabled: for tests, and for graphs made without a daemon.
impl<'a> FromIterator<&'a str> for CapSet {
    fn from_iter<I: IntoIterator<Item = &'a str>>(ids: I) -> Self {
        let mut set = Self::default();
        for id in ids {
            set.caps.insert(id.to_owned(), State::Enabled);
        }
        set
    }
}

// === impl Unsupported ===

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.id;
        match self.disabled.as_deref() {
            None => write!(f, "this version of BuildKit is too old: it does not support {id}"),
            Some("") => write!(f, "{id} is disabled in this BuildKit"),
            Some(reason) => write!(f, "{id} is disabled in this BuildKit: {reason}"),
        }
    }
}

impl std::error::Error for Unsupported {}
