//! Caches that survive: exports of what cache mounts contain, and imports of such an export.
//!
//! All files are copied by this frontend's own program, in containers whose root is the frontend's
//! image.

mod export;
mod files;
mod import;
mod meeting;
mod name;
mod size;

pub(super) use self::export::export;
pub(super) use self::files::{is_asked_for, work};
pub(super) use self::import::{Import, program, with_import};
