//! The paths of the build context, and of each named one, that the stages of a plan use: nothing
//! else is transferred.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::action::{Action, MountKind};
use super::context::ContextQuery;
use super::origin::{ContextId, Origin, StageId};
use super::path;
use super::planned::{ContextPaths, PlannedStage};
use crate::id::IdVec;
use crate::path_pattern::exactly;
use crate::text::Text;

/// True if a stage differs from its base.
fn makes_files(stage: &PlannedStage) -> bool {
    !stage.steps.is_empty() || !stage.merged.is_empty()
}

/// A pattern for exactly one path.
fn literally(path: &Text) -> Text {
    match exactly(path.trim_start_matches('/')) {
        Cow::Borrowed(_) => path.clone(),
        Cow::Owned(pattern) => format!("/{pattern}").into(),
    }
}

/// The paths used of the build context, and of each named one. The stages in `whole` are exported
/// themselves.
pub(super) fn of_contexts(
    stages: &IdVec<StageId, PlannedStage>,
    whole: &BTreeSet<StageId>,
    contexts: &IdVec<ContextId, ContextQuery>,
) -> (ContextPaths, IdVec<ContextId, ContextPaths>) {
    let mut main = ContextPaths::default();
    let mut named = contexts.map(|_| ContextPaths::default());
    // A stage without steps is its base, which may be a context.
    let mut meant: IdVec<StageId, Origin> = IdVec::with_capacity(stages.len());
    for (at, stage) in stages.enumerate() {
        meant.push(match stage.base {
            _ if makes_files(stage) => Origin::Stage(at),
            Origin::Stage(base) => meant[base],
            base => base,
        });
    }
    let mut read = |origin: Origin, path: &Text| {
        let origin = if let Origin::Stage(at) = origin { meant[at] } else { origin };
        match origin {
            Origin::Context => main.add(path),
            Origin::Named(at) => named[at].add(path),
            Origin::Scratch | Origin::Stage(_) | Origin::Image(_) => {}
        }
    };
    let root = Text::from("/");
    for (at, stage) in stages.enumerate() {
        if makes_files(stage) || whole.contains(&at) {
            read(stage.base, &root);
            stage.merged.iter().for_each(|merged| read(Origin::Stage(merged.stage), &root));
        }
        for step in &stage.steps {
            match &step.action {
                Action::Copy(copy) => {
                    copy.items.iter().for_each(|item| read(copy.origin, &item.reads));
                }
                Action::Unpack(unpack) => read(unpack.origin, &path::as_pattern(&unpack.source)),
                Action::Exec(exec) => exec.mounts.iter().for_each(|mount| match &mount.kind {
                    MountKind::Bind { origin, source, .. } => read(*origin, &literally(source)),
                    MountKind::Cache { origin: Some(origin), source, .. } => {
                        read(*origin, &literally(source.as_ref().unwrap_or(&root)));
                    }
                    MountKind::Cache { .. }
                    | MountKind::Secret { .. }
                    | MountKind::Ssh { .. }
                    | MountKind::Tmpfs { .. } => {}
                }),
                Action::Fetch(_)
                | Action::Git(_)
                | Action::Write(_)
                | Action::Mkdir { .. }
                | Action::Remove { .. }
                | Action::Symlink { .. } => {}
            }
        }
    }
    (main, named)
}
