//! The directory that a stage's `workdir` makes: when, and for whom.

use super::owner::Owner;
use super::path::is_within;
use super::step::{self, RecordedStep, Surroundings};
use super::{Action, CopyItem, PlannedStep};
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
    /// The working directory that the stage would have otherwise.
    before: Text,
    /// Whether a step of the stage may have to make the user first: BuildKit takes a name that is not there for root
    /// (`readUser` in `solver/llbsolver/ops/user_linux.go`).
    can_wait: bool,
}

/// What a step has to do with a pending working directory.
pub(super) enum Turn {
    /// It must be made before the step.
    Needed,
    /// The step can do without.
    Later,
}

impl PendingWorkdir {
    /// Plans the step that makes it, which belongs to the stage's user. `before` are the working directory and the user
    /// that the stage has from its base.
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
        let step = PlannedStep { label, title: None, span, no_cache: false, branch: None, action };
        let step = RecordedStep { step, created_by: format!("WORKDIR {path}") };
        let (before, inherited_user) = before;
        Self { step, path, before, can_wait: is_named && user != inherited_user, user }
    }

    /// Decides whether the directory is made before a step. A process of another user that comes before all that need it
    /// would make it as that user's: it starts where it would without the stage's `workdir`. `has_own` is for a step that
    /// says itself where it starts.
    pub(super) fn turn(&self, step: &mut PlannedStep, has_own: bool) -> Turn {
        let Self { path, user, .. } = self;
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

impl Action {
    /// The absolute paths that a step without a process changes, those of directories with or without a slash at their end.
    pub(super) fn changed_paths(&self) -> impl Iterator<Item = &str> {
        let (paths, link): (&[Text], Option<&Text>) = match self {
            Action::Mkdir { paths, .. } | Action::Remove { paths, .. } => (paths, None),
            Action::Symlink { path, .. } => (&[], Some(path)),
            Action::Exec(_)
            | Action::Copy(_)
            | Action::Fetch(_)
            | Action::Git(_)
            | Action::Unpack(_)
            | Action::Write(_) => (&[], None),
        };
        paths.iter().chain(link).map(Text::as_str).chain(self.destinations())
    }

    /// Where it puts files: absolute paths, those of directories with a slash at their end.
    pub(crate) fn destinations(&self) -> impl Iterator<Item = &str> {
        let (items, other): (&[CopyItem], Option<&str>) = match self {
            Action::Copy(copy) => (&copy.items, None),
            Action::Fetch(fetch) => (&[], Some(&fetch.destination)),
            Action::Git(git) => (&[], Some(&git.destination)),
            Action::Unpack(unpack) => (&[], Some(&unpack.destination)),
            Action::Write(write) => (&[], Some(&write.path)),
            Action::Exec(_)
            | Action::Mkdir { .. }
            | Action::Remove { .. }
            | Action::Symlink { .. } => (&[], None),
        };
        items.iter().map(|item| item.destination.as_str()).chain(other)
    }
}
