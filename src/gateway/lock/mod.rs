//! The lock file beside a build file: read in every build, and written as a target of its own.

pub(super) mod hold;
pub(super) mod pins;
pub(super) mod write;
