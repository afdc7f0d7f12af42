//! `--target mstage.caches`: the processes that copy caches. The build context `mstage.caches`: the
//! steps that wait for it.

use std::time::Duration;

use buildkit_proto::frontend::{SolveRequest, WarnRequest};
use buildkit_proto::pb;
use mstage::gateway::run;
use prost::Message;

use crate::definition;
use crate::fake::{Call, Daemon, Do, Engine, Exit, Gate, Method, Release};
use crate::frontend::{CONFIG, build, error, returned, variables};

const SPEC: &str = r#"default = "app"
[stages.build]
from = "alpine:3.20"
steps = [
  { run = "make", mounts = [{ cache = "/root/.cache" }, { cache = "/pkg", id = "pkg", sharing = "locked" }] },
  { run = "make own", user = "1000", mounts = [{ cache = "/own" }] },
  { run = "make again", mounts = [{ cache = "/part", id = "pkg", source = "/part", sharing = "locked" }] },
]
[stages.test]
from = "alpine:3.20"
mounts = [{ cache = "/test" }]
report = "/out"
steps = ["make test"]
[stages.app]
from = "alpine:3.20"
steps = [{ copy = "/app", from = "build" }]
"#;

const TARGET: [&str; 2] = ["target=mstage.caches", "source=myorg/mstage"];

fn engine(release: Release) -> Engine {
    let digest = format!("sha256:{}", "a".repeat(64));
    Engine::new(release).image("docker.io/library/alpine:3.20", &digest, CONFIG)
}

/// The processes in the last solve.
fn processes(daemon: &Daemon) -> Vec<pb::ExecOp> {
    let last = daemon.solves().pop().unwrap();
    let ops = definition::of(&last).def.into_iter();
    let exec = |bytes: Vec<u8>| match pb::Op::decode(bytes.as_slice()).unwrap().op {
        Some(pb::op::Op::Exec(exec)) => Some(exec),
        _ => None,
    };
    ops.filter_map(exec).collect()
}

/// The directories of the exported caches.
async fn exported(spec: &'static str, options: &[&str]) -> Vec<String> {
    let daemon = build(engine(Release::Head), spec, &[&TARGET, options].concat()).await;
    assert!(returned(&daemon).result.is_some());
    let directory = |exec: pb::ExecOp| {
        let args = exec.meta.unwrap().args;
        args[4].strip_prefix("/output/").unwrap().to_owned()
    };
    processes(&daemon).into_iter().map(directory).collect()
}

#[tokio::test]
async fn the_caches_of_the_default_target() {
    for release in Release::ALL {
        let daemon = build(engine(release), SPEC, &TARGET).await;
        let processes = processes(&daemon);
        let mounts = processes.iter().map(|exec| {
            let args = &exec.meta.as_ref().unwrap().args;
            assert_eq!(args[1], "export-cache");
            let cache = exec.mounts.iter().find(|mount| mount.dest == "/cache").unwrap();
            assert_eq!(cache.mount_type, i32::from(pb::MountType::Cache));
            let options = cache.cache_opt.as_ref().unwrap();
            (args[2].as_str(), args[4].as_str(), options.id.as_str(), options.sharing)
        });
        let (shared, locked) = (0, i32::from(pb::CacheSharingOpt::Locked));
        // The directory of a cache is not another cache.
        assert_eq!(
            mounts.collect::<Vec<_>>(),
            [
                ("the cache `/own` (1000)", "/output/+own=1000", "//own", shared),
                ("the cache `/root/.cache`", "/output/+root+.cache", "//root/.cache", shared),
                ("the cache `pkg`", "/output/pkg", "/pkg", locked),
            ]
        );
        for exec in &processes {
            assert_eq!(exec.network, i32::from(pb::NetMode::None));
            // The content of a cache is not part of the key.
            let environment = &exec.meta.as_ref().unwrap().env;
            assert!(environment.iter().any(|env| env.starts_with("MSTAGE_CACHES=")));
        }
        let result = returned(&daemon).result.unwrap();
        assert!(!result.metadata.contains_key("containerimage.config"));
    }
}

