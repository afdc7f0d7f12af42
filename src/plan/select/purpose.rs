//! What stages are selected for: a build, a look at all of them, a list of what a build can be given, or a
//! lock file.

use super::{Selection, client_mends, select_for};
use crate::diagnostic::Diagnostics;
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

/// Selects what the request's target needs. `None` means that there are errors.
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
