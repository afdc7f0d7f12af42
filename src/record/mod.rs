//! The record of a Dockerfile's build: the names of its steps in the progress, the history of its
//! image, and the words of errors.
//!
//! Input: a Dockerfile, and the [`Plan`] of the build file that it was converted to. Output: the
//! same plan, with the names and the history that BuildKit's Dockerfile frontend gives to the
//! Dockerfile's instructions (`frontend/dockerfile/dockerfile2llb/convert.go`). The actions stay
//! the same, with three exceptions: the process of a `RUN` is that of BuildKit's frontend, `ADD`
//! detects archives by their content, and copied files keep their times whatever
//! `SOURCE_DATE_EPOCH` is. Must not depend on the text of the converted build file.
//!
//! A stage of the Dockerfile may correspond to several stages of the plan, and an instruction to
//! any number of steps, or none: a step belongs to the instruction that contains its span.

mod error;
mod go;
mod history;
mod names;
mod stage;
mod state;
mod values;

use std::collections::{BTreeMap, BTreeSet};

pub use self::error::reword;
use self::names::FileNames;
use self::stage::{Recorded, Walk};
use self::state::{Base, State};
use self::values::{Limit, Values, globals};
use crate::collect::collect_map;
use crate::convert::ReadDockerfile;
use crate::dockerfile::{Instruction, Kind};
use crate::plan::{
    ContainerConfig, History, ImageConfig, Origin, Plan, PlannedStage, Request, StageId,
};
use crate::source::{SourceMap, Span};

/// The author of history entries, for clients that show it.
const COMMENT: &str = "buildkit.dockerfile.v0";

/// Sets the names and the history of a Dockerfile in the plan of its build file.
pub fn apply(read: &ReadDockerfile, files: &SourceMap, request: &Request, plan: &mut Plan) {
    plan.is_from_dockerfile = true;
    // For each stage of the Dockerfile, the first stage of the plan that it was converted to.
    let mut firsts: BTreeMap<usize, StageId> = BTreeMap::new();
    for (at, stage) in plan.stages.enumerate() {
        let Some(&index) = read.stages.get(stage.name.as_str()) else { return };
        firsts.entry(index).or_insert(at);
    }
    let recorder = Recorder::new(read, request);
    let mut stages: BTreeMap<usize, RecordedStage<'_>> = BTreeMap::new();
    for (&index, &first) in &firsts {
        let Some(stage) = recorder.stage(index, first, &stages, plan) else { return };
        stages.insert(index, stage);
    }
    // An image that is only copied from is not a step of a stage.
    for image in &mut plan.images {
        image.title.get_or_insert_with(|| "FROM".to_owned());
    }
    record(read, files, &stages, plan);
}

/// Records the stages of a Dockerfile.
struct Recorder<'d> {
    read: &'d ReadDockerfile,
    request: &'d Request,
    names: FileNames,
    globals: Values,
    limit: Limit,
}

impl<'d> Recorder<'d> {
    fn new(read: &'d ReadDockerfile, request: &'d Request) -> Self {
        let limit = Limit::default();
        let names = FileNames::new(&read.dockerfile, request.several_platforms);
        let globals = globals(&read.dockerfile, request, &limit);
        Self { read, request, names, globals, limit }
    }