#[tokio::test]
async fn the_caches_of_other_stages() {
    let all = ["+own=1000", "+root+.cache", "+test", "pkg"];
    assert_eq!(exported(SPEC, &["build-arg:MSTAGE_CACHES=all"]).await, all);
    assert_eq!(exported(SPEC, &["build-arg:MSTAGE_CACHES=test, build"]).await, all);
    assert_eq!(exported(SPEC, &["build-arg:MSTAGE_CACHES=test"]).await, ["+test"]);
    let two = ["platform=linux/amd64,linux/arm64", "build-arg:MSTAGE_CACHES=test"];
    assert_eq!(exported(SPEC, &two).await, ["+test"]);
    let prefixed = ["build-arg:BUILDKIT_CACHE_MOUNT_NS=ci", "build-arg:MSTAGE_CACHES=test"];
    assert_eq!(exported(SPEC, &prefixed).await, ["ci@+test"]);
}

#[tokio::test]
async fn the_caches_of_a_dockerfile() {
    let dockerfile = "FROM alpine:3.20 AS Build\nRUN --mount=type=cache,target=/c make\n\
                      FROM alpine:3.20\nCOPY --from=Build /app /\n";
    assert_eq!(exported(dockerfile, &[]).await, ["+c"]);
    assert_eq!(exported(dockerfile, &["build-arg:MSTAGE_CACHES=Build"]).await, ["+c"]);
}

#[tokio::test]
async fn what_cannot_be_exported() {
    for (options, message) in [
        (&["build-arg:MSTAGE_CACHES=app,nothing"][..], "\"nothing\" could not be found"),
        (&["build-arg:MSTAGE_CACHES_MAX=much"], "MSTAGE_CACHES_MAX=much: expected a size"),
    ] {
        let daemon = build(engine(Release::Head), SPEC, &[&TARGET, options].concat()).await;
        assert!(error(&daemon).0.contains(message), "{}", error(&daemon).0);
    }
    let spec = "[stages.app]\nfrom = \"alpine:3.20\"\n";
    let daemon = build(engine(Release::Head), spec, &TARGET).await;
    assert!(error(&daemon).0.contains("has a cache mount: there is nothing to export"));
    let left_out = "args = { A = '' }\n[stages.a]\nfrom = 'scratch'\nwhen = { A = 'x' }\n\
                    [stages.b]\nfrom = 'scratch'\nwhen = { A = 'y' }\n";
    let all = [TARGET.as_slice(), &["build-arg:MSTAGE_CACHES=all"]].concat();
    let daemon = build(engine(Release::Head), left_out, &all).await;
    assert!(error(&daemon).0.contains("has a cache mount: there is nothing to export"));
    assert!(!daemon.methods().contains(&Method::NewContainer));
}

/// The definition of the stage, and the digests of its ops.
async fn built(source: &str) -> (Daemon, Vec<pb::ExecOp>) {
    let source = format!("context:mstage.caches={source}");
    let opts = ["target=build", "source=myorg/mstage", &source];
    let daemon = build(engine(Release::Head), SPEC, &opts).await;
    assert!(returned(&daemon).result.is_some(), "{:?}", returned(&daemon));
    let solves = daemon.solves().into_iter().filter(|solve| solve.definition.is_some());
    let all = solves.flat_map(|solve| definition::of(&solve).def);
    let exec = |bytes: Vec<u8>| match pb::Op::decode(bytes.as_slice()).unwrap().op {
        Some(pb::op::Op::Exec(exec)) => Some(exec),
        _ => None,
    };
    let execs = all.filter_map(exec).collect();
    (daemon, execs)
}

#[tokio::test]
async fn steps_with_caches_wait_for_their_source_without_depending_on_it() {
    let (daemon, first) = built("docker-image://registry.example.com/caches").await;
    let (_, second) = built("local:caches").await;
    // No op of the build depends on the source.
    assert_eq!(first, second);
    let waits =
        first.iter().filter(|exec| exec.meta.as_ref().unwrap().args[1] == "wait-for-caches");
    let ids: Vec<_> = waits.map(|exec| exec.meta.as_ref().unwrap().args[3..].to_vec()).collect();
    assert_eq!(ids.len(), 3, "{ids:?}");
    assert!(ids.contains(&vec!["//root/.cache ".to_owned(), "/pkg ".to_owned()]), "{ids:?}");
    let steps = first.iter().filter(|exec| exec.meta.as_ref().unwrap().args[0] == "/bin/sh");
    for step in steps {
        let wait = step.mounts.iter().find(|mount| mount.dest == "/dev/mstage-caches").unwrap();
        assert!(wait.readonly && wait.output == -1);
    }
    // The build is evaluated: a step must not wait for a frontend that is gone.
    assert!(daemon.solves().iter().any(|solve| solve.evaluate));
}

