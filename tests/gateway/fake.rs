//! A daemon made of data: it has the capabilities, files and images that a test gives it, behaves as
//! the test says, and remembers everything it was asked.
//!
//! A test describes an [`Engine`], starts it, runs a frontend on the stream, and then looks at the
//! [`Daemon`]: which calls came in which order, with what in them, and what was returned. Nothing
//! here sleeps: order is forced with a [`Gate`], or with [`Engine::together`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use buildkit_llb::Definition;
use buildkit_proto::apicaps::ApiCap;
use buildkit_proto::frontend::llb_bridge_server::{LlbBridge, LlbBridgeServer};
use buildkit_proto::frontend::{
    self, EvaluateRequest, EvaluateResponse, ExecMessage, FileRange, InitMessage, InputsRequest,
    InputsResponse, NewContainerRequest, NewContainerResponse, PingRequest, PongResponse,
    ReadDirRequest, ReadDirResponse, ReadFileRequest, ReadFileResponse, Ref,
    ReleaseContainerRequest, ReleaseContainerResponse, ResolveImageConfigRequest,
    ResolveImageConfigResponse, ResolveSourceImageResponse, ResolveSourceMetaRequest,
    ResolveSourceMetaResponse, ReturnRequest, ReturnResponse, SolveRequest, SolveResponse,
    StatFileRequest, StatFileResponse, WarnRequest, WarnResponse, result,
};
use buildkit_proto::{Encoded, fsutil, pb, rpc, types};
use futures_util::stream;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::sync::{Barrier, Notify, Semaphore};
use tonic::codegen::{BoxStream, Service};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::containers::{self, Exit};
use crate::definition::{self, Graph};

/// Engines whose capabilities are in `engines/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Release {
    /// Docker 20.10, the oldest that is supported.
    Bookworm,
    /// Docker 26.1 with its older image store.
    Trixie,
    /// Docker 28.5 with the containerd store.
    Forky,
    /// buildkitd of August 2026.
    Head,
}

/// A daemon to be: what it has and how it behaves.
pub(crate) struct Engine {
    release: Release,
    gateway: Vec<ApiCap>,
    llb: Vec<ApiCap>,
    workers: Vec<types::WorkerRecord>,
    sources: BTreeMap<String, Files>,
    metas: BTreeMap<(String, Option<String>), ResolveSourceMetaResponse>,
    /// Images that are in its own store, and in no registry.
    unpublished: BTreeSet<String>,
    inputs: BTreeMap<String, Encoded<pb::Definition>>,
    frontends: BTreeMap<String, Nested>,
    script: BTreeMap<Method, VecDeque<Do>>,
    together: BTreeMap<Method, Arc<Barrier>>,
    exit: Exit,
}

/// A daemon that runs: what came in.
#[derive(Clone)]
pub(crate) struct Daemon {
    state: Arc<Mutex<State>>,
}

/// What a call does instead of answering, or before.
#[derive(Clone)]
pub(crate) enum Do {
    /// Answers, as without a script.
    Answer,
    /// Fails.
    Fail(rpc::Status),
    /// Closes the connection.
    HangUp,
    /// Waits at a gate, then answers.
    Wait(Gate),
}

/// Where a call waits until the test lets it go on.
#[derive(Clone)]
pub(crate) struct Gate {
    reached: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

/// A call, with what it asked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Call {
    Ping,
    Solve(SolveRequest),
    Evaluate(EvaluateRequest),
    ReadFile(ReadFileRequest),
    ReadDir(ReadDirRequest),
    StatFile(StatFileRequest),
    ResolveSourceMeta(ResolveSourceMetaRequest),
    ResolveImageConfig(ResolveImageConfigRequest),
    Inputs,
    Warn(WarnRequest),
    Return(ReturnRequest),
    NewContainer(NewContainerRequest),
    ExecProcess(InitMessage),
    ReleaseContainer(String),
}

/// The methods that the daemon plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Method {
    Ping,
    Solve,
    Evaluate,
    ReadFile,
    ReadDir,
    StatFile,
    ResolveSourceMeta,
    ResolveImageConfig,
    Inputs,
    Warn,
    Return,
    NewContainer,
    ExecProcess,
    ReleaseContainer,
}