    /// Records a stage, and sets the title of its base image in the plan. `first` is the first stage
    /// of the plan that belongs to it, `stages` are the ones recorded so far. `None` if its base is
    /// not among these.
    fn stage(
        &self,
        index: usize,
        first: StageId,
        stages: &BTreeMap<usize, RecordedStage<'d>>,
        plan: &mut Plan,
    ) -> Option<RecordedStage<'d>> {
        let Self { read, .. } = *self;
        let platform = &plan.stages[first].platform;
        let mut instructions = Vec::new();
        let mut own: &[Instruction] = &read.dockerfile.stages[index].instructions;
        let state = match base_of(read, index, first, plan) {
            FoundBase::Stage(base) => {
                let base = stages.get(&base)?;
                instructions.extend(base.triggers());
                let mut state = base.state.clone();
                state.begin_stage();
                state
            }
            FoundBase::Image(config) => State::of_image(config, platform.os()),
            FoundBase::Replaced(config) => {
                own = &[];
                State::of_image(config, platform.os())
            }
            FoundBase::Nothing => State::of_image(ContainerConfig::scratch(), platform.os()),
        };
        let triggers = instructions.len();
        instructions.extend(own);
        let below = stage_below(read, index, first, plan);
        let base = Base::of(&plan.stages[first].base, &below, plan);
        let numbers = self.names.stage(index, &base, &instructions, triggers, platform);
        if let (Origin::Image(at), Some(title)) = (plan.stages[first].base, numbers.from()) {
            plan.images[at].title.get_or_insert(title);
        }
        let mut walk = Walk {
            read,
            globals: &self.globals,
            build_args: &self.request.build_args,
            epoch: self.request.epoch_value.as_deref(),
            limit: &self.limit,
            numbers,
            state,
        };
        for trigger in &base.triggers {
            walk.trigger_of_image(trigger);
        }
        let recorded = instructions
            .iter()
            .enumerate()
            .map(|(at, instruction)| walk.instruction(instruction, at < triggers));
        let recorded = recorded.collect();
        let places = instructions.iter().enumerate();
        let places = collect_map(places.map(|(at, instruction)| (instruction.span.start, at)));
        Some(RecordedStage { state: walk.state, instructions, places, recorded })
    }
}

/// A stage of the Dockerfile with its record.
struct RecordedStage<'d> {
    /// The state at its end.
    state: State,
    /// The triggers of its base, followed by its own instructions.
    instructions: Vec<&'d Instruction>,
    /// The index of each instruction by the offset of its first byte.
    places: BTreeMap<u32, usize>,
    /// One for each instruction.
    recorded: Vec<Recorded>,
}

impl<'d> RecordedStage<'d> {
    /// The instruction that contains a span of the Dockerfile.
    fn find(&self, place: Span) -> Option<usize> {
        let (_, &at) = self.places.range(..=place.start).next_back()?;
        (place.end <= self.instructions[at].span.end).then_some(at)
    }

    /// The triggers for stages that are based on this one.
    fn triggers(&self) -> impl Iterator<Item = &'d Instruction> {
        self.instructions.iter().filter_map(|instruction| match &instruction.kind {
            Kind::Onbuild(trigger) => Some(&*trigger.instruction),
            _ => None,
        })
    }
}

/// The base of a stage of the Dockerfile.
enum FoundBase {
    Stage(usize),
    Image(ContainerConfig),
    /// A build context of the client replaces the stage itself.
    Replaced(ContainerConfig),
    Nothing,
}

/// The stage of the Dockerfile that another one is based on; its name may depend on an arg.
fn stage_below(read: &ReadDockerfile, index: usize, first: StageId, plan: &Plan) -> Option<usize> {
    let Origin::Stage(base) = plan.stages[first].base else { return None };
    read.stages.get(plan.stages[base].name.as_str()).copied().filter(|&base| base < index)
}

/// Determines the base of a stage. `first` is the first stage of the plan that belongs to it.
fn base_of(read: &ReadDockerfile, index: usize, first: StageId, plan: &Plan) -> FoundBase {
    let name = read.dockerfile.stages[index].header.name.as_ref();
    let replaces =
        |context: &str| name.is_some_and(|name| name.value.eq_ignore_ascii_case(context));
    match plan.stages[first].base {
        Origin::Image(at) => {
            let image = &plan.images[at];
            let config = image.config.clone();
            match image.context.as_deref().is_some_and(replaces) {
                true => FoundBase::Replaced(config),
                false => FoundBase::Image(config),
            }
        }
        Origin::Named(at) => {
            let context = &plan.named_contexts[at];
            let config = context.fact.config.as_deref().map(ImageConfig::parse);
            let config = match config {
                Some(Ok(config)) => config.config,
                Some(Err(_)) | None => ContainerConfig::scratch(),
            };
            match replaces(&context.name) {
                true => FoundBase::Replaced(config),
                false => FoundBase::Image(config),
            }
        }
        Origin::Stage(_) => match stage_below(read, index, first, plan) {
            Some(base) => FoundBase::Stage(base),
            None => FoundBase::Nothing,
        },
        Origin::Scratch | Origin::Context => FoundBase::Nothing,
    }
}

