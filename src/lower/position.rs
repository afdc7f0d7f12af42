//! Where a step stands in its stage, for the progress.

use std::fmt::Write;

use buildkit_llb::Platform;

use crate::plan::PlannedStage;

/// `[builder 3/5]` before a label, as the Dockerfile frontend writes it: the base is the first, counting
/// a stage's steps. `[linux/amd64->arm64 builder 3/5]` is a stage for another platform than the one it
/// runs on.
pub(super) struct Position {
    /// `[builder`
    stage: String,
    /// `/5] `
    total: String,
    width: usize,
}

impl Position {
    /// `target` is the platform of the build, where there are several.
    pub(super) fn new(stage: &PlannedStage, target: Option<&Platform>) -> Self {
        let own = &stage.platform;
        let platforms = match target {
            None => String::new(),
            Some(target) if own == target => format!("{own} "),
            Some(target) => format!("{own}->{} ", target.architecture()),
        };
        let total = (stage.ops().count() + 1).to_string();
        Self {
            stage: format!("[{platforms}{}", stage.name),
            width: total.len(),
            total: format!("/{total}] "),
        }
    }

    /// Appends it and a label, for the step with that number.
    pub(super) fn write(&self, number: usize, label: &str, out: &mut String) {
        out.push_str(&self.stage);
        // Writing to a string does not fail.
        let _ = write!(out, " {number:>width$}", width = self.width);
        out.extend([&self.total, label]);
    }

    /// Appends the stage alone and a label, for what is no step of it.
    pub(super) fn write_stage(&self, label: &str, out: &mut String) {
        out.extend([&self.stage, "] ", label]);
    }
}
