//! The messages and gRPC services of [BuildKit].
//!
//! A *frontend* turns a build file into LLB, BuildKit's graph of operations, and asks the daemon to
//! build it. This crate has the messages for that, as of BuildKit v0.32 (August 2026): plain
//! [prost] structures, and with the feature `grpc` the client of the service that a frontend calls.
//!
//! The crate only encodes and decodes. It opens no connection, computes no digest and does not
//! check the rules that messages must follow; their comments state those rules, and `buildkit-llb`
//! builds graphs that follow them.
//!
//! | module | content | package on the wire |
//! | --- | --- | --- |
//! | [`pb`] | LLB: graphs, operations and their metadata | `pb` |
//! | [`fields`] | the numbers of LLB's fields | |
//! | [`frontend`] | the gateway: the calls that a frontend makes | `moby.buildkit.v1.frontend` |
//! | [`apicaps`] | capabilities of a daemon | `moby.buildkit.v1.apicaps` |
//! | [`types`] | workers of a daemon | `moby.buildkit.v1.types` |
//! | [`sourcepolicy`] | source policies | `moby.buildkit.v1.sourcepolicy` |
//! | [`fsutil`] | file metadata | `fsutil.types` |
//! | [`rpc`] | errors | `google.rpc` |
//! | [`errdefs`] | details of errors | `errdefs` |
//!
//! # Encoding
//!
//! BuildKit identifies an operation by the digest of its encoded bytes, so the encoding must be
//! deterministic. Maps are therefore `BTreeMap`s, and prost writes fields in the order of their
//! numbers. prost differs from BuildKit in one point: it omits an empty key or value of a map
//! entry. Keep empty strings out of [`pb::SourceOp::attrs`].
//!
//! ```
//! use buildkit_proto::pb;
//! use prost::Message;
//!
//! let source = pb::SourceOp {
//!     identifier: "docker-image://docker.io/library/busybox:latest".into(),
//!     ..Default::default()
//! };
//! let op = pb::Op { op: Some(pb::op::Op::Source(source)), ..Default::default() };
//!
//! let bytes = op.encode_to_vec();
//! assert_eq!(bytes[..4], [0x1a, 0x31, 0x0a, 0x2f]);
//! assert_eq!(pb::Op::decode(bytes.as_slice())?, op);
//! # Ok::<(), prost::DecodeError>(())
//! ```
//!
//! # Features
//!
//! None is on by default.
//! - `grpc`: `frontend::llb_bridge_client`, for any transport that tonic can use.
//! - `server`: `frontend::llb_bridge_server`, for tests that play the daemon.
//!
//! The `.proto` files are this project's own; building the crate does not need `protoc`.
//!
//! [BuildKit]: https://github.com/moby/buildkit

#![warn(missing_docs)]

mod canonical;
mod encoded;

pub use self::encoded::Encoded;

/// LLB, the graph that BuildKit runs: operations, their inputs and their metadata.
#[allow(clippy::large_enum_variant, reason = "an operation is made once and encoded at once")]
pub mod pb {
    include!("gen/pb.rs");
}

/// The field numbers of [`pb`]'s messages, for programs that encode a message without building it
/// in memory first. Each message has a module, each of its fields a constant.
#[allow(missing_docs, reason = "messages and fields have their texts in `pb`")]
pub mod fields {
    include!("gen/fields.rs");
}

/// The gateway: the service through which a frontend calls the daemon.
#[allow(clippy::large_enum_variant, reason = "messages of a stream are handled one by one")]
#[allow(clippy::allow_attributes_without_reason, reason = "generated code")]
pub mod frontend {
    include!("gen/frontend.rs");
}

/// Capabilities: the features that a daemon has, and those of them that are enabled.
pub mod apicaps {
    include!("gen/apicaps.rs");
}

/// Information about a daemon's workers.
pub mod types {
    include!("gen/types.rs");
}

/// Policies for the sources of a build: allow, deny or replace.
pub mod sourcepolicy {
    include!("gen/sourcepolicy.rs");
}

/// File metadata of fsutil, which transfers files between client and daemon.
pub mod fsutil {
    include!("gen/fsutil.rs");
}

/// The error type of gRPC, with details.
pub mod rpc {
    pub use prost_types::Any;

    include!("gen/rpc.rs");
}

/// Details of BuildKit's errors.
///
/// They are sent in [`rpc::Status::details`](crate::rpc::Status::details) as JSON of these
/// messages, not encoded as protobuf, with the type `github.com/moby/buildkit/errdefs.<Name>+json`.
pub mod errdefs {
    include!("gen/errdefs.rs");
}
