//! Converts panics, which are bugs in mstage, to an error of the build that asks for a report.
//!
//! Input: the future of a request. Output: its result, or that error. Otherwise, the client would
//! only get an exit code, with the text in the daemon's log.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use futures_util::FutureExt;

use buildkit_frontend::Status;

#[cfg(panic = "abort")]
compile_error!("a program that aborts cannot tell the user of its panic");

thread_local! {
    /// The location of this thread's panic, which the panic payload does not contain.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Runs the future and converts a panic to an error.
///
/// The future stays on one thread.
pub(super) async fn reported<T>(
    work: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
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
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => Err(Status::new(report(&*panic))),
    }
}

fn report(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!(
        "mstage {} has made a mistake, at {}: {}\n  help: please report it, with this message and the build file: {}/issues",
        env!("CARGO_PKG_VERSION"),
        PLACE.take().as_deref().unwrap_or("an unknown place"),
        text.unwrap_or("it does not say more"),
        env!("CARGO_PKG_REPOSITORY"),
    )
}
