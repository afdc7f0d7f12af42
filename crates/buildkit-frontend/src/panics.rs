//! Turns panics into errors that the user sees.
//!
//! Without this module the user sees only an exit code, and the text of the panic is in the daemon's log.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use futures_util::FutureExt;

use crate::Status;

thread_local! {
    /// The location of this thread's panic, which the panic payload does not contain.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// A panic of a frontend.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Panic {
    /// Its file, line and column, if known.
    pub place: Option<String>,
    /// Its text, if any.
    pub message: Option<String>,
}

/// Runs some work and returns a panic in it as an error. [`run`](crate::run()) and [`respond`](crate::respond) do this
/// for a frontend; call it to report a panic with another message than theirs.
///
/// The work must stay on one thread. In a program that is compiled with `panic = "abort"` nothing can be caught.
pub async fn catch_panic<T>(work: impl Future<Output = T>) -> Result<T, Panic> {
    static REMEMBER: Once = Once::new();
    REMEMBER.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PLACE.set(info.location().map(ToString::to_string));
            usual(info);
        }));
    });
    // State that the panic has left inconsistent is not used again: all that is left to do is to
    // return.
    AssertUnwindSafe(work).catch_unwind().await.map_err(|panic| Panic::of(&*panic))
}

impl Panic {
    fn of(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        Self {
            place: PLACE.take(),
            message: text.or_else(|| panic.downcast_ref::<String>().cloned()),
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.as_deref().unwrap_or("an unknown place");
        let message = self.message.as_deref().unwrap_or("no message");
        write!(f, "the frontend panicked at {place}: {message}")
    }
}

impl std::error::Error for Panic {}

impl From<Panic> for Status {
    fn from(panic: Panic) -> Self {
        Self::new(panic.to_string()).help("this is a bug of the frontend: please report it there")
    }
}
