//! Reports of stages: the calls to the daemon if a step passes, and if one fails.

use buildkit_llb::Digest;
use buildkit_proto::frontend::{NewContainerRequest, SolveRequest, result};
use buildkit_proto::pb;
use buildkit_proto::rpc::{Any, Status};
use expect_test::expect;
use prost::Message;
use serde_json::{Value, json};

use crate::definition;
use crate::fake::{Call, Daemon, Do, Engine, Exit, Method, Release, failure};
use crate::frontend::{CONFIG, build, error, returned};

const SPEC: &str = r#"default = "app"
[stages.gate]
from = "alpine:3.20"
steps = ["the gate"]
[stages.test]
from = "alpine:3.20"
requires = ["gate"]
mounts = [{ cache = "/.cache" }]
report = "/out"
steps = ["the test", "what follows"]
[stages.app]
from = "test"
"#;

const TARGET: [&str; 2] = ["target=test.report", "source=myorg/mstage"];

fn engine(release: Release) -> Engine {
    let digest = format!("sha256:{}", "a".repeat(64));
    Engine::new(release).image("docker.io/library/alpine:3.20", &digest, CONFIG)
}

/// The op in a solve with that script, with its digest.
fn op_of(solve: &SolveRequest, script: &str) -> Option<(String, pb::ExecOp)> {
    let definition = solve.definition.as_ref()?.message().unwrap();
    definition.def.iter().find_map(|bytes| match pb::Op::decode(bytes.as_slice()).unwrap().op {
        Some(pb::op::Op::Exec(exec)) => {
            let is_it = exec.meta.as_ref()?.args.last()? == script;
            is_it.then(|| (Digest::of(bytes).to_string(), exec))
        }
        _ => None,
    })
}

/// The number of solves before that of the stage, and the digest of an op in it.
async fn found(release: Release, script: &str) -> (usize, String) {
    let daemon = build(engine(release), SPEC, &TARGET).await;
    let mut solves = daemon.solves().into_iter().enumerate();
    solves.find_map(|(at, solve)| Some((at, op_of(&solve, script)?.0))).unwrap()
}

fn detail(name: &str, value: &Value) -> Any {
    let type_url = format!("github.com/moby/buildkit/{name}+json");
    Any { type_url, value: value.to_string().into_bytes() }
}

/// The failure of an op whose root is its first mount.
fn failed(digest: &str, message: &str) -> Status {
    let solve = json!({ "inputIDs": ["base"], "mountIDs": ["left", ""], "op": {} });
    let vertex = json!({ "digest": digest });
    let details = vec![detail("errdefs.Solve", &solve), detail("errdefs.Vertex", &vertex)];
    Status { details, ..failure(message) }
}

/// An engine on which the solve of the stage fails.
async fn failing(release: Release, script: &str, exit: Option<u32>, text: &str) -> Engine {
    let (before, digest) = found(release, script).await;
    let mut status = failed(&digest, text);
    status
        .details
        .extend(exit.map(|code| detail("gatewayapi.ExitMessage", &json!({ "Code": code }))));
    (0..before)
        .fold(engine(release), |engine, _| engine.on(Method::Solve, Do::Answer))
        .on(Method::Solve, Do::Fail(status))
}

/// The document that a build returns.
fn document(daemon: &Daemon) -> Value {
    let solve = daemon.solves().pop().unwrap();
    let mut ops = definition::of(&solve).def.into_iter();
    let document = ops.find_map(|bytes| match pb::Op::decode(bytes.as_slice()).unwrap().op {
        Some(pb::op::Op::File(file)) => {
            file.actions.into_iter().find_map(|action| match action.action {
                Some(pb::file_action::Action::Mkfile(mkfile)) => Some((mkfile.path, mkfile.data)),
                _ => None,
            })
        }
        _ => None,
    });
    let (path, data) = document.unwrap();
    assert_eq!(path, "/mstage-report.json");
    serde_json::from_slice(&data).unwrap()
}

fn codes(daemon: &Daemon) -> Vec<Value> {
    let document = document(daemon);
    document["steps"].as_array().unwrap().iter().map(|step| step["exitCode"].clone()).collect()
}