#[tokio::test]
async fn a_source_of_caches_is_an_image_or_a_directory() {
    let opts = ["source=myorg/mstage", "context:mstage.caches=https://example.com/a.tar"];
    let daemon = build(engine(Release::Head), SPEC, &opts).await;
    let (message, _) = error(&daemon);
    assert!(
        message.contains("`context:mstage.caches`: expected an image, a directory"),
        "{message}"
    );
}

const SOURCE: &str = "context:mstage.caches=docker-image://registry.example.com/caches";

/// The number of solves before those with the steps of a build.
async fn solves_before(opts: &[&str]) -> usize {
    let daemon = build(engine(Release::Head), SPEC, opts).await;
    let waits = |solve: &SolveRequest| {
        let Some(definition) = &solve.definition else { return false };
        let ops = definition.message().unwrap().def;
        ops.iter().any(|op| op.windows(15).any(|part| part == b"wait-for-caches"))
    };
    daemon.solves().iter().position(waits).unwrap_or_else(|| panic!("{:?}", returned(&daemon)))
}

/// A build whose steps wait until the frontend has made a call. `further` are the answers to the
/// solves that follow that of the steps.
async fn waiting(
    opts: &[&str],
    stdout: &'static str,
    further: [Do; 4],
    is_awaited: impl Fn(&Call) -> bool,
) -> Daemon {
    let gate = Gate::new();
    let before = solves_before(opts).await;
    let engine = engine(Release::Head).exit(Exit { stdout, ..Exit::default() });
    let engine = (0..before)
        .fold(engine, |engine, _| engine.on(Method::Solve, Do::Answer))
        .on(Method::Solve, Do::Wait(gate.clone()));
    let engine = further.into_iter().fold(engine, |engine, todo| engine.on(Method::Solve, todo));
    let (io, daemon) = engine.source("local://dockerfile", [("mstage.toml", SPEC)]).start();
    let goes_on = async {
        gate.reached().await;
        tokio::time::pause();
        while !daemon.calls().iter().any(&is_awaited) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        gate.open();
    };
    let patience = Duration::from_secs(100);
    let (ran, went_on) =
        tokio::join!(run(io, variables(opts)), tokio::time::timeout(patience, goes_on));
    ran.unwrap();
    went_on.expect("the frontend answers steps that wait");
    daemon
}

/// A build whose steps wait until the frontend answers them.
async fn answered(call: &str) {
    let opts = ["target=test", "source=myorg/mstage", SOURCE, call];
    let further = [Do::Answer, Do::Answer, Do::Answer, Do::Answer];
    let answers_steps = |call: &Call| matches!(call, Call::NewContainer(_));
    let daemon = waiting(&opts, "asked\n", further, answers_steps).await;
    assert!(returned(&daemon).result.is_some());
}

#[tokio::test]
async fn steps_of_a_build_are_answered() {
    answered("target=test").await;
}

#[tokio::test]
async fn steps_of_a_call_are_answered() {
    answered("requestid=frontend.report").await;
}

fn given_up(call: &Call) -> Option<WarnRequest> {
    match call {
        Call::Warn(warning)
            if warning.short == b"caches are not imported: not free within 60 seconds" =>
        {
            Some(warning.clone())
        }
        _ => None,
    }
}

/// Steps that wait can take all places of an engine that runs few at once.
#[tokio::test]
async fn an_import_that_does_not_proceed_is_given_up() {
    let opts = ["target=build", "source=myorg/mstage", SOURCE];
    let stuck = || Do::Wait(Gate::new());
    let further = [Do::Answer, stuck(), stuck(), stuck()];
    let daemon = waiting(&opts, "asked\n", further, |call| given_up(call).is_some()).await;
    assert!(returned(&daemon).result.is_some());
    let warning = daemon.calls().iter().find_map(given_up).unwrap();
    let detail: Vec<_> =
        warning.detail.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    assert_eq!(
        detail[..3],
        ["the cache `/own` (1000)", "the cache `/root/.cache`", "the cache `pkg`"]
    );
    assert!(detail[3].contains("raise `max-parallelism`"), "{detail:?}");
}

#[tokio::test]
async fn a_graph_for_programs_does_not_wait() {
    let opts = ["target=build", "source=myorg/mstage", "requestid=frontend.convertllb"];
    let without = build(engine(Release::Head), SPEC, &opts).await;
    let with = build(engine(Release::Head), SPEC, &[&opts[..], &[SOURCE]].concat()).await;
    assert_eq!(returned(&with).result, returned(&without).result);
}
