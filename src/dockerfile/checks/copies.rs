//! `CopyIgnoredFile`: a copy of a file that the ignore file excludes from the build context.

use super::{Linter, State, Step};
use crate::diagnostic::DockerfileRule;
use crate::dockerfile::Kind;
use crate::dockerfile::evaluate::Values;
use crate::ignore::IgnorePatterns;
use crate::path_pattern::clean;
use crate::plan::GitUrl;

/// Limit on the comparisons: bytes of paths times bytes of patterns.
const MAX_COMPARED: usize = 1 << 28;

/// The ignore file of a build context.
pub struct IgnoreFile {
    patterns: IgnorePatterns,
    /// True if a pattern excludes the whole context.
    leaves_nothing: bool,
    compared: std::cell::Cell<usize>,
}

impl IgnoreFile {
    /// Compiles the patterns of an ignore file. `None` if there are none, or if some re-include
    /// files (`!`): then the answer depends on the files in the context.
    pub fn new(patterns: &[String]) -> Option<Self> {
        if patterns.is_empty() || patterns.iter().any(|pattern| pattern.starts_with('!')) {
            return None;
        }
        let leaves_nothing =
            patterns.iter().any(|pattern| matches!(&**pattern, "*" | "**" | "**/*"));
        let patterns = IgnorePatterns::new(patterns)?;
        Some(Self { patterns, leaves_nothing, compared: std::cell::Cell::new(0) })
    }

    /// True if a path is excluded. Only a pattern for all files excludes the root of the context.
    fn keeps_out(&self, path: &str) -> bool {
        let compared = self.compared.get() + path.len() * self.patterns.size();
        self.compared.set(compared);
        match path {
            _ if compared > MAX_COMPARED => false,
            "." | "/" => self.leaves_nothing,
            path => self.patterns.match_as_written(path),
        }
    }
}

/// Follows `validateCopySourcePath` of BuildKit.
pub(super) fn copy_ignored_file(step: &Step<'_>, state: &mut State<'_>, linter: &mut Linter<'_>) {
    let Some(ignore) = state.ignore else { return };
    let verb = match &step.instruction.kind {
        Kind::Copy(copy) if copy.from.as_ref().is_none_or(|from| from.value.is_empty()) => "Copy",
        Kind::Add(_) => "Add",
        _ => return,
    };
    let Values::Sources(sources) = &step.values else { return };
    for source in sources.iter().filter(|source| !is_remote(source)) {
        let path = clean(source);
        if ignore.keeps_out(&path) {
            let detail =
                format!("Attempting to {verb} file {path:?} that is excluded by .dockerignore");
            linter.report_step(DockerfileRule::CopyIgnoredFile, step, state, detail);
        }
    }
}

fn is_remote(source: &str) -> bool {
    source.starts_with("http://")
        || source.starts_with("https://")
        || GitUrl::parse(source).is_some()
}
