//! `unlocked-reference`: a reference that the lock file does not have.
//!
//! [`crate::lock::Locking`] finds it where it looks a reference up, and the gateway where it writes a lock file and
//! cannot pin one. With `MSTAGE_LOCKED` it is an error with a code of its own.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The finding, for a reference at a place, if it has one.
pub(crate) fn found(place: Option<Span>, message: String) -> Diagnostic {
    Diagnostic { span: place, ..Diagnostic::without_place(Code::UnlockedReference, message) }
}
