//! From a [`Selection`] and the facts about its images to a [`Plan`].

mod finish;
mod images;
mod resolver;
mod settings;
mod stage;

use self::finish::Lookups;
use self::images::{read_contexts, read_images};
use self::resolver::Resolver;
use super::epoch::check_epoch;
use super::export::Export;
use super::facts::Facts;
use super::merge::Ancestors;
use super::origin::{Origin, StageId};
use super::planned::Plan;
use super::select::{Selection, client_mends};
use super::triggers;
use crate::diagnostic::Diagnostics;
use crate::id::IdVec;

/// Plans every stage of a selection. `facts` has one entry for each of its images, in order. A plan
/// with missing facts must only be inspected, not built. `None` if there are errors, or no stages.
pub fn resolve(
    selection: &Selection<'_>,
    facts: Facts,
    diagnostics: &mut Diagnostics,
) -> Option<Plan> {
    check_epoch(selection.request, selection.spec, diagnostics);
    for fact in facts.images.iter().flatten() {
        triggers::withdraw_findings(&fact.triggers, diagnostics);
    }
    let images = read_images(selection, &facts, diagnostics);
    let contexts = read_contexts(selection, &facts, diagnostics);
    let stages = IdVec::with_capacity(selection.stages.len());
    let ancestors = Ancestors::default();
    let mut resolver = Resolver { selection, images, contexts, stages, ancestors };
    let (exported, bottom) = exported_stages(selection);
    let mut export = Export::new(resolver.base_config(bottom));
    for (stage, &exported) in selection.stages.zip(&exported) {
        let mut unexported = Export::default();
        let export = if exported { &mut export } else { &mut unexported };
        let mut found = diagnostics.for_part();
        let resolved = resolver.resolve_stage(stage, export, &mut found);
        // A missing value in a stage that is not built is not an error.
        diagnostics.absorb(found, |problem| stage.needed || !client_mends(problem.code));
        resolver.ancestors.push(resolved.plan.base);
        resolver.stages.push(resolved);
    }
    if diagnostics.has_errors() || !selection.spec.is_whole() {
        return None;
    }
    let images = facts.images.into_iter().map(Option::unwrap_or_default).collect();
    let contexts = facts.contexts.into_iter().map(Option::unwrap_or_default).collect();
    let target = selection.target()?;
    let lookups = Lookups { images, contexts };
    Some(resolver.into_plan(target, lookups, export, bottom))
}

/// The stages that the target's image consists of: the target, its base and so on; and the base of
/// the lowest one.
fn exported_stages(selection: &Selection<'_>) -> (IdVec<StageId, bool>, Origin) {
    let mut exported = selection.stages.map(|_| false);
    let mut origin = selection.target().map_or(Origin::Scratch, Origin::Stage);
    while let Origin::Stage(at) = origin {
        exported[at] = true;
        origin = selection.origins.of(&selection.stages[at].stage.from);
    }
    (exported, origin)
}
