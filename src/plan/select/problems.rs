//! Errors in the dependencies between stages.

use super::candidates::{Candidates, Required};
use super::declared::DeclaredId;
use super::from::Meaning;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::order::{Order, dependencies_first};
use crate::rules::skipped_requires;
use crate::source::Span;

/// The build arg that leaves required stages out.
pub(super) const SKIP: &str = "MSTAGE_SKIP_REQUIRES";

/// Reports cycles of stages, and stages that depend on themselves.
pub(super) fn report_cycles(
    order: &Order<DeclaredId>,
    stages: &Candidates<'_>,
    diagnostics: &mut Diagnostics,
) {
    for cycle in &order.cycles {
        let spans = cycle.iter().zip(followers(cycle)).map(|(&at, next)| {
            let mut froms = stages.list[at].froms.iter();
            let from =
                froms.find(|(_, meaning)| matches!(meaning, Meaning::Stage(of) if *of == next));
            from.map_or(stages.stage(at).stage.span, |(span, _)| *span)
        });
        let hint = "move what both need into another stage";
        report_cycle(cycle, stages, spans.collect(), "need", hint, diagnostics);
    }
    let order = dependencies_first(stages.list.len(), stages.list.ids(), |at| {
        stages.list[at].requires.iter().map(|required| required.stage).collect()
    });
    for cycle in &order.cycles {
        let spans = cycle.iter().zip(followers(cycle)).map(|(&at, next)| {
            let required = stages.list[at].requires.iter().find(|required| required.stage == next);
            required.map_or(stages.stage(at).stage.span, |required| required.span)
        });
        let hint = "remove one of these `requires`";
        report_cycle(cycle, stages, spans.collect(), "require", hint, diagnostics);
    }
}

/// Reports stages each of which needs the next, and the last one the first. `spans` are those of
/// these dependencies.
fn report_cycle(
    cycle: &[DeclaredId],
    stages: &Candidates<'_>,
    spans: Vec<Span>,
    need: &str,
    hint: &str,
    diagnostics: &mut Diagnostics,
) {
    let names: Vec<_> = cycle.iter().map(|&at| stages.name(at)).collect();
    let mut diagnostic = Diagnostic::new(
        Code::StageCycle,
        spans[0],
        format!("stages {need} each other in a cycle: {} -> {}", names.join(" -> "), names[0]),
    )
    .hint(hint);
    for ((at, needed), span) in cycle.iter().zip(followers(cycle)).zip(spans).skip(1) {
        let (name, needed) = (stages.name(*at), stages.name(needed));
        diagnostic = diagnostic.related(span, format!("`{name}` {need}s `{needed}`"));
    }
    diagnostics.push(diagnostic);
}

/// For each stage of a cycle, the one that it needs.
fn followers(cycle: &[DeclaredId]) -> impl Iterator<Item = DeclaredId> {
    cycle.iter().copied().cycle().skip(1)
}

/// Warns about required stages that are left out.
pub(super) fn warn_of_skipped(
    left_out: &[Required],
    stages: &Candidates<'_>,
    diagnostics: &mut Diagnostics,
) {
    let [first, ..] = left_out else { return };
    let names = left_out.iter().map(|required| stages.name(required.stage));
    diagnostics.push(skipped_requires::found(SKIP, names, first.span));
}
