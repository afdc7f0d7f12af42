//! Where a step stands in its stage, for the progress.

use std::fmt::Write;

use buildkit_llb::Platform;

use crate::plan::PlannedStage;

/// `[builder 3/5]` before a label, as the Dockerfile frontend writes it: the base is the first, counting
/// a stage's steps. `[linux/amd64->arm64 builder 3/5]` is a stage for another platform than the one it
/// runs on.
pub(super) struct Position<'a> {
    stage: &'a PlannedStage,
    /// With a space behind it; empty where there is one platform.
    platforms: String,
    total: usize,
    width: usize,
}

impl<'a> Position<'a> {
    /// `target` is the platform of the build, where there are several.
    pub(super) fn new(stage: &'a PlannedStage, target: Option<&Platform>) -> Self {
        let own = &stage.platform;
        let platforms = match target {
            None => String::new(),
            Some(target) if own == target => format!("{own} "),
            Some(target) => format!("{own}->{} ", target.architecture()),
        };
        let total = stage.ops().count() + 1;
        Self { stage, platforms, total, width: total.to_string().len() }
    }

    /// Appends it and a label, for the step with that number.
    pub(super) fn write(&self, number: usize, label: &str, out: &mut String) {
        let Self { stage, platforms, total, width } = self;
        let name = &stage.name;
        // Writing to a string does not fail.
        let _ = write!(out, "[{platforms}{name} {number:>width$}/{total}] {label}");
    }

    /// Appends the stage alone and a label, for what is no step of it.
    pub(super) fn write_stage(&self, label: &str, out: &mut String) {
        // Writing to a string does not fail.
        let _ = write!(out, "[{}{}] {label}", self.platforms, self.stage.name);
    }
}
