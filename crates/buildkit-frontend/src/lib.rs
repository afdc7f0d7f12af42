//! draft
#![warn(missing_docs)]

mod bridge;
mod capabilities;
mod client;
mod connection;
mod container;
mod error;
mod file;
pub mod keys;
mod lookup;
mod result;
mod solve;
mod status;
mod subrequest;
mod transport;
mod warning;

pub use self::bridge::Bridge;
pub use self::capabilities::{CapSet, Capabilities, Unsupported, Worker, gateway};
pub use self::connection::Connection;
pub use self::container::{Container, ContainerMount, Exit};
pub use self::error::Error;
pub use self::file::{FileKind, Stat};
pub use self::lookup::{
    GitMeta, HttpMeta, ImageMeta, ImageRequest, OciLayout, ResolvedImage, SourceMeta, SourceRequest,
};
pub use self::result::{ImageResult, PlatformResult};
pub use self::solve::{
    Attestation, AttestationKind, Build, CacheImport, Ref, Refs, SolveRequest, SolveResult,
    Subject, SubjectKind,
};
pub use self::status::{FailedProcess, Status, StatusSource};
pub use self::subrequest::Answer;
pub use self::transport::{Stdio, pipes, stdio};
pub use self::warning::Warning;
