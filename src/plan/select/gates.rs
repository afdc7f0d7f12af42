//! Required stages: they must build for the target to succeed, but are not part of it.
//!
//! No files of a required stage are added to the stage that requires it, so it is not a dependency:
//! it may even be based on that stage, for example as a test of its result.

use super::named::Named;
use super::presence::Presence;
use super::{Stages, report_cycle};
use crate::diagnostic::{Code, Diagnostics};
use crate::order::dependencies_first;
use crate::plan::check::flag;
use crate::plan::request::Request;
use crate::rules::skipped_requires;
use crate::source::{Span, Spanned};
use crate::spec::{Spec, Stage};

/// The build arg that leaves required stages out.
const SKIP: &str = "MSTAGE_SKIP_REQUIRES";

/// A stage that must build for the target to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gate {
    /// Its index among the stages.
    pub stage: usize,
    /// The span of the requirement.
    pub span: Span,
}

/// The stages that a stage requires.
pub(super) fn required(
    stage: &Stage,
    stages: &Named<'_>,
    spec: &Spec,
    presence: &Presence,
    diagnostics: &mut Diagnostics,
) -> Vec<Gate> {
    let gate = |name: &Spanned<String>| match stages.find(name) {
        Some(stage) => match &presence.absent[stage] {
            None => Some(Gate { stage, span: name.span }),
            Some(absence) => {
                diagnostics.fail(absence.of_stage(Code::AbsentStage, Some(name.span), name))
            }
        },
        None if spec.is_unread(name) => None,
        None => diagnostics.fail(stages.unknown(Code::UnknownStage, name.span, name)),
    };
    stage.requires.iter().filter_map(gate).collect()
}

/// Reports stages that require each other, or themselves.
pub(super) fn report_cycles(stages: &Stages<'_>, diagnostics: &mut Diagnostics) {
    let count = stages.named.list.len();
    let requires = |at: usize| stages.requires[at].iter().map(|gate| gate.stage).collect();
    for cycle in dependencies_first(count, 0..count, requires).cycles {
        let edge = |at: usize, next: usize| {
            let gate = stages.requires[at].iter().find(|gate| gate.stage == next);
            gate.map(|gate| gate.span)
        };
        let hint = "leave one of these `requires` out";
        report_cycle(&cycle, stages, edge, "require", hint, diagnostics);
    }
}

/// True if the client leaves required stages out.
pub(super) fn are_skipped(request: &Request, diagnostics: &mut Diagnostics) -> bool {
    flag(request, SKIP, "without it, required stages are built", diagnostics)
}

/// Every stage that is built for a target: the target first, then all stages that it needs or
/// requires, directly or indirectly.
pub(super) fn reached(target: usize, stages: &Stages<'_>) -> Vec<usize> {
    let mut reached = vec![target];
    let mut is_reached = vec![false; stages.named.list.len()];
    is_reached[target] = true;
    let mut next = 0;
    while let Some(&at) = reached.get(next) {
        next += 1;
        let required = stages.requires[at].iter().map(|gate| gate.stage);
        for needed in required.chain(stages.needs(at)) {
            if !std::mem::replace(&mut is_reached[needed], true) {
                reached.push(needed);
            }
        }
    }
    reached
}

/// The stages that a target's stages require, without duplicates, those of the target itself first.
pub(super) fn of_target(target: usize, reached: &[usize], stages: &Stages<'_>) -> Vec<Gate> {
    let mut is_new = vec![true; stages.named.list.len()];
    is_new[target] = false;
    let required = reached.iter().flat_map(|&at| &stages.requires[at]);
    required.filter(|gate| std::mem::replace(&mut is_new[gate.stage], false)).copied().collect()
}

/// Warns about required stages that are left out.
pub(super) fn warn_of_skipped(gates: &[Gate], stages: &Stages<'_>, diagnostics: &mut Diagnostics) {
    let [first, ..] = gates else { return };
    let names = gates.iter().map(|gate| stages.named.list[gate.stage].0.as_str());
    diagnostics.push(skipped_requires::found(SKIP, names, first.span));
}
