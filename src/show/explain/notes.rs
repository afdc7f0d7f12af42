//! The texts of reasons that are compared, too.

/// The setting with the timestamp of created files.
pub(super) const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// The note of an image or a download of which only some files are used.
pub(super) const FILES_COUNT: &str = "only the files count";

/// The note of a command that the label shows.
pub(super) const SHOWN: &str = "as in its name";

/// The note of an arg or a constant that only the keys of a step use: if its value leads to the same
/// keys, the step does not run again.
pub(super) const IN_KEYS: &str = "in its keys";

/// The note of a setting that an option of the client makes.
pub(super) const OF_CLIENT: &str = "an option of the client";

/// The value of a reason that is an option of the client: nothing is taken from the cache.
pub(super) const NO_CACHE: &str = "--no-cache";
