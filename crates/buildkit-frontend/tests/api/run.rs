//! Frontends as programs: their results, errors and panics reach the daemon, and their processes end.

use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::time::Duration;

use buildkit_frontend::{Answer, Options, SolveResult, Status, respond};
use buildkit_proto::frontend::ReturnRequest;
use buildkit_proto::pb;
use fake_gateway::{Daemon, Engine, Release, definition};
use prost::Message;
use tokio::io::copy_bidirectional;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

/// The time that a process may take to end, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

async fn returned(answer: fn() -> Result<SolveResult, Status>) -> ReturnRequest {
    let (io, daemon) = Engine::new(Release::Head).start();
    respond(io, Options::default(), async |_, _| answer()).await.unwrap();
    daemon.returned().unwrap()
}

#[tokio::test]
async fn a_result_is_returned() {
    let answer = || Ok(Answer::new("1.0.0", "{}").text("nothing").exit_status(1).into());
    let result = returned(answer).await.result.unwrap();
    let metadata: Vec<_> = result.metadata.iter().map(|(key, value)| (&**key, &**value)).collect();
    let expected: [(&str, &[u8]); 4] = [
        ("result.json", b"{}"),
        ("result.statuscode", b"1"),
        ("result.txt", b"nothing"),
        ("version", b"1.0.0"),
    ];
    assert_eq!(metadata, expected);
}

#[tokio::test]
async fn an_error_is_the_failure_of_the_build() {
    let error = returned(|| Err(Status::new("wrong"))).await.error.unwrap();
    assert_eq!((error.code, &*error.message), (2, "wrong"));
}

#[tokio::test]
async fn a_panic_is_the_failure_of_the_build() {
    let line = line!() + 1;
    let error = returned(|| panic!("the {} of the test", "mistake")).await.error.unwrap();
    let begin = format!("the frontend panicked at {}:{line}:", file!());
    assert!(error.message.starts_with(&begin), "{}", error.message);
    assert!(error.message.contains(": the mistake of the test\n"), "{}", error.message);
}

/// Runs the example `lines` as BuildKit runs a frontend, with a socket as its standard input and output.
async fn run_lines(engine: Engine) -> (Child, Daemon) {
    let (mut io, daemon) = engine.start();
    let (child, mut socket) = start_lines().await;
    tokio::spawn(async move { copy_bidirectional(&mut socket, &mut io).await });
    (child, daemon)
}

/// Starts the example `lines`, and returns the other end of its socket.
async fn start_lines() -> (Child, UnixStream) {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--package=buildkit-frontend", "--example=lines"])
        .status();
    assert!(built.await.unwrap().success());
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().unwrap().with_file_name("examples").join("lines");

    let (here, there) = std::os::unix::net::UnixStream::pair().unwrap();
    let [input, output] = [there.try_clone().unwrap(), there].map(OwnedFd::from).map(Stdio::from);
    let child = Command::new(program)
        .env("BUILDKIT_SESSION_ID", "s")
        .env("BUILDKIT_WORKERS", r#"[{"platforms":[{"architecture":"amd64","os":"linux"}]}]"#)
        .env("BUILDKIT_FRONTEND_OPT_0", "filename=build.txt")
        .stdin(input)
        .stdout(output)
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    here.set_nonblocking(true).unwrap();
    (child, UnixStream::from_std(here).unwrap())
}

/// Standard input that is not a pipe is read by a thread that cannot be interrupted. Here it waits
/// for an answer to the first call, for which the program times out after 15 seconds.
#[tokio::test]
async fn a_program_ends_though_its_standard_input_stays_open() {
    let (child, _open) = start_lines().await;
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
    let ended = ended.expect("the process ends").unwrap();
    assert!(!ended.status.success());
    let text = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(text, "lost the connection to BuildKit: no response within 15s\n");
}

#[tokio::test]
async fn the_example_builds_an_image() {
    let image = "docker.io/library/alpine:3.20";
    let digest = format!("sha256:{}", "a".repeat(64));
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("build.txt", "# syntax=x\nalpine:3.20\necho hi > /hi\n")])
        .image(image, &digest, r#"{"os":"linux"}"#);
    let (mut child, daemon) = run_lines(engine).await;
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
    assert!(ended.expect("the process ends").unwrap().success());

    let result = daemon.returned().unwrap().result.unwrap();
    assert_eq!(result.metadata["containerimage.config"], br#"{"os":"linux"}"#);
    let solves = daemon.solves();
    let definition = definition::of(solves.last().unwrap());
    let ops = definition.def.iter().map(|op| pb::Op::decode(op.as_slice()).unwrap().op);
    let ops: Vec<_> = ops.collect();
    let Some(pb::op::Op::Source(source)) = &ops[0] else { panic!("{ops:?}") };
    assert_eq!(source.identifier, format!("docker-image://{image}@{digest}"));
    let Some(pb::op::Op::Exec(exec)) = &ops[1] else { panic!("{ops:?}") };
    assert_eq!(exec.meta.as_ref().unwrap().args, ["/bin/sh", "-c", "echo hi > /hi"]);
}

#[tokio::test]
async fn a_wrong_line_is_shown() {
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("build.txt", "# syntax=x\nA b\n")]);
    let (mut child, daemon) = run_lines(engine).await;
    let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
    assert!(ended.expect("the process ends").unwrap().success());
    let error = daemon.returned().unwrap().error.unwrap();
    assert!(
        error.message.starts_with("line 2: invalid image reference `A b`: "),
        "{}",
        error.message
    );
    let place: serde_json::Value = serde_json::from_slice(&error.details[0].value).unwrap();
    assert_eq!(place["info"]["filename"], "build.txt");
    assert_eq!(place["ranges"][0]["start"]["line"], 2);
}
