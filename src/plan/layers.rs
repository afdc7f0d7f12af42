//! Grouping of steps into ops.
//!
//! An op costs a layer and some milliseconds. Neighbouring steps that create or remove files
//! without copying any become one op: they are fully described by the spec, so separate cache keys
//! would gain nothing.

use super::config::History;
use super::path::is_within;
use super::{Action, Owner, PlannedStage, PlannedStep};

impl PlannedStage {
    /// The steps, grouped by op.
    pub fn ops(&self) -> impl Iterator<Item = &[PlannedStep]> {
        self.steps.chunk_by(are_one_op)
    }
}

/// True if a step belongs to the same op as the one before.
fn are_one_op(before: &PlannedStep, step: &PlannedStep) -> bool {
    if before.instruction.is_some() && before.instruction == step.instruction {
        return !runs(before) && !runs(step);
    }
    let owner = match &step.action {
        Action::Write(write) => write.owner.as_deref(),
        Action::Mkdir { owner, .. } => owner.as_deref(),
        _ => None,
    };
    // Names are looked up in the state before an op, so an earlier step of the op could not define
    // them.
    let has_name = owner.is_some_and(Owner::is_named);
    // Each instruction of a Dockerfile is a layer: its steps have its name.
    let is_beside = before.branch == step.branch
        && before.no_cache == step.no_cache
        && before.title == step.title;
    makes_files(before) && makes_files(step) && !has_name && is_beside
}

fn runs(step: &PlannedStep) -> bool {
    matches!(step.action, Action::Exec(_))
}

fn makes_files(step: &PlannedStep) -> bool {
    match &step.action {
        Action::Write(write) => !write.link,
        Action::Mkdir { .. } | Action::Remove { .. } | Action::Symlink { .. } => true,
        Action::Exec(_)
        | Action::Copy(_)
        | Action::Fetch(_)
        | Action::Git(_)
        | Action::Unpack(_) => false,
    }
}

/// The history of the steps: an entry for each; the last one of an op stands for its layer.
pub(super) fn history(steps: &[PlannedStep], mut entries: Vec<History>) -> Vec<History> {
    for (at, pair) in steps.windows(2).enumerate() {
        if are_one_op(&pair[0], &pair[1]) {
            entries[at].empty_layer = true;
        }
    }
    entries
}

/// True if a step creates its stage's working directory itself, for the user who owns it. A linked
/// copy into that directory does, and so it stays independent of the base: BuildKit need not pull
/// the base to build the copy. A process would create the directory too, but gets it as a layer of
/// its own, as in Dockerfiles.
pub(super) fn makes_workdir(step: &PlannedStep, workdir: &str, user: &str) -> bool {
    let Action::Copy(copy) = &step.action else { return false };
    let is_roots = Owner::parse(user).is_none_or(|owner| owner.is_root());
    let belongs_to_root = copy.owner.as_deref().is_none_or(Owner::is_root);
    let creates = copy.items.iter().any(|item| is_within(directory(&item.destination), workdir));
    copy.link && copy.mode.is_none() && is_roots && belongs_to_root && creates
}

/// The directory that a copy creates for its result.
fn directory(destination: &str) -> &str {
    destination.rsplit_once('/').map_or("", |(directory, _)| directory)
}
