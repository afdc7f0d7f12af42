//! A panic is a mistake in mstage. The user reads of it as the build's error, which asks for a report.
//!
//! Comes in: the work that a request makes. Goes out: what came of it, or that error. Without this there
//! would be an exit code, and the text in the daemon's log, which is not the user's.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use futures_util::FutureExt;

use buildkit_frontend::Status;

#[cfg(panic = "abort")]
compile_error!("a program that aborts cannot tell the user of its panic");

thread_local! {
    /// Where this thread has panicked; the panic itself does not say.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// Does the work; a panic in it becomes an error.
///
/// The work stays on one thread.
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
    // What the panic has left half-done is not looked at again: there is nothing left to do but to return.
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
