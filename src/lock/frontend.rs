//! The frontend image that writes a lock file, and the one that a build runs.

use super::{Entry, LOCKED, Line, Lock, TARGET, Upstream};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::reference::Reference;

/// The table of a lock file that has the entry.
pub(super) const TABLE: &str = "frontend";

/// The reason for a lock file without the digest.
const UNKNOWN: &str = "the engine does not report its digest";

/// The recorded frontend image of a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFrontend {
    /// The image, without its digest.
    pub image: Reference,
    /// Its digest.
    pub entry: Entry,
}

/// The frontend image that runs, as far as the engine reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunningFrontend {
    /// The image, as in the syntax line.
    pub image: Option<Reference>,
    /// Its digest: that of its index, if it has several platforms.
    pub digest: Option<String>,
}

/// The line of a new lock file for the frontend image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrontendLine {
    /// The image.
    pub image: Reference,
    /// Its pin.
    pub line: Line,
}

impl RunningFrontend {
    /// The line of the lock file that this frontend writes in place of another. A recorded digest
    /// is kept if the new one is unknown, as it is for other images.
    pub fn line(self, old: Option<&Lock>) -> Option<FrontendLine> {
        let line = |image, pin, remark| Some(FrontendLine { image, line: Line { pin, remark } });
        let old = old.and_then(Lock::frontend);
        match (self, old) {
            (Self { image: Some(image), digest: Some(digest) }, _) => {
                line(image, Some(digest), None)
            }
            (_, Some(RecordedFrontend { image, entry })) => {
                line(image.clone(), Some(entry.pin.clone()), Some(UNKNOWN))
            }
            (Self { image: Some(image), .. }, None) => line(image, None, Some(UNKNOWN)),
            (Self { image: None, .. }, None) => None,
        }
    }
}

impl Lock {
    /// Reports an error if the recorded frontend image is not the one that runs. Names are not
    /// compared: a copy in another registry is the same image.
    pub(super) fn check_frontend(&self, running: &RunningFrontend, diagnostics: &mut Diagnostics) {
        let Some(RecordedFrontend { image, entry }) = &self.frontend else { return };
        if running.digest.as_ref() == Some(&entry.pin) {
            return;
        }
        let name = running.image.as_ref().unwrap_or(image);
        let recorded = &entry.pin;
        let by_digest = image.clone().pinned(Some(recorded.clone())).familiar();
        let by_digest = format!("`{by_digest}` in the `# syntax` line or in BUILDKIT_SYNTAX");
        let (message, hint) = match &running.digest {
            Some(digest) => {
                let name = name.clone().pinned(Some(digest.clone())).familiar();
                (
                    format!("this frontend is `{name}`, but {} records `{recorded}`", self.name),
                    format!(
                        "to use the recorded frontend, write {by_digest}; to use this one, replace the digest in this line, or \
                         write the lock file again by building with `--target {TARGET} -o .`"
                    ),
                )
            }
            None => {
                let name = Upstream::Image(name.clone());
                (
                    format!("the digest of the frontend `{name}` is unknown: {UNKNOWN}"),
                    format!("write {by_digest}"),
                )
            }
        };
        let message = format!("{LOCKED}: {message}");
        diagnostics.push(Diagnostic::new(Code::NotLocked, entry.span, message).hint(hint));
    }
}
