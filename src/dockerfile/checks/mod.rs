//! The checks of the Dockerfile frontend, under their own names.
//!
//! Input: a Dockerfile, the values of a build ([`super::evaluate`]), and metadata of its base
//! images. Output: the findings, in BuildKit's order. Must not depend on how findings are shown.
//!
//! As in BuildKit, checks run at four points: on each instruction as it is read, on the stages
//! together, on each `FROM`, and on the instructions of the stages that are built (of all stages if
//! a client only checks). A rule is a function in one of the tables below. The names of the rules
//! are in [`crate::diagnostic::DockerfileRule`].

mod casing;
mod commands;
mod config;
mod continuation;
mod copies;
mod definitions;
mod expose;
mod from;
mod pairs;
mod secrets;
mod stage_names;
#[cfg(test)]
mod tests;
mod undefined;
mod workdir;

use std::ops::RangeInclusive;

pub use self::config::Config;
pub use self::copies::IgnoreFile;
use super::evaluate::{FromValues, Globals, Graph, Images, Input, Near, Step, from_values, walk};
use super::{DockerfileStage, Instruction};
use crate::diagnostic::{DockerfileRule, Finding, Findings};

/// Maximum number of findings. Nobody reads more, and no client accepts them.
const MAX_FINDINGS: usize = 10_000;

/// Checks an instruction as it is read.
type InstructionCheck = fn(&Instruction, &Input<'_>, &mut Linter<'_>);

/// Checks the stages together.
type FileCheck = fn(&Input<'_>, &mut Linter<'_>);

/// Checks a `FROM`.
type FromCheck = fn(&From<'_>, &mut Linter<'_>);

/// Checks an instruction of a stage that is built.
type StepCheck = fn(&Step<'_>, &mut State<'_>, &mut Linter<'_>);

const INSTRUCTION_CHECKS: [InstructionCheck; 4] = [
    definitions::maintainer_deprecated,
    casing::stage_name_casing,
    casing::from_as_casing,
    definitions::invalid_definition_description,
];

const FILE_CHECKS: [FileCheck; 3] =
    [stage_names::check, casing::consistent_instruction_casing, from::invalid_default_arg_in_from];

const FROM_CHECKS: [FromCheck; 3] = [
    from::undefined_arg_in_from,
    from::redundant_target_platform,
    from::from_platform_flag_const_disallowed,
];

const STEP_CHECKS: [StepCheck; 8] = [
    undefined::check,
    pairs::legacy_key_value_format,
    secrets::check,
    workdir::check,
    copies::copy_ignored_file,
    commands::multiple_instructions_disallowed,
    commands::json_args_recommended,
    expose::check,
];

/// A `FROM` with its values.
struct From<'f> {
    stage: &'f DockerfileStage,
    values: &'f FromValues,
    globals: &'f Globals,
    near: &'f Near,
    lines: RangeInclusive<u32>,
    comments: Vec<&'f str>,
}

/// State kept from one instruction of a stage to the next.
struct State<'s> {
    input: &'s Input<'s>,
    ignore: Option<&'s IgnoreFile>,
    /// The index of the stage.
    stage: usize,
    /// The previous commands of the stage.
    last: commands::Last,
}

/// Collects findings.
pub(crate) struct Linter<'c> {
    config: &'c Config,
    found: Vec<Finding>,
}

impl Linter<'_> {
    /// Adds a finding, unless the file, the client or a comment silences it.
    fn report(
        &mut self,
        rule: DockerfileRule,
        lines: Option<RangeInclusive<u32>>,
        comments: &[&str],
        detail: String,
    ) {
        if self.found.len() < MAX_FINDINGS && self.config.allows(rule, comments) {
            self.found.push(Finding { rule, detail, lines });
        }
    }

    /// Adds a finding about an instruction, whose own comments may silence it.
    fn report_at(
        &mut self,
        rule: DockerfileRule,
        instruction: &Instruction,
        input: &Input<'_>,
        detail: String,
    ) {
        let comments = input.comments(instruction);
        self.report(rule, Some(input.lines(instruction)), &comments, detail);
    }

    /// Adds a finding about an instruction of a stage that is built.
    fn report_step(
        &mut self,
        rule: DockerfileRule,
        step: &Step<'_>,
        state: &State<'_>,
        detail: String,
    ) {
        self.report_step_at(rule, step, state, step.lines.clone(), detail);
    }

    fn report_step_at(
        &mut self,
        rule: DockerfileRule,
        step: &Step<'_>,
        state: &State<'_>,
        lines: RangeInclusive<u32>,
        detail: String,
    ) {
        let comments = match step.is_trigger {
            true => Vec::new(),
            false => state.input.comments(step.instruction),
        };
        self.report(rule, Some(lines), &comments, detail);
    }
}

