//! Which stages and steps exist in a build, and what those that do not would need.

use std::collections::BTreeSet;

use super::from::platform_of;
use super::named::Named;
use crate::diagnostic::Diagnostics;
use crate::plan::condition::{Absence, ConditionLookup};
use crate::plan::request::Request;
use crate::plan::scope::Scope;
use crate::source::Span;
use crate::spec::{From, Spec, Stage, StageName, Step, Verb};

/// What exists of a spec.
pub(super) struct Presence {
    /// For each stage why it does not exist, if it does not.
    pub(super) absent: Vec<Option<Absence>>,
    /// The steps that do not exist, by the places where they are written.
    pub(super) skipped: BTreeSet<Span>,
    /// For each stage what is wrong with its conditions, and with those of its steps.
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
            // A build context of its name is there, whatever the stage says.
            presence.absent.push(absence.filter(|_| !is_replaced(name, stage, scope, request)));
            for step in &stage.steps {
                presence.look_at(step, &lookup, &mut problems);
            }
            presence.problems.push(problems);
        }
        presence
    }

    /// What a step does not do, its branches do not either; and without branches there is nothing to do.
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

    /// The stages that are named by what does not exist, by steps and by the stages among them, and those
    /// that do not exist themselves.
    pub(super) fn needed_elsewhere(&self, stages: &Named<'_>) -> Vec<usize> {
        let mut needed = Vec::new();
        let some_absent = self.absent.iter().any(Option::is_some);
        for ((own, stage), absent) in stages.list.iter().zip(&self.absent) {
            let is_whole = absent.is_none() && stage.all_steps().all(|step| self.has(step));
            if is_whole && !some_absent {
                continue;
            }
            // Of a stage that is all there, what it names is known, but for what is not.
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

/// Whether a build context stands in the place of a stage.
fn is_replaced(name: &StageName, stage: &Stage, scope: &Scope<'_>, request: &Request) -> bool {
    // What is wrong with the platform is told where the stage is looked at.
    let mut told = Diagnostics::default();
    let own = stage.platform.as_ref();
    let own = own.and_then(|own| platform_of(own, scope, &request.build_platform, &mut told));
    let platform = own.as_ref().unwrap_or(&request.target_platform);
    request.contexts.find(name.as_str(), platform).is_some()
}
