//! `StageNameCasing`, `FromAsCasing` and `ConsistentInstructionCasing`.

use super::{Input, Linter, is_lower, is_upper};
use crate::diagnostic::DockerfileRule;
use crate::dockerfile::{Instruction, Kind};

pub(super) fn stage_name_casing(
    instruction: &Instruction,
    input: &Input<'_>,
    linter: &mut Linter<'_>,
) {
    let Kind::From(header) = &instruction.kind else { return };
    let Some(name) = header.name.as_ref().filter(|name| !is_lower(&name.value)) else { return };
    let detail = format!("Stage name '{}' should be lowercase", name.value);
    linter.report_at(DockerfileRule::StageNameCasing, instruction, input, detail);
}

/// A mixed-case keyword is left to `ConsistentInstructionCasing`.
pub(super) fn from_as_casing(
    instruction: &Instruction,
    input: &Input<'_>,
    linter: &mut Linter<'_>,
) {
    let Kind::From(header) = &instruction.kind else { return };
    let (Some(_), Some(as_keyword)) = (&header.name, &header.as_keyword) else { return };
    let (from, as_keyword) = (&instruction.keyword.value, &as_keyword.value);
    let matches = match (is_lower(from), is_upper(from)) {
        (false, false) => true,
        (true, _) => is_lower(as_keyword),
        (false, true) => is_upper(as_keyword),
    };
    if !matches {
        let detail = format!("'{as_keyword}' and '{from}' keywords' casing do not match");
        linter.report_at(DockerfileRule::FromAsCasing, instruction, input, detail);
    }
}

/// The majority of the instructions decides the case; args before the first `FROM` do not count.
pub(super) fn consistent_instruction_casing(input: &Input<'_>, linter: &mut Linter<'_>) {
    let (mut lower, mut upper) = (0, 0);
    for instruction in instructions(input) {
        let keyword = &instruction.keyword.value;
        if is_lower(keyword) {
            lower += 1;
        } else if is_upper(keyword) {
            upper += 1;
        }
    }
    let mostly_lower = lower > upper;
    let (is_right, name): (fn(&str) -> bool, _) = match mostly_lower {
        true => (is_lower, "lowercase"),
        false => (is_upper, "uppercase"),
    };
    for instruction in instructions(input).filter(|found| !is_right(&found.keyword.value)) {
        let detail = format!(
            "Command '{}' should match the case of the command majority ({name})",
            instruction.keyword.value
        );
        let lines = Some(input.lines(instruction));
        linter.report(DockerfileRule::ConsistentInstructionCasing, lines, &[], detail);
    }
}

fn instructions<'d>(input: &'d Input<'_>) -> impl Iterator<Item = &'d Instruction> {
    input
        .dockerfile
        .stages
        .iter()
        .flat_map(|stage| std::iter::once(&stage.from).chain(&stage.instructions))
}
