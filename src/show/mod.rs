//! The language, shown: to people as a reference, to editors as a schema.
//!
//! Comes in: the [`Shape`](crate::spec::shape::Shape) of a build file. Goes out: text, which is
//! committed and held against this by a test. Knows nothing of any one build file.

mod reference;
mod schema;

pub use self::reference::reference;
pub use self::schema::schema;
