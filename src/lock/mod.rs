//! The lock file: what the references of a build file stood for on the day when it was written.
//!
//! Comes in: the text of a lock file, and a reference that a build has come to. Goes out: what the
//! reference is held to, a report where there is nothing, and the text of a new lock file. Knows nothing of
//! which references a build needs ([`crate::plan`]), and of how one is looked up ([`crate::gateway`]).

mod parse;
mod render;
mod upstream;

use std::collections::BTreeMap;
use std::sync::Arc;

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

/// What a lock file says.
#[derive(Debug, Clone)]
pub struct Lock {
    /// The file's name.
    name: String,
    entries: BTreeMap<Upstream, Entry>,
}

/// What one reference stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// A digest, a commit or a checksum.
    pub pin: String,
    /// Where the file says so.
    pub span: Span,
}

/// What the references of a build are held to.
#[derive(Debug, Clone, Default)]
pub struct Locking {
    lock: Option<Arc<Lock>>,
    /// Whether a reference that has no pin is an error.
    is_required: bool,
}

/// The name of the lock file of a build file: `mstage.lock` of `mstage.toml`.
pub fn file_name(build_file: &str) -> String {
    format!("{}.lock", build_file.strip_suffix(".toml").unwrap_or(build_file))
}

impl Lock {
    /// Its entries, in the order in which they are written.
    pub fn entries(&self) -> &BTreeMap<Upstream, Entry> {
        &self.entries
    }
}

impl Locking {
    /// With this lock file, if there is one. `is_required` makes a reference without a pin an error.
    pub fn new(lock: Option<Lock>, is_required: bool) -> Self {
        Self { lock: lock.map(Arc::new), is_required }
    }

    /// An image, held to the digest of its entry. One that is written with a digest needs none.
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

    /// The checksum of a file from the web.
    pub fn url(&self, url: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<String> {
        self.pin(|| Upstream::url(url), span, diagnostics).map(str::to_owned)
    }

    /// The commit of a repository's reference. One that is a commit needs none.
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
            None => format!("there is no lock file that holds `{upstream}`"),
        };
        let mut hint = format!("a build with --target {TARGET} -o . writes it");
        if let (Upstream::Image(_), Some(_)) = (&upstream, &self.lock) {
            hint.push_str("; an image that only the engine's own store has cannot be in it");
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
