//! The inputs for the conversion of a stage.

use std::collections::BTreeMap;

use super::args::ArgTable;
use super::bases::Bases;
use crate::dockerfile::Dockerfile;

/// The inputs for the conversion of a stage.
pub(super) struct Context<'c> {
    pub(super) dockerfile: &'c Dockerfile,
    pub(super) bases: &'c Bases,
    pub(super) args: &'c ArgTable,
    pub(super) given: &'c BTreeMap<String, String>,
    /// The values of args before the first `FROM`, as far as they are known.
    pub(super) globals: &'c BTreeMap<String, String>,
    /// The index of the stage that is converted.
    pub(super) stage: usize,
}

impl Context<'_> {
    /// The escape character in values.
    pub(super) fn escape(&self) -> char {
        self.dockerfile.directives.escape.char()
    }
}