fn container(daemon: &Daemon) -> NewContainerRequest {
    let new = |call| if let Call::NewContainer(request) = call { Some(request) } else { None };
    daemon.calls().into_iter().find_map(new).unwrap()
}

#[tokio::test]
async fn a_stage_that_passes_is_built_first() {
    for release in Release::ALL {
        let daemon = build(engine(release), SPEC, &TARGET).await;
        assert_eq!(
            document(&daemon),
            json!({
                "stage": "test",
                "platform": "linux/amd64",
                "passed": true,
                "steps": [
                    { "name": "the test", "file": "mstage.toml", "line": 10, "exitCode": 0 },
                    { "name": "what follows", "file": "mstage.toml", "line": 10, "exitCode": 0 },
                ],
            })
        );
        let stage = daemon.solves().into_iter().find(|solve| op_of(solve, "the test").is_some());
        let stage = stage.unwrap();
        assert!(stage.evaluate);
        // Required stages are built along with it, on every engine: a failure of one must not hide
        // another.
        assert!(op_of(&stage, "the gate").is_none());
        let gate = |solve: &SolveRequest| solve.evaluate && op_of(solve, "the gate").is_some();
        assert!(daemon.solves().iter().any(gate));
        assert!(!daemon.methods().contains(&Method::NewContainer));
        // The program sees the stage in addition to its own root, read-only.
        let last = daemon.solves().pop().unwrap();
        let (_, copy) = op_of(&last, "/fetched").unwrap();
        let args = copy.meta.unwrap().args;
        assert_eq!(
            args[1..],
            ["copy-report", "the report `/out` of `test`", "/stage", "/out", "/fetched"]
        );
        assert_eq!(copy.network, i32::from(pb::NetMode::None));
        let mounted = copy.mounts.iter().find(|mount| mount.dest == "/stage").unwrap();
        assert!(mounted.readonly);
        let root = copy.mounts.iter().find(|mount| mount.dest == "/").unwrap();
        assert_ne!(root.input, mounted.input);
        let result = returned(&daemon).result.unwrap();
        assert!(!result.metadata.contains_key("containerimage.config"));
        assert!(result.metadata.contains_key("refs.platforms"));
    }
}

#[tokio::test]
async fn the_files_of_a_failed_step_come_through_a_container() {
    let text = "process \"/bin/sh -ec the test\" did not complete successfully: exit code: 3";
    let daemon =
        build(failing(Release::Forky, "the test", Some(3), text).await, SPEC, &TARGET).await;
    assert_eq!(document(&daemon)["passed"], false);
    assert_eq!(codes(&daemon), [json!(3), Value::Null]);

    let container = container(&daemon);
    assert_eq!(container.network, i32::from(pb::NetMode::None));
    let [root, left, kept] = &container.mounts[..] else { panic!("{:?}", container.mounts) };
    // Files that the engine mounts into each container are at the root, and not among the stage's
    // files.
    assert_eq!((left.dest.as_str(), left.result_id.as_str()), ("/stage", "left"));
    assert!(left.readonly);
    assert!(root.dest == "/" && root.result_id.starts_with("ref"));
    let id = &kept.cache_opt.as_ref().unwrap().id;

    // The program that keeps the files is the one that exports them, with the same cache directory.
    let exec = |call| if let Call::ExecProcess(init) = call { init.meta } else { None };
    let keep = daemon.calls().into_iter().find_map(exec).unwrap().args;
    let name = "the report `/out` of `test`, whose step `the test` failed,";
    assert_eq!(keep[1..], ["keep-report", name, "/stage", "/out", &kept.dest]);
    let last = daemon.solves().pop().unwrap();
    let (_, give) = op_of(&last, "/fetched").unwrap();
    let args = give.meta.unwrap().args;
    assert_eq!(keep[0], args[0]);
    assert_eq!(args[1..], ["give-report", name, &kept.dest, "/fetched"]);
    let cache = give.mounts.iter().find_map(|mount| mount.cache_opt.as_ref()).unwrap();
    assert_eq!(&cache.id, id);
    let sources =
        String::from_utf8_lossy(last.definition.as_ref().unwrap().as_bytes()).into_owned();
    assert!(sources.contains("docker-image://docker.io/myorg/mstage:latest"));

    assert!(daemon.calls().contains(&Call::ReleaseContainer(container.container_id)));
    let warning = daemon.calls().into_iter().find_map(|call| match call {
        Call::Warn(warning) => Some(String::from_utf8(warning.short).unwrap()),
        _ => None,
    });
    assert_eq!(warning.unwrap(), "test failed: exit code 3 of `the test` (line 10)");
    assert!(matches!(returned(&daemon).result.unwrap().result, Some(result::Result::Ref(_))));
}

