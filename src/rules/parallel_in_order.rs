//! `parallel-in-order`: branches that run one after the other, because the engine cannot merge
//! them.

use super::Build;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

pub(super) fn check(build: &Build<'_>, diagnostics: &mut Diagnostics) {
    if build.engine.merges_branches() {
        return;
    }
    for fork in build.plan.stages.iter().flat_map(|stage| &stage.forks) {
        let message = "the engine cannot merge branches: they run one after the other";
        diagnostics.push(
            Diagnostic::new(Code::ParallelInOrder, fork.span, message).hint(
                "this needs BuildKit 0.10 or later, or Docker with the containerd image store",
            ),
        );
    }
}
