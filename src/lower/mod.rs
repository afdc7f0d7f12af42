//! From a [`Plan`] to LLB.
//!
//! Input: a plan. Output: ops in a [`Graph`], and the target's [`State`]. All values are known by
//! now, so no error of the author can be found here. Must not depend on names, args and TOML.

mod archive;
mod caches;
mod context;
mod copy;
mod exec;
mod file;
mod gates;
mod label;
mod merge;
mod parallel;
mod position;
mod report;
mod settings;
mod site;
mod squash;
mod times;

use std::collections::BTreeMap;
use std::fmt;

use buildkit_llb::{
    Graph, Image, ImportError, Location, Metadata, OciLayout, Range, SourceId, SourceInfo, State,
};

pub use self::caches::{CACHE, Cache, MEETING, MEETING_ID, OUTPUT, SOURCE, WAIT, add_file};
pub use self::context::{git_source, main_context};
pub(crate) use self::label::Label;
use self::label::label_of;
pub(crate) use self::position::Position;
pub use self::report::{Process, REPORT_DOCUMENT, Transfer, TransferFrom, add_report};
pub use self::settings::{
    Engine, MainContext, MainSource, ProcessOptions, Program, Sessions, Settings,
};
use self::site::StepSite;
use crate::id::IdVec;
use crate::plan::{
    Action, ContextId, ImageId, Origin, Plan, PlannedImage, PlannedStage, PlannedStep, StageId,
    Title,
};
use crate::source::{SourceFile, SourceMap, Span};

/// The result of lowering a plan.
#[derive(Debug, Clone)]
pub struct Lowered {
    /// The target.
    pub target: State,
    /// The target, once all required stages have been built.
    pub guarded: State,
    /// The required stages, if the engine has no op that waits for them: to be built along with the
    /// target.
    pub beside: Vec<State>,
    /// Further stages to include in an SBOM, by name.
    pub extras: BTreeMap<String, State>,
    /// The location of the target's report in the build file.
    pub report: Option<Location>,
    /// The target's steps that run a process, in order, if its report is requested.
    pub processes: Vec<Process>,
    /// The caches that steps of any stage mount, by their ids and initial content.
    pub caches: BTreeMap<(String, State), Cache>,
}

/// Limit on the size of a plan's ops, in bytes. Engines accept only a fraction of that at once, and
/// a few lines can exceed it: every process has all variables of its stage.
const MAX_GRAPH: usize = 64 << 20;

/// Estimated size of an op, in bytes.
const OP: usize = 512;

/// Estimated number of ops that belong to no step.
const BESIDE: usize = 16;

/// Estimated length of a label.
const LABEL: usize = 128;

/// A reason why a plan could not be lowered.
#[derive(Debug)]
pub enum LowerError {
    /// An imported graph is invalid.
    Import(ImportError),
    /// It is too large to be built.
    TooLarge,
}

impl fmt::Display for LowerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LowerError::Import(err) => err.fmt(f),
            LowerError::TooLarge => write!(
                f,
                "the build is too large: its operations exceed {} MiB (each process carries all variables, mounts and secrets of its stage)",
                MAX_GRAPH >> 20
            ),
        }
    }
}

impl std::error::Error for LowerError {}

impl From<ImportError> for LowerError {
    fn from(err: ImportError) -> Self {
        LowerError::Import(err)
    }
}

