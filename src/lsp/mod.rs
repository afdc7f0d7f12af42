//! The language server for build files.
//!
//! Input: messages of an editor, and the files on disk through [`Disk`]. Output: messages. Each
//! feature is a file with a function from documents and a position to an answer:
//!
//! ```text
//! server  streams <-> messages
//! session messages -> documents, answers
//! workspace, document   texts, and which files belong to one build
//! mend    a half-typed text -> one that can be parsed
//! index, names          where names are declared and used, and what a use refers to
//! findings, actions     what is wrong, and how to mend it
//! cursor, completion    what may be written here
//! hover, navigate, outline, tokens
//! ```
//!
//! The keys and their texts come from the language's own tables
//! ([`shape`](mod@crate::spec::shape)). Must not
//! depend on the network: what only an image or a build knows is not found here.

mod actions;
mod completion;
mod cursor;
mod describe;
mod document;
mod findings;
mod headers;
mod hover;
mod index;
mod language;
mod meaning;
mod mend;
mod names;
mod navigate;
mod outline;
mod position;
mod server;
mod session;
mod tokens;
mod walk;
mod workspace;

pub use self::server::serve;
pub use self::session::Session;
pub use self::workspace::Disk;
