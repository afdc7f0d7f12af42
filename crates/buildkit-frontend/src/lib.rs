//! The client side of BuildKit's gateway, with which a [frontend] reads a build file, looks up images, solves graphs,
//! and returns a result or an error that shows lines of the file.
//!
//! A frontend is a program that BuildKit starts for each build, with its options in environment variables and a gRPC
//! connection on standard input and output. It builds a graph with [`buildkit_llb`], solves it, and returns a result.
//! [`run()`] handles everything except the frontend's own logic:
//!
//! ```no_run
//! use buildkit_frontend::{Bridge, Options, SolveRequest, SolveResult, Status, run};
//! use buildkit_llb::{FileOp, Graph, Metadata, MkfileAction, State};
//!
//! fn main() -> std::process::ExitCode {
//!     run(frontend)
//! }
//!
//! /// Copies the build file into the result.
//! async fn frontend(bridge: Bridge, options: Options) -> Result<SolveResult, Status> {
//!     let file = bridge.read_build_file(&options).await?;
//!     let mut graph = Graph::new();
//!     let copy = MkfileAction::new("/build-file", 0o644, file.data);
//!     let state = graph.add(FileOp::new(State::SCRATCH).then(copy), Metadata::default());
//!     Ok(bridge.solve(SolveRequest::new(graph.definition(state))).await?)
//! }
//! ```
//!
//! `examples/lines.rs` is a frontend whose result is an image, in 30 lines.
//!
//! # Contents
//!
//! | for | see |
//! | --- | --- |
//! | the program | [`run()`]; [`respond`] in tests; [`on_stdio`], [`Connection`] and [`catch_panic`] for more control |
//! | the client's options | [`Options`], [`Sessions`] |
//! | files of the client and of solved references | [`Bridge::read_build_file`], [`Connection::open_source`], [`Bridge::read_file`], [`Bridge::read_dir`] |
//! | images, git refs, downloads | [`Bridge::resolve_image`], [`Bridge::resolve_source`] |
//! | building | [`Bridge::solve`], [`Bridge::evaluate`], [`Bridge::run`] |
//! | capabilities of the daemon | [`Capabilities`] |
//! | results | [`SolveResult`], [`ImageResult`], [`keys`], [`Answer`] |
//! | errors | [`Status`], which users see, and [`Error`], which classifies failed calls |
//! | warnings | [`Warning`] |
//!
//! Image references and platforms are values of [`buildkit_llb`]: [`Reference`](buildkit_llb::Reference) and
//! [`Platform`](buildkit_llb::Platform).
//!
//! # Not included
//!
//! The crate does not interpret build files: the frontend itself decides which stages a target needs and what names
//! mean. Build files are only read from directories of the client; see [`Bridge::read_build_file`].
//!
//! # Old daemons
//!
//! Every daemon since BuildKit 0.8 (Docker 20.10) is supported. If a daemon lacks a call, the crate uses the same
//! fallback as BuildKit's own Go client; without a fallback, the call fails with [`Error::Unsupported`].
//!
//! [frontend]: https://docs.docker.com/build/buildkit/frontend/

#![warn(missing_docs)]

mod attestation;
mod bridge;
mod build_file;
mod capabilities;
mod client;
mod connection;
mod container;
pub mod csv;
mod error;
mod file;
pub mod keys;
mod lookup;
mod options;
mod panics;
mod refs;
mod result;
mod run;
mod solve;
mod status;
mod subrequest;
mod transport;
mod warning;

pub use self::attestation::{Attestation, AttestationKind, Subject, SubjectKind};
pub use self::bridge::Bridge;
pub use self::capabilities::{CapSet, Capabilities, Unsupported, Worker, gateway};
pub use self::connection::Connection;
pub use self::container::{Container, ContainerMount, Exit, Process};
pub use self::error::Error;
pub use self::file::{FileKind, Stat};
pub use self::lookup::{
    GitMeta, HttpMeta, ImageMeta, ImageRequest, OciLayout, ResolvedImage, SourceMeta, SourceRequest,
};
pub use self::options::{InvalidOption, Options, ProcessOptions, Scanner, Sessions, parse_bool};
pub use self::panics::{Panic, catch_panic};
pub use self::refs::{Ref, Refs};
pub use self::result::{ImageResult, PlatformResult};
pub use self::run::{on_stdio, respond, run};
pub use self::solve::{Build, CacheImport, SolveRequest, SolveResult};
pub use self::status::{FailedProcess, Status, StatusSource};
pub use self::subrequest::Answer;
pub use self::transport::{Stdio, pipes, stdio};
pub use self::warning::Warning;

/// Runs the example of the README as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
