//! Turns the list of stages that are built into a [`Selection`], with new ids for them.

use super::candidates::{Candidates, Required};
use super::declared::DeclaredId;
use super::from::Meaning;
use super::selection::{SelectedStage, Selection};
use super::sources::Sources;
use crate::diagnostic::Diagnostic;
use crate::id::IdVec;
use crate::plan::origin::{Origin, Origins, StageId};
use crate::plan::planned::Gate;
use crate::plan::request::Request;
use crate::plan::scope::Scope;
use crate::spec::Spec;

/// The selected stages, by their ids in the spec.
pub(super) struct Goal {
    /// All stages that are built, each after its dependencies.
    pub(super) stages: Vec<DeclaredId>,
    /// The number of stages, at the beginning of the list, that are built for the target.
    pub(super) needed: usize,
    pub(super) target: Option<DeclaredId>,
    /// The error if the target is ambiguous.
    pub(super) unclear: Option<Diagnostic>,
    pub(super) gates: Vec<Required>,
    pub(super) shipped: Vec<DeclaredId>,
}

/// Makes the selection, with an id for each stage, image and context.
pub(super) fn selection<'s>(
    goal: Goal,
    candidates: Candidates<'s>,
    spec: &'s Spec,
    scope: Scope<'s>,
    request: &'s Request,
) -> Selection<'s> {
    // A stage gets its index after its dependencies. Only a stage in a cycle, which has been
    // reported, refers to one without an index: its reference is dropped.
    let mut places: IdVec<DeclaredId, Option<StageId>> = candidates.list.map(|_| None);
    let mut candidates: IdVec<DeclaredId, _> =
        candidates.declared.list.into_iter().zip(candidates.list).map(Some).collect();
    let mut stages: IdVec<StageId, SelectedStage<'_>> = IdVec::with_capacity(goal.stages.len());
    let mut sources = Sources::default();
    let mut origins = Origins::default();
    for (number, &at) in goal.stages.iter().enumerate() {
        let Some((declared, candidate)) = candidates[at].take() else { continue };
        let base = match candidate.froms.first() {
            Some((_, Meaning::Stage(base))) => places[*base],
            _ => None,
        };
        let platform = candidate.platform.unwrap_or_else(|| match base {
            Some(base) => stages[base].platform.clone(),
            None => request.target_platform.clone(),
        });
        for (number, (span, meaning)) in candidate.froms.into_iter().enumerate() {
            let origin = match meaning {
                Meaning::Stage(at) => places[at].map(Origin::Stage),
                Meaning::Outside(outside) => Some(sources.origin(outside, span, number == 0)),
            };
            if let Some(origin) = origin {
                origins.insert(span, origin);
            }
        }
        places[at] = Some(stages.push(SelectedStage {
            name: declared.name,
            stage: declared.stage,
            platform,
            needed: number < goal.needed,
            replaced: candidate.replaced,
            skipped: declared.skipped,
        }));
    }
    let gates = goal
        .gates
        .into_iter()
        .filter_map(|Required { stage, span }| places[stage].map(|stage| Gate { stage, span }));
    Selection {
        spec,
        scope,
        request,
        target: goal.target.and_then(|at| places[at]),
        unclear: goal.unclear,
        is_report: request.plans_report(),
        gates: gates.collect(),
        shipped: goal.shipped.into_iter().filter_map(|at| places[at]).collect(),
        stages,
        images: sources.images,
        contexts: sources.contexts,
        origins,
    }
}