/// What a nested frontend answers: files for each reference, and metadata.
#[derive(Clone, Default)]
pub(crate) struct Nested {
    /// One file system.
    pub(crate) files: Files,
    /// The graph that made it.
    pub(crate) definition: Encoded<pb::Definition>,
    /// The metadata of the result.
    pub(crate) metadata: BTreeMap<String, Vec<u8>>,
}

/// Files by path, without a leading slash. Directories are there when something is in them.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    received: Vec<u8>,
    /// `None`: not there, and a reading fails with the text.
    refs: BTreeMap<String, Result<Files, String>>,
    returned: Option<ReturnRequest>,
    closed: bool,
}

/// The running service.
struct Bridge {
    engine: Mutex<Engine>,
    state: Arc<Mutex<State>>,
    hang_up: Arc<Notify>,
}

/// Copies what is read.
struct Recorder {
    io: DuplexStream,
    state: Arc<Mutex<State>>,
}

/// How long calls wait for one another in [`Engine::together`] before the test has failed.
const PATIENCE: Duration = Duration::from_secs(5);

// === impl Release ===

impl Release {
    pub(crate) const ALL: [Self; 4] = [Self::Bookworm, Self::Trixie, Self::Forky, Self::Head];

    fn capabilities(self) -> &'static str {
        match self {
            Self::Bookworm => include_str!("engines/bookworm.txt"),
            Self::Trixie => include_str!("engines/trixie.txt"),
            Self::Forky => include_str!("engines/forky.txt"),
            Self::Head => include_str!("engines/head.txt"),
        }
    }

    /// What it takes and sends in one message.
    fn max_message(self) -> usize {
        if self < Self::Forky { 4 << 20 } else { 16 << 20 }
    }
}

// === impl Engine ===

