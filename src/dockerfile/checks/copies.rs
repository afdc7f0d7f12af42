//! `CopyIgnoredFile`: a copy of what the ignore file keeps out of the build context.

use super::{Linter, State, Step};
use crate::diagnostic::DockerfileRule;
use crate::dockerfile::Kind;
use crate::dockerfile::evaluate::Values;
use crate::ignore::IgnorePatterns;
use crate::path_pattern::clean;
use crate::plan::GitUrl;

/// How much is compared: bytes of paths, each with every byte of the patterns.
const MAX_COMPARED: usize = 1 << 28;

/// The ignore file of a build context.
pub struct IgnoreFile {
    patterns: IgnorePatterns,
    /// Whether a pattern leaves nothing of the context.
    leaves_nothing: bool,
    compared: std::cell::Cell<usize>,
}

impl IgnoreFile {
    /// Takes the patterns of an ignore file. `None` where there are none, or where some bring files back: then it
    /// cannot be said without the files what is there.
    pub fn new(patterns: &[String]) -> Option<Self> {
        if patterns.is_empty() || patterns.iter().any(|pattern| pattern.starts_with('!')) {
            return None;
        }
        let leaves_nothing =
            patterns.iter().any(|pattern| matches!(&**pattern, "*" | "**" | "**/*"));
        let patterns = IgnorePatterns::new(patterns)?;
        Some(Self { patterns, leaves_nothing, compared: std::cell::Cell::new(0) })
    }

    /// Whether a path is kept out. The root of the context is no file that a pattern could mean, but for one that means
    /// all files.
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
