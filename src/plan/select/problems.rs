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
        let edge = |at: DeclaredId, next: DeclaredId| {
            let mut froms = stages.list[at].froms.iter();
            froms.find_map(|(span, of)| {
                matches!(of, Meaning::Stage(at) if *at == next).then_some(*span)
            })
        };
        let hint = "move what both need into another stage";
        report_cycle(cycle, stages, edge, "need", hint, diagnostics);
    }
    let requires =
        |at: DeclaredId| stages.list[at].requires.iter().map(|required| required.stage).collect();
    for cycle in dependencies_first(stages.list.len(), stages.list.ids(), requires).cycles {
        let edge = |at: DeclaredId, next: DeclaredId| {
            let required = stages.list[at].requires.iter().find(|required| required.stage == next);
            required.map(|required| required.span)
        };
        let hint = "remove one of these `requires`";
        report_cycle(&cycle, stages, edge, "require", hint, diagnostics);
    }
}

/// Reports stages each of which needs the next, and the last one the first. `edge` returns the span
/// of a dependency.
fn report_cycle(
    cycle: &[DeclaredId],
    stages: &Candidates<'_>,
    edge: impl Fn(DeclaredId, DeclaredId) -> Option<Span>,
    need: &str,
    hint: &str,
    diagnostics: &mut Diagnostics,
) {
    let from_of = |place: usize| {
        edge(cycle[place], next(cycle, place)).unwrap_or(stages.stage(cycle[place]).stage.span)
    };
    let names: Vec<_> = cycle.iter().map(|&at| stages.name(at)).collect();
    let mut diagnostic = Diagnostic::new(
        Code::StageCycle,
        from_of(0),
        format!("stages {need} each other in a cycle: {} -> {}", names.join(" -> "), names[0]),
    )
    .hint(hint);
    for (place, name) in names.iter().enumerate().skip(1) {
        let needed = stages.name(next(cycle, place));
        diagnostic = diagnostic.related(from_of(place), format!("`{name}` {need}s `{needed}`"));
    }
    diagnostics.push(diagnostic);
}

fn next(cycle: &[DeclaredId], place: usize) -> DeclaredId {
    cycle[(place + 1) % cycle.len()]
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
