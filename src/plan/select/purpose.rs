//! The purpose of a selection: a build, a check of all stages, an outline of a build, or a lock
//! file.

use super::{Selection, client_mends, select_for};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::request::Request;
use crate::spec::Spec;

/// What a selection is for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Purpose {
    /// A build of the target.
    Build,
    /// A check of everything.
    Check,
    /// An outline of the target's inputs, also if args are missing.
    Outline,
    /// The lookups of a build of any target.
    Lock,
}

impl Purpose {
    /// True if everything that is unaffected by errors is still checked, so that all errors are
    /// reported at once.
    pub(super) fn finds_all(self, diagnostics: &Diagnostics) -> bool {
        // If one value exceeds the size limit, later ones do too.
        let is_too_large = |found: &&Diagnostic| found.code == Code::TooLarge;
        matches!(self, Purpose::Build | Purpose::Check)
            && !diagnostics.errors().iter().any(is_too_large)
    }
}

/// Selects the stages that the request's target needs. If there are errors, it selects the stages
/// that are unaffected by them: [`resolve`](crate::plan::resolve()) finds their errors, and makes no
/// plan.
pub fn select<'s>(
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    select_for(Purpose::Build, spec, request, diagnostics)
}

/// Selects all stages for checks. As for Dockerfiles, a request with a target is limited to that.
/// If a stage that the target does not need lacks something, such as a build arg, this is not an
/// error: the stage is left out.
pub fn select_all<'s>(
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    let purpose = if request.target.is_none() { Purpose::Check } else { Purpose::Build };
    select_for(purpose, spec, request, diagnostics)
}

/// Selects the stages that the request's target needs, as far as that is known: a client that asks
/// for the inputs of a build has not given them. The selection must not be resolved.
pub fn select_outline<'s>(
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    let mut found = Diagnostics::default();
    let selection = select_for(Purpose::Outline, spec, request, &mut found);
    diagnostics.absorb(found, |problem| !client_mends(problem.code));
    selection
}

/// Selects all stages for a lock file, regardless of the request's target. If a stage lacks
/// something, this is not an error: the stage is left out.
pub fn select_for_lock<'s>(
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    select_for(Purpose::Lock, spec, request, diagnostics)
}
