//! HTTP/2 over the process's standard input and output.
//!
//! Input: something to read from and write to. Output: a [`Channel`] that sends HTTP requests. This module must not
//! depend on what is sent.
//!
//! There is exactly one connection, and it stays open until the process ends: a daemon that sees it closed cancels the
//! build, even after the frontend has returned its result. That is why tonic's own channel, which reconnects, is not
//! used.

use std::future::Future;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::Incoming;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite, Join, join};
use tokio::net::unix::pipe;
use tonic::body::Body;
use tonic::codegen::{Service, http};

/// The largest list of headers to accept, in bytes. An error and its details travel in a trailer, and hyper's own limit
/// of 16 KiB would lose the errors that matter most.
const MAX_HEADER_LIST: u32 = 16 << 20;

/// A stream to the daemon. Boxed, so that the HTTP/2 code is compiled once and not once for each kind of stream.
pub(crate) type Stream = Box<dyn Duplex>;

/// Both directions of a stream.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<IO: AsyncRead + AsyncWrite + Send + Unpin> Duplex for IO {}

/// The connection, for tonic's client. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Channel {
    sender: SendRequest<Body>,
}

/// Standard input and output as one stream: see [`stdio`].
pub type Stdio = Join<Box<dyn AsyncRead + Send + Unpin>, Box<dyn AsyncWrite + Send + Unpin>>;

/// Starts HTTP/2 on a stream whose other end expects it without negotiation.
///
/// A task of the current runtime drives the connection from here on, whether or not a [`Channel`] is left.
pub(crate) async fn connect(io: Stream) -> Result<Channel, hyper::Error> {
    let (sender, connection) = Builder::new(TokioExecutor::new())
        .max_header_list_size(MAX_HEADER_LIST)
        .handshake(TokioIo::new(io))
        .await?;
    let keep = sender.clone();
    tokio::spawn(async move {
        // Calls in flight learn of the failure themselves.
        let _ = connection.await;
        drop(keep);
    });
    Ok(Channel { sender })
}

/// Returns this process's standard input and output. Nothing else may use them.
///
/// The daemon passes pipes, which the runtime reads and writes directly. Anything else (a socket, a
/// terminal) goes through tokio's blocking threads. Such a thread waits in `read` until the other
/// end closes, and a dropped runtime waits for its threads: end the process instead, as
/// [`run`](crate::run()) does.
///
/// The descriptors are duplicates, so that 0 and 1 stay open until the process ends.
///
/// Must be called inside a runtime whose I/O is enabled. Fails if a descriptor is closed.
pub fn stdio() -> io::Result<Stdio> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    let output = io::stdout().as_fd().try_clone_to_owned()?;
    Ok(join(
        pipe_reader(input)?.unwrap_or_else(|| Box::new(tokio::io::stdin())),
        pipe_writer(output)?.unwrap_or_else(|| Box::new(tokio::io::stdout())),
    ))
}

/// Returns two pipes as one stream; `None` if one of them is not a pipe, or has the wrong
/// direction.
///
/// Must be called inside a runtime whose I/O is enabled.
pub fn pipes(input: OwnedFd, output: OwnedFd) -> io::Result<Option<Stdio>> {
    Ok(match (pipe_reader(input)?, pipe_writer(output)?) {
        (Some(input), Some(output)) => Some(join(input, output)),
        _ => None,
    })
}

fn pipe_reader(fd: OwnedFd) -> io::Result<Option<Box<dyn AsyncRead + Send + Unpin>>> {
    match pipe::Receiver::from_owned_fd(fd) {
        Ok(pipe) => Ok(Some(Box::new(pipe))),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(None),
        Err(error) => Err(error),
    }
}

fn pipe_writer(fd: OwnedFd) -> io::Result<Option<Box<dyn AsyncWrite + Send + Unpin>>> {
    match pipe::Sender::from_owned_fd(fd) {
        Ok(pipe) => Ok(Some(Box::new(pipe))),
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(None),
        Err(error) => Err(error),
    }
}

// === impl Channel ===

impl Service<http::Request<Body>> for Channel {
    type Response = http::Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        // hyper queues what cannot be sent yet. If the connection is gone, the call says so with its
        // cause, which tonic would drop here.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(self.sender.send_request(request))
    }
}