/// Adds a plan's ops to a graph. Plans of one file for several platforms may share a graph: ops
/// that they have in common are added once.
///
/// Fails if the client, or the engine's own Dockerfile frontend, gave an invalid graph, or if the
/// graph exceeds the size limit.
pub fn lower(
    plan: &Plan,
    files: &SourceMap,
    settings: &Settings,
    graph: &mut Graph,
) -> Result<Lowered, LowerError> {
    let most = graph.encoded_len() + MAX_GRAPH;
    let steps = plan.stages.iter().map(|stage| stage.steps.len()).sum::<usize>();
    let ops = plan.images.len() + plan.named_contexts.len() + steps + BESIDE;
    graph.reserve(ops, (ops * OP).min(MAX_GRAPH));
    let sources = files.files().map(|file| graph.add_source(source_info(file))).collect();
    let mut lowering = Lowering {
        plan,
        files,
        sources,
        graph,
        context: State::SCRATCH,
        named_contexts: IdVec::default(),
        images: IdVec::default(),
        bases: IdVec::default(),
        stages: IdVec::default(),
        processes: vec![],
        caches: BTreeMap::new(),
    };
    lowering.context = lowering.add_context(settings)?;
    for context in &plan.named_contexts {
        let state = lowering.add_named_context(context, settings)?;
        lowering.named_contexts.push(state);
    }
    lowering.images = lowering.add_images(settings);
    lowering.bases = lowering.add_bases()?;
    for (at, stage) in plan.stages.enumerate() {
        let is_reported = plan.is_report && at == plan.target;
        let state =
            lowering.add_stage(stage, is_reported, settings, most).ok_or(LowerError::TooLarge)?;
        lowering.stages.push(state);
    }
    let target = lowering.stages[plan.target];
    let mut extras = BTreeMap::new();
    for (at, stage) in plan.stages.enumerate() {
        if at < plan.target && stage.sbom && !plan.is_report {
            extras.insert(stage.name.to_string(), lowering.stages[at]);
        }
    }
    if plan.sbom_of_context && !plan.is_report {
        extras.insert("context".to_owned(), lowering.context);
    }
    let (guarded, mut beside) = lowering.guard(target, settings);
    for definition in plan.images.iter().flat_map(|image| &image.beside) {
        beside.push(lowering.graph.import(definition.clone())?);
    }
    let report = plan.stages[plan.target].report.as_ref();
    let report = report.map(|report| lowering.location(report.span));
    let Lowering { processes, caches, .. } = lowering;
    Ok(Lowered { target, guarded, beside, extras, report, processes, caches })
}

fn source_info(file: &SourceFile) -> SourceInfo {
    SourceInfo::new(file.name(), file.text().as_bytes())
        .language(file.language())
        .definition(file.definition().cloned())
}

/// The state of lowering a plan.
struct Lowering<'a> {
    plan: &'a Plan,
    files: &'a SourceMap,
    /// One for each source file.
    sources: Vec<SourceId>,
    graph: &'a mut Graph,
    context: State,
    named_contexts: IdVec<ContextId, State>,
    images: IdVec<ImageId, State>,
    /// The images as bases of stages: after their `ONBUILD` triggers, if any.
    bases: IdVec<ImageId, State>,
    /// The file systems of the stages that are already lowered.
    stages: IdVec<StageId, State>,
    /// The target's steps that run a process, if its report is requested.
    processes: Vec<Process>,
    /// The caches of the steps.
    caches: BTreeMap<(String, State), Cache>,
}

