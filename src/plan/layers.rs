//! Which steps become one op, and which need none.
//!
//! An op costs a layer and some milliseconds. Neighbouring steps that make or remove files without
//! copying any are one op: what they do is said in full, so that nothing is gained by keeping it apart.

use super::config::History;
use super::{Action, Owner, PlannedStage, PlannedStep};

impl PlannedStage {
    /// The steps, together those that are one op.
    pub fn ops(&self) -> impl Iterator<Item = &[PlannedStep]> {
        self.steps.chunk_by(are_one_op)
    }
}

/// Whether a step goes on in the op of the one before.
fn are_one_op(before: &PlannedStep, step: &PlannedStep) -> bool {
    let makes_files = |step: &PlannedStep| match &step.action {
        Action::Write(write) => !write.link,
        Action::Mkdir { .. } | Action::Remove { .. } | Action::Symlink { .. } => true,
        Action::Exec(_)
        | Action::Copy(_)
        | Action::Fetch(_)
        | Action::Git(_)
        | Action::Unpack(_) => false,
    };
    let owner = match &step.action {
        Action::Write(write) => write.owner.as_deref(),
        Action::Mkdir { owner, .. } => owner.as_deref(),
        _ => None,
    };
    // Names are looked up in what stands before an op: the step before may have written them.
    let has_name = owner.is_some_and(Owner::is_named);
    // Each instruction of a Dockerfile is a layer: its steps have its name.
    let is_beside = before.branch == step.branch
        && before.no_cache == step.no_cache
        && before.title == step.title;
    makes_files(before) && makes_files(step) && !has_name && is_beside
}

/// The history of the steps: an entry for each, of which the last of an op stands for its layer.
pub(super) fn history(steps: &[PlannedStep], mut entries: Vec<History>) -> Vec<History> {
    for (at, pair) in steps.windows(2).enumerate() {
        if are_one_op(&pair[0], &pair[1]) {
            entries[at].empty_layer = true;
        }
    }
    entries
}
