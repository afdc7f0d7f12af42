//! Converts panics, which are bugs in mstage, to an error of the build that asks for a report.
//!
//! Input: the future of a request. Output: its result, or that error. Otherwise, the client would
//! only get an exit code, with the text in the daemon's log.

use buildkit_frontend::{Panic, Status, catch_panic};

#[cfg(panic = "abort")]
compile_error!("a program that aborts cannot tell the user of its panic");

/// Runs the future and converts a panic to an error. The future stays on one thread.
pub(super) async fn reported<T>(
    work: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    match catch_panic(work).await {
        Ok(outcome) => outcome,
        Err(panic) => Err(Status::new(report(&panic))),
    }
}

fn report(panic: &Panic) -> String {
    format!(
        "internal error in mstage {} at {}: {}\n  help: please report this bug with this message and the build file: {}/issues",
        env!("CARGO_PKG_VERSION"),
        panic.place.as_deref().unwrap_or("an unknown location"),
        panic.message.as_deref().unwrap_or("no message"),
        env!("CARGO_PKG_REPOSITORY"),
    )
}
