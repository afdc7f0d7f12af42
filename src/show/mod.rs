//! Output other than a build: the language as a reference and a schema, and a build file as the
//! documents that clients request (`--call=...`).
//!
//! Input: the [`Shape`](crate::spec::shape::Shape) of a build file, or the facts about one file.
//! Output: text, or a document that serializes to the JSON that BuildKit's clients read. Must not
//! depend on how a document is sent to the client.

mod columns;
mod conversion;
mod convert;
mod describe;
mod explain;
pub mod graph;
mod lint;
mod outline;
mod place;
mod reference;
mod schema;
mod stage_report;
mod targets;

pub use self::conversion::{CONVERSION_VERSION, Conversion, Remark};
pub use self::convert::{CONVERT_VERSION, Converted};
pub use self::describe::{DESCRIBE_VERSION, Description};
pub use self::explain::{ClientSide, EXPLAIN_VERSION, Explained, Ignored};
pub use self::graph::{GRAPH_VERSION, Graph};
pub use self::lint::{BuildError, LINT_VERSION, Lint};
pub use self::outline::{OUTLINE_VERSION, Outline};
pub use self::reference::{reference, takes};
pub use self::schema::{SCHEMA_VERSION, schema};
pub use self::stage_report::{Failed, REPORT_VERSION, StageReport, StageReports};
pub use self::targets::{TARGETS_VERSION, Targets};
