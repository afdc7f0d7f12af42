//! Selection of the stages that the target needs, and resolution of every `from` in them.
//!
//! Input: a [`Spec`] and a [`Request`]. Output: a [`Selection`], whose stages follow their
//! dependencies, and whose images must be looked up. Stages that the target does not need are
//! checked for errors that affect every build, but are not included.

mod from;
mod gates;
mod inputs;
mod named;
mod presence;
mod purpose;
mod report;
mod sources;
mod target;

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::Platform;

use self::from::{FromLookup, Meaning, platform_of};
pub use self::gates::Gate;
use self::named::Named;
use self::presence::Presence;
use self::purpose::Purpose;
pub use self::purpose::{select, select_all, select_for_lock, select_outline};
pub use self::report::report_of;
pub(super) use self::report::stage_of;
use self::sources::Sources;
pub use self::target::default_target;
use self::target::{find_default, find_target};
use super::context::ContextQuery;
use super::request::Request;
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::order::dependencies_first;
use crate::reference::Reference;
use crate::rules::near_platform;
use crate::source::{Span, Spanned};
use crate::spec::{From, Spec, Stage, StageName, Step, first_of};

/// The part of a spec that one build needs.
pub struct Selection<'s> {
    pub(crate) spec: &'s Spec,
    pub(crate) scope: Scope<'s>,
    pub(crate) request: &'s Request,
    /// Each after its dependencies: first those of the target, then the target, then required
    /// stages and their dependencies, then stages that are only checked.
    pub(crate) stages: Vec<SelectedStage<'s>>,
    /// The index of the target; `None` if all stages are checked and there is no default.
    pub(crate) target: Option<usize>,
    /// The error of a build, if all stages are checked and the default target is unclear.
    pub(crate) unclear: Option<Diagnostic>,
    /// True to build its report instead of its result.
    pub(crate) is_report: bool,
    /// The stages that must build for the target to succeed.
    pub(crate) gates: Vec<Gate>,
    /// The stages whose images the file is meant to build: its default target, or else the target.
    pub(crate) shipped: Vec<usize>,
    pub(crate) images: Vec<ImageQuery>,
    pub(crate) contexts: Vec<ContextQuery>,
    /// The meaning of each `from`, by its span.
    pub(crate) origins: BTreeMap<Span, Origin>,
    /// The steps that are left out of this build, by their spans.
    pub(crate) skipped: BTreeSet<Span>,
}

/// A stage that the build needs.
pub(crate) struct SelectedStage<'s> {
    pub(crate) name: &'s StageName,
    pub(crate) stage: &'s Spanned<Stage>,
    /// Its own, its base's, or the target's.
    pub(crate) platform: Platform,
    /// True if it is built for the target, false if it is only checked.
    pub(crate) needed: bool,
    /// True if a build context replaces it: then its base is that context, and it has nothing else.
    pub(crate) replaced: bool,
}

/// An image whose digest and config the build needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageQuery {
    /// Its reference.
    pub reference: Reference,
    /// Its platform.
    pub platform: Platform,
    /// The client's store that contains it; `None` if it is in a registry.
    pub layout: Option<String>,
    /// The named context that refers to it, if any.
    pub context: Option<String>,
    /// The span of its first mention in the file.
    pub span: Span,
    /// True if a stage is based on it, so that its `ONBUILD` triggers are run.
    pub is_base: bool,
    /// True if only its name suggests that it is an image, so that a stage or a source may be
    /// meant.
    pub is_plain_name: bool,
}

impl ImageQuery {
    /// An image of a registry that the file declares, with the span of a mention.
    fn new(reference: Reference, platform: Platform, span: Span, is_base: bool) -> Self {
        let (layout, context) = (None, None);
        Self { reference, platform, layout, context, span, is_base, is_plain_name: false }
    }
}

/// The origin of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The build context.
    Context,
    /// An empty file system.
    Scratch,
    /// A stage of the plan, by its index.
    Stage(usize),
    /// An image of the plan, by its index.
    Image(usize),
    /// A named build context of the plan, by its index.
    Named(usize),
}

/// All stages of a spec, with their dependencies.
struct Stages<'s> {
    named: Named<'s>,
    /// For each stage each `from` in it, with its span; its base is the first.
    froms: Vec<Vec<(Span, Meaning)>>,
    /// For each stage, the stages that it requires.
    requires: Vec<Vec<Gate>>,
    /// For each stage, the platform that it sets itself.
    platforms: Vec<Option<Platform>>,
    /// For each stage, true if a build context replaces it.
    replaced: Vec<bool>,
    /// The stages and steps that are included.
    presence: Presence,
    /// For each stage, the errors in its `from`s.
    problems: Vec<Diagnostics>,
    /// For each stage, true if all its `from`s are resolved.
    knows_froms: Vec<bool>,
}