#[tokio::test]
async fn the_oldest_engine_has_the_exit_code_in_its_text() {
    let text = "executor failed running [/bin/sh -ec what follows]: exit code: 17";
    let engine = failing(Release::Bookworm, "what follows", None, text).await;
    let daemon = build(engine, SPEC, &TARGET).await;
    assert_eq!(codes(&daemon), [0, 17]);
}

#[tokio::test]
async fn what_has_no_exit_code_fails_the_build() {
    let engine =
        failing(Release::Forky, "the test", None, "failed to mount /.cache: no space").await;
    let daemon = build(engine, SPEC, &TARGET).await;
    assert!(error(&daemon).0.contains("no space"));
    assert!(!daemon.methods().contains(&Method::NewContainer));

    // The same for a step that is not in the graph, because a policy has replaced it.
    let (before, _) = found(Release::Forky, "the test").await;
    let other = format!("sha256:{}", "b".repeat(64));
    let engine = (0..before)
        .fold(self::engine(Release::Forky), |engine, _| engine.on(Method::Solve, Do::Answer))
        .on(Method::Solve, Do::Fail(failed(&other, "another: exit code: 5")));
    let daemon = build(engine, SPEC, &TARGET).await;
    let (message, _) = error(&daemon);
    assert!(
        message.starts_with("another: exit code: 5\n  help: a source policy changed"),
        "{message}"
    );
}

#[tokio::test]
async fn what_cannot_be_saved_is_said() {
    let engine = failing(Release::Forky, "the test", Some(3), "exit code: 3").await;
    let stderr = "mstage: the report does not fit\n  help: make room\n";
    let exit = Exit { code: 1, stderr, ..Exit::default() };
    let daemon = build(engine.exit(exit), SPEC, &TARGET).await;
    let (message, places) = error(&daemon);
    assert_eq!(message, "exit code: 3\nmstage.toml:9: the report does not fit\n  help: make room");
    assert_eq!(places.len(), 1, "{places:?}");
    assert!(daemon.methods().contains(&Method::ReleaseContainer));

    let engine = failing(Release::Forky, "the test", Some(3), "exit code: 3").await;
    let lost = Do::Fail(failure("no such process"));
    let engine = engine.on(Method::ExecProcess, lost).on(Method::ReleaseContainer, not_released());
    let (message, _) = error(&build(engine, SPEC, &TARGET).await);
    assert_eq!(message, "exit code: 3\nmstage.toml:9: no such process");

    let engine = failing(Release::Forky, "the test", Some(3), "exit code: 3").await;
    let daemon = build(engine.without("gateway.exec"), SPEC, &TARGET).await;
    let (message, _) = error(&daemon);
    assert!(message.starts_with("this version of BuildKit cannot export the report"), "{message}");
    assert!(message.ends_with("exit code: 3"), "{message}");
}

/// The entry of a result's metadata.
fn metadata(daemon: &Daemon, name: &str) -> Option<String> {
    let result = returned(daemon).result.unwrap();
    result.metadata.get(name).map(|value| String::from_utf8(value.clone()).unwrap())
}

const CALL: [&str; 3] = ["requestid=frontend.report", "target=test", "source=myorg/mstage"];

