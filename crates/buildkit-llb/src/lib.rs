//! LLB, the graph of build steps that [BuildKit] runs, with typed ops and a deterministic encoding.
//!
//! A program that compiles some language to a build adds [ops](Op) to a [`Graph`]. Each returns a
//! handle, usually a [`State`], that further ops take as input. The part of the graph that one state
//! needs is a [`Definition`], which is sent to BuildKit.
//!
//! ```
//! use buildkit_llb::{
//!     CopyAction, Exec, FileOp, Graph, Image, Local, Location, Metadata, Platform, SourceInfo,
//!     State,
//! };
//!
//! let mut graph = Graph::new();
//! let text = "from = 'golang:1.24'\nrun = 'go build -o /out/app .'\n";
//! let file = graph.add_source(SourceInfo::new("build.toml", text).language("TOML"));
//!
//! let platform: Platform = "linux/amd64".parse()?;
//! let golang = Image::new("golang:1.24".parse()?).platform(Some(platform.clone()));
//! let golang = graph.add(golang, Metadata::named("FROM golang:1.24"));
//! let context = graph.add(Local::new("context", "session-id"), Metadata::default());
//!
//! let copy = FileOp::new(golang).then(CopyAction::like_dockerfile(context, ".", "/src/"));
//! let sources = graph.add(copy, Metadata::named("COPY . /src/"));
//! let build = Exec::new(sources, "/bin/sh")
//!     .args(["-ec", "go build -o /out/app ."])
//!     .env("CGO_ENABLED", "0")
//!     .cwd("/src")
//!     .platform(Some(platform));
//! let metadata = Metadata::named("RUN go build").at([Location::lines(file, 2..=2)]);
//! let built = graph.add(build, metadata).root;
//!
//! let app = FileOp::new(State::SCRATCH).then(CopyAction::new(built, "/out/app", "/app"));
//! let app = graph.add(app, Metadata::default());
//!
//! let definition = graph.definition(app);
//! assert_eq!(definition.digests().len(), 6); // the five ops and the terminal
//! assert_eq!(definition.head(), graph.digest(app));
//! println!("{definition}");
//! let message: Vec<u8> = definition.into_encoded().into_bytes();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Guarantees
//!
//! - The same ops, added in the same order, give the same bytes on every machine: the crate uses no
//!   clock, no random number and no unordered map.
//! - The bytes of an op are those that BuildKit itself would write. BuildKit encodes ops again before it
//!   computes their digests, so only then are its digests ours, and only then does it find their source
//!   locations.
//! - Where BuildKit's Go client, which the Dockerfile frontend uses, has a choice in how something is
//!   encoded, this crate makes the same choice. The same step is then the same vertex and runs once; the
//!   tests contain digests that a daemon reported for Dockerfiles.
//! - A graph has no cycles and no dangling inputs, because handles exist only for existing ops.
//!   Nothing is recursive, so the depth of a graph is not limited.
//! - Adding, hashing and encoding take time proportional to the size of the output (plus a
//!   logarithm for sorting a definition's maps). An op is encoded when it is added, and nothing
//!   else of it is kept, so its texts may be borrowed.
//!
//! # New fields
//!
//! BuildKit's ops get new fields. Structs that mirror them are `#[non_exhaustive]`: start from a
//! constructor, and set what differs with the method or the field of the same name. Code outside this
//! crate cannot list all fields, so a new one breaks nobody.
//!
//! # Not included
//!
//! The crate sends, reads and resolves nothing. It does not know the capabilities of a daemon: each op
//! carries the [capabilities](Cap) that it needs, and [`Vertex::caps`] lists them before anything is
//! sent. Texts that only BuildKit can check, such as users, patterns and digests of images, are passed
//! on unchanged. One kind of op is missing, because BuildKit calls it experimental: the BuildOp, a
//! build within a build.
//!
//! # Files
//!
//! | file | content |
//! | --- | --- |
//! | `graph.rs` | the arena of encoded ops, handles to it, the part that a state needs |
//! | `handle.rs`, `draft.rs` | handles into the arena; an op while it is being made |
//! | `setters.rs` | the macro that writes a setter for each field |
//! | `ops/` | the kinds of ops and the capabilities that they need, one file each |
//! | `wire.rs` | encoding of message fields |
//! | `marshal.rs`, `definition.rs`, `dump.rs` | writing the message for BuildKit, the message, and its text for people and tests |
//! | `import.rs` | foreign definitions |
//! | `metadata.rs`, `source_map.rs` | metadata and source locations of ops |
//! | `caps.rs`, `platform.rs`, `reference.rs`, `digest.rs`, `path.rs`, `file_name.rs`, `visible.rs` | the types used by all of these |
//!
//! [BuildKit]: https://github.com/moby/buildkit

#![warn(missing_docs)]

#[macro_use]
mod setters;

mod caps;
mod definition;
mod digest;
mod draft;
mod dump;
mod file_name;
mod graph;
mod handle;
mod import;
mod marshal;
mod metadata;
mod ops;
mod path;
mod platform;
mod reference;
mod source_map;
mod visible;
mod wire;

pub use self::caps::Cap;
pub use self::definition::{Definition, decode_op};
pub use self::digest::{Digest, InvalidDigest};
pub use self::file_name::{FileName, InvalidFileName};
pub use self::graph::{Graph, Op, Vertex};
pub use self::handle::State;
pub use self::import::ImportError;
pub use self::metadata::{LinuxResources, Metadata, ProgressGroup};
pub use self::ops::*;
pub use self::platform::{InvalidPlatform, Platform};
pub use self::reference::{InvalidReference, Reference};
pub use self::source_map::{Location, Position, Range, SourceId, SourceInfo};
pub use self::visible::{visible, visible_line};

/// Runs the example of the README as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
