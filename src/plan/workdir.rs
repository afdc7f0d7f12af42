//! The creation of a stage's `workdir`: its time and its owner.

use super::layers::makes_workdir;
use super::owner::Owner;
use super::path::is_within;
use super::step::{self, RecordedStep, Surroundings};
use super::{Action, PlannedStep};
use crate::diagnostic::Diagnostics;
use crate::source::Span;
use crate::spec::{Stage, User};
use crate::text::Text;

/// A stage's working directory that no step has needed yet.
pub(super) struct PendingWorkdir {
    pub(super) step: RecordedStep,
    path: Text,
    /// The stage's user.
    user: Text,
    /// The working directory without the stage's own setting.
    before: Text,
    /// True if a step of the stage may have to create the user first: BuildKit uses root for
    /// unknown names (`readUser` in `solver/llbsolver/ops/user_linux.go`).
    can_wait: bool,
}

/// The relation of a step to a pending working directory.
pub(super) enum Turn {
    /// The step creates it.
    Made,
    /// It must be created before the step.
    Needed,
    /// The step does not need it.
    Later,
}

impl PendingWorkdir {
    /// Plans the step that creates it, owned by the stage's user. `before` are the working
    /// directory and the user inherited from its base.
    pub(super) fn new(
        stage: &Stage,
        span: Span,
        surroundings: &Surroundings,
        before: (Text, &str),
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let (path, user) = (surroundings.workdir.clone(), surroundings.user.clone());
        let owner = Owner::parse(&user).filter(|owner| !owner.is_root());
        let is_named = owner.as_ref().is_some_and(Owner::is_named);
        if let Some(named) = owner.as_ref().filter(|_| surroundings.on_scratch && is_named) {
            let span = stage.user.as_ref().map_or(span, |User(user)| user.span);
            diagnostics.push(step::named_on_scratch(span, named));
        }
        let label = format!("workdir {path}").into();
        let action =
            Action::Mkdir { paths: vec![path.clone()], owner: owner.map(Box::new), mode: None };
        let step = PlannedStep {
            label,
            title: None,
            instruction: None,
            span,
            written: None,
            no_cache: false,
            branch: None,
            action,
        };
        let step = RecordedStep { step, created_by: format!("WORKDIR {path}") };
        let (before, inherited_user) = before;
        Self { step, path, before, can_wait: is_named && user != inherited_user, user }
    }

    /// Decides whether the directory is created before a step. A process of another user, before
    /// all steps that need the directory, would create it with that owner; such a step starts in
    /// the previous directory instead. `has_own` is true for a step that sets its own directory.
    pub(super) fn turn(&self, step: &mut PlannedStep, has_own: bool) -> Turn {
        let Self { path, user, .. } = self;
        if makes_workdir(step, path, user) {
            return Turn::Made;
        }
        if !self.can_wait {
            return Turn::Needed;
        }
        let needs = match &mut step.action {
            Action::Exec(exec) => {
                let sees = exec.mounts.iter().any(|mount| is_within(&mount.destination, path));
                if exec.user == *user || sees {
                    true
                } else if exec.workdir == *path && !has_own {
                    exec.workdir.clone_from(&self.before);
                    false
                } else {
                    is_within(&exec.workdir, path)
                }
            }
            action => action.changed_paths().any(|changed| is_within(changed, path)),
        };
        if needs { Turn::Needed } else { Turn::Later }
    }
}
