//! The dependencies of all stages of a spec, before it is decided which stages are built.

use std::collections::BTreeSet;

use buildkit_llb::Platform;

use super::declared::{Declared, DeclaredId, DeclaredStage};
use super::from::{FromLookup, Meaning, Outside};
use crate::diagnostic::{Code, Diagnostics};
use crate::id::IdVec;
use crate::order::{Order, dependencies_first};
use crate::plan::platform::platform_of;
use crate::plan::request::Request;
use crate::plan::scope::Scope;
use crate::source::Span;
use crate::spec::{Spec, Stage, first_of};

/// A stage that may be built, with its dependencies.
pub(super) struct Candidate {
    /// The platform, if given explicitly.
    pub(super) platform: Option<Platform>,
    /// The span and meaning of each `from` whose meaning is known, first that of its base.
    pub(super) froms: Vec<(Span, Meaning)>,
    /// The stages in its `requires`.
    pub(super) requires: Vec<Required>,
    /// True if a build context replaces it.
    pub(super) replaced: bool,
    /// True if it exists and the meaning of every `from` is known.
    pub(super) knows_froms: bool,
    /// The problems that were found in it, not yet reported.
    pub(super) problems: Diagnostics,
}

/// A stage that another requires.
#[derive(Clone, Copy)]
pub(super) struct Required {
    pub(super) stage: DeclaredId,
    /// The span of the requirement.
    pub(super) span: Span,
}

/// All stages of a spec, with their dependencies.
pub(super) struct Candidates<'s> {
    pub(super) declared: Declared<'s>,
    pub(super) list: IdVec<DeclaredId, Candidate>,
}

impl<'s> Candidates<'s> {
    pub(super) fn new(spec: &'s Spec, scope: &Scope<'s>, request: &Request) -> Self {
        let mut declared = Declared::new(spec, scope, request);
        let sets = spec.mounts.values().flat_map(|set| set.iter());
        let shared: BTreeSet<Span> = sets.filter_map(|mount| Some(mount.from()?.span)).collect();
        let mut list = IdVec::with_capacity(declared.list.len());
        for at in declared.list.ids() {
            let problems = std::mem::take(&mut declared.list[at].problems);
            let own = &declared.list[at];
            let lookup = FromLookup {
                own: own.name,
                stages: &declared,
                spec,
                scope,
                request,
                shared: &shared,
            };
            list.push(Candidate::new(own, &lookup, problems));
        }
        // A stage that is replaced need not be built.
        let replaced: IdVec<DeclaredId, bool> = list.map(|candidate| candidate.replaced);
        for candidate in &mut list {
            candidate.requires.retain(|required| !replaced[required.stage]);
        }
        Self { declared, list }
    }

    /// All stages, each after its dependencies.
    pub(super) fn order(&self) -> Order<DeclaredId> {
        self.order_from(self.list.ids())
    }

    /// The given stages and their dependencies, each after its own dependencies.
    pub(super) fn order_from(
        &self,
        roots: impl IntoIterator<Item = DeclaredId>,
    ) -> Order<DeclaredId> {
        dependencies_first(self.list.len(), roots, |at| self.list[at].needs())
    }

