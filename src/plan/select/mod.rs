//! Selects the stages that the target needs, and resolves every `from` in them.
//!
//! Input: a [`Spec`] and a [`Request`]. Output: a [`Selection`], whose stages come after their
//! dependencies, and whose images must be looked up. Stages that the target does not need are not
//! in it, but are checked for errors that any build would have.

mod candidates;
mod declared;
mod finish;
mod from;
mod inputs;
mod problems;
mod purpose;
mod reach;
mod selection;
mod sources;
mod target;

use self::candidates::Candidates;
use self::declared::DeclaredId;
use self::finish::Goal;
use self::purpose::Purpose;
pub(super) use self::purpose::client_mends;
use self::reach::Reach;
pub(crate) use self::selection::SelectedStage;
pub use self::selection::{ImageQuery, Selection};
pub use self::target::default_target;
use self::target::{NoDefault, find_default, find_target};
use super::request::Request;
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::rules::near_platform;
use crate::spec::Spec;

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

/// Selects all stages for checks without a client: no stage is built, and a missing build arg or
/// build context is not an error. As for [`select_all`], a request with a target is limited to that.
pub fn select_alone<'s>(
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    let purpose = if request.target.is_none() { Purpose::CheckAlone } else { Purpose::Build };
    select_for(purpose, spec, request, diagnostics)
}

/// Selects the stages that the request's target needs, as far as that is known: a client that asks
/// for the inputs of a build has not given them. The selection must not be resolved.
pub fn select_outline<'s>(
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    select_with_gaps(Purpose::Outline, spec, request, diagnostics)
}

/// Selects all stages for a graph of a build of the request's target, as far as the meaning of
/// their `from`s is known. The selection must not be resolved.
pub fn select_graph<'s>(
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    select_with_gaps(Purpose::Graph, spec, request, diagnostics)
}

/// Like [`select_for`], without the errors that other options of the client would avoid.
fn select_with_gaps<'s>(
    purpose: Purpose,
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    let mut found = Diagnostics::default();
    let selection = select_for(purpose, spec, request, &mut found);
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

/// `None` means that there are errors. For a purpose that reports all errors, the stages whose base
/// is known are still selected.
fn select_for<'s>(
    purpose: Purpose,
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    let scope = Scope::new(spec, request, diagnostics);
    near_platform::check_target(&request.target_platform, diagnostics);
    let mut candidates = Candidates::new(spec, &scope, request);
    let order = candidates.order();
    problems::report_cycles(&order, &candidates, diagnostics);
    let skips_required =
        request.flag(problems::SKIP, "remove it to build required stages", diagnostics);
    let Target { stage: target, default, unclear } =
        Target::of(purpose, spec, request, &candidates, diagnostics);
    if let Some(target) = target {
        // A requested stage is not unreached.
        diagnostics.withdraw(Code::UnreachedStage, candidates.name(target));
    }
    let mut reach = Reach::of(target, skips_required, &candidates);
    problems::warn_of_skipped(&reach.left_out, &candidates, diagnostics);
    // If the target is unclear, all stages are checked for errors.
    let all = purpose.takes_all() || target.is_none();
    report_problems(&mut candidates, &reach, all, diagnostics);
    let has_errors = diagnostics
        .errors()
        .iter()
        .any(|problem| !purpose.allows_gaps() || !client_mends(problem.code));
    if has_errors && !purpose.finds_all(diagnostics) {
        return None;
    }
    let mut needed = reach.stages.len();
    if all {
        for at in order.nodes {
            if has_errors || is_whole(at, purpose, &reach, &candidates) {
                reach.add(at);
            }
        }
    }
    let Reach { mut stages, gates, .. } = reach;
    if has_errors {
        let has_base = candidates.with_a_base(&stages);
        needed = stages[..needed].iter().filter(|&&at| has_base[at]).count();
        stages.retain(|&at| has_base[at]);
    }
    let shipped = match default.or(target) {
        Some(stage) => vec![stage],
        None => candidates.not_needed(),
    };
    let goal = Goal { stages, needed, target, unclear, gates, shipped };
    Some(finish::selection(goal, candidates, spec, scope, request))
}

/// The target of a selection.
struct Target {
    /// The stage that is built. `None` if there is none, or if that is unclear.
    stage: Option<DeclaredId>,
    /// The stage that is built by default, if that is clear.
    default: Option<DeclaredId>,
    /// The error of a build, if the purpose works without a target.
    unclear: Option<Diagnostic>,
}

impl Target {
    fn of(
        purpose: Purpose,
        spec: &Spec,
        request: &Request,
        candidates: &Candidates<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let (default, problem) = match find_default(spec, candidates, diagnostics) {
            Ok(default) => (Some(default), None),
            Err(NoDefault::Problem(problem)) => (None, Some(problem)),
            Err(NoDefault::Reported(_)) => (None, None),
        };
        let mut unclear = None;
        let stage = match default {
            // All stages can be checked or shown, regardless of the target.
            None if matches!(purpose, Purpose::Check | Purpose::Graph)
                && spec.default.is_none()
                && request.planned_target().is_none()
                && !diagnostics.has_errors() =>
            {
                unclear = problem;
                None
            }
            _ if purpose == Purpose::CheckAlone => {
                // An unclear default is an error only for builds.
                if let Some(problem) = problem
                    && problem.code != Code::NoDefaultTarget
                {
                    diagnostics.push(problem);
                }
                None
            }
            _ if purpose == Purpose::Lock => None,
            // If it is unclear, all stages are checked for errors.
            _ => find_target(spec, request, candidates, diagnostics).ok(),
        };
        Self { stage, default, unclear }
    }
}

/// Reports the problems of each stage. For a stage that is not built, only errors that no option of
/// the client can avoid. `all` is true if all stages are selected.
fn report_problems(
    candidates: &mut Candidates<'_>,
    reach: &Reach,
    all: bool,
    diagnostics: &mut Diagnostics,
) {
    for (at, &is_needed) in reach.has.enumerate() {
        let problems = std::mem::take(&mut candidates.list[at].problems);
        diagnostics.absorb(problems, |problem| match problem.code {
            Code::NotLocked | Code::UnlockedReference => is_needed || all,
            code => is_needed || !client_mends(code),
        });
    }
}

/// True if the meaning of every `from` of a stage is known, and all stages that it needs are
/// selected.
fn is_whole(at: DeclaredId, purpose: Purpose, reach: &Reach, candidates: &Candidates<'_>) -> bool {
    let candidate = &candidates.list[at];
    let knows_froms = match purpose.allows_gaps() {
        true => candidates.stage(at).absence.is_none(),
        false => candidate.knows_froms,
    };
    knows_froms && candidate.needs().iter().all(|&needed| reach.has[needed])
}
