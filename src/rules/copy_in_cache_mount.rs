//! `copy-in-cache-mount`: files of a stage that are hidden by a cache or tmpfs mount.
//!
//! A run step sees the mount instead of the stage's files at that path, and files that it writes
//! there are not in the stage.

use std::collections::BTreeMap;

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Action, MountKind};
use crate::source::Span;

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    for stage in &subject.plan.stages {
        // Each mount point, with the kind of the mount and the first step that has it.
        let mut caches: BTreeMap<&str, (&str, Span)> = BTreeMap::new();
        for step in &stage.steps {
            let Action::Exec(exec) = &step.action else { continue };
            for mount in &exec.mounts {
                let kind = match mount.kind {
                    MountKind::Cache { .. } => "cache",
                    MountKind::Tmpfs { .. } => "tmpfs",
                    _ => continue,
                };
                caches.entry(&mount.destination).or_insert((kind, step.span));
            }
        }
        if caches.is_empty() {
            continue;
        }
        for step in &stage.steps {
            let mut destinations = step.action.destinations();
            let Some((path, (kind, mounted))) =
                destinations.find_map(|destination| covering(destination, &caches))
            else {
                continue;
            };
            diagnostics.push(
                Diagnostic::new(
                    Code::CopyInCacheMount,
                    step.span,
                    format!("files copied to `{path}` are hidden by a {kind} in run steps"),
                )
                .hint(format!("copy to another path, or move the {kind}"))
                .related(mounted, format!("the step with the {kind}")),
            );
        }
    }
}

/// The mount point that is equal to a path or contains it.
fn covering<'a, T: Copy>(path: &str, caches: &BTreeMap<&'a str, T>) -> Option<(&'a str, T)> {
    let mut path = path.trim_end_matches('/');
    while !path.is_empty() {
        if let Some((&cache, &mounted)) = caches.get_key_value(path) {
            return Some((cache, mounted));
        }
        path = &path[..path.rfind('/')?];
    }
    None
}
