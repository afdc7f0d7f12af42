//! The daemon, as a frontend sees it: calls with values of this project instead of messages.
//!
//! Comes in: a stream to the daemon, then requests. Goes out: answers, or an [`Error`] that says who
//! must act and that keeps everything the daemon said. What an old daemon lacks is made up for here
//! where BuildKit's own Go client does so too (`frontend/gateway/grpcclient`). Knows nothing of build
//! files; graphs pass through as [`Definition`]s.
//!
//! All calls take `&self` and may run at once.

mod capabilities;
mod connection;
mod container;
mod error;
mod file;
mod solve;
mod source;

use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::{Cap, Definition};
use buildkit_proto::{frontend, pb};
use prost::Message;
use tokio::io::{AsyncRead, AsyncWrite};

use connection::found;
use solve::Evaluation;

use super::dockerfile::CONFIG;
use super::transport::MAX_MESSAGE;

pub use capabilities::{CapSet, Capabilities, Unsupported, Worker, gateway};
pub use connection::Connection;
pub use container::{Container, ContainerMount, Exit};
pub use error::{Error, Status};
pub use file::{FileKind, Stat};
pub use solve::{
    Attestation, AttestationKind, Build, CacheImport, Ref, Refs, SolveRequest, SolveResult,
    Subject, SubjectKind,
};
pub use source::{
    GitMeta, HttpMeta, ImageMeta, ImageRequest, OciLayout, ResolveMode, ResolvedImage, SourceMeta,
    SourceRequest,
};

/// How many bytes an error has that is sent with all its details. It travels in the headers of HTTP/2, and clients
/// that get more of them than they take show `COMPRESSION_ERROR` and nothing of it.
const MAX_ERROR: usize = 1 << 20;

/// The daemon that this frontend works for.
#[derive(Debug)]
pub struct Bridge {
    connection: Connection,
    capabilities: Capabilities,
}

/// A warning for the user.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Warning {
    /// The operation it is about: one of this build.
    pub digest: String,
    /// How grave it is, from 1, the gravest.
    pub level: i64,
    /// The line that is shown.
    pub short: String,
    /// Further lines, shown on request.
    pub detail: Vec<String>,
    /// Where to read more, or empty.
    pub url: String,
    /// The file it is about, and the lines there.
    pub source: Option<(pb::SourceInfo, Vec<pb::Range>)>,
}

