//! The frontend's interface to the daemon.
//!
//! Input: requests. Output: answers, or an [`Error`]. If an old daemon lacks a call, this module
//! uses the same fallback as BuildKit's own Go client (`frontend/gateway/grpcclient/client.go`). It
//! must not depend on build files: graphs pass through as [`Definition`]s.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use buildkit_llb::{Cap, Definition};
use buildkit_proto::frontend;
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::{Call, Client, MAX_MESSAGE};
use crate::connection::found;
use crate::refs::Evaluation;
use crate::{
    Build, Capabilities, Connection, Error, ImageMeta, ImageRequest, Ref, Refs, ResolvedImage,
    SolveRequest, SolveResult, SourceMeta, SourceRequest, Stat, Status, Warning, gateway, keys,
};

/// The size up to which an error is sent with all its details, in bytes. It is sent in HTTP/2
/// headers, and clients that get more headers than they accept show only `COMPRESSION_ERROR`.
const MAX_ERROR: usize = 1 << 20;

/// Time limit for the daemon to answer the first call, the same as in BuildKit's own client
/// (`current` in `frontend/gateway/grpcclient/client.go`).
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// The daemon that this frontend works for. All calls take `&self` and may run concurrently.
///
/// Dropping a call's future cancels the call. The build ends with [`Bridge::return_result`] or
/// [`Bridge::return_error`]; [`run`](crate::run()) does that for a frontend.
#[derive(Debug, Clone)]
pub struct Bridge {
    connection: Connection,
    capabilities: Arc<Capabilities>,
}

impl Connection {
    /// Requests the daemon's capabilities. Fails after 15 seconds without an answer.
    pub async fn ping(&self) -> Result<Bridge, Error> {
        let ping =
            self.client().call::<frontend::PongResponse>(Call::Ping, frontend::PingRequest {});
        match tokio::time::timeout(PING_TIMEOUT, ping).await {
            Ok(pong) => Ok(Bridge::new(self.clone(), pong?.into())),
            Err(_) => Err(Error::Connection(format!("no response within {PING_TIMEOUT:?}"))),
        }
    }
}

impl Bridge {
    pub(crate) fn new(connection: Connection, capabilities: Capabilities) -> Self {
        Self { connection, capabilities: Arc::new(capabilities) }
    }

    pub(crate) fn client(&self) -> &Client {
        self.connection.client()
    }

