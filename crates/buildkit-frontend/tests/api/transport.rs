//! The connection: large messages, its lifetime, and reporting its loss.

use std::io::pipe;
use std::time::Duration;

use buildkit_frontend::{Bridge, Error, SolveRequest, pipes};
use buildkit_proto::rpc;
use tokio::io::copy_bidirectional;

use fake_gateway::{Do, Engine, Method, Release, failure};

fn nothing() -> SolveRequest {
    SolveRequest::new(Default::default())
}

#[tokio::test]
async fn the_first_bytes_are_http2() {
    let (io, daemon) = Engine::new(Release::Head).start();
    Bridge::connect(io).await.unwrap();
    assert!(daemon.received().starts_with(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
}

#[tokio::test]
async fn errors_with_large_details_arrive() {
    // Ten times hyper's default limit for headers.
    let detail = rpc::Any { type_url: "large".into(), value: vec![b'x'; 160 << 10] };
    let status = rpc::Status { details: vec![detail], ..failure("a step failed") };
    let (io, _daemon) = Engine::new(Release::Head).on(Method::Solve, Do::Fail(status)).start();
    let bridge = Bridge::connect(io).await.unwrap();

    let Err(Error::Status(status)) = bridge.solve(nothing()).await else { panic!("no status") };
    assert_eq!(status.message(), "a step failed");
    // The connection still works.
    bridge.solve(nothing()).await.unwrap();
}

#[tokio::test]
async fn it_stays_open_when_nobody_holds_it() {
    let (io, daemon) = Engine::new(Release::Head).start();
    drop(Bridge::connect(io).await.unwrap());
    // Effects of a closing connection would show while other tasks run.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!daemon.closed());
}

#[tokio::test]
async fn a_daemon_that_hangs_up_is_told_from_a_build_that_fails() {
    let (io, _daemon) = Engine::new(Release::Head).on(Method::Solve, Do::HangUp).start();
    let bridge = Bridge::connect(io).await.unwrap();
    let error = bridge.solve(nothing()).await.unwrap_err();
    assert!(matches!(error, Error::Connection(_)), "{error:?}");

    // No second connection is tried.
    let error = bridge.solve(nothing()).await.unwrap_err();
    assert!(matches!(error, Error::Connection(_)), "{error:?}");
}

#[tokio::test]
async fn a_daemon_that_hangs_up_at_once() {
    let (io, other) = tokio::io::duplex(64);
    drop(other);
    let error = Bridge::connect(io).await.unwrap_err();
    assert!(error.to_string().starts_with("lost the connection to BuildKit: "), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_says_nothing() {
    // Held open, never answered: someone has started the frontend by hand.
    let (io, _other) = tokio::io::duplex(1 << 10);
    let error = Bridge::connect(io).await.unwrap_err();
    assert_eq!(error.to_string(), "lost the connection to BuildKit: no response within 15s");
}

#[tokio::test]
async fn pipes_carry_it_too() {
    let (mut io, daemon) = Engine::new(Release::Head).start();
    let (from_daemon, to_frontend) = pipe().unwrap();
    let (from_frontend, to_daemon) = pipe().unwrap();
    let mut daemon_end = pipes(from_frontend.into(), to_frontend.into()).unwrap().expect("pipes");
    tokio::spawn(async move { copy_bidirectional(&mut io, &mut daemon_end).await });

    let stdio = pipes(from_daemon.into(), to_daemon.into()).unwrap().expect("pipes");
    let connect = tokio::time::timeout(Duration::from_secs(5), Bridge::connect(stdio));
    let bridge = connect.await.expect("an answer").unwrap();
    bridge.solve(nothing()).await.unwrap();
    assert_eq!(daemon.methods(), [Method::Ping, Method::Solve]);
}

#[tokio::test]
async fn pipes_must_be_pipes_and_the_right_way_round() {
    let (reader, writer) = pipe().unwrap();
    assert!(pipes(writer.into(), reader.into()).unwrap().is_none());

    let (socket, other) = std::os::unix::net::UnixStream::pair().unwrap();
    assert!(pipes(socket.into(), other.into()).unwrap().is_none());
}
