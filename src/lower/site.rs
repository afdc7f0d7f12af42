//! The context of a step that is lowered.

use buildkit_llb::{Metadata, State};

use super::settings::Settings;

/// The context of a step: the stage so far, the step's metadata, and the client's settings.
pub(super) struct StepSite<'a> {
    pub(super) root: State,
    pub(super) metadata: Metadata<'a>,
    /// The name of the op that merges a linked layer into the stage, if it has a name of its own.
    pub(super) merge_label: Option<String>,
    pub(super) settings: &'a Settings,
}
