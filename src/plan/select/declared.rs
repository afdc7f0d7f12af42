//! The stages of a spec, and the parts of them that exist in this build.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, Known, Reported};
use crate::id::{Id, IdVec, ids};
use crate::plan::condition::{Absence, ConditionLookup};
use crate::plan::platform::platform_of;
use crate::plan::request::Request;
use crate::plan::scope::Scope;
use crate::source::{Span, Spanned};
use crate::spec::{From, Spec, Stage, StageName, Step, StepId, Verb};

ids! {
    /// A stage of a spec, whether it is built or not.
    pub(super) DeclaredId;
}

/// A stage of a spec.
pub(super) struct DeclaredStage<'s> {
    pub(super) name: &'s StageName,
    pub(super) stage: &'s Spanned<Stage>,
    /// The reason why it does not exist in this build; `None` if it does.
    pub(super) absence: Option<Absence>,
    /// The steps that do not exist in this build.
    pub(super) skipped: BTreeSet<StepId>,
    /// The errors in its conditions and in those of its steps.
    pub(super) problems: Diagnostics,
}

/// All stages of a spec.
pub(super) struct Declared<'s> {
    /// Sorted by name.
    pub(super) list: IdVec<DeclaredId, DeclaredStage<'s>>,
    /// Their names, and those of stages that could not be read, for suggestions.
    pub(super) known: Known<'s>,
    /// The error if not all of the spec was read.
    pub(super) whole: Result<(), Reported>,
}

impl<'s> DeclaredStage<'s> {
    fn new(
        name: &'s StageName,
        stage: &'s Spanned<Stage>,
        lookup: &ConditionLookup<'_, '_>,
        request: &Request,
    ) -> Self {
        let mut problems = Diagnostics::default();
        let absence = lookup.absence(&stage.conditions, &mut problems);
        // A build context with its name exists regardless of the stage's conditions.
        let absence = absence.filter(|_| !is_replaced(name, stage, lookup.scope, request));
        let mut declared = Self { name, stage, absence, skipped: BTreeSet::new(), problems };
        for step in &stage.steps {
            declared.look_at(step, lookup);
        }
        declared
    }

    /// The branches of a step that is left out are left out too; and a step whose branches are all
    /// left out does nothing.
    fn look_at(&mut self, step: &Step, lookup: &ConditionLookup<'_, '_>) {
        let mut is_skipped =
            lookup.absence(&step.verb.keys().conditions, &mut self.problems).is_some();
        if let Verb::Parallel(parallel) = &step.verb {
            for inner in parallel.steps() {
                self.look_at(inner, lookup);
            }
            is_skipped |= !parallel.steps().any(|inner| self.has(inner));
            if is_skipped {
                self.skipped.extend(parallel.steps().map(|inner| inner.id));
            }
        }
        if is_skipped {
            self.skipped.insert(step.id);
        }
    }

    pub(super) fn has(&self, step: &Step) -> bool {
        !self.skipped.contains(&step.id)
    }

    /// Returns true if it and all its steps exist in this build.
    fn is_complete(&self) -> bool {
        self.absence.is_none() && self.stage.all_steps().all(|step| self.has(step))
    }
}

impl<'s> Declared<'s> {
    pub(super) fn new(spec: &'s Spec, scope: &Scope<'_>, request: &Request) -> Self {
        let lookup = ConditionLookup { spec, scope };
        let stages = spec.stages.iter();
        let names = spec.shown_stages();
        Self {
            list: stages
                .map(|(name, stage)| DeclaredStage::new(name, stage, &lookup, request))
                .collect(),
            known: Known::new(names.chain(spec.unread())),
            whole: spec.whole(),
        }
    }

    /// The stage with that name.
    pub(super) fn find(&self, name: &str) -> Option<DeclaredId> {
        let place = self.list.as_slice().binary_search_by_key(&name, |known| known.name.as_str());
        place.ok().map(DeclaredId::new)
    }

    /// The error for an unknown stage.
    pub(super) fn unknown(&self, code: Code, span: Span, name: &str) -> Diagnostic {
        let message = format!("there is no stage `{name}`");
        Diagnostic::new(code, span, message).maybe_hint(self.hint(name, []))
    }

    /// A hint for an unknown name: the most similar stage or other name, or else the list of
    /// stages.
    pub(super) fn hint<'a>(
        &'a self,
        name: &str,
        others: impl IntoIterator<Item = &'a str>,
    ) -> Option<String> {
        // Some of the stages may not have been read.
        self.known
            .did_you_mean(name, others)
            .or_else(|| self.known.list_of("stages").filter(|_| self.whole.is_ok()))
    }

    /// The stages that left-out stages and steps refer to, and those that are left out themselves.
    pub(super) fn needed_elsewhere(&self) -> Vec<DeclaredId> {
        let mut needed = Vec::new();
        let some_absent = self.list.iter().any(|stage| stage.absence.is_some());
        for declared in &self.list {
            let (own, stage) = (declared.name, declared.stage);
            let is_whole = declared.is_complete();
            if is_whole && !some_absent {
                continue;
            }
            // In a stage that is included, the references of all included parts are known.
            let find = |name: &str| {
                let found = self.find(name);
                found.filter(|&at| !is_whole || self.list[at].absence.is_some())
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
    let own = own.and_then(|own| platform_of(own, scope, &request.build_platform, &mut told).ok());
    let platform = own.as_ref().unwrap_or(&request.target_platform);
    request.contexts.find(name.as_str(), platform).is_some()
}
