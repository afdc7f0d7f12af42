//! The lock file next to a build file. Every build reads it; a separate target writes it.

pub(super) mod pins;
pub(super) mod write;