impl Bridge {
    /// Connects to the daemon and asks what it can do.
    pub async fn connect<IO>(io: IO) -> Result<Self, Error>
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Connection::open(io).await?.ping().await
    }

    /// The calls that need no look at what the daemon can do.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What the daemon can do.
    pub fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Builds. See [`SolveRequest::evaluate`] for when.
    ///
    /// Refuses a graph that needs a capability which the daemon lacks, before sending it.
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

        let response = self.connection.client().solve(request).await?.into_inner();
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

    /// Builds a reference to its end.
    pub async fn evaluate(&self, reference: &Ref) -> Result<(), Error> {
        let mut client = self.connection.client();
        if self.capabilities.gateway.supports(gateway::EVALUATE) {
            let request = frontend::EvaluateRequest { r#ref: reference.id().to_owned() };
            client.evaluate(request).await?;
            return Ok(());
        }
        match &reference.evaluation {
            Evaluation::Done => {}
            Evaluation::Repeat(request) => {
                let request = frontend::SolveRequest { evaluate: true, ..(**request).clone() };
                client.solve(request).await?;
            }
            Evaluation::Open => {
                self.stat(reference, ".").await?;
            }
        }
        Ok(())
    }

    /// Reads a file of at most 4 MiB. `None` if there is no such file.
    pub async fn read_file(&self, reference: &Ref, path: &str) -> Result<Option<Vec<u8>>, Error> {
        self.connection.read_file(reference, path).await
    }

    /// Describes a file. `None` if there is no such file. `.` is the root.
    pub async fn stat(&self, reference: &Ref, path: &str) -> Result<Option<Stat>, Error> {
        self.capabilities.gateway.require(gateway::STAT_FILE)?;
        let request = frontend::StatFileRequest {
            r#ref: reference.id().to_owned(),
            path: path.to_owned(),
            mount_index: 0,
        };
        let Some(response) = found(self.connection.client().stat_file(request).await)? else {
            return Ok(None);
        };
        match response.stat {
            Some(stat) => Ok(Some(stat.try_into()?)),
            None => Err(Error::Reply(format!("nothing about {path}"))),
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
        let Some(response) = found(self.connection.client().read_dir(request).await)? else {
            return Ok(None);
        };
        response.entries.into_iter().map(Stat::try_from).collect::<Result<_, _>>().map(Some)
    }

    /// Looks up an image.
    pub async fn resolve_image(&self, request: ImageRequest) -> Result<ResolvedImage, Error> {
        let asked = request.reference.clone();
        if !self.capabilities.gateway.supports(gateway::SOURCE_META) {
            let wire = request.into_wire();
            let response = self.connection.client().resolve_image_config(wire).await?.into_inner();
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

    /// Looks up any source.
    pub async fn resolve_source(&self, request: SourceRequest) -> Result<SourceMeta, Error> {
        self.capabilities.gateway.require(gateway::SOURCE_META)?;
        let asked = request.source.identifier.clone();
        let response = self.connection.client().resolve_source_meta(request.into_wire()).await?;
        SourceMeta::from_wire(response.into_inner())
            .ok_or_else(|| Error::Reply(format!("no source in the answer about {asked}")))
    }

    /// The graphs that the client handed to this frontend, by name; asked for once.
    ///
    /// Empty where the daemon does not know of such graphs: then it took none from the client.
    pub async fn inputs(&self) -> Result<&BTreeMap<String, Definition>, Error> {
        self.connection.inputs().await
    }

    /// Shows a warning, where the daemon can.
    pub async fn warn(&self, warning: Warning) -> Result<(), Error> {
        if !self.capabilities.gateway.supports(gateway::WARNINGS) {
            return Ok(());
        }
        let (info, ranges) = warning.source.unzip();
        let request = frontend::WarnRequest {
            digest: warning.digest,
            level: warning.level,
            short: warning.short.into_bytes(),
            detail: warning.detail.into_iter().map(String::into_bytes).collect(),
            url: warning.url,
            info,
            ranges: ranges.unwrap_or_default(),
        };
        self.connection.client().warn(request).await?;
        Ok(())
    }

    /// Ends this frontend's work with a result, or with an error where the daemon does not take that: one that is too
    /// large for a message, say. The process should exit with 0 at once after this.
    pub async fn return_result(&self, result: SolveResult) -> Result<(), Error> {
        let caps = &self.capabilities.gateway;
        caps.require(gateway::RETURN)?;
        if matches!(&result.refs, Refs::ByPlatform(refs) if refs.len() > 1) {
            caps.require(gateway::RETURN_MAP)?;
        }
        let is_image = result.metadata.keys().any(|key| key.starts_with(CONFIG));
        let result = result.into_wire(caps.supports(gateway::REF_ARRAY));
        let request = frontend::ReturnRequest { result: Some(result), error: None };
        let size = request.encoded_len();
        if size > self.max_message() {
            // Sent all the same, it would end the connection and leave the user with an exit code.
            let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
            let way_out = match is_image {
                true => "build for fewer platforms, or from images with smaller configs",
                false => "ask about a smaller file",
            };
            let message = format!(
                "the answer is too large for the engine: it has {:.1} MiB, and the engine takes {:.0} MiB at once; {way_out}",
                mib(size),
                mib(self.max_message()),
            );
            return self.send_error(Status::new(message).with_own_source()).await;
        }
        let returned = self.connection.client().r#return(request).await;
        match returned.map_err(Error::from) {
            Ok(_) => Ok(()),
            Err(Error::Status(status)) => {
                let message =
                    format!("BuildKit does not take the answer, which has {size} bytes: {status}");
                self.send_error(Status::new(message).with_own_source()).await
            }
            Err(error) => Err(error),
        }
    }

    /// How many bytes the daemon takes in one message.
    pub fn max_message(&self) -> usize {
        // The limit was raised in the release that also brought this.
        let recent = Cap::FILE_COPY_ALWAYS_REPLACE_EXISTING_DEST_PATHS;
        if self.capabilities.llb.supports(recent.id()) { MAX_MESSAGE } else { 4 << 20 }
    }

    /// Ends this frontend's work with a failure. The process should exit at once after this.
    pub async fn return_error(&self, status: Status) -> Result<(), Error> {
        self.capabilities.gateway.require(gateway::RETURN)?;
        // Details hold excerpts, and those of the daemon whole files. The text and its place are better than the
        // exit code, which is what the user would see of an error that does not get through.
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
        self.connection.client().r#return(frontend::ReturnRequest { result: None, error }).await?;
        Ok(())
    }
}