impl Engine {
    /// A daemon as that release has it, with nothing in it.
    pub(crate) fn new(release: Release) -> Self {
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

    /// A daemon that does not say what it can do.
    pub(crate) fn silent(mut self) -> Self {
        self.gateway.clear();
        self.llb.clear();
        self
    }

    /// Takes a capability away.
    pub(crate) fn without(mut self, id: &str) -> Self {
        self.gateway.retain(|cap| cap.id != id);
        self.llb.retain(|cap| cap.id != id);
        self
    }

    /// Switches a capability off.
    pub(crate) fn disabled(mut self, id: &str, reason: &str) -> Self {
        for cap in self.gateway.iter_mut().chain(&mut self.llb).filter(|cap| cap.id == id) {
            cap.enabled = false;
            cap.disabled_reason_msg = reason.to_owned();
        }
        self
    }

    /// Its worker, in place of one for linux/amd64.
    pub(crate) fn worker(mut self, platform: &str) -> Self {
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

    /// What is in a source: `local://context`.
    pub(crate) fn source<T: Into<Vec<u8>>>(
        mut self,
        identifier: &str,
        files: impl IntoIterator<Item = (&'static str, T)>,
    ) -> Self {
        let files = files.into_iter().map(|(path, data)| (path.to_owned(), data.into()));
        self.sources.insert(identifier.to_owned(), files.collect());
        self
    }

    /// An image, the same for every platform.
    pub(crate) fn image(self, reference: &str, digest: &str, config: &str) -> Self {
        let identifier = format!("docker-image://{reference}");
        let meta = image_meta(&identifier, digest, config);
        self.meta(&identifier, meta)
    }

    /// An image that is in its own store only.
    pub(crate) fn unpublished(mut self, reference: &str, digest: &str, config: &str) -> Self {
        self.unpublished.insert(format!("docker-image://{reference}"));
        self.image(reference, digest, config)
    }

    /// An image for one platform.
    pub(crate) fn image_on(
        mut self,
        platform: &str,
        reference: &str,
        digest: &str,
        config: &str,
    ) -> Self {
        let identifier = format!("docker-image://{reference}");
        let meta = image_meta(&identifier, digest, config);
        self.metas.insert((identifier, Some(platform.to_owned())), meta);
        self
    }

    /// An image of the client's disk.
    pub(crate) fn layout(self, reference: &str, digest: &str, config: &str) -> Self {
        let identifier = format!("oci-layout://{reference}");
        let meta = image_meta(&identifier, digest, config);
        self.meta(&identifier, meta)
    }

    /// What the daemon says of a source, whatever it is.
    pub(crate) fn meta(mut self, identifier: &str, meta: ResolveSourceMetaResponse) -> Self {
        self.metas.insert((identifier.to_owned(), None), meta);
        self
    }

    /// A graph that the client hands over.
    pub(crate) fn input(mut self, name: &str, definition: Definition) -> Self {
        self.inputs.insert(name.to_owned(), definition.into_encoded());
        self
    }

    /// What another frontend answers.
    pub(crate) fn frontend(mut self, name: &str, answer: Nested) -> Self {
        self.frontends.insert(name.to_owned(), answer);
        self
    }

    /// How the processes of containers end, where not well.
    pub(crate) fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Says what the next call of a method does; said again, what the one after that does.
    pub(crate) fn on(mut self, method: Method, what: Do) -> Self {
        self.script.entry(method).or_default().push_back(what);
        self
    }

    /// Answers no call of the method until that many are there at once.
    pub(crate) fn together(mut self, method: Method, calls: usize) -> Self {
        self.together.insert(method, Arc::new(Barrier::new(calls)));
        self
    }

    /// Starts it. The stream is what a frontend has as its standard input and output.
    pub(crate) fn start(self) -> (DuplexStream, Daemon) {
        let (client, io) = tokio::io::duplex(64 << 10);
        let state = Arc::new(Mutex::new(State::default()));
        let hang_up = Arc::new(Notify::new());
        let max = self.release.max_message();
        let recorder = Recorder { io, state: state.clone() };
        let bridge =
            Bridge { engine: Mutex::new(self), state: state.clone(), hang_up: hang_up.clone() };
        let server = LlbBridgeServer::new(bridge)
            .max_decoding_message_size(max)
            .max_encoding_message_size(max);

        let daemon = Daemon { state: state.clone() };
        tokio::spawn(async move {
            let service = service_fn(move |request| server.clone().call(request));
            let connection = http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(recorder), service);
            tokio::select! {
                _ = connection => {}
                () = hang_up.notified() => {}
            }
            lock(&state).closed = true;
        });
        (client, daemon)
    }
}

// === impl Daemon ===

impl Daemon {
    /// What was called, in the order of arrival.
    pub(crate) fn calls(&self) -> Vec<Call> {
        lock(&self.state).calls.clone()
    }

    /// The methods of these calls.
    pub(crate) fn methods(&self) -> Vec<Method> {
        self.calls().iter().map(Call::method).collect()
    }

    /// All graphs that were sent for solving, in the order of arrival.
    pub(crate) fn solves(&self) -> Vec<SolveRequest> {
        let solve = |call| if let Call::Solve(request) = call { Some(request) } else { None };
        self.calls().into_iter().filter_map(solve).collect()
    }

    /// How the frontend ended.
    pub(crate) fn returned(&self) -> Option<ReturnRequest> {
        lock(&self.state).returned.clone()
    }

    /// Every byte that came over the stream.
    pub(crate) fn received(&self) -> Vec<u8> {
        lock(&self.state).received.clone()
    }

    /// Whether the connection is closed. A real daemon cancels the build then.
    pub(crate) fn closed(&self) -> bool {
        lock(&self.state).closed
    }
}

// === impl Gate ===

impl Gate {
    /// A closed gate.
    pub(crate) fn new() -> Self {
        Self { reached: Arc::new(Semaphore::new(0)), open: Arc::new(Semaphore::new(0)) }
    }

    /// Waits until a call is at the gate.
    pub(crate) async fn reached(&self) {
        self.reached.acquire().await.expect("nobody closes the semaphore").forget();
    }

    /// Lets one call go on.
    pub(crate) fn open(&self) {
        self.open.add_permits(1);
    }

    async fn pass(&self) {
        self.reached.add_permits(1);
        self.open.acquire().await.expect("nobody closes the semaphore").forget();
    }
}

// === impl Call ===

impl Call {
    pub(crate) fn method(&self) -> Method {
        match self {
            Self::Ping => Method::Ping,
            Self::Solve(_) => Method::Solve,
            Self::Evaluate(_) => Method::Evaluate,
            Self::ReadFile(_) => Method::ReadFile,
            Self::ReadDir(_) => Method::ReadDir,
            Self::StatFile(_) => Method::StatFile,
            Self::ResolveSourceMeta(_) => Method::ResolveSourceMeta,
            Self::ResolveImageConfig(_) => Method::ResolveImageConfig,
            Self::Inputs => Method::Inputs,
            Self::Warn(_) => Method::Warn,
            Self::Return(_) => Method::Return,
            Self::NewContainer(_) => Method::NewContainer,
            Self::ExecProcess(_) => Method::ExecProcess,
            Self::ReleaseContainer(_) => Method::ReleaseContainer,
        }
    }
}

// === impl Method ===

impl Method {
    /// The capability without which a daemon does not have it.
    fn cap(self) -> Option<&'static str> {
        match self {
            Self::Ping | Self::Solve => None,
            Self::Evaluate => Some("gateway.evaluate"),
            Self::ReadFile => Some("readfile"),
            Self::ReadDir => Some("readdir"),
            Self::StatFile => Some("statfile"),
            Self::ResolveSourceMeta => Some("source.metaresolver"),
            Self::ResolveImageConfig => Some("resolveimage"),
            Self::Inputs => Some("frontend.inputs"),
            Self::Warn => Some("gateway.warnings"),
            Self::Return => Some("return"),
            Self::NewContainer | Self::ExecProcess | Self::ReleaseContainer => Some("gateway.exec"),
        }
    }
}

// === impl Bridge ===

impl Bridge {
    fn engine(&self) -> MutexGuard<'_, Engine> {
        lock(&self.engine)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// What every call begins with: it is noted down, and does what the script says.
    async fn enter(&self, call: Call) -> Result<(), Status> {
        let method = call.method();
        self.state().calls.push(call);
        let (todo, together) = {
            let mut engine = self.engine();
            // A daemon that says nothing has all of the old ones.
            let lacks = |id| !engine.gateway.is_empty() && !enabled(&engine.gateway).contains(id);
            if let Some(cap) = method.cap().filter(|cap| lacks(*cap)) {
                return Err(Status::unimplemented(format!("unknown method, as without {cap}")));
            }
            let todo = engine.script.get_mut(&method).and_then(VecDeque::pop_front);
            (todo.unwrap_or(Do::Answer), engine.together.get(&method).cloned())
        };
        if let Some(barrier) = together
            && tokio::time::timeout(PATIENCE, barrier.wait()).await.is_err()
        {
            return Err(Status::aborted(format!("{method:?} was called once at a time")));
        }
        match todo {
            Do::Answer => Ok(()),
            Do::Fail(status) => Err(to_tonic(&status)),
            Do::HangUp => {
                self.hang_up.notify_one();
                std::future::pending().await
            }
            Do::Wait(gate) => {
                gate.pass().await;
                Ok(())
            }
        }
    }

