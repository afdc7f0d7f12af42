//! The description of a daemon: its release, its files and images, and its behaviour.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use buildkit_llb::Definition;
use buildkit_proto::apicaps::ApiCap;
use buildkit_proto::frontend::{ResolveSourceImageResponse, ResolveSourceMetaResponse};
use buildkit_proto::{Encoded, pb, types};
use tokio::io::DuplexStream;
use tokio::sync::Barrier;

use crate::{Daemon, Do, Exit, Method, service};

/// Engines whose capabilities are in `engines/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// Docker 20.10, the oldest supported release.
    Bookworm,
    /// Docker 26.1 with its older image store.
    Trixie,
    /// Docker 28.5 with the containerd store.
    Forky,
    /// buildkitd of August 2026.
    Head,
}

/// The description of a daemon: its content and its behaviour.
pub struct Engine {
    pub(crate) release: Release,
    pub(crate) gateway: Vec<ApiCap>,
    pub(crate) llb: Vec<ApiCap>,
    pub(crate) workers: Vec<types::WorkerRecord>,
    pub(crate) sources: BTreeMap<String, Files>,
    pub(crate) metas: BTreeMap<(String, Option<String>), ResolveSourceMetaResponse>,
    /// Images that exist only in its own store.
    pub(crate) unpublished: BTreeSet<String>,
    pub(crate) inputs: BTreeMap<String, Encoded<pb::Definition>>,
    pub(crate) frontends: BTreeMap<String, Nested>,
    pub(crate) script: BTreeMap<Method, VecDeque<Do>>,
    pub(crate) together: BTreeMap<Method, Arc<Barrier>>,
    pub(crate) exit: Exit,
}

/// The answer of a nested frontend: files for each reference, and metadata.
#[derive(Clone, Default)]
pub struct Nested {
    /// Its files.
    pub files: Files,
    /// The graph that made it.
    pub definition: Encoded<pb::Definition>,
    /// The metadata of the result.
    pub metadata: BTreeMap<String, Vec<u8>>,
}

/// Files by path, without a leading slash. Directories exist if they contain files.
pub type Files = BTreeMap<String, Vec<u8>>;

// === impl Release ===

impl Release {
    pub const ALL: [Self; 4] = [Self::Bookworm, Self::Trixie, Self::Forky, Self::Head];

    fn capabilities(self) -> &'static str {
        match self {
            Self::Bookworm => include_str!("engines/bookworm.txt"),
            Self::Trixie => include_str!("engines/trixie.txt"),
            Self::Forky => include_str!("engines/forky.txt"),
            Self::Head => include_str!("engines/head.txt"),
        }
    }

    /// The maximum size of a message in both directions.
    pub(crate) fn max_message(self) -> usize {
        if self < Self::Forky { 4 << 20 } else { 16 << 20 }
    }
}

// === impl Engine ===

impl Engine {
    /// An empty daemon of a release.
    pub fn new(release: Release) -> Self {
        let mut engine = Self {
            release,
            gateway: Vec::new(),
            llb: Vec::new(),
            workers: Vec::new(),
            sources: BTreeMap::new(),
            metas: BTreeMap::new(),
            unpublished: BTreeSet::new(),
            inputs: BTreeMap::new(),
            frontends: BTreeMap::new(),
            script: BTreeMap::new(),
            together: BTreeMap::new(),
            exit: Exit::default(),
        };
        for line in release.capabilities().lines().filter(|line| !line.starts_with('#')) {
            let (kind, cap) = line.split_once(' ').expect("a line is a kind and an id");
            let (id, reason) = cap.split_once(": ").unwrap_or((cap, ""));
            let cap = ApiCap {
                id: id.to_owned(),
                enabled: reason.is_empty(),
                disabled_reason_msg: reason.to_owned(),
                ..Default::default()
            };
            match kind {
                "gateway" => engine.gateway.push(cap),
                "llb" => engine.llb.push(cap),
                other => panic!("no such kind of capability: {other}"),
            }
        }
        engine.worker("linux/amd64")
    }

    /// A daemon that does not report its capabilities.
    pub fn silent(mut self) -> Self {
        self.gateway.clear();
        self.llb.clear();
        self
    }