impl Lowering<'_> {
    fn add_images(&mut self, settings: &Settings) -> IdVec<ImageId, State> {
        let mut labels = self.plan.images.map(|_| None);
        for stage in &self.plan.stages {
            if let Origin::Image(at) = stage.base
                && labels[at].is_none()
            {
                let mut label = String::new();
                self.position(stage, settings).write(1, "FROM", &mut label);
                labels[at] = Some(label);
            }
        }
        let labels = labels.into_iter().map(|label| label.unwrap_or("[image] FROM".to_owned()));
        let images = self.plan.images.iter().zip(labels);
        images.map(|(image, label)| self.add_image(image, &label, settings)).collect()
    }

    fn add_image(&mut self, image: &PlannedImage, label: &str, settings: &Settings) -> State {
        if !image.has_layers {
            return State::SCRATCH;
        }
        let reference = &image.reference;
        let platform = Some(image.platform.clone());
        let locations: Vec<Location> =
            image.spans.iter().map(|&span| self.location(span)).collect();
        let named = |name: String| Metadata::named(name).at(locations);
        if let Some(store) = &image.layout {
            let layout = OciLayout::new(reference.to_string())
                .platform(platform)
                .session_id(settings.sessions.id.clone())
                .store_id(store.clone());
            let name = image.context.as_deref().unwrap_or(store);
            return self.graph.add(layout, named(format!("[context {name}] OCI load from client")));
        }
        let op =
            Image::new(reference.clone()).platform(platform).resolve_mode(settings.resolve_mode);
        let name = match &image.context {
            Some(context) => format!("[context {context}] {reference}"),
            None => format!("{} {reference}", image.title.as_deref().unwrap_or(label)),
        };
        self.graph.add(op, named(name))
    }

    fn add_bases(&mut self) -> Result<IdVec<ImageId, State>, ImportError> {
        let images = self.plan.images.iter().zip(&self.images);
        images
            .map(|(image, &state)| match &image.triggered {
                Some(definition) => self.graph.import(definition.clone()),
                None => Ok(state),
            })
            .collect()
    }

    /// Returns `None` once there are more than `most` bytes in the graph.
    fn add_stage(
        &mut self,
        stage: &PlannedStage,
        is_reported: bool,
        settings: &Settings,
        most: usize,
    ) -> Option<State> {
        let position = self.position(stage, settings);
        let mut state = self.start(stage, &position);
        let base = state;
        let mut label = String::with_capacity(LABEL);
        let mut forked = None;
        let mut done = 0;
        for (number, steps) in (2..).zip(stage.ops()) {
            let branch = steps.first().and_then(|step| step.branch);
            let branch = branch.filter(|_| settings.engine.merges_branches());
            state = self.go_on(branch, state, &mut forked, stage, &position);
            label.clear();
            let mut merge_label = None;
            match Title::of(steps) {
                Some(title) => {
                    label.extend([title.place.as_str(), title.text.as_str()]);
                    merge_label = Some(format!("{}LINK {}", title.place, title.text));
                }
                None => position.write(number, &label_of(steps), &mut label),
            }
            let labels = (label.as_str(), merge_label);
            state = self.add_steps(steps, stage, state, labels, settings);
            if is_reported && matches!(steps, [PlannedStep { action: Action::Exec(_), .. }]) {
                self.processes.push(Process { step: done, state });
            }
            done += steps.len();
            if self.graph.encoded_len() > most {
                return None;
            }
        }
        state = self.go_on(None, state, &mut forked, stage, &position);
        // A report needs no layer of its own.
        Some(if is_reported { state } else { self.squash(base, state, stage, &position) })
    }

    /// Adds the op of one step, or of several that run nothing.
    fn add_steps(
        &mut self,
        steps: &[PlannedStep],
        stage: &PlannedStage,
        root: State,
        (label, merge_label): (&str, Option<String>),
        settings: &Settings,
    ) -> State {
        let [step, ..] = steps else { return root };
        let locations: Vec<Location> = steps.iter().map(|step| self.location(step.span)).collect();
        // For `no-cache` on an exec step, vary the environment instead: `ignore_cache` would also
        // empty its cache mounts.
        let ignore_cache =
            stage.ignore_cache || step.no_cache && !matches!(step.action, Action::Exec(_));
        let name = Some(label.into());
        let metadata = Metadata::default().name(name).ignore_cache(ignore_cache).at(locations);
        let files = StepSite { root, metadata, merge_label, settings };
        match &step.action {
            Action::Exec(exec) => self.add_exec(exec, step.no_cache, &stage.platform, files),
            Action::Copy(_)
            | Action::Fetch(_)
            | Action::Git(_)
            | Action::Unpack(_)
            | Action::Write(_)
            | Action::Mkdir { .. }
            | Action::Remove { .. }
            | Action::Symlink { .. } => self.add_changes(steps, files),
        }
    }

    fn state_of(&self, origin: Origin) -> State {
        match origin {
            Origin::Context => self.context,
            Origin::Scratch => State::SCRATCH,
            Origin::Stage(at) => self.stages[at],
            Origin::Image(at) => self.images[at],
            Origin::Named(at) => self.named_contexts[at],
        }
    }

    fn location(&self, span: Span) -> Location {
        let source = self.sources[self.files.number(span)];
        let mut ranges = self.files.place(span).ranges().into_iter().map(Range::lines);
        match ranges.next() {
            Some(range) => Location::new(source, range, ranges.collect()),
            None => Location::lines(source, 1..=1),
        }
    }

    /// The progress prefix for the steps of a stage.
    fn position(&self, stage: &PlannedStage, settings: &Settings) -> Position {
        Position::new(stage, settings.several_platforms.then_some(&self.plan.platform))
    }
}
