//! What is shown in place of a build: the language as a reference and a schema, and one build file as the
//! documents that clients ask for (`--call=...`).
//!
//! Comes in: the [`Shape`](crate::spec::shape::Shape) of a build file, or what is known of one file. Goes
//! out: text, or a document that serializes to what BuildKit's clients read. How a document gets to the
//! client is not known here.

mod columns;
mod convert;
mod describe;
mod lint;
mod outline;
mod place;
mod reference;
mod schema;
mod stage_report;
mod targets;

pub use self::convert::{CONVERT_VERSION, Converted};
pub use self::describe::{DESCRIBE_VERSION, Description};
pub use self::lint::{BuildError, LINT_VERSION, Lint};
pub use self::outline::{OUTLINE_VERSION, Outline};
pub use self::reference::reference;
pub use self::schema::schema;
pub use self::stage_report::{Failed, StageReport};
pub use self::targets::{TARGETS_VERSION, Targets};