    /// Connects to the daemon and requests its capabilities. Must be called inside a tokio runtime.
    pub async fn connect<IO>(io: IO) -> Result<Self, Error>
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Connection::open(io).await?.ping().await
    }

    /// The connection.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The daemon's capabilities.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Builds, immediately or lazily: see [`SolveRequest::evaluate`].
    ///
    /// A graph that needs a capability which the daemon lacks fails with [`Error::Unsupported`] and
    /// is not sent.
    pub async fn solve(&self, request: SolveRequest) -> Result<SolveResult, Error> {
        if let Build::Definition(definition) = &request.build {
            for cap in definition.caps() {
                self.capabilities.llb.require(cap.id())?;
            }
        }
        let nested = matches!(request.build, Build::Frontend { .. });
        let evaluate = request.evaluate;
        let can_evaluate = self.capabilities.gateway.supports(gateway::SOLVE_EVALUATE);

        let mut request = request.into_wire();
        request.evaluate &= can_evaluate;
        let evaluation = if request.evaluate {
            Evaluation::Done
        } else if can_evaluate && !self.capabilities.gateway.supports(gateway::EVALUATE) {
            Evaluation::Repeat(Arc::new(request.clone()))
        } else {
            Evaluation::Open
        };

        let response = self.client().call(Call::Solve, request).await?;
        let mut result = SolveResult::from_wire(response)?;
        for reference in result.refs.iter_mut() {
            reference.evaluation = evaluation.clone();
            if !nested {
                // The daemon echoes what the caller has.
                reference.definition = None;
            }
        }
        if evaluate && !can_evaluate {
            for reference in result.refs.iter() {
                self.evaluate(reference).await?;
            }
        }
        Ok(result)
    }

    /// Builds a reference to completion, so that its failure is known here.
    pub async fn evaluate(&self, reference: &Ref) -> Result<(), Error> {
        if self.capabilities.gateway.supports(gateway::EVALUATE) {
            let request = frontend::EvaluateRequest { r#ref: reference.id().to_owned() };
            return self.client().tell(Call::Evaluate, request).await;
        }
        match &reference.evaluation {
            Evaluation::Done => {}
            Evaluation::Repeat(request) => {
                let request = frontend::SolveRequest { evaluate: true, ..(**request).clone() };
                self.client().tell(Call::Solve, request).await?;
            }
            Evaluation::Open => {
                self.stat(reference, ".").await?;
            }
        }
        Ok(())
    }

    /// Reads a file whole: see [`Connection::read_file`].
    pub async fn read_file(
        &self,
        reference: &Ref,
        path: &str,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, Error> {
        self.connection.read_file(reference, path, limit).await
    }

    /// Describes a file, following links. `None` if there is no such file. `.` is the root.
    pub async fn stat(&self, reference: &Ref, path: &str) -> Result<Option<Stat>, Error> {
        self.capabilities.gateway.require(gateway::STAT_FILE)?;
        let request = frontend::StatFileRequest {
            r#ref: reference.id().to_owned(),
            path: path.to_owned(),
            mount_index: 0,
        };
        let response = self.client().call::<frontend::StatFileResponse>(Call::StatFile, request);
        let Some(response) = found(response.await)? else { return Ok(None) };
        match response.stat {
            Some(stat) => Ok(Some(stat.try_into()?)),
            None => Err(Error::Reply(format!("no information about {path}"))),
        }
    }

    /// Lists a directory, in the daemon's order. `None` if there is no such directory.
    ///
    /// `pattern` selects entries by name; empty means all.
    pub async fn read_dir(
        &self,
        reference: &Ref,
        path: &str,
        pattern: &str,
    ) -> Result<Option<Vec<Stat>>, Error> {
        self.capabilities.gateway.require(gateway::READ_DIR)?;
        let request = frontend::ReadDirRequest {
            r#ref: reference.id().to_owned(),
            dir_path: path.to_owned(),
            include_pattern: pattern.to_owned(),
            mount_index: 0,
        };
        let response = self.client().call::<frontend::ReadDirResponse>(Call::ReadDir, request);
        let Some(response) = found(response.await)? else { return Ok(None) };
        response.entries.into_iter().map(Stat::try_from).collect::<Result<_, _>>().map(Some)
    }

    /// Looks up the digest and the config of an image. A source policy may replace it; a
    /// replacement that is not an image fails with [`Error::NotAnImage`].
    pub async fn resolve_image(&self, request: ImageRequest) -> Result<ResolvedImage, Error> {
        let asked = request.reference.to_string();
        if !self.capabilities.gateway.supports(gateway::SOURCE_META) {
            let wire = request.into_wire();
            let response: frontend::ResolveImageConfigResponse =
                self.client().call(Call::ResolveImageConfig, wire).await?;
            // Before v0.12 there were no source policies, and the reply did not name the image.
            let reference = Some(response.r#ref).filter(|of| !of.is_empty()).unwrap_or(asked);
            let meta = ImageMeta::new(response.digest, response.config);
            return Ok(ResolvedImage { reference, meta });
        }
        let scheme = request.scheme();
        let SourceMeta { source, image, .. } = self.resolve_source(request.into_source()).await?;
        match (source.identifier.strip_prefix(scheme), image) {
            (Some(reference), Some(meta)) => {
                Ok(ResolvedImage { reference: reference.to_owned(), meta })
            }
            _ => Err(Error::NotAnImage { reference: asked, updated: source.identifier }),
        }
    }

    /// Looks up any source. Needs a daemon since v0.13; daemons before v0.26 only resolve images.
    pub async fn resolve_source(&self, request: SourceRequest) -> Result<SourceMeta, Error> {
        self.capabilities.gateway.require(gateway::SOURCE_META)?;
        let asked = request.source.identifier.clone();
        let response = self.client().call(Call::ResolveSourceMeta, request.into_wire()).await?;
        SourceMeta::from_wire(response)
            .ok_or_else(|| Error::Reply(format!("no source in the response about {asked}")))
    }

    /// Returns the graphs that the client passed to this frontend: see [`Connection::inputs`].
    pub async fn inputs(&self) -> Result<&BTreeMap<String, Definition>, Error> {
        self.connection.inputs().await
    }

    /// Shows a warning to the user. Daemons before v0.10 cannot; then nothing happens.
    pub async fn warn(&self, warning: Warning) -> Result<(), Error> {
        if !self.capabilities.gateway.supports(gateway::WARNINGS) {
            return Ok(());
        }
        self.client().tell(Call::Warn, warning.into_wire()).await
    }

    /// Ends this frontend with a result. The process should exit with 0 at once after this.
    ///
    /// If the daemon does not accept the result, for example because it is too large for a message,
    /// the frontend ends with an error that gives the reason. `Err` means that neither could be
    /// returned.
    pub async fn return_result(&self, result: SolveResult) -> Result<(), Error> {
        let caps = &self.capabilities.gateway;
        caps.require(gateway::RETURN)?;
        if matches!(&result.refs, Refs::ByPlatform(refs) if refs.len() > 1) {
            caps.require(gateway::RETURN_MAP)?;
        }
        let is_image = result.metadata.keys().any(|key| key.starts_with(keys::IMAGE_CONFIG));
        let result = result.into_wire(caps.supports(gateway::REF_ARRAY));
        let request = frontend::ReturnRequest { result: Some(result), error: None };
        let size = request.encoded_len();
        if size > self.max_message() {
            // Sent all the same, it would end the connection and leave the user with an exit code.
            let way_out = match is_image {
                true => "build for fewer platforms, or use base images with smaller configs",
                false => "use a smaller build file",
            };
            let message = format!(
                "the result is too large for the engine: it has {:.1} MiB, but the limit is {:.0} MiB; {way_out}",
                mib(size),
                mib(self.max_message()),
            );
            return self.send_error(Status::new(message).with_own_source()).await;
        }
        match self.client().tell(Call::Return, request).await {
            Ok(()) => Ok(()),
            Err(Error::Status(status)) => {
                let message = format!("BuildKit rejected the result of {size} bytes: {status}");
                self.send_error(Status::new(message).with_own_source()).await
            }
            Err(error) => Err(error),
        }
    }

    /// The size of the largest message that the daemon accepts, in bytes: 16 MiB, and 4 MiB before v0.14.
    pub fn max_message(&self) -> usize {
        // The limit was raised in the release that also brought this.
        let recent = Cap::FILE_COPY_ALWAYS_REPLACE_EXISTING_DEST_PATHS;
        if self.capabilities.llb.supports(recent.id()) { MAX_MESSAGE } else { 4 << 20 }
    }

    /// Ends this frontend with an error. The process should exit with 0 at once after this.
    ///
    /// If an error is too large for clients, its excerpts are dropped, except for the location that
    /// clients show first. An error without a source gets an empty one. Otherwise the Dockerfile
    /// frontend, which starts this one for a file with a `# syntax` line, would attribute the error
    /// to that line (`frontend/dockerfile/builder/build.go`).
    pub async fn return_error(&self, status: Status) -> Result<(), Error> {
        self.capabilities.gateway.require(gateway::RETURN)?;
        let status = status.with_own_source();
        // Details contain excerpts, and the daemon's contain whole files. The text with its
        // location is better than the exit code, which is all that the user sees of an error that
        // is too large.
        let short = status.without_excerpts();
        if status.encoded_len() > MAX_ERROR {
            return self.send_error(short).await;
        }
        match self.send_error(status).await {
            Err(Error::Status(_)) => self.send_error(short).await,
            result => result,
        }
    }

    async fn send_error(&self, status: Status) -> Result<(), Error> {
        let error = Some(status.into_wire());
        self.client().tell(Call::Return, frontend::ReturnRequest { result: None, error }).await
    }
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