    fn add_ref(&self, files: Result<Files, String>) -> String {
        let mut state = self.state();
        let id = format!("ref{}", state.refs.len());
        state.refs.insert(id.clone(), files);
        id
    }

    fn files(&self, id: &str) -> Result<Files, Status> {
        if id.is_empty() {
            return Err(Status::unknown("empty ref: "));
        }
        match self.state().refs.get(id) {
            Some(files) => files.clone().map_err(Status::unknown),
            None => Err(Status::unknown(format!("no such ref: {id}"))),
        }
    }

    /// What a graph gives: the files of the source that is its result. Of anything else: nothing.
    fn build(&self, graph: &Graph) -> Result<Files, String> {
        let result = graph.result.as_ref().and_then(|input| graph.ops.get(&input.digest));
        let Some(pb::op::Op::Source(source)) = result.and_then(|op| op.op.as_ref()) else {
            return Ok(Files::new());
        };
        let engine = self.engine();
        let Some(files) = engine.sources.get(&source.identifier) else {
            return match source.identifier.strip_prefix("local://") {
                Some(name) => Err(format!("failed to load: no local source {name}")),
                None => Ok(Files::new()),
            };
        };
        let mut files = files.clone();
        if let Some(paths) = source.attrs.get("local.followpaths") {
            let paths: Vec<String> = serde_json::from_str(paths)
                .map_err(|error| format!("local.followpaths: {error}"))?;
            files.retain(|file, _| paths.iter().any(|path| is_within(file, path)));
        }
        Ok(files)
    }

