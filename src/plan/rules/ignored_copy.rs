//! `ignored-copy` and `ignored-mount`: a copy or a bind mount of files that an ignore file keeps out.
//!
//! The build fails there with a file that is not found, while it is plain to see in the directory. Follows
//! `CopyIgnoredFile` of Dockerfiles.

use std::collections::BTreeSet;

use super::ignore_pattern::IgnorePatterns;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::path::has_wildcard;
use crate::plan::{Action, CopyItem, MountKind, Origin, Plan};

/// How much is compared: bytes of paths, each with every byte of the patterns. Where there is very much of
/// both, the rule looks at the first paths.
const MAX_COMPARED: usize = 1 << 28;

/// Looks for copies and mounts of what `ignore` keeps out of the build context: the patterns of the ignore file and of
/// the build file, and none where the context is no directory of the client.
pub fn warn_of_ignored_copies(plan: &Plan, ignore: &[String], diagnostics: &mut Diagnostics) {
    let Some(patterns) = IgnorePatterns::new(ignore) else { return };
    let nothing_left = ignore.iter().any(|pattern| matches!(&pattern[..], "*" | "**" | "**/*"))
        && !ignore.iter().any(|pattern| pattern.starts_with('!'));
    let keep_out = |path: &str| if path == "/" { nothing_left } else { patterns.keep_out(path) };
    let mut compared: usize = 0;
    // The mounts of a stage are those of each of its steps.
    let mut mounts: BTreeSet<&str> = BTreeSet::new();
    for step in plan.stages.iter().flat_map(|stage| &stage.steps) {
        let (code, sources): (Code, Vec<&str>) = match &step.action {
            Action::Copy(copy) if copy.origin == Origin::Context => {
                (Code::IgnoredCopy, copy.items.iter().map(CopyItem::named).collect())
            }
            Action::Unpack(unpack) if unpack.origin == Origin::Context => {
                (Code::IgnoredCopy, vec![&unpack.source])
            }
            Action::Exec(exec) => {
                let sources = exec.mounts.iter().filter_map(|mount| match &mount.kind {
                    MountKind::Bind { origin: Origin::Context, source, .. } => {
                        Some(source.as_str()).filter(|source| !mounts.contains(source))
                    }
                    _ => None,
                });
                (Code::IgnoredMount, sources.collect())
            }
            _ => continue,
        };
        let size: usize = sources.iter().map(|source| source.len()).sum();
        compared = compared.saturating_add(size.saturating_mul(patterns.size()));
        if compared > MAX_COMPARED {
            return;
        }
        // The source of a mount is a path, whatever characters are in it.
        let is_path = |source: &str| code == Code::IgnoredMount || !has_wildcard(source);
        let ignored = sources.into_iter().find(|source| is_path(source) && keep_out(source));
        if let Some(source) = ignored {
            if code == Code::IgnoredMount {
                mounts.insert(source);
            }
            diagnostics.push(
                Diagnostic::new(
                    code,
                    step.span,
                    format!("`{}` is kept out of the build context", source.trim_start_matches('/')),
                )
                .hint("by the .dockerignore file, or by `ignore` in this one: a pattern there matches it"),
            );
        }
    }
}
