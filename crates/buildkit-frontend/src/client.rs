//! The calls of the service `moby.buildkit.v1.frontend.LLBBridge`.
//!
//! Input: messages of `buildkit-proto`. Output: the daemon's answers, or an [`Error`]. Must not
//! depend on the meaning of messages.
//!
//! A message is passed to tonic as a trait object and an answer is returned as bytes, so that
//! gRPC's code is compiled once instead of for each call, as in generated clients. That saves about
//! half a megabyte of a frontend's binary.

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};
use prost::Message;
use prost::bytes::{Buf, Bytes};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::Uri;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Request, Status, Streaming};

use crate::Error;
use crate::transport::{self, Channel, Stream};

/// The largest message that either side accepts, in bytes; the daemon's limit since v0.14.
pub(crate) const MAX_MESSAGE: usize = 16 << 20;

/// Calls that take one message and answer with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
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
    ReleaseContainer,
}

/// The client of the service. Clones share the connection.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    grpc: Grpc<Channel>,
}

/// The answers of a call that takes and gives streams.
#[derive(Debug)]
pub(crate) struct Answers {
    stream: Streaming<Bytes>,
}

impl Client {
    pub(crate) async fn open(io: Stream) -> Result<Self, Error> {
        let channel = transport::connect(io).await.map_err(|error| Error::connection(&error))?;
        // HTTP/2 requires an authority; the daemon ignores it.
        let origin = Uri::from_static("http://localhost");
        let grpc = Grpc::with_origin(channel, origin)
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE);
        Ok(Self { grpc })
    }

    /// Makes a call.
    pub(crate) async fn call<A: Message + Default>(
        &self,
        call: Call,
        request: impl Message + 'static,
    ) -> Result<A, Error> {
        decode(self.unary(call.path(), Box::new(request)).await?)
    }

    /// Makes a call and ignores what its answer holds.
    pub(crate) async fn tell(
        &self,
        call: Call,
        request: impl Message + 'static,
    ) -> Result<(), Error> {
        self.unary(call.path(), Box::new(request)).await.map(|_| ())
    }

    fn unary(
        &self,
        path: &'static str,
        request: Box<dyn Outgoing>,
    ) -> BoxFuture<'static, Result<Bytes, Error>> {
        let mut grpc = self.grpc.clone();
        Box::pin(async move {
            let path = PathAndQuery::from_static(path);
            let answer = grpc.unary(Request::new(request), path, Raw).await;
            Ok(answer.map_err(Error::from_tonic)?.into_inner())
        })
    }

    /// Calls `ExecProcess`. The first message starts the process, and the end of the messages ends it.
    pub(crate) async fn exec_process<M: Message + 'static>(
        &self,
        first: M,
        further: impl stream::Stream<Item = M> + Send + 'static,
    ) -> Result<Answers, Error> {
        let boxed = |message: M| -> Box<dyn Outgoing> { Box::new(message) };
        let first = boxed(first);
        let messages = stream::once(async { first }).chain(further.map(boxed));
        let mut grpc = self.grpc.clone();
        let path = PathAndQuery::from_static("/moby.buildkit.v1.frontend.LLBBridge/ExecProcess");
        let answer = grpc.streaming(Request::new(messages), path, Raw).await;
        Ok(Answers { stream: answer.map_err(Error::from_tonic)?.into_inner() })
    }
}

impl Answers {
    /// Returns the next answer; `None` at their end.
    pub(crate) async fn next<A: Message + Default>(&mut self) -> Result<Option<A>, Error> {
        self.stream.message().await.map_err(Error::from_tonic)?.map(decode).transpose()
    }
}

impl Call {
    fn path(self) -> &'static str {
        match self {
            Self::Ping => "/moby.buildkit.v1.frontend.LLBBridge/Ping",
            Self::Solve => "/moby.buildkit.v1.frontend.LLBBridge/Solve",
            Self::Evaluate => "/moby.buildkit.v1.frontend.LLBBridge/Evaluate",
            Self::ReadFile => "/moby.buildkit.v1.frontend.LLBBridge/ReadFile",
            Self::ReadDir => "/moby.buildkit.v1.frontend.LLBBridge/ReadDir",
            Self::StatFile => "/moby.buildkit.v1.frontend.LLBBridge/StatFile",
            Self::ResolveSourceMeta => "/moby.buildkit.v1.frontend.LLBBridge/ResolveSourceMeta",
            Self::ResolveImageConfig => "/moby.buildkit.v1.frontend.LLBBridge/ResolveImageConfig",
            Self::Inputs => "/moby.buildkit.v1.frontend.LLBBridge/Inputs",
            Self::Warn => "/moby.buildkit.v1.frontend.LLBBridge/Warn",
            Self::Return => "/moby.buildkit.v1.frontend.LLBBridge/Return",
            Self::NewContainer => "/moby.buildkit.v1.frontend.LLBBridge/NewContainer",
            Self::ReleaseContainer => "/moby.buildkit.v1.frontend.LLBBridge/ReleaseContainer",
        }
    }
}

fn decode<A: Message + Default>(answer: Bytes) -> Result<A, Error> {
    A::decode(answer).map_err(|error| Error::Reply(error.to_string()))
}

/// A message to the daemon.
trait Outgoing: Send + Sync {
    fn write(&self, buf: &mut EncodeBuf<'_>) -> Result<(), Status>;
}

impl<M: Message> Outgoing for M {
    fn write(&self, buf: &mut EncodeBuf<'_>) -> Result<(), Status> {
        self.encode(buf).map_err(|error| Status::internal(error.to_string()))
    }
}

/// Writes messages, and leaves answers as they are.
#[derive(Debug, Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Box<dyn Outgoing>;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Box<dyn Outgoing>;
    type Error = Status;

    fn encode(&mut self, item: Box<dyn Outgoing>, buf: &mut EncodeBuf<'_>) -> Result<(), Status> {
        item.write(buf)
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buf.copy_to_bytes(buf.remaining())))
    }
}
