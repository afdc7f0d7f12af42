//! `copy-in-cache-mount`: files of a stage where a cache mount hides them.
//!
//! A run step sees the cache directory in place of what the stage has there, and what it writes there is
//! not in the stage.

use std::collections::BTreeMap;

use super::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Action, MountKind};
use crate::source::Span;

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    for stage in &subject.plan.stages {
        // Each cache directory with the first step that mounts it.
        let mut caches: BTreeMap<&str, Span> = BTreeMap::new();
        for step in &stage.steps {
            let Action::Exec(exec) = &step.action else { continue };
            for mount in &exec.mounts {
                if matches!(mount.kind, MountKind::Cache { .. }) {
                    caches.entry(&mount.destination).or_insert(step.span);
                }
            }
        }
        if caches.is_empty() {
            continue;
        }
        for step in &stage.steps {
            let mut destinations = step.action.destinations();
            let Some((path, mounted)) =
                destinations.find_map(|destination| covering(destination, &caches))
            else {
                continue;
            };
            diagnostics.push(
                Diagnostic::new(
                    Code::CopyInCacheMount,
                    step.span,
                    format!("this goes into `{path}`, where run steps see a cache instead"),
                )
                .hint("put it somewhere else, or mount the cache somewhere else")
                .related(mounted, "the step with the cache"),
            );
        }
    }
}

/// The cache directory that a path is, or is in.
fn covering<'a>(path: &str, caches: &BTreeMap<&'a str, Span>) -> Option<(&'a str, Span)> {
    let mut path = path.trim_end_matches('/');
    while !path.is_empty() {
        if let Some((&cache, &mounted)) = caches.get_key_value(path) {
            return Some((cache, mounted));
        }
        path = &path[..path.rfind('/')?];
    }
    None
}
