//! `unlocked-reference`: a reference that is not in the lock file.
//!
//! Found by [`crate::lock::Locking`] when it looks a reference up, and by the gateway when it
//! cannot pin one while writing a lock file. With `MSTAGE_LOCKED` it is an error with a code of its
//! own.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The finding for a reference, with its location if it has one.
pub(crate) fn found(place: Option<Span>, message: String) -> Diagnostic {
    Diagnostic { span: place, ..Diagnostic::without_place(Code::UnlockedReference, message) }
}
