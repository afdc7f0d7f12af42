//! Whole conversations with a daemon that answers in unusual ways.

use std::time::Duration;

use mstage::gateway::run;
use tokio::runtime::Builder;

use super::scenario::Scenario;

/// A limit of the paused clock: it passes at once if everything waits.
const FOREVER: Duration = Duration::from_secs(24 * 60 * 60);

/// Runs a build against the scripted daemon that a text describes (see `scenario.rs`). Whatever the
/// daemon answers, the build ends with a result or an error, and without a panic.
pub fn gateway_answers(data: &[u8]) {
    let Scenario { engine, variables, breaks } = Scenario::parse(data);
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build();
    let (outcome, daemon) = runtime.expect("a runtime").block_on(async {
        let (io, daemon) = engine.start();
        let outcome = tokio::time::timeout(FOREVER, run(io, variables)).await;
        (outcome.expect("the conversation never ends"), daemon)
    });
    let returned = daemon.returned();
    if let Some(error) = returned.as_ref().and_then(|returned| returned.error.as_ref()) {
        let message = &error.message;
        assert!(!message.contains("internal error in mstage"), "{message}");
        // The daemon checks every graph.
        assert!(!message.contains("bad graph: "), "{message}");
    }
    match outcome {
        Ok(()) => assert!(breaks || returned.is_some(), "nothing was returned"),
        // The daemon knows no reference of a scripted result, and rejects it.
        Err(_) if breaks => {}
        Err(err) if err.to_string().contains(" not found") => {}
        Err(err) => panic!("nothing could be returned: {err}"),
    }
}