/// A `FROM` that fails every build.
#[derive(Debug, PartialEq, Eq)]
pub struct FromProblem {
    /// The index of the stage.
    pub stage: usize,
    /// BuildKit's error message.
    pub message: String,
}

/// Runs the checks that need no lookups, and returns the first `FROM` that fails every build.
/// `mistakes_from` is the line of the first syntax error; nothing is checked from there on.
pub fn check_file(
    input: &Input<'_>,
    config: &Config,
    mistakes_from: Option<u32>,
) -> (Findings, Option<FromProblem>) {
    let mut linter = Linter { config, found: Vec::new() };
    continuation::check(input, &mut linter);
    let dockerfile = input.dockerfile;
    let stages = dockerfile.stages.iter();
    let of_stages =
        stages.flat_map(|stage| std::iter::once(&stage.from).chain(&stage.instructions));
    for instruction in dockerfile.global_args.iter().chain(of_stages) {
        if mistakes_from.is_some_and(|line| *input.lines(instruction).start() >= line) {
            break;
        }
        for check in INSTRUCTION_CHECKS {
            check(instruction, input, &mut linter);
        }
    }
    let mut problem = None;
    if mistakes_from.is_none() && !dockerfile.stages.is_empty() {
        for check in FILE_CHECKS {
            check(input, &mut linter);
        }
        problem = check_froms(input, &mut linter);
    }
    (linter.into_findings(), problem)
}

/// Checks every `FROM`, including those of stages that are not built.
fn check_froms(input: &Input<'_>, linter: &mut Linter<'_>) -> Option<FromProblem> {
    let globals = Globals::new(input);
    let near = Near::default();
    for (index, stage) in input.dockerfile.stages.iter().enumerate() {
        let values = from_values(stage, &globals, input);
        let from = From {
            stage,
            values: &values,
            globals: &globals,
            near: &near,
            lines: input.lines(&stage.from),
            comments: input.comments(&stage.from),
        };
        for check in FROM_CHECKS {
            check(&from, linter);
        }
        if let Some(message) = values.problem(stage, &globals, &near) {
            return Some(FromProblem { stage: index, message });
        }
        if values.has_failed() {
            break;
        }
    }
    None
}

/// Checks the instructions of the stages that the target needs, or of all stages. `ignore` is the
/// ignore file of the build context.
pub fn check_stages(
    input: &Input<'_>,
    config: &Config,
    images: &dyn Images,
    ignore: Option<&IgnoreFile>,
    all: bool,
) -> Findings {
    let mut linter = Linter { config, found: Vec::new() };
    let globals = Globals::new(input);
    let graph = Graph::new(input, &globals, images);
    let Some(target) = graph.target(input) else { return linter.into_findings() };
    let wanted = match all {
        true => vec![true; graph.bases.len()],
        false => graph.reachable(target),
    };
    from::invalid_base_image_platform(input, &graph, images, &wanted, &mut linter);
    let mut state = State { input, ignore, stage: 0, last: commands::Last::default() };
    walk(input, &globals, &graph, images, &wanted, &mut |step| {
        if state.stage != step.stage {
            state.stage = step.stage;
            state.last = commands::Last::default();
        }
        for check in STEP_CHECKS {
            check(step, &mut state, &mut linter);
        }
    });
    linter.into_findings()
}

impl Linter<'_> {
    fn into_findings(self) -> Findings {
        Findings { list: self.found, are_errors: self.config.are_errors() }
    }
}

/// The keyword of a step's instruction, as written.
fn keyword<'s>(step: &'s Step<'_>) -> &'s str {
    &step.instruction.keyword.value
}

/// True if a text has no upper-case letters.
fn is_lower(text: &str) -> bool {
    text == text.to_lowercase()
}

/// True if a text has no lower-case letters.
fn is_upper(text: &str) -> bool {
    text == text.to_uppercase()
}