/// Sorts the variables of the image by the order in which the Dockerfile sets them.
fn order_environment(
    read: &ReadDockerfile,
    stages: &BTreeMap<usize, RecordedStage<'_>>,
    plan: &mut Plan,
) {
    let target = &plan.stages[plan.target].name;
    let Some(stage) = read.stages.get(target.as_str()).and_then(|index| stages.get(index)) else {
        return;
    };
    let ordered = stage.state.image_environment();
    let env = &mut plan.config.config.env;
    if sorted(env) == sorted(&ordered) {
        *env = ordered;
    }
}

fn sorted(entries: &[String]) -> Vec<String> {
    let mut entries = entries.to_vec();
    entries.sort();
    entries
}

/// Sets the names of steps in a plan, and the history in its config.
fn record(
    read: &ReadDockerfile,
    files: &SourceMap,
    stages: &BTreeMap<usize, RecordedStage<'_>>,
    plan: &mut Plan,
) {
    let in_image = stages_of_image(plan);
    let mut layers = Layers { counts: Vec::new(), is_complete: true };
    for (at, stage) in plan.stages.ids().zip(&mut plan.stages) {
        let Some((index, recorded)) = read
            .stages
            .get(stage.name.as_str())
            .and_then(|index| Some((*index, stages.get(index)?)))
        else {
            return;
        };
        let found: Vec<Option<usize>> =
            stage.steps.iter().map(|step| recorded.find(files.written_span(step.span))).collect();
        for (step, found) in stage.steps.iter_mut().zip(&found) {
            match found {
                Some(at) => {
                    recorded.recorded[*at].apply_to(step);
                    step.instruction = Some(recorded.instructions[*at].span.start);
                }
                None => step.title = None,
            }
        }
        if in_image.contains(&at) {
            layers.add(index, recorded, stage, &found);
        }
    }
    // A missing entry would shift all later entries to the wrong layers.
    if layers.is_complete {
        order_environment(read, stages, plan);
        record_history(&layers, stages, plan);
    }
}

/// The stages that the image consists of.
fn stages_of_image(plan: &Plan) -> BTreeSet<StageId> {
    let mut stages = BTreeSet::from([plan.target]);
    let mut last = plan.target;
    while let Origin::Stage(base) = plan.stages[last].base {
        stages.insert(base);
        last = base;
    }
    stages
}

/// The number of layers of each instruction.
struct Layers {
    /// For each stage of the image, the lowest first, its index in the Dockerfile and the number for
    /// each of its instructions.
    counts: Vec<(usize, Vec<usize>)>,
    /// True if each layer belongs to an instruction.
    is_complete: bool,
}

impl Layers {
    /// Counts the layers of a stage of the plan, which belongs to the stage `index` of the
    /// Dockerfile. `found` has the instruction of each step.
    fn add(
        &mut self,
        index: usize,
        recorded: &RecordedStage<'_>,
        stage: &PlannedStage,
        found: &[Option<usize>],
    ) {
        if self.counts.last().is_none_or(|(last, _)| *last != index) {
            self.counts.push((index, vec![0; recorded.recorded.len()]));
        }
        let mut done = 0;
        for op in stage.ops() {
            done += op.len();
            match (found[done - 1], self.counts.last_mut()) {
                (Some(instruction), Some((_, counts))) => counts[instruction] += 1,
                _ => self.is_complete = false,
            }
        }
    }
}

/// Replaces the history of the build file's steps by that of the instructions.
fn record_history(layers: &Layers, stages: &BTreeMap<usize, RecordedStage<'_>>, plan: &mut Plan) {
    let created = plan.created();
    let history = &mut plan.config.history;
    history.truncate(plan.inherited_history);
    for (index, counts) in &layers.counts {
        let Some(stage) = stages.get(index) else { continue };
        for (recorded, &layers) in stage.recorded.iter().zip(counts) {
            let Some(created_by) = &recorded.created_by else { continue };
            for at in 0..layers.max(1) {
                let entry = History {
                    created_by: created_by.clone(),
                    comment: COMMENT.to_owned(),
                    empty_layer: at >= layers,
                    ..History::default()
                };
                history.push(entry.at(created.as_deref()));
            }
        }
    }
}
