//! A `parallel` step with all values known: the steps of its branches, each marked with its branch.

use super::step::{self, Context, RecordedStep, Surroundings};
use super::{Branch, Fork};
use crate::diagnostic::Diagnostics;
use crate::source::Span;
use crate::spec::ParallelStep;

/// Plans the branches of a step, one after the other. A common value with a reported error counts
/// as empty. `number` is its index among the steps of its stage.
pub(super) fn plan(
    parallel: &ParallelStep,
    span: Span,
    number: usize,
    surroundings: &Surroundings,
    context: &Context<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> (Fork, Vec<RecordedStep>) {
    let (label, workdir) = step::plan_keys(&parallel.step, surroundings, context, diagnostics)
        .unwrap_or_else(|_| (None, surroundings.workdir.clone()));
    let fork = Fork { label: label.unwrap_or("parallel".into()), span };
    let no_cache = parallel.step.no_cache.unwrap_or(false);
    let mut steps = Vec::new();
    for (branch, written) in parallel.branches.iter().enumerate() {
        let mut surroundings = Surroundings { workdir: workdir.clone(), ..surroundings.clone() };
        for step in written.steps.iter().filter(|step| !context.skipped.contains(&step.id)) {
            if let Ok(mut planned) = step::plan(step, &surroundings, context, diagnostics) {
                planned.step.branch = Some(Branch { fork: number, number: branch });
                planned.step.no_cache |= no_cache;
                surroundings.has_done(&planned.step.action);
                steps.push(planned);
            } else {
                surroundings.has_changed();
            }
        }
    }
    (fork, steps)
}
