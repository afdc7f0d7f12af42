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

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::error::reword;
use self::names::FileNames;
use self::stage::{Recorded, Walk};
use self::state::{Base, State};
use self::values::{Limit, globals};
use crate::convert::ReadDockerfile;
use crate::dockerfile::{Instruction, Kind};
use crate::plan::{Action, ContainerConfig, History, ImageConfig, Origin, Plan, Request, StageId};
use crate::source::{SourceMap, Span};
use crate::text::Text;

/// The author of history entries, for clients that show it.
const COMMENT: &str = "buildkit.dockerfile.v0";

/// Sets the names and the history of a Dockerfile in the plan of its build file.
pub fn apply(read: &ReadDockerfile, files: &SourceMap, request: &Request, plan: &mut Plan) {
    plan.is_from_dockerfile = true;
    let limit = Limit::default();
    let names = FileNames::new(&read.dockerfile, request.several_platforms);
    let globals = globals(&read.dockerfile, request, &limit);
    // For each stage of the Dockerfile, the stages of the plan that it was converted to, in order.
    let mut parts: BTreeMap<usize, Vec<StageId>> = BTreeMap::new();
    for (at, stage) in plan.stages.enumerate() {
        let Some(&index) = read.stages.get(stage.name.as_str()) else { return };
        parts.entry(index).or_default().push(at);
    }
    let mut stages: BTreeMap<usize, RecordedStage<'_>> = BTreeMap::new();
    for (&index, parts) in &parts {
        let Some(&first) = parts.first() else { continue };
        let base = base_of(read, index, first, plan);
        let stage = &read.dockerfile.stages[index];
        let mut instructions = Vec::new();
        let mut own: &[Instruction] = &stage.instructions;
        let state = match base {
            FoundBase::Stage(base) => {
                let Some(base) = stages.get(&base) else { return };
                instructions.extend(base.triggers());
                let mut state = base.state.clone();
                state.begin_stage();
                state
            }
            FoundBase::Image(config) => State::of_image(config, plan.stages[first].platform.os()),
            FoundBase::Replaced(config) => {
                own = &[];
                State::of_image(config, plan.stages[first].platform.os())
            }
            FoundBase::Nothing => {
                State::of_image(ContainerConfig::scratch(), plan.stages[first].platform.os())
            }
        };
        let triggers = instructions.len();
        instructions.extend(own);
        let below = stage_below(read, index, first, plan);
        let base = Base::of(&plan.stages[first].base, &below, plan);
        let platform = &plan.stages[first].platform;
        let numbers = names.stage(index, &base, &instructions, triggers, platform);
        if let (Origin::Image(at), Some(title)) = (plan.stages[first].base, numbers.from()) {
            plan.images[at].title.get_or_insert(title);
        }
        let mut walk = Walk {
            read,
            globals: &globals,
            build_args: &request.build_args,
            epoch: request.epoch_value.as_deref(),
            limit: &limit,
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
        let places = places.map(|(at, instruction)| (instruction.span.start, at)).collect();
        stages.insert(index, RecordedStage { state: walk.state, instructions, places, recorded });
    }
    // An image that is only copied from is not a step of a stage.
    for image in &mut plan.images {
        image.title.get_or_insert_with(|| "FROM".to_owned());
    }
    record(read, files, &stages, plan);
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
    // The stages that the image consists of, the lowest first.
    let mut chain = vec![plan.target];
    while let Some(Origin::Stage(base)) = chain.last().map(|&at| plan.stages[at].base) {
        chain.push(base);
    }
    chain.reverse();
    // For each stage of the image, the number of layers of each instruction.
    let mut layers: Vec<(usize, Vec<usize>)> = Vec::new();
    let mut is_complete = true;
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
            let Some(recorded) = found.map(|at| &recorded.recorded[at]) else {
                step.title = None;
                continue;
            };
            step.title = recorded.title.clone().map(Box::new);
            // A build file recognises archives by their names; `ADD` looks at their content.
            match &mut step.action {
                Action::Copy(copy) => copy.unpack = recorded.unpacks,
                Action::Unpack(unpack) if recorded.renames => {
                    let to = unpack.destination.trim_end_matches('/');
                    if !to.is_empty() {
                        unpack.destination = to.into();
                    }
                }
                _ => {}
            }
            // The shell of a build file stops at the first failure, the layout of its text is
            // changed, and args are set only in the steps that use them. Use the process of
            // docker/dockerfile instead, so that messages show the same command and the two
            // frontends share cached steps.
            if let (Action::Exec(exec), Some(process)) = (&mut step.action, &recorded.process) {
                exec.environment = Arc::clone(&process.environment);
                if let (None, Some(words)) = (&exec.script, &process.words) {
                    exec.args = words.iter().map(|word| Text::from(word.as_str())).collect();
                }
            }
        }
        if !chain.contains(&at) {
            continue;
        }
        if layers.last().is_none_or(|(last, _)| *last != index) {
            layers.push((index, vec![0; recorded.recorded.len()]));
        }
        let mut done = 0;
        for op in stage.ops() {
            done += op.len();
            match (found[done - 1], layers.last_mut()) {
                (Some(instruction), Some((_, counts))) => counts[instruction] += 1,
                _ => is_complete = false,
            }
        }
    }
    // A missing entry would shift all later entries to the wrong layers.
    if !is_complete {
        return;
    }
    order_environment(read, stages, plan);
    let created = plan.created();
    let history = &mut plan.config.history;
    history.truncate(plan.inherited_history);
    for (index, counts) in layers {
        let Some(stage) = stages.get(&index) else { continue };
        for (recorded, layers) in stage.recorded.iter().zip(counts) {
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
