//! `ignored-copy`: a copy of files that an ignore file excludes.
//!
//! The build would fail because the file is not found, although it is in the directory. Follows
//! `CopyIgnoredFile` of Dockerfiles.

use super::Build;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ignore::IgnorePatterns;
use crate::path_pattern::has_wildcard;
use crate::plan::{Action, CopyItem, Origin};
use crate::source::Span;

/// Limit on the comparisons: bytes of paths times bytes of patterns. Beyond that, only the first
/// paths are checked.
const MAX_COMPARED: usize = 1 << 28;

pub(super) fn check(build: &Build<'_>, diagnostics: &mut Diagnostics) {
    let Some(mut ignored) = Ignored::new(build) else { return };
    for step in build.plan.stages.iter().flat_map(|stage| &stage.steps) {
        let sources: Vec<&str> = match &step.action {
            Action::Copy(copy) if copy.origin == Origin::Context => {
                copy.items.iter().map(CopyItem::named).collect()
            }
            Action::Unpack(unpack) if unpack.origin == Origin::Context => vec![&unpack.source],
            _ => continue,
        };
        let Some(()) = ignored.compare(&sources) else { return };
        let mut paths = sources.into_iter().filter(|source| !has_wildcard(source));
        if let Some(source) = paths.find(|source| ignored.keeps_out(source)) {
            diagnostics.push(found(Code::IgnoredCopy, source, step.span));
        }
    }
}

/// The finding for a path.
pub(super) fn found(code: Code, source: &str, span: Span) -> Diagnostic {
    let path = source.trim_start_matches('/');
    Diagnostic::new(code, span, format!("`{path}` is excluded from the build context"))
        .hint("a pattern in .dockerignore, or in `ignore` of this file, matches it")
}

/// The files that are excluded from the build context.
pub(super) struct Ignored {
    patterns: IgnorePatterns,
    /// True if everything is excluded.
    is_all: bool,
    /// The comparisons so far.
    compared: usize,
}

impl Ignored {
    /// `None` if the patterns exceed the size limit.
    pub(super) fn new(build: &Build<'_>) -> Option<Self> {
        let mut lines = build.ignore.iter();
        let is_all = lines.any(|pattern| matches!(&pattern[..], "*" | "**" | "**/*"))
            && !build.ignore.iter().any(|pattern| pattern.starts_with('!'));
        Some(Self { patterns: IgnorePatterns::new(build.ignore)?, is_all, compared: 0 })
    }

    /// Counts the paths to compare. `None` once the limit is exceeded.
    pub(super) fn compare(&mut self, paths: &[&str]) -> Option<()> {
        let size: usize = paths.iter().map(|path| path.len()).sum();
        self.compared = self.compared.saturating_add(size.saturating_mul(self.patterns.size()));
        (self.compared <= MAX_COMPARED).then_some(())
    }

    /// True if a path, from the root of the context, is excluded.
    pub(super) fn keeps_out(&self, path: &str) -> bool {
        if path == "/" { self.is_all } else { self.patterns.keep_out(path) }
    }
}
