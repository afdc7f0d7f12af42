//! Failures around a build: in the daemon, in the connection, and in mstage itself.

use mstage::gateway::run;

use crate::fake::{Do, Engine, Method, Release, failure};
use crate::frontend::{SPEC, build, build_with, engine, error, variables};

/// The result of a solve can be gone when it is read: a busy engine removes unreferenced results.
#[tokio::test]
async fn a_result_that_is_gone_is_told_with_what_was_read_of_it() {
    let engine = engine().on(Method::ReadFile, Do::Fail(failure("no such ref: abc")));
    let (message, _) = error(&build(engine, SPEC, &[]).await);
    assert_eq!(message, "cannot read `mstage.toml`: no such ref: abc");
}

/// A daemon that disconnects accepts no answer; the program must end anyway.
#[tokio::test]
async fn a_daemon_that_goes_away_ends_the_program() {
    for (method, calls_before) in [
        (Method::ReadFile, 0),
        (Method::ResolveSourceMeta, 0),
        (Method::Solve, 2),
        (Method::Return, 0),
    ] {
        let engine = (0..calls_before).fold(engine(), |engine, _| engine.on(method, Do::Answer));
        let engine =
            engine.on(method, Do::HangUp).source("local://dockerfile", [("mstage.toml", SPEC)]);
        let (io, daemon) = engine.start();
        let problem = run(io, variables(&[])).await.unwrap_err();
        assert!(problem.to_string().contains("lost the connection"), "{method:?}: {problem}");
        assert!(daemon.returned().is_none(), "{method:?}");
    }
}

/// The answer to a subrequest contains whole files, and old engines accept 4 MiB in a message.
#[tokio::test]
async fn an_answer_that_is_too_large_is_told() {
    let spec = format!("{}# {}\n", SPEC, "x".repeat(7 << 19));
    let engine =
        Engine::new(Release::Bookworm).source("local://dockerfile", [("mstage.toml", spec)]);
    let daemon = build_with(engine, &["requestid=frontend.targets"]).await;
    let (message, _) = error(&daemon);
    let expected = "the result is too large for the engine: it has ";
    assert!(message.starts_with(expected), "{message}");
    assert!(message.contains("but the limit is 4 MiB"), "{message}");
}

/// The options stand for any code that could panic: they are read in the same place as everything
/// else.
#[tokio::test]
async fn a_panic_is_an_error_that_asks_for_a_report() {
    let (io, daemon) = engine().start();
    let line = line!() + 1;
    let panicking = std::iter::once_with(|| panic!("the {} of the test", "mistake"));
    run(io, panicking).await.unwrap();
    let (message, _) = error(&daemon);
    let place = format!("{}:{line}:", file!());
    let begin = format!("internal error in mstage {} at {place}", env!("CARGO_PKG_VERSION"));
    assert!(message.starts_with(&begin), "{message}");
    let end = ": the mistake of the test\n  help: please report this bug with this message and the build file: \
               https://github.com/myorg/mstage/issues";
    assert!(message.ends_with(end), "{message}");
}