    fn meta(
        &self,
        identifier: &str,
        platform: Option<&pb::Platform>,
        mode: &str,
    ) -> Result<ResolveSourceMetaResponse, Status> {
        let platform = platform.map(|platform| {
            let parts = [&platform.os, &platform.architecture, &platform.variant];
            let parts: Vec<_> =
                parts.into_iter().filter(|part| !part.is_empty()).cloned().collect();
            parts.join("/")
        });
        let engine = self.engine();
        let is_image = identifier.starts_with("docker-image://");
        // Before v0.26 nothing was known of other sources.
        if !is_image && !identifier.starts_with("oci-layout://") && engine.release < Release::Head {
            let source = pb::SourceOp { identifier: identifier.to_owned(), ..Default::default() };
            return Ok(ResolveSourceMetaResponse { source: Some(source), ..Default::default() });
        }
        let is_there = mode != "pull" || !engine.unpublished.contains(identifier);
        let meta = engine.metas.get(&(identifier.to_owned(), platform)).filter(|_| is_there);
        let meta =
            meta.or_else(|| engine.metas.get(&(identifier.to_owned(), None)).filter(|_| is_there));
        meta.cloned().ok_or_else(|| {
            let name = identifier.split_once("://").map_or(identifier, |(_, name)| name);
            Status::not_found(format!(
                "failed to resolve source metadata for {name}: {name}: not found"
            ))
        })
    }
}

#[tonic::async_trait]
impl LlbBridge for Bridge {
    type ExecProcessStream = BoxStream<ExecMessage>;

    async fn ping(&self, _: Request<PingRequest>) -> Result<Response<PongResponse>, Status> {
        self.enter(Call::Ping).await?;
        let engine = self.engine();
        Ok(Response::new(PongResponse {
            frontend_api_caps: engine.gateway.clone(),
            llb_caps: engine.llb.clone(),
            workers: engine.workers.clone(),
        }))
    }

    async fn solve(
        &self,
        request: Request<SolveRequest>,
    ) -> Result<Response<SolveResponse>, Status> {
        let request = request.into_inner();
        self.enter(Call::Solve(request.clone())).await?;
        let (reference, metadata) = match (request.definition, request.frontend.as_str()) {
            (Some(_), frontend) if !frontend.is_empty() => {
                return Err(Status::unknown(
                    "cannot solve with both Definition and Frontend specified",
                ));
            }
            (None, "") => (None, BTreeMap::new()),
            (Some(definition), _) => {
                let caps = enabled(&self.engine().llb);
                let graph = definition::read(&definition.message().unwrap(), &caps)
                    .map_err(|wrong| Status::invalid_argument(format!("bad graph: {wrong}")))?;
                let files = graph.result.is_some().then(|| self.build(&graph));
                (files.map(|files| (files, definition)), BTreeMap::new())
            }
            (None, name) => {
                let answer = self.engine().frontends.get(name).cloned();
                let answer =
                    answer.ok_or_else(|| Status::unknown(format!("frontend {name} not found")))?;
                (Some((Ok(answer.files), answer.definition)), answer.metadata)
            }
        };
        let reference = match reference {
            Some((files, definition)) => Ref { id: self.add_ref(files), def: Some(definition) },
            None => Ref::default(),
        };
        let result = frontend::Result {
            result: Some(result::Result::Ref(reference)),
            metadata,
            ..Default::default()
        };
        Ok(Response::new(SolveResponse { result: Some(result), ..Default::default() }))
    }

