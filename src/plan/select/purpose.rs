//! What stages are selected for: a build, a look at all of them, a list of what a build can be given, or a
//! lock file.

use super::{Selection, client_mends, select_for};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::request::Request;
use crate::spec::Spec;

/// What a selection is for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Purpose {
    /// What the target needs is built.
    Build,
    /// All that can be looked at is looked at.
    Check,
    /// What the target needs is listed, also where args are missing.
    Outline,
    /// All that a build of any target may need is looked up.
    Lock,
}

impl Purpose {
    /// Whether what errors do not touch is still looked at, so that all that is wrong is told at once.
    pub(super) fn finds_all(self, diagnostics: &Diagnostics) -> bool {
        // What is too large for one place is so for the next.
        let is_too_large = |found: &&Diagnostic| found.code == Code::TooLarge;
        matches!(self, Purpose::Build | Purpose::Check)
            && !diagnostics.errors().iter().any(is_too_large)
    }
}

/// Selects what the request's target needs. Where there are errors, the selection is what they do not
/// touch: [`resolve`](crate::plan::resolve) finds what is wrong with that, and makes no plan.
pub fn select<'s>(
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    select_for(Purpose::Build, spec, request, diagnostics)
}

/// Selects all stages, for the rules to look at. As for Dockerfiles, a request that names a target is
/// for that one alone. What a stage lacks that the target does not need, a build arg say, is no error:
/// such a stage is left out.
pub fn select_all<'s>(
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    let purpose = if request.target.is_none() { Purpose::Check } else { Purpose::Build };
    select_for(purpose, spec, request, diagnostics)
}

/// Selects what the request's target needs as far as that is known: who asks what a build can be given has
/// not given it. It is not to be resolved.
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

/// Selects all stages, whatever the request's target is, for a lock file. What a stage lacks is no error:
/// such a stage is left out.
pub fn select_for_lock<'s>(
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    select_for(Purpose::Lock, spec, request, diagnostics)
}
