//! The messages and gRPC services through which programs talk to [BuildKit].
//!
//! A *frontend* turns a build file into LLB, BuildKit's graph of operations, and asks the daemon to
//! build it. This crate has the words for that, as BuildKit has them in August 2026 (v0.32): plain
//! [prost] structures, and with the feature `grpc` the client of the service that a frontend calls.
//!
//! It does no more than encode and decode. It opens no connection, knows no rule that a message must
//! follow beyond what its comments say, and computes no digest; `buildkit-llb` builds graphs that
//! keep the rules.
//!
//! | module | what | package on the wire |
//! | --- | --- | --- |
//! | [`pb`] | LLB: graphs, operations, what is said about them | `pb` |
//! | [`fields`] | the numbers of LLB's fields | |
//! | [`frontend`] | the gateway: what a frontend asks of the daemon | `moby.buildkit.v1.frontend` |
//! | [`apicaps`] | capabilities of a daemon | `moby.buildkit.v1.apicaps` |
//! | [`types`] | workers of a daemon | `moby.buildkit.v1.types` |
//! | [`sourcepolicy`] | rules about sources | `moby.buildkit.v1.sourcepolicy` |
//! | [`fsutil`] | files | `fsutil.types` |
//! | [`rpc`] | errors | `google.rpc` |
//! | [`errdefs`] | details of errors | `errdefs` |
//!
//! # Encoding
//!
//! BuildKit names an operation by the digest of its encoded bytes, so they must be the same every
//! time. Maps are therefore `BTreeMap`s, and prost writes fields in the order of their numbers. One
//! thing prost does differently from BuildKit: in a map entry it leaves out an empty key or value.
//! Keep empty strings out of [`pb::SourceOp::attrs`].
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
//! The `.proto` files are this project's own; no `protoc` is needed to build the crate.
//!
//! [BuildKit]: https://github.com/moby/buildkit

#![warn(missing_docs)]

mod canonical;
mod encoded;

pub use self::encoded::Encoded;

/// LLB, the graph that BuildKit runs: operations, what they read, and what is said about them.
#[allow(clippy::large_enum_variant, reason = "an operation is made once and encoded at once")]
pub mod pb {
    include!("gen/pb.rs");
}

/// The numbers of the fields of [`pb`]'s messages, for programs that write a message without making
/// it in memory first. A module for each message, a constant for each of its fields.
#[allow(missing_docs, reason = "messages and fields have their texts in `pb`")]
pub mod fields {
    include!("gen/fields.rs");
}

/// The gateway, as daemons call the bridge between a frontend and themselves.
#[allow(clippy::large_enum_variant, reason = "messages of a stream are handled one by one")]
#[allow(clippy::allow_attributes_without_reason, reason = "generated code")]
pub mod frontend {
    include!("gen/frontend.rs");
}

/// Capabilities: what a daemon can do and whether it may.
pub mod apicaps {
    include!("gen/apicaps.rs");
}

/// What a daemon says about its workers.
pub mod types {
    include!("gen/types.rs");
}

/// Rules about which sources a build may use, and what to use in their place.
pub mod sourcepolicy {
    include!("gen/sourcepolicy.rs");
}

/// Files as fsutil, which moves them between client and daemon, describes them.
pub mod fsutil {
    include!("gen/fsutil.rs");
}

/// The error of gRPC, with details.
pub mod rpc {
    pub use prost_types::Any;

    include!("gen/rpc.rs");
}

/// Details of BuildKit's errors.
///
/// They travel in [`rpc::Status::details`](crate::rpc::Status::details) as JSON of these messages,
/// not encoded as protobuf, with the type `github.com/moby/buildkit/errdefs.<Name>+json`.
pub mod errdefs {
    include!("gen/errdefs.rs");
}
