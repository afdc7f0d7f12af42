//! LLB, the graph of build steps that [BuildKit] runs: built with types, encoded the same every time.
//!
//! A program that turns some language into a build puts [ops](Op) into a [`Graph`]. Each gives a
//! handle, mostly a [`State`], that further ops take as input. What one state needs is a
//! [`Definition`], which is sent to BuildKit.
//!
//! ```
//! use buildkit_llb::{
//!     CopyAction, Exec, FileOp, Graph, Image, Local, Location, Metadata, SourceInfo, State,
//! };
//!
//! let mut graph = Graph::new();
//! let file = graph.add_source(SourceInfo {
//!     filename: "build.toml".into(),
//!     data: b"from = 'golang:1.24'\nrun = 'go build -o /out/app .'\n".into(),
//!     language: "TOML".into(),
//!     definition: None,
//! });
//!
//! let golang = Image {
//!     platform: Some("linux/amd64".parse()?),
//!     ..Image::new("golang:1.24".parse()?)
//! };
//! let golang = graph.add(golang, Metadata::named("FROM golang:1.24"));
//! let context = graph.add(Local::new("context", "session-id"), Metadata::default());
//!
//! let copy = FileOp::new(golang).then(CopyAction::like_dockerfile(context, ".", "/src/"));
//! let sources = graph.add(copy, Metadata::named("COPY . /src/"));
//! let build = Exec {
//!     args: vec!["-ec".into(), "go build -o /out/app .".into()],
//!     env: vec![("CGO_ENABLED".into(), "0".into())],
//!     cwd: "/src".into(),
//!     platform: Some("linux/amd64".parse()?),
//!     ..Exec::new(sources, "/bin/sh")
//! };
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
//! # What is guaranteed
//!
//! - The same ops, added in the same order, give the same bytes on every machine: there is no clock,
//!   no random number and no map without an order in here.
//! - The bytes of an op are those that BuildKit itself would write. It encodes ops anew before it names
//!   them, so only then are its names for them ours, and only then does it find their lines in a source
//!   file.
//! - Where BuildKit's Go client, which the Dockerfile frontend uses, has a choice in how something is
//!   encoded, it is made as there. The same step is then the same vertex and runs once; the tests have
//!   digests that a daemon reported for Dockerfiles.
//! - A graph has no cycles and no dangling inputs, because a handle is had only for what is there.
//!   Nothing recurses, so depth does not matter.
//! - Adding, hashing and encoding take time in proportion to the bytes that come out (with a
//!   logarithm for the order of a definition's maps). An op is encoded once, when it is added: nothing
//!   else of it is kept, so that its texts may be borrowed.
//!
//! # What is not done here
//!
//! Nothing is sent, read, looked up or resolved. What a daemon
//! cannot do is not known: each op carries the [capabilities](Cap) that it needs, and
//! [`Vertex::caps`] says what they are before anything is sent. Words that only BuildKit can judge,
//! such as users, patterns and digests of images, are passed on as they are. One kind of op is missing,
//! because BuildKit calls it experimental: the BuildOp, a build within a build.
//!
//! # How it is built
//!
//! | file | what |
//! | --- | --- |
//! | `graph.rs` | the arena of encoded ops, handles into it, what a state needs |
//! | `ops/` | the kinds of ops and what they need of a daemon, one file each |
//! | `wire.rs` | fields of messages, written straight into bytes |
//! | `definition.rs`, `dump.rs` | the message for BuildKit, and its text for people and tests |
//! | `import.rs` | definitions that others made |
//! | `metadata.rs`, `source_map.rs` | what is said about ops |
//! | `caps.rs`, `platform.rs`, `reference.rs`, `digest.rs`, `path.rs`, `file_name.rs`, `visible.rs` | the words of all these |
//!
//! [BuildKit]: https://github.com/moby/buildkit

#![warn(missing_docs)]

mod caps;
mod definition;
mod digest;
mod dump;
mod file_name;
mod graph;
mod import;
mod metadata;
mod ops;
mod path;
mod platform;
mod reference;
mod source_map;
mod visible;
mod wire;

pub use self::caps::Cap;
pub use self::definition::Definition;
pub use self::digest::{Digest, InvalidDigest};
pub use self::file_name::{FileName, InvalidFileName};
pub use self::graph::{Graph, State, Vertex};
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
