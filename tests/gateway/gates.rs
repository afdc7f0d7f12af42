//! Required stages, on engines that support waiting for them in three different ways.

use buildkit_proto::frontend::{SolveRequest, result};
use buildkit_proto::pb;
use prost::Message;

use crate::definition;
use crate::fake::{Daemon, Do, Engine, Gate, Method, Release, failure};
use crate::frontend::{CONFIG, build, build_with, error, returned};

const SPEC: &str = r#"default = "app"
[stages.test]
from = "alpine:3.20"
platform = "${BUILDPLATFORM}"
steps = ["the test"]
[stages.app]
from = "alpine:3.20"
requires = ["test"]
steps = ["the app"]
"#;

fn engine(release: Release) -> Engine {
    let digest = format!("sha256:{}", "a".repeat(64));
    Engine::new(release).image("docker.io/library/alpine:3.20", &digest, CONFIG)
}

/// The scripts in a solve.
fn scripts(solve: &SolveRequest) -> Vec<String> {
    let Some(definition) = &solve.definition else { return Vec::new() };
    let definition = definition.message().unwrap();
    let ops = definition.def.iter().map(|bytes| pb::Op::decode(bytes.as_slice()).unwrap());
    let script = |op: pb::Op| match op.op {
        Some(pb::op::Op::Exec(exec)) => exec.meta.unwrap().args.pop(),
        _ => None,
    };
    ops.filter_map(script).collect()
}

/// The solves with run steps.
fn solves(daemon: &Daemon) -> Vec<SolveRequest> {
    daemon.solves().into_iter().filter(|solve| !scripts(solve).is_empty()).collect()
}

/// The op of a solve's result.
fn last(solve: &SolveRequest) -> pb::op::Op {
    let definition = definition::of(solve);
    let op = definition.def.len() - 2;
    pb::Op::decode(definition.def[op].as_slice()).unwrap().op.unwrap()
}

#[tokio::test]
async fn one_op_waits_where_the_engine_has_it() {
    let daemon = build(engine(Release::Head), SPEC, &[]).await;
    let [solve] = &solves(&daemon)[..] else { panic!("one graph is solved") };
    assert!(!solve.evaluate);
    assert_eq!(scripts(solve).len(), 2);
    let pb::op::Op::Passthrough(op) = last(solve) else { panic!("{:?}", last(solve)) };
    assert!(!op.id.is_empty());
}

#[tokio::test]
async fn a_merge_with_nothing_waits_where_the_engine_merges() {
    let daemon = build(engine(Release::Forky), SPEC, &[]).await;
    let [solve] = &solves(&daemon)[..] else { panic!("one graph is solved") };
    assert!(!solve.evaluate);
    assert_eq!(scripts(solve).len(), 2);
    let pb::op::Op::Merge(op) = last(solve) else { panic!("{:?}", last(solve)) };
    assert_eq!(op.inputs.len(), 2);
    let names: Vec<String> = definition::of(solve)
        .metadata
        .into_values()
        .filter_map(|metadata| metadata.description.get("llb.customname").cloned())
        .collect();
    for name in ["[app] requires test", "[app] waits for test"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
}

/// Both are requested concurrently, or this never ends; the returned result is the target.
#[tokio::test]
async fn two_solves_where_it_does_neither() {
    for release in [Release::Trixie, Release::Bookworm] {
        let (test, app) = (Gate::new(), Gate::new());
        let solves_before = solves_before(release).await;
        let engine = (0..solves_before)
            .fold(engine(release), |engine, _| engine.on(Method::Solve, Do::Answer))
            .on(Method::Solve, Do::Wait(app.clone()))
            .on(Method::Solve, Do::Wait(test.clone()));
        let build = tokio::spawn(build(engine, SPEC, &[]));
        app.reached().await;
        test.reached().await;
        test.open();
        app.open();
        let daemon = build.await.unwrap();
        let [target, gate] = &solves(&daemon)[..] else { panic!("two graphs are solved") };
        assert!(target.evaluate && gate.evaluate);
        assert_eq!(
            (scripts(target), scripts(gate)),
            (vec!["the app".into()], vec!["the test".into()])
        );
        assert!(returned(&daemon).error.is_none());
        assert!(returned(&daemon).result.is_some());
    }
}

/// The build does not wait for a slow target.
#[tokio::test]
async fn a_failing_gate_ends_the_build() {
    let release = Release::Trixie;
    let never = Gate::new();
    let engine = (0..solves_before(release).await)
        .fold(engine(release), |engine, _| engine.on(Method::Solve, Do::Answer))
        .on(Method::Solve, Do::Wait(never))
        .on(Method::Solve, Do::Fail(failure("the test has failed")));
    let daemon = build(engine, SPEC, &[]).await;
    assert!(error(&daemon).0.contains("the test has failed"));
}

/// The number of solves before the build itself.
async fn solves_before(release: Release) -> usize {
    let daemon = build(engine(release), SPEC, &[]).await;
    daemon.solves().len() - 2
}

/// Steps that do not depend on the platform are built once for both.
#[tokio::test]
async fn platforms_share_their_gates() {
    let platforms = ["platform=linux/amd64,linux/arm64"];
    let engine = |release| {
        let digest = format!("sha256:{}", "a".repeat(64));
        let name = "docker.io/library/alpine:3.20";
        Engine::new(release)
            .source("local://dockerfile", [("mstage.toml", SPEC)])
            .image_on("linux/amd64", name, &digest, CONFIG)
            .image_on("linux/arm64", name, &digest, &CONFIG.replace("amd64", "arm64"))
    };
    let daemon = build_with(engine(Release::Trixie), &platforms).await;
    assert_eq!(solves(&daemon).len(), 3, "two targets and one gate");
    let result = returned(&daemon).result.unwrap().result;
    assert!(matches!(result, Some(result::Result::Refs(refs)) if refs.refs.len() == 2));

    let daemon = build_with(engine(Release::Head), &platforms).await;
    let [first, second] = &solves(&daemon)[..] else { panic!("two graphs are solved") };
    let test = |solve: &SolveRequest| {
        let definition = definition::of(solve);
        let is_test = |bytes: &&Vec<u8>| String::from_utf8_lossy(bytes).contains("the test");
        definition.def.iter().find(is_test).cloned().unwrap()
    };
    assert_eq!(test(first), test(second));
}

#[tokio::test]
async fn gates_can_be_left_out() {
    for option in ["build-arg:MSTAGE_SKIP_REQUIRES=1", "build-arg:MSTAGE_SKIP_REQUIRES=true"] {
        let daemon = build(engine(Release::Forky), SPEC, &[option]).await;
        let [solve] = &solves(&daemon)[..] else { panic!("one graph is solved") };
        assert_eq!(scripts(solve), ["the app"]);
        assert!(daemon.methods().contains(&Method::Warn));
    }
}
