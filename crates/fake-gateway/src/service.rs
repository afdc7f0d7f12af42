//! The service that a frontend calls, implemented with an [`Engine`]'s data.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use buildkit_proto::apicaps::ApiCap;
use buildkit_proto::frontend::llb_bridge_server::{LlbBridge, LlbBridgeServer};
use buildkit_proto::frontend::{
    self, EvaluateRequest, EvaluateResponse, ExecMessage, FileRange, InputsRequest, InputsResponse,
    NewContainerRequest, NewContainerResponse, PingRequest, PongResponse, ReadDirRequest,
    ReadDirResponse, ReadFileRequest, ReadFileResponse, Ref, ReleaseContainerRequest,
    ReleaseContainerResponse, ResolveImageConfigRequest, ResolveImageConfigResponse,
    ResolveSourceMetaRequest, ResolveSourceMetaResponse, ReturnRequest, ReturnResponse,
    SolveRequest, SolveResponse, StatFileRequest, StatFileResponse, WarnRequest, WarnResponse,
    result,
};
use buildkit_proto::{fsutil, pb, rpc};
use futures_util::{StreamExt, stream};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::io::DuplexStream;
use tokio::sync::Notify;
use tonic::codegen::{BoxStream, Service};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::containers;
use crate::daemon::{State, lock};
use crate::definition::{self, Graph};
use crate::files::{below, clean, is_directory, is_within, stat};
use crate::recorder::Recorder;
use crate::{Call, Daemon, Do, Engine, Files, Release};

/// The running service.
struct Bridge {
    engine: Mutex<Engine>,
    state: Arc<Mutex<State>>,
    hang_up: Arc<Notify>,
}