/// The goal of a selection, by indexes in the spec.
struct Goal {
    target: Option<usize>,
    unclear: Option<Diagnostic>,
    gates: Vec<Gate>,
    shipped: Vec<usize>,
}

/// `None` means that there are errors. For a purpose that reports all errors, the stages whose base
/// is known are still selected.
fn select_for<'s>(
    purpose: Purpose,
    spec: &'s Spec,
    request: &'s Request,
    diagnostics: &mut Diagnostics,
) -> Option<Selection<'s>> {
    let scope = Scope::new(spec, request, diagnostics);
    near_platform::check_target(&request.target_platform, diagnostics);
    let mut stages = Stages::new(spec, &scope, request);
    let order = dependencies_first(stages.named.list.len(), 0..stages.named.list.len(), |at| {
        stages.needs(at)
    });
    for cycle in &order.cycles {
        let edge = |at: usize, next: usize| {
            let mut froms = stages.froms[at].iter();
            froms.find_map(|(span, of)| {
                matches!(of, Meaning::Stage(at) if *at == next).then_some(*span)
            })
        };
        let hint = "move what both need into a stage of its own";
        report_cycle(cycle, &stages, edge, "need", hint, diagnostics);
    }
    gates::report_cycles(&stages, diagnostics);
    let skips_required = gates::are_skipped(request, diagnostics);
    let default = find_default(spec, &stages, &mut Diagnostics::default());
    let mut unclear = Diagnostics::default();
    let target = match default {
        // All stages can be checked, regardless of the target.
        None if purpose == Purpose::Check
            && spec.default.is_none()
            && !diagnostics.has_errors() =>
        {
            find_target(spec, request, &stages, &mut unclear)
        }
        _ if purpose == Purpose::Lock => None,
        _ => find_target(spec, request, &stages, diagnostics),
    };
    if let Some(target) = target {
        // A requested stage is not unreached.
        diagnostics.withdraw(Code::UnreachedStage, stages.named.list[target].0.as_str());
    }
    let mut roots = target.map_or_else(Vec::new, |target| gates::reached(target, &stages));
    let mut gates = target.map_or_else(Vec::new, |of| gates::of_target(of, &roots, &stages));
    let mut skipped = Vec::new();
    if skips_required {
        std::mem::swap(&mut gates, &mut skipped);
        roots.truncate(1);
    }
    let mut selected =
        dependencies_first(stages.named.list.len(), roots, |at| stages.needs(at)).nodes;
    let mut needed = selected.len();
    let mut is_selected = vec![false; stages.named.list.len()];
    for &at in &selected {
        is_selected[at] = true;
    }
    skipped.retain(|gate| !is_selected[gate.stage]);
    gates::warn_of_skipped(&skipped, &stages, diagnostics);
    // If the target is unclear, all stages are checked for errors.
    let all = matches!(purpose, Purpose::Check | Purpose::Lock) || target.is_none();
    for (at, problems) in std::mem::take(&mut stages.problems).into_iter().enumerate() {
        // For a stage that is not built, only errors that no option of the client can avoid.
        let is_needed = is_selected[at];
        diagnostics.absorb(problems, |problem| match problem.code {
            Code::NotLocked | Code::UnlockedReference => is_needed || all,
            code => is_needed || !client_mends(code),
        });
    }
    let stops = |problem: &&Diagnostic| purpose != Purpose::Outline || !client_mends(problem.code);
    let has_errors = diagnostics.errors().iter().any(stops);
    if has_errors && !purpose.finds_all(diagnostics) {
        return None;
    }
    if all {
        for at in order.nodes {
            let is_whole = has_errors
                || stages.knows_froms[at] && stages.needs(at).iter().all(|&at| is_selected[at]);
            if is_whole && !is_selected[at] {
                is_selected[at] = true;
                selected.push(at);
            }
        }
    }
    if has_errors {
        let has_base = stages.with_a_base(&selected);
        needed = selected[..needed].iter().filter(|&&at| has_base[at]).count();
        selected.retain(|&at| has_base[at]);
    }
    let shipped = match default.or(target) {
        Some(stage) => vec![stage],
        None => stages.not_needed(),
    };
    let unclear = unclear.errors().first().map(|&unclear| unclear.clone());
    let goal = Goal { target, unclear, gates, shipped };
    Some(stages.into_selection(&selected, needed, goal, spec, scope, request))
}

