//! `ignored-mount`: a bind mount of files that an ignore file excludes.
//!
//! The step would fail because the file is not found, although it is in the directory.

use std::collections::BTreeSet;

use super::Build;
use super::ignored_copy::{Ignored, found};
use crate::diagnostic::{Code, Diagnostics};
use crate::plan::{Action, MountKind, Origin};

pub(super) fn check(build: &Build<'_>, diagnostics: &mut Diagnostics) {
    let Some(mut ignored) = Ignored::new(build) else { return };
    // The mounts of a stage belong to each of its steps.
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for step in build.plan.stages.iter().flat_map(|stage| &stage.steps) {
        let Action::Exec(exec) = &step.action else { continue };
        let mut sources = Vec::new();
        for mount in &exec.mounts {
            if let MountKind::Bind { origin: Origin::Context, source, .. } = &mount.kind
                && !told.contains(source.as_str())
            {
                sources.push(source.as_str());
            }
        }
        let Some(()) = ignored.compare(&sources) else { return };
        // The source of a mount is a path and never a pattern.
        if let Some(source) = sources.into_iter().find(|source| ignored.keeps_out(source)) {
            told.insert(source);
            diagnostics.push(found(Code::IgnoredMount, source, step.span));
        }
    }
}