/// Time limit for calls to wait for one another in [`Engine::together`] before the test fails.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs an engine on the other end of the returned stream, until that is closed.
pub(crate) fn start(engine: Engine) -> (DuplexStream, Daemon) {
    let (client, io) = tokio::io::duplex(64 << 10);
    let state = Arc::new(Mutex::new(State::default()));
    let hang_up = Arc::new(Notify::new());
    let max = engine.release.max_message();
    let recorder = Recorder::new(io, state.clone());
    let bridge =
        Bridge { engine: Mutex::new(engine), state: state.clone(), hang_up: hang_up.clone() };
    let server =
        LlbBridgeServer::new(bridge).max_decoding_message_size(max).max_encoding_message_size(max);

    let daemon = Daemon::new(state.clone());
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

// === impl Bridge ===

impl Bridge {
    fn engine(&self) -> MutexGuard<'_, Engine> {
        lock(&self.engine)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The beginning of every call: it is recorded, and the scripted behaviour takes effect. Returns
    /// the scripted answer, if there is one.
    async fn enter<T: Message + Default>(&self, call: Call) -> Result<Option<Response<T>>, Status> {
        let method = call.method();
        self.state().calls.push(call);
        let (todo, together) = {
            let mut engine = self.engine();
            // A daemon that reports no capabilities has all of the old ones.
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
            Do::Answer => Ok(None),
            Do::Reply(message) => match T::decode(message.as_slice()) {
                Ok(message) => Ok(Some(Response::new(message))),
                Err(error) => Err(Status::internal(format!("not a response: {error}"))),
            },
            Do::Fail(status) => Err(to_tonic(&status)),
            Do::HangUp => {
                self.hang_up.notify_one();
                std::future::pending().await
            }
            Do::Wait(gate) => {
                gate.pass().await;
                Ok(None)
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

    /// The result of a graph: the files of a source, if that is the result; empty for anything
    /// else.
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
        // Before v0.26, other sources could not be resolved.
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
        if let Some(reply) = self.enter(Call::Ping).await? {
            return Ok(reply);
        }
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
        if let Some(reply) = self.enter(Call::Solve(request.clone())).await? {
            return Ok(reply);
        }
        let (reference, metadata) = match (request.definition, request.frontend.as_str()) {
            (Some(_), frontend) if !frontend.is_empty() => {
                return Err(Status::unknown(
                    "cannot solve with both Definition and Frontend specified",
                ));
            }
            (None, "") => (None, BTreeMap::new()),
            (Some(definition), _) => {
                let caps = enabled(&self.engine().llb);
                let graph = definition::read(&definition.message().expect("a graph"), &caps)
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
        if let Some(reply) = self.enter(Call::Evaluate(request.clone())).await? {
            return Ok(reply);
        }
        self.files(&request.r#ref)?;
        Ok(Response::new(EvaluateResponse {}))
    }

    async fn read_file(
        &self,
        request: Request<ReadFileRequest>,
    ) -> Result<Response<ReadFileResponse>, Status> {
        let request = request.into_inner();
        if let Some(reply) = self.enter(Call::ReadFile(request.clone())).await? {
            return Ok(reply);
        }
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
        if let Some(reply) = self.enter(Call::ReadDir(request.clone())).await? {
            return Ok(reply);
        }
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
        if let Some(reply) = self.enter(Call::StatFile(request.clone())).await? {
            return Ok(reply);
        }
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
        if let Some(reply) = self.enter(Call::ResolveSourceMeta(request.clone())).await? {
            return Ok(reply);
        }
        let source = request.source.ok_or_else(|| Status::invalid_argument("no source"))?;
        self.meta(&source.identifier, request.platform.as_ref(), &request.resolve_mode)
            .map(Response::new)
    }

    async fn resolve_image_config(
        &self,
        request: Request<ResolveImageConfigRequest>,
    ) -> Result<Response<ResolveImageConfigResponse>, Status> {
        let request = request.into_inner();
        if let Some(reply) = self.enter(Call::ResolveImageConfig(request.clone())).await? {
            return Ok(reply);
        }
        let identifier = format!("docker-image://{}", request.r#ref);
        let (platform, mode) = (request.platform.as_ref(), &request.resolve_mode);
        let image = self.meta(&identifier, platform, mode)?.image.unwrap_or_default();
        // v0.12 and later return the image too; those in the tests do not.
        Ok(Response::new(ResolveImageConfigResponse {
            digest: image.digest,
            config: image.config,
            r#ref: String::new(),
        }))
    }

    async fn inputs(&self, _: Request<InputsRequest>) -> Result<Response<InputsResponse>, Status> {
        if let Some(reply) = self.enter(Call::Inputs).await? {
            return Ok(reply);
        }
        Ok(Response::new(InputsResponse { definitions: self.engine().inputs.clone() }))
    }

    async fn warn(&self, request: Request<WarnRequest>) -> Result<Response<WarnResponse>, Status> {
        if let Some(reply) = self.enter(Call::Warn(request.into_inner())).await? {
            return Ok(reply);
        }
        Ok(Response::new(WarnResponse {}))
    }

    async fn r#return(
        &self,
        request: Request<ReturnRequest>,
    ) -> Result<Response<ReturnResponse>, Status> {
        let request = request.into_inner();
        if let Some(reply) = self.enter(Call::Return(request.clone())).await? {
            return Ok(reply);
        }
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
        if let Some(reply) = self.enter(Call::NewContainer(request)).await? {
            return Ok(reply);
        }
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Status::unknown(format!("invalid container id {id:?}")));
        }
        Ok(Response::new(NewContainerResponse {}))
    }

    async fn release_container(
        &self,
        request: Request<ReleaseContainerRequest>,
    ) -> Result<Response<ReleaseContainerResponse>, Status> {
        if let Some(reply) =
            self.enter(Call::ReleaseContainer(request.into_inner().container_id)).await?
        {
            return Ok(reply);
        }
        Ok(Response::new(ReleaseContainerResponse {}))
    }

    async fn exec_process(
        &self,
        request: Request<Streaming<ExecMessage>>,
    ) -> Result<Response<Self::ExecProcessStream>, Status> {
        let (process, init) = containers::init(request).await?;
        if let Some(message) = self.enter::<ExecMessage>(Call::ExecProcess(init)).await? {
            let message = message.map(Ok);
            return Ok(message.map(|message| Box::pin(stream::iter([message])) as _));
        }
        let messages = containers::messages(process, &self.engine().exit);
        Ok(Response::new(Box::pin(messages.map(Ok))))
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
