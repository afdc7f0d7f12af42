//! The lock file: the versions to which the references of a build file are pinned.
//!
//! Input: the text of a lock file, and a reference of a build. Output: the pin of the reference, a
//! diagnostic if there is none, and the text of a new lock file; and the frontend image that runs,
//! compared with the recorded one. Must not depend on which
//! references a build needs ([`crate::plan`]), and on how they are looked up ([`crate::gateway`]).

mod changes;
mod frontend;
mod parse;
mod render;
mod upstream;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::changes::changes;
pub use self::frontend::{FrontendLine, RecordedFrontend, RunningFrontend};
pub use self::parse::parse;
pub use self::render::{Line, render};
pub use self::upstream::{InvalidPin, Upstream, is_commit};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::reference::Reference;
use crate::rules::unlocked_reference;
use crate::source::Span;

/// The target that writes the lock file.
pub const TARGET: &str = "mstage.lock";

/// The build arg that makes a reference without a pin an error.
pub const LOCKED: &str = "MSTAGE_LOCKED";

/// A parsed lock file.
#[derive(Debug, Clone)]
pub struct Lock {
    /// The file's name.
    name: String,
    frontend: Option<RecordedFrontend>,
    entries: BTreeMap<Upstream, Entry>,
}

/// The pin of one reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// A digest, a commit or a checksum.
    pub pin: String,
    /// Its span in the lock file.
    pub span: Span,
}

/// The pins for the references of a build.
#[derive(Debug, Clone, Default)]
pub struct Locking {
    lock: Option<Arc<Lock>>,
    /// True if a reference without a pin is an error.
    is_required: bool,
}

/// The name of the lock file of a build file: `mstage.lock` of `mstage.toml`.
pub fn file_name(build_file: &str) -> String {
    format!("{}.lock", build_file.strip_suffix(".toml").unwrap_or(build_file))
}

impl Lock {
    /// The frontend image that wrote it, if it is recorded.
    pub fn frontend(&self) -> Option<&RecordedFrontend> {
        self.frontend.as_ref()
    }

    /// Its entries for references of the build file, in the order of the lock file.
    pub fn entries(&self) -> &BTreeMap<Upstream, Entry> {
        &self.entries
    }
}

impl Locking {
    /// Uses this lock file, if there is one. `is_required` makes a reference without a pin an
    /// error.
    pub fn new(lock: Option<Lock>, is_required: bool) -> Self {
        Self { lock: lock.map(Arc::new), is_required }
    }

    /// True if the frontend image that runs must be the recorded one.
    pub fn requires_frontend(&self) -> bool {
        self.is_required && self.lock.as_ref().is_some_and(|lock| lock.frontend.is_some())
    }

    /// Reports an error if the frontend image that runs must be the recorded one, and is not.
    ///
    /// Without `MSTAGE_LOCKED` there is not even a warning. BuildKit chooses the frontend before it
    /// runs, so the entry cannot take effect as those of images do: a warning would begin when
    /// somebody else moves the tag, and would appear in each build until all pins are updated. For
    /// a frontend that is chosen with `BUILDKIT_SYNTAX`, it would be wrong.
    pub fn check_frontend(&self, running: &RunningFrontend, diagnostics: &mut Diagnostics) {
        if let (true, Some(lock)) = (self.is_required, &self.lock) {
            lock.check_frontend(running, diagnostics);
        }
    }

    /// An image, pinned to the digest of its entry. A reference that has a digest needs no entry.
    pub fn image(
        &self,
        reference: Reference,
        span: Span,
        diagnostics: &mut Diagnostics,
    ) -> Reference {
        if reference.digest().is_some() {
            return reference;
        }
        let pin = self.pin(|| Upstream::Image(reference.clone()), span, diagnostics);
        let pin = pin.map(str::to_owned);
        reference.pinned(pin)
    }

    /// The checksum of a file at a URL.
    pub fn url(&self, url: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<String> {
        self.pin(|| Upstream::url(url), span, diagnostics).map(str::to_owned)
    }

    /// The commit of a reference in a repository. A reference that is a commit needs no entry.
    pub fn commit(
        &self,
        url: &str,
        reference: &str,
        span: Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        if is_commit(reference) {
            return None;
        }
        self.pin(|| Upstream::git(url, reference), span, diagnostics).map(str::to_owned)
    }

    fn pin(
        &self,
        upstream: impl FnOnce() -> Upstream,
        span: Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<&str> {
        if self.lock.is_none() && !self.is_required {
            return None;
        }
        let upstream = upstream();
        let found = self.lock.as_ref().and_then(|lock| lock.entries.get(&upstream));
        if let Some(entry) = found {
            return Some(&entry.pin);
        }
        let message = match &self.lock {
            Some(lock) => format!("`{upstream}` is not in {}", lock.name),
            None => format!("`{upstream}` is not locked: there is no lock file"),
        };
        let mut hint = format!("write the lock file by building with `--target {TARGET} -o .`");
        if let (Upstream::Image(_), Some(_)) = (&upstream, &self.lock) {
            hint.push_str("; an image that is only in the engine's store cannot be locked");
        }
        let problem = match self.is_required {
            true => Diagnostic::new(Code::NotLocked, span, format!("{LOCKED}: {message}")),
            false => unlocked_reference::found(Some(span), message),
        };
        diagnostics.push(problem.hint(hint));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_lock_files() {
        assert_eq!(file_name("mstage.toml"), "mstage.lock");
        assert_eq!(file_name("deploy/api.toml"), "deploy/api.lock");
        assert_eq!(file_name("Dockerfile"), "Dockerfile.lock");
    }
}
