//! `unused-mounts`: a set in `[mounts]` that no list of mounts refers to.
//!
//! A set of an included file may be used in another build.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{MountList, Spec, Verb};

pub(super) fn check(spec: &Spec, diagnostics: &mut Diagnostics) {
    if spec.mounts.is_empty() {
        return;
    }
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for set in spec.mounts.values() {
        used.extend(set.sets().map(|name| name.as_str()));
    }
    for stage in spec.stages.values() {
        used.extend(stage.mounts.iter().flat_map(MountList::sets).map(|name| name.as_str()));
        for step in stage.all_steps() {
            let mounts = match &step.verb {
                Verb::Run(run) => &run.process.mounts,
                Verb::Exec(exec) => &exec.process.mounts,
                _ => continue,
            };
            used.extend(mounts.sets().map(|name| name.as_str()));
        }
    }
    let unused = spec.mounts.iter().filter(|(name, _)| !used.contains(name.as_str()));
    for (name, set) in unused.filter(|(_, set)| spec.is_own(set.span)) {
        let message = format!("unused set of mounts `{name}`");
        diagnostics.push(
            Diagnostic::new(Code::UnusedMounts, set.span, message)
                .hint(format!("use it with `mounts = [\"{name}\"]`, or remove it")),
        );
    }
}
