//! The effect of a diagnostic on the build.

/// The effect of a diagnostic on the build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The build stops.
    Error,
    /// The build continues, but probably does not do what was intended.
    Warning,
}