    /// The declaration of a stage.
    pub(super) fn stage(&self, at: DeclaredId) -> &DeclaredStage<'s> {
        &self.declared.list[at]
    }

    /// The name of a stage.
    pub(super) fn name(&self, at: DeclaredId) -> &'s str {
        self.declared.list[at].name.as_str()
    }

    /// For each stage, true if it is in the list, which is in order of dependencies, and its base
    /// is known.
    pub(super) fn with_a_base(&self, list: &[DeclaredId]) -> IdVec<DeclaredId, bool> {
        let mut has_base: IdVec<DeclaredId, bool> = self.list.map(|_| false);
        for &at in list {
            let span = first_of(&self.stage(at).stage.from).span;
            has_base[at] = match self.list[at].froms.first() {
                Some((first, Meaning::Stage(base))) => *first == span && has_base[*base],
                Some((first, _)) => *first == span,
                None => false,
            };
        }
        has_base
    }

    /// The stages that no other stage needs or requires, ignoring conditions: the default target
    /// must not depend on the values of args. A test that is based on the tested stage does not
    /// make that stage part of the test.
    pub(super) fn not_needed(&self) -> Vec<DeclaredId> {
        let mut not_needed: IdVec<DeclaredId, bool> = self.list.map(|_| true);
        for needed in self.declared.needed_elsewhere() {
            not_needed[needed] = false;
        }
        let mut tests: BTreeSet<(DeclaredId, DeclaredId)> = BTreeSet::new();
        for (of, candidate) in self.list.enumerate() {
            tests.extend(candidate.requires.iter().map(|required| (of, required.stage)));
        }
        for (at, candidate) in self.list.enumerate() {
            for needed in candidate.needs() {
                let is_test = tests.contains(&(needed, at));
                if !is_test {
                    not_needed[needed] = false;
                }
            }
            for required in &candidate.requires {
                not_needed[required.stage] = false;
            }
        }
        self.list.ids().filter(|&at| not_needed[at]).collect()
    }
}

impl Candidate {
    fn new(own: &DeclaredStage<'_>, lookup: &FromLookup<'_, '_>, problems: Diagnostics) -> Self {
        let (stage, request) = (own.stage, lookup.request);
        let mut problems = problems;
        let platform = stage.platform.as_ref().and_then(|platform| {
            platform_of(platform, lookup.scope, &request.build_platform, &mut problems).ok()
        });
        let target = &request.target_platform;
        let usual = platform.as_ref().unwrap_or(target);
        let mut froms = Vec::new();
        let mut requires = Vec::new();
        let is_absent = own.absence.is_some();
        let replacement = request.contexts.find(own.name.as_str(), usual);
        if let Some((context, source)) = replacement {
            let meaning = Outside::Context(context.to_owned(), source.clone(), usual.clone());
            froms.push((first_of(&stage.from).span, Meaning::Outside(meaning)));
        } else if !is_absent {
            stage.visit_froms_where(&|step| own.has(step), &mut |from| {
                // As in Dockerfiles, an image that is only copied from has the target's
                // platform.
                let usual = if froms.is_empty() { usual } else { target };
                let meaning = lookup.meaning(from, usual, &mut problems);
                froms.extend(meaning.map(|meaning| (from.span, meaning)));
            });
            requires = required(stage, lookup, &mut problems);
        }
        let replaced = replacement.is_some();
        let knows_froms = !is_absent && !problems.has_errors();
        Self { platform, froms, requires, replaced, knows_froms, problems }
    }

    /// The stages from which it takes files, its base first.
    pub(super) fn needs(&self) -> Vec<DeclaredId> {
        let stages = self.froms.iter().filter_map(|(_, meaning)| match meaning {
            Meaning::Stage(needed) => Some(*needed),
            Meaning::Outside(_) => None,
        });
        stages.collect()
    }
}

/// The stages that a stage requires.
fn required(
    stage: &Stage,
    lookup: &FromLookup<'_, '_>,
    diagnostics: &mut Diagnostics,
) -> Vec<Required> {
    let FromLookup { stages, spec, .. } = lookup;
    let mut required = Vec::with_capacity(stage.requires.len());
    for name in &stage.requires {
        match stages.find(name) {
            Some(stage) => match &stages.list[stage].absence {
                None => required.push(Required { stage, span: name.span }),
                Some(absence) => {
                    let absent = absence.of_stage(Code::AbsentStage, Some(name.span), name);
                    diagnostics.push(absent);
                }
            },
            // Its own errors are reported.
            None if spec.is_unread(name) => {}
            None => diagnostics.push(stages.unknown(Code::UnknownStage, name.span, name)),
        }
    }
    required
}
