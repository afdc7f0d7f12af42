//! The stages and steps that are included in a build, and the dependencies of those that are not.

use std::collections::BTreeSet;

use super::from::platform_of;
use super::named::Named;
use crate::diagnostic::Diagnostics;
use crate::plan::condition::{Absence, ConditionLookup};
use crate::plan::request::Request;
use crate::plan::scope::Scope;
use crate::source::Span;
use crate::spec::{From, Spec, Stage, StageName, Step, Verb};

/// The included parts of a spec.
pub(super) struct Presence {
    /// For each stage the reason why it is left out, if it is.
    pub(super) absent: Vec<Option<Absence>>,
    /// The steps that are left out, by their spans.
    pub(super) skipped: BTreeSet<Span>,
    /// For each stage the errors in its conditions, and in those of its steps.
    pub(super) problems: Vec<Diagnostics>,
}

impl Presence {
    pub(super) fn new(
        stages: &Named<'_>,
        spec: &Spec,
        scope: &Scope<'_>,
        request: &Request,
    ) -> Self {
        let lookup = ConditionLookup { spec, scope };
        let mut presence = Self {
            absent: Vec::with_capacity(stages.list.len()),
            skipped: BTreeSet::new(),
            problems: Vec::with_capacity(stages.list.len()),
        };
        for (name, stage) in &stages.list {
            let mut problems = Diagnostics::default();
            let absence = lookup.absence(&stage.conditions, &mut problems);
            // A build context with its name exists regardless of the stage's conditions.
            presence.absent.push(absence.filter(|_| !is_replaced(name, stage, scope, request)));
            for step in &stage.steps {
                presence.look_at(step, &lookup, &mut problems);
            }
            presence.problems.push(problems);
        }
        presence
    }

    /// The branches of a step that is left out are left out too; and a step whose branches are all
    /// left out does nothing.
    fn look_at(
        &mut self,
        step: &Step,
        lookup: &ConditionLookup<'_, '_>,
        problems: &mut Diagnostics,
    ) {
        let mut is_skipped = lookup.absence(&step.verb.keys().conditions, problems).is_some();
        if let Verb::Parallel(parallel) = &step.verb {
            for inner in parallel.steps() {
                self.look_at(inner, lookup, problems);
            }
            is_skipped |= !parallel.steps().any(|inner| self.has(inner));
            if is_skipped {
                self.skipped.extend(parallel.steps().map(|inner| inner.span));
            }
        }
        if is_skipped {
            self.skipped.insert(step.span);
        }
    }

    pub(super) fn has(&self, step: &Step) -> bool {
        !self.skipped.contains(&step.span)
    }

    /// The stages that left-out stages and steps refer to, and those that are left out themselves.
    pub(super) fn needed_elsewhere(&self, stages: &Named<'_>) -> Vec<usize> {
        let mut needed = Vec::new();
        let some_absent = self.absent.iter().any(Option::is_some);
        for ((own, stage), absent) in stages.list.iter().zip(&self.absent) {
            let is_whole = absent.is_none() && stage.all_steps().all(|step| self.has(step));
            if is_whole && !some_absent {
                continue;
            }
            // In a stage that is included, the references of all included parts are known.
            let find = |name: &str| {
                let found = stages.find(name);
                found.filter(|&at| !is_whole || self.absent[at].is_some())
            };
            needed.extend(stage.requires.iter().filter_map(|name| find(name)));
            stage.visit_froms(&mut |from| {
                let name = from.template().as_literal().filter(|name| match &from.value {
                    From::Name(_) => *name != own.as_str(),
                    From::Stage(_) => true,
                    From::Source(_)
                    | From::Image { .. }
                    | From::Context(_)
                    | From::Merge { .. }
                    | From::Dockerfile { .. } => false,
                });
                needed.extend(name.and_then(find));
            });
        }
        needed
    }
}

/// True if a build context replaces a stage.
fn is_replaced(name: &StageName, stage: &Stage, scope: &Scope<'_>, request: &Request) -> bool {
    // Errors in the platform are reported when the stage is checked.
    let mut told = Diagnostics::default();
    let own = stage.platform.as_ref();
    let own = own.and_then(|own| platform_of(own, scope, &request.build_platform, &mut told));
    let platform = own.as_ref().unwrap_or(&request.target_platform);
    request.contexts.find(name.as_str(), platform).is_some()
}
