//! The position of a step in its stage, for the progress output.

use std::fmt::Write;

use buildkit_llb::Platform;

use crate::plan::PlannedStage;

/// Writes `[builder 3/5]` before a label, as the Dockerfile frontend does; the base counts as the
/// first of a stage's steps. `[linux/amd64->arm64 builder 3/5]` is a stage for another platform
/// than the one it runs on.
pub(crate) struct Position {
    /// `[builder`
    stage: String,
    /// `/5] `
    total: String,
    /// The number of digits of the largest number.
    width: usize,
}

impl Position {
    /// `target` is the platform of the build if there are several.
    pub(crate) fn new(stage: &PlannedStage, target: Option<&Platform>) -> Self {
        let own = &stage.platform;
        let platforms = match target {
            None => String::new(),
            Some(target) if own == target => format!("{own} "),
            Some(target) => format!("{own}->{} ", target.architecture()),
        };
        let total = stage.ops().count() + 1;
        Self {
            stage: format!("[{platforms}{}", stage.name),
            width: total.to_string().len(),
            total: format!("/{total}] "),
        }
    }

    /// Appends the prefix and a label, for step `number`.
    pub(crate) fn write(&self, number: usize, label: &str, out: &mut String) {
        let Self { stage, total, width } = self;
        let _ = write!(out, "{stage} {number:>width$}{total}{label}");
    }

    /// Appends the stage and a label without a number, for an op that is not a step.
    pub(super) fn write_stage(&self, label: &str, out: &mut String) {
        out.extend([&self.stage, "] ", label]);
    }
}
