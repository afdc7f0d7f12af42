//! `NoEmptyContinuation`: a blank line between the lines of an instruction.

use super::{Input, Linter};
use crate::diagnostic::DockerfileRule;

/// The finding is at the last line of the instruction, not counting heredocs.
pub(super) fn check(input: &Input<'_>, linter: &mut Linter<'_>) {
    for &span in &input.dockerfile.empty_continuations {
        let line = input.file.line(span.start);
        let detail = "Empty continuation line".to_owned();
        linter.report(DockerfileRule::NoEmptyContinuation, Some(line..=line), &[], detail);
    }
}