/// True if other options of the client may avoid the problem.
pub(super) fn client_mends(problem: Code) -> bool {
    matches!(
        problem,
        Code::UnsetArg
            | Code::MissingArg
            | Code::RequiredValue
            | Code::UnknownContext
            | Code::AbsentStage
    )
}

impl Selection<'_> {
    /// The index of the target. If there is none, for lack of a default, any stage that nothing
    /// needs can be used: the last one.
    pub(super) fn target(&self) -> Option<usize> {
        self.target.or(self.stages.len().checked_sub(1))
    }

    /// The error of a build, if all stages are checked and the default target is unclear.
    /// Everything else can be checked without one.
    pub fn unclear_target(&self) -> Option<&Diagnostic> {
        self.unclear.as_ref()
    }

    /// The images that must be looked up before [`super::resolve()`].
    pub fn images(&self) -> &[ImageQuery] {
        &self.images
    }

    /// The request that it was made for.
    pub fn request(&self) -> &Request {
        self.request
    }

    /// The origin that a `from` refers to.
    pub(crate) fn origin(&self, from: &Spanned<From>) -> Origin {
        super::step::origin_of(Some(from), &self.origins)
    }

    /// True if a step is included in this build.
    pub(super) fn exists(&self, step: &Step) -> bool {
        !self.skipped.contains(&step.span)
    }

    /// The named build contexts that must be looked up before [`super::resolve()`].
    pub fn contexts(&self) -> &[ContextQuery] {
        &self.contexts
    }
}

impl<'s> Stages<'s> {
    fn new(spec: &'s Spec, scope: &Scope<'s>, request: &Request) -> Self {
        let named = Named::new(spec);
        let count = named.list.len();
        let mut stages = Self {
            froms: Vec::with_capacity(count),
            requires: Vec::with_capacity(count),
            platforms: Vec::with_capacity(count),
            replaced: Vec::with_capacity(count),
            presence: Presence::new(&named, spec, scope, request),
            problems: Vec::with_capacity(count),
            knows_froms: Vec::with_capacity(count),
            named,
        };
        let sets = spec.mounts.values().flat_map(|set| set.iter());
        let shared: BTreeSet<Span> = sets.filter_map(|mount| Some(mount.from()?.span)).collect();
        for at in 0..stages.named.list.len() {
            let (name, stage) = stages.named.list[at];
            let mut diagnostics = std::mem::take(&mut stages.presence.problems[at]);
            let own = stage.platform.as_ref().and_then(|platform| {
                platform_of(platform, scope, &request.build_platform, &mut diagnostics)
            });
            let target = &request.target_platform;
            let platform = own.as_ref().unwrap_or(target);
            let mut found = Vec::new();
            let mut required = Vec::new();
            let is_absent = stages.presence.absent[at].is_some();
            let replacement = request.contexts.find(name.as_str(), platform);
            if let Some((context, source)) = replacement {
                let meaning =
                    Meaning::Context(context.to_owned(), source.clone(), platform.clone());
                found.push((first_of(&stage.from).span, meaning));
            } else if !is_absent {
                let lookup = FromLookup {
                    own: name,
                    stages: &stages.named,
                    spec,
                    presence: &stages.presence,
                    scope,
                    request,
                    shared: &shared,
                };
                stage.visit_froms_where(&|step| stages.presence.has(step), &mut |from| {
                    // As in Dockerfiles, an image that is only copied from has the target's
                    // platform.
                    let usual = if found.is_empty() { platform } else { target };
                    let meaning = lookup.meaning(from, usual, &mut diagnostics);
                    found.extend(meaning.map(|meaning| (from.span, meaning)));
                });
                required =
                    gates::required(stage, &stages.named, spec, &stages.presence, &mut diagnostics);
            }
            stages.requires.push(required);
            stages.replaced.push(replacement.is_some());
            stages.platforms.push(own);
            stages.froms.push(found);
            stages.knows_froms.push(!is_absent && !diagnostics.has_errors());
            stages.problems.push(diagnostics);
        }
        // A stage that is replaced need not be built.
        for required in &mut stages.requires {
            required.retain(|gate| !stages.replaced[gate.stage]);
        }
        stages
    }

    /// For each stage, true if it is in the list, which is in order of dependencies, and its base
    /// is known.
    fn with_a_base(&self, list: &[usize]) -> Vec<bool> {
        let mut has_base = vec![false; self.named.list.len()];
        for &at in list {
            let span = first_of(&self.named.list[at].1.from).span;
            has_base[at] = match self.froms[at].first() {
                Some((first, Meaning::Stage(base))) => *first == span && has_base[*base],
                Some((first, _)) => *first == span,
                None => false,
            };
        }
        has_base
    }