    async fn evaluate(
        &self,
        request: Request<EvaluateRequest>,
    ) -> Result<Response<EvaluateResponse>, Status> {
        let request = request.into_inner();
        self.enter(Call::Evaluate(request.clone())).await?;
        self.files(&request.r#ref)?;
        Ok(Response::new(EvaluateResponse {}))
    }

    async fn read_file(
        &self,
        request: Request<ReadFileRequest>,
    ) -> Result<Response<ReadFileResponse>, Status> {
        let request = request.into_inner();
        self.enter(Call::ReadFile(request.clone())).await?;
        let files = self.files(&request.r#ref)?;
        let path = &request.file_path;
        let data = match files.get(clean(path)) {
            Some(data) => data,
            None if is_directory(&files, clean(path)) => {
                return Err(Status::unknown(format!("{path} is not a regular file")));
            }
            None => return Err(not_found("open", path)),
        };
        let data = match request.range {
            Some(FileRange { offset, length }) => {
                let start = (offset as usize).min(data.len());
                let end = start.saturating_add(length as usize).min(data.len());
                &data[start..end]
            }
            None => data,
        };
        Ok(Response::new(ReadFileResponse { data: data.to_vec() }))
    }

    async fn read_dir(
        &self,
        request: Request<ReadDirRequest>,
    ) -> Result<Response<ReadDirResponse>, Status> {
        let request = request.into_inner();
        self.enter(Call::ReadDir(request.clone())).await?;
        let files = self.files(&request.r#ref)?;
        let directory = clean(&request.dir_path);
        if !is_directory(&files, directory) {
            return Err(not_found("open", &request.dir_path));
        }
        let inside = files.keys().filter_map(|file| below(file, directory));
        let names: BTreeSet<&str> =
            inside.map(|rest| rest.split_once('/').map_or(rest, |(name, _)| name)).collect();
        let entry = |name: &str| {
            let path =
                if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
            fsutil::Stat { path: name.to_owned(), ..stat(&files, &path).unwrap_or_default() }
        };
        Ok(Response::new(ReadDirResponse { entries: names.into_iter().map(entry).collect() }))
    }

    async fn stat_file(
        &self,
        request: Request<StatFileRequest>,
    ) -> Result<Response<StatFileResponse>, Status> {
        let request = request.into_inner();
        self.enter(Call::StatFile(request.clone())).await?;
        let files = self.files(&request.r#ref)?;
        let stat = stat(&files, clean(&request.path));
        let stat = stat.ok_or_else(|| not_found("lstat", &request.path))?;
        let stat = fsutil::Stat { path: request.path, ..stat };
        Ok(Response::new(StatFileResponse { stat: Some(stat) }))
    }

    async fn resolve_source_meta(
        &self,
        request: Request<ResolveSourceMetaRequest>,
    ) -> Result<Response<ResolveSourceMetaResponse>, Status> {
        let request = request.into_inner();
        self.enter(Call::ResolveSourceMeta(request.clone())).await?;
        let source = request.source.ok_or_else(|| Status::invalid_argument("no source"))?;
        self.meta(&source.identifier, request.platform.as_ref(), &request.resolve_mode)
            .map(Response::new)
    }

    async fn resolve_image_config(
        &self,
        request: Request<ResolveImageConfigRequest>,
    ) -> Result<Response<ResolveImageConfigResponse>, Status> {
        let request = request.into_inner();
        self.enter(Call::ResolveImageConfig(request.clone())).await?;
        let identifier = format!("docker-image://{}", request.r#ref);
        let (platform, mode) = (request.platform.as_ref(), &request.resolve_mode);
        let image = self.meta(&identifier, platform, mode)?.image.unwrap_or_default();
        // v0.12 and later name the image too; the ones that are asked here do not.
        Ok(Response::new(ResolveImageConfigResponse {
            digest: image.digest,
            config: image.config,
            r#ref: String::new(),
        }))
    }

    async fn inputs(&self, _: Request<InputsRequest>) -> Result<Response<InputsResponse>, Status> {
        self.enter(Call::Inputs).await?;
        Ok(Response::new(InputsResponse { definitions: self.engine().inputs.clone() }))
    }

    async fn warn(&self, request: Request<WarnRequest>) -> Result<Response<WarnResponse>, Status> {
        self.enter(Call::Warn(request.into_inner())).await?;
        Ok(Response::new(WarnResponse {}))
    }

    async fn r#return(
        &self,
        request: Request<ReturnRequest>,
    ) -> Result<Response<ReturnResponse>, Status> {
        let request = request.into_inner();
        self.enter(Call::Return(request.clone())).await?;
        if request.error.as_ref().is_some_and(|error| error.code == 0)
            || request.error.is_some() == request.result.is_some()
        {
            return Err(Status::unknown("gateway return must be either result or err"));
        }
        let mut state = self.state();
        let ids = match request.result.as_ref().and_then(|result| result.result.as_ref()) {
            None => Vec::new(),
            Some(result::Result::RefDeprecated(id)) => vec![id],
            Some(result::Result::RefsDeprecated(map)) => map.refs.values().collect(),
            Some(result::Result::Ref(reference)) => vec![&reference.id],
            Some(result::Result::Refs(map)) => map.refs.values().map(|of| &of.id).collect(),
        };
        if let Some(id) = ids.into_iter().find(|id| !id.is_empty() && !state.refs.contains_key(*id))
        {
            return Err(Status::unknown(format!("return reference {id} not found")));
        }
        if state.returned.is_some() {
            return Err(Status::unknown("gateway result is already set"));
        }
        state.returned = Some(request);
        Ok(Response::new(ReturnResponse {}))
    }

    async fn new_container(
        &self,
        request: Request<NewContainerRequest>,
    ) -> Result<Response<NewContainerResponse>, Status> {
        let request = request.into_inner();
        let id = request.container_id.clone();
        self.enter(Call::NewContainer(request)).await?;
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Status::unknown(format!("invalid container id {id:?}")));
        }
        Ok(Response::new(NewContainerResponse {}))
    }

    async fn release_container(
        &self,
        request: Request<ReleaseContainerRequest>,
    ) -> Result<Response<ReleaseContainerResponse>, Status> {
        self.enter(Call::ReleaseContainer(request.into_inner().container_id)).await?;
        Ok(Response::new(ReleaseContainerResponse {}))
    }

    async fn exec_process(
        &self,
        request: Request<Streaming<ExecMessage>>,
    ) -> Result<Response<Self::ExecProcessStream>, Status> {
        let (process, init) = containers::init(request).await?;
        self.enter(Call::ExecProcess(init)).await?;
        let messages = containers::messages(&process, &self.engine().exit);
        Ok(Response::new(Box::pin(stream::iter(messages.into_iter().map(Ok)))))
    }

    async fn read_file_container(
        &self,
        _: Request<ReadFileRequest>,
    ) -> Result<Response<ReadFileResponse>, Status> {
        Err(no_container_files())
    }

    async fn read_dir_container(
        &self,
        _: Request<ReadDirRequest>,
    ) -> Result<Response<ReadDirResponse>, Status> {
        Err(no_container_files())
    }

    async fn stat_file_container(
        &self,
        _: Request<StatFileRequest>,
    ) -> Result<Response<StatFileResponse>, Status> {
        Err(no_container_files())
    }
}

// === impl Recorder ===

impl AsyncRead for Recorder {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.io).poll_read(cx, buf);
        lock(&self.state).received.extend_from_slice(&buf.filled()[before..]);
        result
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// A failure, as a daemon reports one.
pub(crate) fn failure(message: &str) -> rpc::Status {
    rpc::Status { code: Code::Unknown.into(), message: message.to_owned(), details: Vec::new() }
}

fn to_tonic(status: &rpc::Status) -> Status {
    let code = Code::from(status.code);
    if status.details.is_empty() {
        return Status::new(code, &status.message);
    }
    Status::with_details(code, &status.message, status.encode_to_vec().into())
}

fn no_container_files() -> Status {
    Status::unimplemented("this daemon is made of data, its containers have no files")
}

fn not_found(call: &str, path: &str) -> Status {
    Status::unknown(format!("{call} {path}: no such file or directory"))
}

fn enabled(caps: &[ApiCap]) -> BTreeSet<String> {
    caps.iter().filter(|cap| cap.enabled).map(|cap| cap.id.clone()).collect()
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

fn clean(path: &str) -> &str {
    match path.trim_matches('/') {
        "." => "",
        path => path.strip_prefix("./").unwrap_or(path),
    }
}

/// The rest of the path below a directory.
fn below<'a>(file: &'a str, directory: &str) -> Option<&'a str> {
    if directory.is_empty() {
        return Some(file);
    }
    file.strip_prefix(directory)?.strip_prefix('/')
}

fn is_within(file: &str, path: &str) -> bool {
    let path = clean(path);
    file == path || below(file, path).is_some()
}

fn is_directory(files: &Files, path: &str) -> bool {
    path.is_empty() || files.keys().any(|file| below(file, path).is_some())
}

fn stat(files: &Files, path: &str) -> Option<fsutil::Stat> {
    if let Some(data) = files.get(path) {
        return Some(fsutil::Stat { mode: 0o644, size: data.len() as i64, ..Default::default() });
    }
    is_directory(files, path).then(|| fsutil::Stat { mode: 1 << 31 | 0o755, ..Default::default() })
}

/// A test that panics while it holds a lock has failed already.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
