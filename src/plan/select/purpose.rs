//! The purpose of a selection: a build, a check of all stages, an outline or a graph of a build, or
//! a lock file.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// The purpose of a selection.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Purpose {
    /// A build of the target.
    Build,
    /// A check of everything.
    Check,
    /// The same without a client: the options of a build are unknown.
    CheckAlone,
    /// An outline of the target's inputs, also if args are missing.
    Outline,
    /// A graph of all stages, also if args are missing.
    Graph,
    /// The lookups of a build of any target.
    Lock,
}

impl Purpose {
    /// True if a lack of something that the client can give is no error.
    pub(super) fn allows_gaps(self) -> bool {
        matches!(self, Purpose::Outline | Purpose::Graph)
    }

    /// True if the stages that the target does not need are also selected.
    pub(super) fn takes_all(self) -> bool {
        matches!(self, Purpose::Check | Purpose::CheckAlone | Purpose::Lock | Purpose::Graph)
    }

    /// True if everything that is unaffected by errors is still checked, so that all errors are
    /// reported at once.
    pub(super) fn finds_all(self, diagnostics: &Diagnostics) -> bool {
        // If one value exceeds the size limit, later ones do too.
        matches!(self, Purpose::Build | Purpose::Check | Purpose::CheckAlone)
            && !diagnostics.errors().iter().any(is_too_large)
    }
}

fn is_too_large(found: &&Diagnostic) -> bool {
    found.code == Code::TooLarge
}

/// True if other options of the client may avoid the problem.
pub(in crate::plan) fn client_mends(problem: Code) -> bool {
    matches!(
        problem,
        Code::UnsetArg
            | Code::MissingArg
            | Code::RequiredValue
            | Code::UnknownContext
            | Code::AbsentStage
    )
}
