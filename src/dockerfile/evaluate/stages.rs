//! The instructions of stages, in build order.
//!
//! Follows `dispatchStates` in `convert.go` of BuildKit.

use std::ops::RangeInclusive;

use super::globals::Globals;
use super::graph::{Graph, triggers};
use super::instruction::{Values, evaluate};
use super::near::Near;
use super::variables::Variables;
use super::{Base, BaseImage, Images, Input};
use crate::diagnostic::Diagnostics;
use crate::dockerfile::{Instruction, Kind, parse};
use crate::source::SourceFile;

/// The default `PATH` of a stage whose base sets none.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Limit on the names that stages inherit in total. Each stage has its own copy.
const MAX_INHERITED: usize = 1 << 22;

/// An instruction of a stage with its values.
#[derive(Debug)]
pub(crate) struct Step<'s> {
    /// The index of the stage.
    pub(crate) stage: usize,
    pub(crate) instruction: &'s Instruction,
    /// Its lines; for a trigger of the base, those of the `FROM`.
    pub(crate) lines: RangeInclusive<u32>,
    /// True for a trigger of the base, which has no comments.
    pub(crate) is_trigger: bool,
    pub(crate) values: Values,
    /// The unset variables, each with the similar name that may be meant.
    pub(crate) undefined: Vec<(String, Option<String>)>,
    /// True if a shell is configured; `None` if the base image is unknown.
    pub(crate) has_shell: Option<bool>,
    /// True if it follows a `WORKDIR` of this file.
    pub(crate) has_workdir: bool,
    /// True if the stage is for Windows.
    pub(crate) is_windows: bool,
}

/// The state of a stage after its last instruction.
#[derive(Debug, Clone, Default)]
struct State {
    variables: Variables,
    has_shell: Option<bool>,
    has_workdir: bool,
    is_windows: bool,
}

/// Walks the instructions of the stages in `wanted`, in the order of the file. Ends where BuildKit
/// would fail with an error.
pub(crate) fn walk(
    input: &Input<'_>,
    globals: &Globals,
    graph: &Graph,
    images: &dyn Images,
    wanted: &[bool],
    visit: &mut dyn FnMut(&Step<'_>),
) {
    let stages = &input.dockerfile.stages;
    let near = Near::default();
    let mut states: Vec<State> = Vec::with_capacity(stages.len());
    let mut inherited = 0;
    for (index, stage) in stages.iter().enumerate() {
        if !wanted[index] {
            states.push(State::default());
            continue;
        }
        let from_image;
        let (mut state, base_triggers): (State, Vec<&Instruction>) = match graph.bases[index] {
            Some(base) => {
                inherited += states[base].variables.len();
                if inherited > MAX_INHERITED {
                    return;
                }
                (states[base].clone(), triggers(&stages[base].instructions).collect())
            }
            None => {
                let (state, of_image) = start(index, graph, input, images);
                from_image = of_image;
                (state, from_image.iter().collect())
            }
        };
        let own = stage.instructions.iter().map(|instruction| (instruction, false));
        let all = base_triggers.into_iter().map(|trigger| (trigger, true)).chain(own);
        for (instruction, is_trigger) in all {
            let evaluated = evaluate(instruction, &mut state.variables, globals, input, &near);
            let lines = if is_trigger { &stage.from } else { instruction };
            let step = Step {
                stage: index,
                instruction,
                lines: input.lines(lines),
                is_trigger,
                values: evaluated.values,
                undefined: evaluated.undefined,
                has_shell: state.has_shell,
                has_workdir: state.has_workdir,
                is_windows: state.is_windows,
            };
            visit(&step);
            if evaluated.has_failed {
                return;
            }
            match instruction.kind {
                Kind::Shell(_) => state.has_shell = Some(true),
                Kind::Workdir(_) => state.has_workdir = true,
                _ => {}
            }
        }
        states.push(state);
    }
}

/// The initial state of a stage that is not based on another one, and the triggers of its base
/// image.
fn start(
    index: usize,
    graph: &Graph,
    input: &Input<'_>,
    images: &dyn Images,
) -> (State, Vec<Instruction>) {
    let stage = &input.dockerfile.stages[index];
    let name = stage.header.name.as_ref().map(|name| name.value.to_lowercase());
    let replacement = name.and_then(|name| images.replacement(&name));
    let base = match (replacement, &*graph.names[index]) {
        (Some(replacement), _) => replacement,
        (None, "scratch") => Base::Image(BaseImage::default()),
        (None, base) => images.image(base, graph.platforms[index].as_deref()),
    };
    let mut state = State::default();
    let Base::Image(image) = base else {
        state.variables.may_have_more = true;
        return (state, Vec::new());
    };
    state.has_shell = Some(image.has_shell);
    state.is_windows = image.is_windows;
    for variable in &image.env {
        let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
        state.variables.set(name, value.to_owned());
    }
    if state.variables.get("PATH").is_none() && !image.is_windows {
        state.variables.set("PATH", PATH.to_owned());
    }
    (state, image.triggers.iter().flat_map(|trigger| read_trigger(trigger)).collect())
}

/// Parses a trigger recorded in an image.
fn read_trigger(text: &str) -> Option<Instruction> {
    let file = SourceFile::new("ONBUILD", format!("FROM scratch\n{text}").into_bytes());
    let mut stages = parse(&file, &mut Diagnostics::default()).stages;
    stages.pop()?.instructions.into_iter().next()
}
