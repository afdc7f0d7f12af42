//! The position of a step in its stage, for the progress output.

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
    /// The weight of the first digit of a number: 10 for two digits.
    place: usize,
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
            place: 10usize.pow(total.ilog10()),
            total: format!("/{total}] "),
        }
    }

    /// Appends the prefix and a label, for step `number`.
    pub(crate) fn write(&self, number: usize, label: &str, out: &mut String) {
        out.extend([&self.stage, " "]);
        // Written digit by digit, padded with blanks: every step has a number, and formatting is
        // slow.
        let mut place = self.place;
        while place > 0 {
            let digits = number / place;
            let is_blank = digits == 0 && place > 1;
            out.push(if is_blank { ' ' } else { char::from(b'0' + (digits % 10) as u8) });
            place /= 10;
        }
        out.extend([&self.total, label]);
    }

    /// Appends the stage and a label without a number, for an op that is not a step.
    pub(super) fn write_stage(&self, label: &str, out: &mut String) {
        out.extend([&self.stage, "] ", label]);
    }
}