/// The call runs the stage like a build of its report, and the client exits with the code of the
/// failed step.
#[tokio::test]
async fn a_call_has_the_exit_code() {
    let daemon = build(engine(Release::Forky), SPEC, &CALL).await;
    let entry = |daemon: &Daemon, name: &str| metadata(daemon, name).unwrap();
    assert_eq!(entry(&daemon, "result.statuscode"), "0");
    assert_eq!(entry(&daemon, "version"), "1.0.0");
    let json: Value = serde_json::from_str(&entry(&daemon, "result.json")).unwrap();
    assert_eq!(json, document(&daemon));
    expect![[r#"
        test passed

        mstage.toml:10  passed  the test
        mstage.toml:10  passed  what follows
    "#]]
    .assert_eq(&entry(&daemon, "result.txt"));

    for target in ["target=test", "target=test.report"] {
        let engine = failing(Release::Forky, "the test", Some(3), "exit code: 3").await;
        let daemon = build(engine, SPEC, &[CALL[0], target, CALL[2]]).await;
        assert_eq!(entry(&daemon, "result.statuscode"), "3");
        let json: Value = serde_json::from_str(&entry(&daemon, "result.json")).unwrap();
        assert_eq!(json, document(&daemon));
        expect![[r#"
            test failed: exit code 3 of `the test` (mstage.toml:10)

            mstage.toml:10  exit code 3     the test
            mstage.toml:10  did not finish  what follows
        "#]]
        .assert_eq(&entry(&daemon, "result.txt"));
        // The files are the result, so that `-o` exports them.
        let result = returned(&daemon).result.unwrap().result;
        assert!(matches!(result, Some(result::Result::Ref(files)) if !files.id.is_empty()));
        assert_eq!(metadata(&daemon, "frontend.result.inlinemessage"), None);
    }
}

#[tokio::test]
async fn a_build_says_at_its_end_that_a_step_failed() {
    let daemon = build(engine(Release::Forky), SPEC, &TARGET).await;
    assert_eq!(metadata(&daemon, "frontend.result.inlinemessage"), None);
    let engine = failing(Release::Forky, "the test", Some(3), "exit code: 3").await;
    let daemon = build(engine, SPEC, &TARGET).await;
    expect!["test failed: exit code 3 of `the test` (mstage.toml:10)"]
        .assert_eq(&metadata(&daemon, "frontend.result.inlinemessage").unwrap());
}

#[tokio::test]
async fn a_call_without_a_report() {
    let (message, places) =
        error(&build(engine(Release::Forky), SPEC, &[CALL[0], "target=app"]).await);
    expect![[r#"
        mstage.toml:11: there is no target `app.report`: the stage `app` has no report
          help: set `report = "/path"` in the stage to the directory to export"#]]
    .assert_eq(&message);
    assert_eq!(places, [("mstage.toml".to_owned(), 11)]);
    let daemon = build(engine(Release::Forky), SPEC, &[CALL[0]]).await;
    expect![[r#"
        the call `report` needs the name of a stage
          help: pass `--target NAME`; `--call=targets` lists the stages"#]]
    .assert_eq(&returned(&daemon).error.unwrap().message);
    let daemon = build(engine(Release::Forky), SPEC, &[CALL[0], "target=tset"]).await;
    expect![[r#"target stage "tset.report" could not be found (did you mean test.report?)"#]]
        .assert_eq(&returned(&daemon).error.unwrap().message);
}

/// The files are available, and the engine releases all containers at the end of a build.
#[tokio::test]
async fn a_container_that_is_not_released_costs_no_report() {
    let engine = failing(Release::Forky, "the test", Some(3), "exit code: 3").await;
    let daemon = build(engine.on(Method::ReleaseContainer, not_released()), SPEC, &TARGET).await;
    assert_eq!(codes(&daemon), [json!(3), Value::Null]);
    assert!(daemon.methods().contains(&Method::ReleaseContainer));
}

fn not_released() -> Do {
    Do::Fail(failure("the container could not be released"))
}

/// A failing platform does not stop the others.
#[tokio::test]
async fn platforms_are_reported_each() {
    let (before, digest) = found(Release::Forky, "the test").await;
    let digest_of_image = format!("sha256:{}", "a".repeat(64));
    let name = "docker.io/library/alpine:3.20";
    let mut status = failed(&digest, "exit code: 3");
    status.details.push(detail("gatewayapi.ExitMessage", &json!({ "Code": 3 })));
    let engine = (0..before)
        .fold(Engine::new(Release::Forky), |engine, _| engine.on(Method::Solve, Do::Answer))
        .image_on("linux/amd64", name, &digest_of_image, CONFIG)
        .image_on("linux/arm64", name, &digest_of_image, &CONFIG.replace("amd64", "arm64"))
        .on(Method::Solve, Do::Fail(status));
    let opts = [&TARGET[..], &["platform=linux/amd64,linux/arm64"]].concat();
    let daemon = build(engine, SPEC, &opts).await;
    let Some(result::Result::Refs(refs)) = returned(&daemon).result.unwrap().result else {
        panic!("a result for each platform")
    };
    assert_eq!(refs.refs.keys().collect::<Vec<_>>(), ["linux/amd64", "linux/arm64"]);
    assert_eq!(document(&daemon)["passed"], true);
    assert_eq!(document(&daemon)["platform"], "linux/arm64");
    expect!["test for linux/amd64 failed: exit code 3 of `the test` (mstage.toml:10)"]
        .assert_eq(&metadata(&daemon, "frontend.result.inlinemessage").unwrap());
}

/// BuildKit can lose the state of a failed step that two solves wait for, so there is only one
/// solve.
#[tokio::test]
async fn a_failing_step_that_platforms_share_is_solved_once() {
    let spec = r#"default = "test"
[stages.test]
from = "alpine:3.20"
platform = "${BUILDPLATFORM}"
report = "/out"
steps = ["the test", { when = { TARGETARCH = "arm64" }, run = "what follows" }]
"#;
    let opts = [&TARGET[..], &["platform=linux/amd64,linux/arm64"]].concat();
    let of_the_test = |daemon: &Daemon| {
        let solves = daemon.solves().into_iter().enumerate();
        let ops = solves.filter_map(|(at, solve)| Some((at, op_of(&solve, "the test")?.0)));
        ops.collect::<Vec<_>>()
    };
    let passing = of_the_test(&build(engine(Release::Forky), spec, &opts).await);
    let [(before, digest), (_, same), ..] = &passing[..] else { panic!("{passing:?}") };
    assert_eq!(digest, same);

    let mut status = failed(digest, "exit code: 3");
    status.details.push(detail("gatewayapi.ExitMessage", &json!({ "Code": 3 })));
    let engine = (0..*before)
        .fold(engine(Release::Forky), |engine, _| engine.on(Method::Solve, Do::Answer))
        .on(Method::Solve, Do::Fail(status));
    let daemon = build(engine, spec, &opts).await;
    assert_eq!(of_the_test(&daemon).len(), 1);
    assert_eq!(document(&daemon)["platform"], "linux/arm64");
    assert_eq!(codes(&daemon), [json!(3), Value::Null]);
}

#[tokio::test]
async fn reports_are_among_the_targets() {
    let daemon = build(engine(Release::Forky), SPEC, &["requestid=frontend.targets"]).await;
    let text = |daemon: &Daemon| {
        let metadata = returned(daemon).result.unwrap().metadata;
        String::from_utf8(metadata["result.txt"].clone()).unwrap()
    };
    expect![[r#"
        TARGET        DESCRIPTION
        gate          
        test          
        test.report   the report of `test`: /out
        app (default) 
    "#]]
    .assert_eq(&text(&daemon));
    let opts = [&TARGET[..], &["requestid=frontend.outline"]].concat();
    let daemon = build(engine(Release::Forky), SPEC, &opts).await;
    assert!(text(&daemon).starts_with("TARGET: test\n"), "{}", text(&daemon));
    let opts = [&TARGET[..], &["requestid=frontend.lint"]].concat();
    let daemon = build(engine(Release::Forky), SPEC, &opts).await;
    assert_eq!(text(&daemon), "");
}

/// The report of a stage and the stage itself have the same steps: a step that passed for one is
/// cached for the other.
#[tokio::test]
async fn the_steps_of_a_report_are_those_of_the_stage() {
    let spec =
        "[stages.test]\nfrom = 'alpine:3.20'\nreport = '/r'\nsteps = ['test \"$TARGETSTAGE\"']\n";
    let mut ops = Vec::new();
    for target in ["target=test", "target=test.report"] {
        let daemon = build(engine(Release::Head), spec, &[target, TARGET[1]]).await;
        let op = daemon.solves().iter().find_map(|solve| op_of(solve, "test \"$TARGETSTAGE\""));
        ops.push(op.expect(target));
    }
    assert!(ops[0].1.meta.as_ref().unwrap().env.contains(&"TARGETSTAGE=test".to_owned()));
    assert_eq!(ops[0], ops[1]);
}
