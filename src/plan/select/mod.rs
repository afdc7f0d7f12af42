//! Which stages the target needs, and what every `from` in them means.
//!
//! Comes in: a [`Spec`] and a [`Request`]. Goes out: a [`Selection`], whose stages stand behind those
//! that they need, and whose images are the ones that must be looked up. Stages that the target does
//! not need are checked for what is wrong in any build, and are not in it.

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
    /// Each behind those that it needs: first what the target needs, then the target, then what is required
    /// and what that needs, then what is only looked at.
    pub(crate) stages: Vec<SelectedStage<'s>>,
    /// Which of them is the target; none where all stages are looked at and none is the default.
    pub(crate) target: Option<usize>,
    /// The error that a build ends with, where all stages are looked at and the default target is not clear.
    pub(crate) unclear: Option<Diagnostic>,
    /// Whether its report is built, and not what it makes.
    pub(crate) is_report: bool,
    /// Those that must build for the target to succeed.
    pub(crate) gates: Vec<Gate>,
    /// Those of them whose images the file is for: its default target. Without one, the target.
    pub(crate) shipped: Vec<usize>,
    pub(crate) images: Vec<ImageQuery>,
    pub(crate) contexts: Vec<ContextQuery>,
    /// What each `from` means, by the place where it is written.
    pub(crate) origins: BTreeMap<Span, Origin>,
    /// The steps that do not exist in this build, by the places where they are written.
    pub(crate) skipped: BTreeSet<Span>,
}

/// A stage that the build needs.
pub(crate) struct SelectedStage<'s> {
    pub(crate) name: &'s StageName,
    pub(crate) stage: &'s Spanned<Stage>,
    /// Its own, its base's, or the target's.
    pub(crate) platform: Platform,
    /// Whether it is built for the target, or is there only to be looked at.
    pub(crate) needed: bool,
    /// Whether a build context stands in its place: then its base is that context, and it has nothing
    /// else.
    pub(crate) replaced: bool,
}

/// An image whose digest and config the build needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageQuery {
    /// Which image.
    pub reference: Reference,
    /// For which platform.
    pub platform: Platform,
    /// The client's directory of images that it is in; without, it is in a registry.
    pub layout: Option<String>,
    /// The named context that it stands for, where it stands for one.
    pub context: Option<String>,
    /// Where the file first names it.
    pub span: Span,
    /// Whether a stage starts from it, so that its `ONBUILD` triggers are fired.
    pub is_base: bool,
    /// Whether nothing says that it is an image, so that a stage or a source may be meant.
    pub is_plain_name: bool,
}

impl ImageQuery {
    /// What the file says is an image of a registry, by a place that names it.
    fn new(reference: Reference, platform: Platform, span: Span, is_base: bool) -> Self {
        let (layout, context) = (None, None);
        Self { reference, platform, layout, context, span, is_base, is_plain_name: false }
    }
}

/// Where files come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The build context.
    Context,
    /// Nothing.
    Scratch,
    /// A stage of the plan, by its place in the plan's list.
    Stage(usize),
    /// An image of the plan, by its place in the plan's list.
    Image(usize),
    /// A named build context of the plan, by its place in the plan's list.
    Named(usize),
}

/// All stages of a spec, with what they need.
struct Stages<'s> {
    named: Named<'s>,
    /// For each stage each `from` in it, with its place; its base is the first.
    froms: Vec<Vec<(Span, Meaning)>>,
    /// For each stage those that it requires.
    requires: Vec<Vec<Gate>>,
    /// For each stage the platform that it asks for itself.
    platforms: Vec<Option<Platform>>,
    /// For each stage whether a build context stands in its place.
    replaced: Vec<bool>,
    /// Which of them, and of their steps, exist.
    presence: Presence,
    /// For each stage what is wrong with its `from`s.
    problems: Vec<Diagnostics>,
    /// For each stage whether it is known what every `from` means.
    knows_froms: Vec<bool>,
}

/// What the stages are selected for, by their places in the spec.
struct Goal {
    target: Option<usize>,
    unclear: Option<Diagnostic>,
    gates: Vec<Gate>,
    shipped: Vec<usize>,
}

/// `None` means that there are errors. For a purpose that finds all of them, the stages are selected of which
/// it is known what they start from.
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
        // All stages can be looked at, whichever is built.
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
        // What is asked for is there to be asked for.
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
    // Where it is not clear which is built, all are looked at for what is wrong with them.
    let all = matches!(purpose, Purpose::Check | Purpose::Lock) || target.is_none();
    for (at, problems) in std::mem::take(&mut stages.problems).into_iter().enumerate() {
        // Of a stage that is not built, only what nothing that the client gives can mend.
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

/// Whether a build for which the client gives more may not have the problem.
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
    /// Which of the stages is the target. Where none is, for want of a default, any stands for it that
    /// nothing needs: the last.
    pub(super) fn target(&self) -> Option<usize> {
        self.target.or(self.stages.len().checked_sub(1))
    }

    /// The error that a build ends with, where all stages are looked at and the default target is not clear. Everything
    /// else can be found without one.
    pub fn unclear_target(&self) -> Option<&Diagnostic> {
        self.unclear.as_ref()
    }

    /// The images that must be looked up before [`super::resolve`].
    pub fn images(&self) -> &[ImageQuery] {
        &self.images
    }

    /// What it was selected for.
    pub fn request(&self) -> &Request {
        self.request
    }

    /// Where the files of a `from` come from.
    pub(crate) fn origin(&self, from: &Spanned<From>) -> Origin {
        super::step::origin_of(Some(from), &self.origins)
    }

    /// Whether a step exists in this build.
    pub(super) fn exists(&self, step: &Step) -> bool {
        !self.skipped.contains(&step.span)
    }

    /// The named build contexts that must be looked into before [`super::resolve`].
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
                    // As in Dockerfiles, an image that files are copied from is the target's.
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
        // What stands in the place of a stage has been built.
        for required in &mut stages.requires {
            required.retain(|gate| !stages.replaced[gate.stage]);
        }
        stages
    }

    /// For each stage whether it is in a list, dependencies first, and it is known what it starts from.
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
        // A stage has its place once it is done. Only a stage in a cycle, which has been reported, needs one that
        // has none: its reference means nothing.
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

/// Reports stages of which each needs the next, and the last the first. `edge` is the place that says so.
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
