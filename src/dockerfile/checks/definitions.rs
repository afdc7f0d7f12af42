//! `InvalidDefinitionDescription` and `MaintainerDeprecated`.

use super::{Input, Linter};
use crate::diagnostic::DockerfileRule;
use crate::dockerfile::{Instruction, Kind};

/// A comment directly above an `ARG` or a stage should describe it. The rule is experimental.
pub(super) fn invalid_definition_description(
    instruction: &Instruction,
    input: &Input<'_>,
    linter: &mut Linter<'_>,
) {
    let (keyword, names): (_, Vec<String>) = match &instruction.kind {
        Kind::From(header) => {
            let name = header.name.iter().map(|name| name.value.to_lowercase());
            ("FROM", name.collect())
        }
        Kind::Arg(pairs) => ("ARG", pairs.iter().map(|pair| pair.name.value.clone()).collect()),
        _ => return,
    };
    let Some(&comment) = input.comments(instruction).last() else { return };
    let first = comment.split(' ').next().unwrap_or_default();
    let example = match &names[..] {
        [] => return,
        _ if names.iter().any(|name| name == first) => return,
        [name] => name,
        [_, ..] => "<arg_key>",
    };
    let detail =
        format!("Comment for {keyword} should follow the format: `# {example} <description>`");
    let rule = DockerfileRule::InvalidDefinitionDescription;
    linter.report_at(rule, instruction, input, detail);
}

pub(super) fn maintainer_deprecated(
    instruction: &Instruction,
    input: &Input<'_>,
    linter: &mut Linter<'_>,
) {
    if matches!(instruction.kind, Kind::Maintainer(_)) {
        let detail = "Maintainer instruction is deprecated in favor of using label".to_owned();
        linter.report_at(DockerfileRule::MaintainerDeprecated, instruction, input, detail);
    }
}