    /// Removes a capability.
    pub fn without(mut self, id: &str) -> Self {
        self.gateway.retain(|cap| cap.id != id);
        self.llb.retain(|cap| cap.id != id);
        self
    }

    /// Switches a capability off.
    pub fn disabled(mut self, id: &str, reason: &str) -> Self {
        for cap in self.gateway.iter_mut().chain(&mut self.llb).filter(|cap| cap.id == id) {
            cap.enabled = false;
            cap.disabled_reason_msg = reason.to_owned();
        }
        self
    }

    /// Sets its worker's platform instead of linux/amd64.
    pub fn worker(mut self, platform: &str) -> Self {
        let (os, architecture) = platform.split_once('/').expect("a platform is os/architecture");
        let platform = pb::Platform {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            ..Default::default()
        };
        self.workers = vec![types::WorkerRecord {
            id: "worker".to_owned(),
            platforms: vec![platform],
            ..Default::default()
        }];
        self
    }

    /// Sets the content of a source: `local://context`.
    pub fn source<P: Into<String>, T: Into<Vec<u8>>>(
        mut self,
        identifier: &str,
        files: impl IntoIterator<Item = (P, T)>,
    ) -> Self {
        let files = files.into_iter().map(|(path, data)| (path.into(), data.into()));
        self.sources.insert(identifier.to_owned(), files.collect());
        self
    }

    /// Adds an image, the same for every platform.
    pub fn image(self, reference: &str, digest: &str, config: &str) -> Self {
        let identifier = format!("docker-image://{reference}");
        let meta = image_meta(&identifier, digest, config);
        self.meta(&identifier, meta)
    }

    /// Adds an image that exists only in its own store.
    pub fn unpublished(mut self, reference: &str, digest: &str, config: &str) -> Self {
        self.unpublished.insert(format!("docker-image://{reference}"));
        self.image(reference, digest, config)
    }

    /// Adds an image for one platform.
    pub fn image_on(mut self, platform: &str, reference: &str, digest: &str, config: &str) -> Self {
        let identifier = format!("docker-image://{reference}");
        let meta = image_meta(&identifier, digest, config);
        self.metas.insert((identifier, Some(platform.to_owned())), meta);
        self
    }

    /// Adds an image on the client's disk.
    pub fn layout(self, reference: &str, digest: &str, config: &str) -> Self {
        let identifier = format!("oci-layout://{reference}");
        let meta = image_meta(&identifier, digest, config);
        self.meta(&identifier, meta)
    }

    /// Sets the daemon's metadata for a source of any kind.
    pub fn meta(mut self, identifier: &str, meta: ResolveSourceMetaResponse) -> Self {
        self.metas.insert((identifier.to_owned(), None), meta);
        self
    }

    /// Adds a graph from the client.
    pub fn input(mut self, name: &str, definition: Definition) -> Self {
        self.inputs.insert(name.to_owned(), definition.into_encoded());
        self
    }

    /// Sets the answer of another frontend.
    pub fn frontend(mut self, name: &str, answer: Nested) -> Self {
        self.frontends.insert(name.to_owned(), answer);
        self
    }

    /// Sets a failing result for the processes of containers.
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Sets the behaviour of the next call of a method; called again, that of the call after it.
    pub fn on(mut self, method: Method, what: Do) -> Self {
        self.script.entry(method).or_default().push_back(what);
        self
    }

    /// Answers no call of the method until this number of calls has arrived.
    pub fn together(mut self, method: Method, calls: usize) -> Self {
        self.together.insert(method, Arc::new(Barrier::new(calls)));
        self
    }

    /// Starts it. The stream replaces a frontend's standard input and output.
    pub fn start(self) -> (DuplexStream, Daemon) {
        service::start(self)
    }
}

fn image_meta(identifier: &str, digest: &str, config: &str) -> ResolveSourceMetaResponse {
    let image = ResolveSourceImageResponse {
        digest: digest.to_owned(),
        config: config.into(),
        attestation_chain: None,
    };
    ResolveSourceMetaResponse {
        source: Some(pb::SourceOp { identifier: identifier.to_owned(), ..Default::default() }),
        image: Some(image),
        ..Default::default()
    }
}