    fn needs(&self, at: usize) -> Vec<usize> {
        self.froms[at]
            .iter()
            .filter_map(|(_, meaning)| match meaning {
                Meaning::Stage(needed) => Some(*needed),
                Meaning::Scratch
                | Meaning::Image(..)
                | Meaning::DeclaredImage(..)
                | Meaning::Context(..)
                | Meaning::Source(..) => None,
            })
            .collect()
    }

    fn into_selection(
        mut self,
        selected: &[usize],
        needed: usize,
        goal: Goal,
        spec: &'s Spec,
        scope: Scope<'s>,
        request: &'s Request,
    ) -> Selection<'s> {
        // A stage gets its index after its dependencies. Only a stage in a cycle, which has been
        // reported, refers to one without an index: its reference is dropped.
        let mut new_places: Vec<Option<usize>> = vec![None; self.named.list.len()];
        let mut stages: Vec<SelectedStage<'_>> = Vec::with_capacity(selected.len());
        let mut sources = Sources::default();
        let mut origins = BTreeMap::new();
        for (new, &old) in selected.iter().enumerate() {
            let froms = std::mem::take(&mut self.froms[old]);
            let base = match froms.first() {
                Some((_, Meaning::Stage(base))) => new_places[*base],
                _ => None,
            };
            let platform = self.platforms[old].take().unwrap_or_else(|| match base {
                Some(base) => stages[base].platform.clone(),
                None => request.target_platform.clone(),
            });
            for (at, (span, meaning)) in froms.into_iter().enumerate() {
                let origin = match meaning {
                    Meaning::Scratch => Origin::Scratch,
                    Meaning::Stage(old) => match new_places[old] {
                        Some(at) => Origin::Stage(at),
                        None => continue,
                    },
                    Meaning::Image(reference, platform) => sources.image(ImageQuery {
                        is_plain_name: true,
                        ..ImageQuery::new(reference, platform, span, at == 0)
                    }),
                    Meaning::DeclaredImage(reference, platform, declared) => {
                        sources.image(ImageQuery::new(reference, platform, declared, at == 0))
                    }
                    Meaning::Context(name, source, platform) => {
                        sources.context(name, source, platform, span, at == 0)
                    }
                    Meaning::Source(name, source, declared) => {
                        sources.files(name, source, Some(declared), span)
                    }
                };
                origins.insert(span, origin);
            }
            let (name, stage) = self.named.list[old];
            stages.push(SelectedStage {
                name,
                stage,
                platform,
                needed: new < needed,
                replaced: self.replaced[old],
            });
            new_places[old] = Some(new);
        }
        let new = |old: usize| new_places[old];
        let target = goal.target.and_then(new);
        let gates = goal.gates.into_iter();
        let gates =
            gates.filter_map(|gate| Some(Gate { stage: new(gate.stage)?, ..gate })).collect();
        let shipped = goal.shipped.into_iter().filter_map(new).collect();
        let Sources { images, contexts, .. } = sources;
        Selection {
            spec,
            scope,
            request,
            stages,
            target,
            unclear: goal.unclear,
            is_report: report::is_wanted(request),
            gates,
            shipped,
            images,
            contexts,
            origins,
            skipped: self.presence.skipped,
        }
    }
}

/// Reports stages each of which needs the next, and the last one the first. `edge` returns the span
/// of a dependency.
fn report_cycle(
    cycle: &[usize],
    stages: &Stages<'_>,
    edge: impl Fn(usize, usize) -> Option<Span>,
    need: &str,
    hint: &str,
    diagnostics: &mut Diagnostics,
) {
    let next = |place: usize| cycle[(place + 1) % cycle.len()];
    let from_of = |place: usize| {
        edge(cycle[place], next(place)).unwrap_or(stages.named.list[cycle[place]].1.span)
    };
    let names: Vec<_> = cycle.iter().map(|&at| stages.named.list[at].0.as_str()).collect();
    let mut diagnostic = Diagnostic::new(
        Code::StageCycle,
        from_of(0),
        format!("stages {need} each other: {} -> {}", names.join(" -> "), names[0]),
    )
    .hint(hint);
    for (place, name) in names.iter().enumerate().skip(1) {
        let needed = stages.named.list[next(place)].0;
        diagnostic = diagnostic.related(from_of(place), format!("`{name}` {need}s `{needed}`"));
    }
    diagnostics.push(diagnostic);
}
