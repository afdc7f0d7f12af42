//! Whole builds: from options and files to the calls, and the result or error.

use std::collections::BTreeMap;

use buildkit_proto::frontend::{ReturnRequest, WarnRequest, result};
use buildkit_proto::pb;
use buildkit_proto::rpc::Any;
use mstage::gateway::run;
use prost::Message;
use serde_json::{Value, json};

use crate::definition;
use crate::fake::{Call, Daemon, Do, Engine, Method, Release, failure};

pub(crate) const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["sh"]},
    "rootfs":{"type":"layers","diff_ids":["sha256:00"]}}"#;

/// A build of `spec` with these options.
pub(crate) async fn build(engine: Engine, spec: &'static str, opts: &[&str]) -> Daemon {
    let engine = engine.source("local://dockerfile", [("mstage.toml", spec)]);
    build_with(engine, opts).await
}

/// Builds with files that the engine already has.
pub(crate) async fn build_with(engine: Engine, opts: &[&str]) -> Daemon {
    let (io, daemon) = engine.start();
    run(io, variables(opts)).await.unwrap();
    daemon
}

/// The environment of a frontend.
pub(crate) fn variables(opts: &[&str]) -> Vec<(String, String)> {
    let opts = ["filename=mstage.toml"].iter().chain(opts).enumerate();
    let workers = r#"[{"platforms":[{"architecture":"amd64","os":"linux"}]}]"#;
    let mut variables: Vec<(String, String)> =
        opts.map(|(n, opt)| (format!("BUILDKIT_FRONTEND_OPT_{n}"), (*opt).to_owned())).collect();
    variables.push(("BUILDKIT_SESSION_ID".to_owned(), "the-session".to_owned()));
    variables.push(("BUILDKIT_WORKERS".to_owned(), workers.to_owned()));
    variables
}

pub(crate) fn engine() -> Engine {
    let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
    Engine::new(Release::Forky)
        .source("local://context", [("a.txt", "a")])
        .image("docker.io/library/alpine:3.20", &digest("a"), CONFIG)
        .image("docker.io/library/debian:latest", &digest("d"), CONFIG)
}

pub(crate) fn returned(daemon: &Daemon) -> ReturnRequest {
    daemon.returned().expect("something was returned")
}

/// The message of the returned error, and the files and lines that it shows.
pub(crate) fn error(daemon: &Daemon) -> (String, Vec<(String, u64)>) {
    let error = returned(daemon).error.expect("an error was returned");
    assert_eq!(error.code, 2, "clients show this code without a prefix");
    let sources =
        error.details.iter().filter(|detail| detail.type_url.ends_with("errdefs.Source+json"));
    let place = |value: &[u8]| {
        let json: Value = serde_json::from_slice(value).unwrap();
        let filename = json["info"]["filename"].as_str().unwrap().to_owned();
        let start = &json["ranges"].get(0)?["start"];
        Some((filename, start["line"].as_u64().or(start["Line"].as_u64()).unwrap()))
    };
    let sources: Vec<_> = sources.map(|detail| place(&detail.value)).collect();
    // Without any, the calling frontend would show the line with `# syntax`.
    assert!(!sources.is_empty(), "{}", error.message);
    (error.message.clone(), sources.into_iter().flatten().collect())
}

/// The ops of the last solve.
pub(crate) fn ops(daemon: &Daemon) -> Vec<pb::Op> {
    let solves = daemon.solves();
    let definition = definition::of(solves.last().unwrap());
    definition.def.iter().map(|op| pb::Op::decode(op.as_slice()).unwrap()).collect()
}

pub(crate) fn sources(ops: &[pb::Op]) -> BTreeMap<&str, &BTreeMap<String, String>> {
    ops.iter()
        .filter_map(|op| match &op.op {
            Some(pb::op::Op::Source(source)) => Some((source.identifier.as_str(), &source.attrs)),
            _ => None,
        })
        .collect()
}

pub(crate) const SPEC: &str = r#"# syntax=myorg/mstage
default = "runtime"

[args]
NAME = "world"

[stages.builder]
from = "alpine:3.20"
steps = [{ copy = "a.txt", to = "/in/" }, 'echo "hello $NAME" > /out']

[stages.unneeded]
description = "built with --target only"
from = "no/such:image"

[stages.runtime]
from = "debian:latest"
steps = [{ copy = "/out", from = "builder" }]

[stages.runtime.image]
cmd = ["cat", "/out"]
"#;

#[tokio::test]
async fn a_build_is_a_short_conversation() {
    // Both images are looked up concurrently, or this never ends.
    let daemon = build(engine().together(Method::ResolveSourceMeta, 2), SPEC, &[]).await;
    let mut methods = daemon.methods();
    assert_eq!(methods.remove(0), Method::Ping);
    assert_eq!(methods.pop(), Some(Method::Return));
    assert_eq!(methods.pop(), Some(Method::Solve));
    methods.sort();
    let reading = [
        Method::Solve,
        Method::Solve,
        Method::ReadFile,
        Method::ReadFile,
        Method::ReadFile,
        Method::ReadFile,
        Method::ResolveSourceMeta,
        Method::ResolveSourceMeta,
        Method::Inputs,
    ];
    assert_eq!(methods, reading);
}

#[tokio::test]
async fn the_result_is_the_image() {
    let daemon = build(engine(), SPEC, &["label:by=test"]).await;
    let result = returned(&daemon).result.expect("a result was returned");
    assert!(matches!(result.result, Some(result::Result::Ref(_))));
    let config: Value = serde_json::from_slice(&result.metadata["containerimage.config"]).unwrap();
    assert_eq!(config["config"]["Cmd"], json!(["cat", "/out"]));
    assert_eq!(config["config"]["Labels"], json!({ "by": "test" }));
    let platforms: Value = serde_json::from_slice(&result.metadata["refs.platforms"]).unwrap();
    assert_eq!(platforms["Platforms"][0]["ID"], "linux/amd64");
}

#[tokio::test]
async fn images_are_pinned_and_files_are_the_sessions() {
    let daemon = build(engine(), SPEC, &[]).await;
    let ops = ops(&daemon);
    let sources = sources(&ops);
    let pinned = format!("docker-image://docker.io/library/alpine:3.20@sha256:{}", "a".repeat(64));
    assert!(sources.contains_key(pinned.as_str()), "{sources:?}");
    let context = sources["local://context"];
    assert_eq!(context["local.session"], "the-session");
    assert_eq!(context["local.followpaths"], r#"["a.txt"]"#);
    // Also to read the build file and the ignore file.
    for solve in daemon.solves().iter().take(2) {
        let op = definition::of(solve).def[0].clone();
        let op = pb::Op::decode(op.as_slice()).unwrap();
        let Some(pb::op::Op::Source(source)) = op.op else { panic!("not a source") };
        assert_eq!(source.attrs["local.session"], "the-session");
    }
}

#[tokio::test]
async fn ignored_files_are_not_sent() {
    let engine = engine().source(
        "local://dockerfile",
        [("mstage.toml", SPEC), ("mstage.toml.dockerignore", "# mine\nsecret\n!secret/not\n")],
    );
    let engine = engine.source("local://context", [(".dockerignore", "never-read")]);
    let daemon = build_with(engine, &[]).await;
    let ops = ops(&daemon);
    assert_eq!(
        sources(&ops)["local://context"]["local.excludepatterns"],
        r#"["secret","!secret/not"]"#
    );
}

/// A line has the same meaning in the ignore file and in the build file.
#[tokio::test]
async fn patterns_of_the_build_file_are_read_like_those_of_the_ignore_file() {
    let lines = ["/dist", " ./a/ ", "! /keep", "//b"];
    let spec = format!("ignore = {lines:?}\n{SPEC}");
    let engine = engine()
        .source("local://dockerfile", [("mstage.toml", &*spec)])
        .source("local://context", [(".dockerignore", &*lines.join("\n"))]);
    let daemon = build_with(engine, &[]).await;
    let ops = ops(&daemon);
    assert_eq!(
        sources(&ops)["local://context"]["local.excludepatterns"],
        r#"["dist","a","!keep","b","dist","a","!keep","b"]"#
    );
}

#[tokio::test]
async fn a_line_of_the_ignore_file_that_is_no_pattern_is_shown() {
    let engine = engine()
        .source("local://dockerfile", [("mstage.toml", SPEC)])
        .source("local://context", [(".dockerignore", "fine\n\nb[\n!\n")]);
    let daemon = build_with(engine, &[]).await;
    let (message, places) = error(&daemon);
    assert_eq!(
        message,
        "2 errors\n.dockerignore:3: invalid pattern `b[`: unterminated `[`: expected `]`\n  help: correct the line in .dockerignore\n.dockerignore:4: invalid pattern `!`: expected a pattern after `!`\n  help: correct the line in .dockerignore"
    );
    assert_eq!(places.len(), 2);
}

#[tokio::test]
async fn all_errors_come_at_once_with_their_lines() {
    let spec = "[stages.a]\nform = 'x'\nsteps = [1]\n\n[stages.B]\nfrom = 'x'\n";
    let daemon = build(engine(), spec, &[]).await;
    let (message, places) = error(&daemon);
    assert_eq!(
        message,
        "3 errors in mstage.toml\n\
         mstage.toml:2: unknown key `form` in a stage\n  help: did you mean `from`?\n\
         mstage.toml:3: expected a string or a table, found an integer\n  help: write a command as a string, or a table with a verb, such as `{ copy = \"FILE\" }`\nmstage.toml:5: invalid stage name `B`\n  \
         help: names begin with a lowercase letter, followed by lowercase letters, digits, `_` and `-`"
    );
    let lines: Vec<u64> = places.iter().map(|&(_, line)| line).collect();
    // Clients print the last one first.
    assert_eq!(lines, [5, 3, 2]);
    assert!(places.iter().all(|(file, _)| file == "mstage.toml"));
    // Nothing is looked up for a file with errors.
    assert!(!daemon.methods().contains(&Method::ResolveSourceMeta));
}

#[tokio::test]
async fn no_line_is_blamed_for_a_target_that_is_not_there() {
    let spec = "[stages.test]\nfrom = 'scratch'\nreport = '/r'\n[stages.other]\nfrom = 'scratch'\n";
    for (target, hint) in [
        ("tets", " (did you mean test?)"),
        ("tets.report", " (did you mean test.report?)"),
        ("nothing", "\n  help: the stages are `other` and `test`"),
    ] {
        let daemon = build(engine(), spec, &[&format!("target={target}")]).await;
        let message = format!("target stage \"{target}\" could not be found{hint}");
        assert_eq!(error(&daemon), (message, Vec::new()));
    }
}

#[tokio::test]
async fn a_thousand_errors_are_still_an_answer() {
    let spec: &'static str = Box::leak(
        (0..1000)
            .map(|n| format!("[stages.a{n}]\nform = 'x'\n"))
            .collect::<String>()
            .into_boxed_str(),
    );
    let daemon = build(engine(), spec, &[]).await;
    let (message, places) = error(&daemon);
    assert!(message.ends_with("and 950 more"), "{message}");
    assert_eq!(places.len(), 20);
}

#[tokio::test]
async fn an_image_that_is_not_there_is_shown_where_it_is_named() {
    let engine = engine().on(Method::ResolveSourceMeta, Do::Fail(failure("no such image")));
    let spec = "[stages.a]\n\nfrom = 'alpine:3.20'\n";
    let (message, places) = error(&build(engine, spec, &[]).await);
    assert_eq!(message, "mstage.toml:3: alpine:3.20 for linux/amd64: no such image");
    assert_eq!(places, [("mstage.toml".to_owned(), 3)]);

    let status = failure("docker.io/library/alpine:3.20: not found");
    let engine = self::engine().on(Method::ResolveSourceMeta, Do::Fail(status));
    let (message, _) = error(&build(engine, spec, &[]).await);
    assert_eq!(message, "mstage.toml:3: docker.io/library/alpine:3.20: not found");
}

#[tokio::test]
async fn warnings_are_shown_and_stop_nothing() {
    let spec = "[args]\nUNUSED = '1'\n[stages.a]\nfrom = 'scratch'\n";
    let daemon = build(engine(), spec, &["build-arg:OTHER=1"]).await;
    let warnings = warnings(&daemon);
    let shorts: Vec<&str> =
        warnings.iter().map(|warning| str::from_utf8(&warning.short).unwrap()).collect();
    assert_eq!(
        shorts,
        [
            "undeclared-build-arg: --build-arg OTHER has no effect: the file does not declare this arg",
            "unused-arg: unused arg `UNUSED` (line 2)",
        ]
    );
    let unused = &warnings[1];
    assert!(unused.url.ends_with("/docs/rules/unused-arg.md"), "{}", unused.url);
    assert!(String::from_utf8_lossy(&unused.detail[0]).starts_with("help: use `${UNUSED}`"));
    assert_eq!(unused.info.as_ref().unwrap().filename, "mstage.toml");
    assert_eq!(unused.ranges[0].start.unwrap().line, 2);
    assert!(returned(&daemon).result.is_some());
}

#[tokio::test]
async fn of_very_many_warnings_the_first_are_shown() {
    let args: String = (100..250).map(|n| format!("UNUSED{n} = ''\n")).collect();
    let spec = format!("[args]\n{args}[stages.a]\nfrom = 'scratch'\n").leak();
    let daemon = build(engine(), spec, &[]).await;
    let warnings = warnings(&daemon);
    assert_eq!(warnings.len(), 101);
    assert!(warnings[99].short.starts_with(b"unused-arg: unused arg `UNUSED199`"));
    assert_eq!(warnings[100].short, b"and 50 more warnings");
    assert!(returned(&daemon).result.is_some());
}

fn warnings(daemon: &Daemon) -> Vec<WarnRequest> {
    let calls = daemon.calls().into_iter();
    calls
        .filter_map(|call| match call {
            Call::Warn(warning) => Some(warning),
            _ => None,
        })
        .collect()
}

/// A finding that `check` turns into an error is reported with the other errors, with its lines and
/// its page.
#[tokio::test]
async fn a_finding_can_be_an_error() {
    let spec = "check = { error = ['unused-arg'] }\n[args]\nUNUSED = '1'\n\
                [stages.a]\nfrom = 'alpine:3.20'\nplatform = 'linux/amd64'\n";
    let daemon = build(engine(), spec, &[]).await;
    let (message, places) = error(&daemon);
    assert!(message.starts_with("mstage.toml:3: unused arg `UNUSED`\n  help: use"), "{message}");
    assert!(
        message.contains("\n  `check` turns rule `unused-arg` into an error: https://"),
        "{message}"
    );
    assert_eq!(places, [("mstage.toml".to_owned(), 3)]);
    assert_eq!(warnings(&daemon).len(), 1);
    // Nothing was built.
    assert_eq!(daemon.solves().len(), 2);
    // The client's option replaces the file's.
    let check = "build-arg:BUILDKIT_DOCKERFILE_CHECK=skip=FromPlatformFlagConstDisallowed";
    let daemon = build(engine(), spec, &[check]).await;
    assert!(returned(&daemon).result.is_some());
    assert!(warnings(&daemon)[0].short.starts_with(b"unused-arg: "));
    assert_eq!(warnings(&daemon).len(), 1);
}

/// The effect of the ignore file is known from the client's files.
#[tokio::test]
async fn a_copy_of_an_ignored_file_is_warned_of() {
    let engine = engine()
        .source(
            "local://dockerfile",
            [("mstage.toml", "[stages.a]\nfrom = 'scratch'\nsteps = [{ copy = 'a.txt' }]\n")],
        )
        .source("local://context", [(".dockerignore", "*.txt\n")]);
    let daemon = build_with(engine, &[]).await;
    let warnings = warnings(&daemon);
    assert_eq!(warnings.len(), 1);
    assert_eq!(
        String::from_utf8_lossy(&warnings[0].short),
        "ignored-copy: `a.txt` is excluded from the build context (line 3)"
    );
}

/// A repository is always complete.
#[tokio::test]
async fn what_is_not_a_directory_of_the_client_has_no_ignored_files() {
    let spec = "ignore = ['*.txt']\n[stages.a]\nfrom = 'scratch'\nsteps = [{ copy = 'a.txt' }]\n";
    for question in ["label:x=1", "requestid=frontend.lint"] {
        let repository = "git://example.com/a.git";
        let engine =
            engine().source(repository, [("mstage.toml", spec), (".dockerignore", "*.txt\n")]);
        let daemon = build_with(engine, &["context=https://example.com/a.git", question]).await;
        assert!(warnings(&daemon).is_empty(), "{question}");
        let metadata = returned(&daemon).result.unwrap().metadata;
        let document = metadata.get("result.json").map(|json| String::from_utf8_lossy(json));
        assert!(document.is_none_or(|document| !document.contains("ignored-copy")));
    }
}

#[tokio::test]
async fn a_missing_build_file_is_named() {
    let engine = engine().source("local://dockerfile", [("other", "")]);
    let (message, _) = error(&build_with(engine, &[]).await);
    assert_eq!(message, "there is no `mstage.toml` in the directory of the build file");
}

#[tokio::test]
async fn an_option_that_means_nothing_is_named() {
    let (message, _) = error(&build(engine(), SPEC, &["platform=nonsense/"]).await);
    assert!(message.starts_with("option `platform`: "), "{message}");
}

#[tokio::test]
async fn caches_are_passed_on() {
    let imports = r#"cache-imports=[{"Type":"registry","Attrs":{"ref":"localhost/cache"}}]"#;
    let daemon = build(engine(), SPEC, &[imports]).await;
    let solves = daemon.solves();
    let cache = &solves.last().unwrap().cache_imports[0];
    assert_eq!(
        (cache.r#type.as_str(), cache.attrs["ref"].as_str()),
        ("registry", "localhost/cache")
    );
}

#[tokio::test]
async fn every_release_builds() {
    for release in Release::ALL {
        let engine = Engine::new(release)
            .source("local://context", [("a.txt", "a")])
            .image("docker.io/library/alpine:3.20", "", CONFIG)
            .image("docker.io/library/debian:latest", "", CONFIG);
        let daemon = build(engine, SPEC, &[]).await;
        assert!(returned(&daemon).result.is_some(), "{release:?}: {:?}", returned(&daemon).error);
    }
}

/// 20.10 shows no excerpts: the message of a failing step must contain the location.
#[tokio::test]
async fn a_failing_step_has_its_place_in_the_message_of_old_engines() {
    let source = json!({
        "info": { "filename": "mstage.toml", "data": "" },
        "ranges": [{ "start": { "Line": 9 }, "end": { "Line": 9 } }],
    });
    let mut status = failure("process \"x\" did not complete successfully: exit code: 1");
    status.details.push(Any {
        type_url: "github.com/moby/buildkit/errdefs.Source+json".to_owned(),
        value: source.to_string().into_bytes(),
    });
    let engine = |release| {
        Engine::new(release)
            .on(Method::Solve, Do::Answer)
            .on(Method::Solve, Do::Answer)
            .on(Method::Solve, Do::Fail(status.clone()))
    };
    let spec = "[stages.a]\nfrom = 'scratch'\n";
    let daemon = build(engine(Release::Bookworm), spec, &[]).await;
    assert!(daemon.solves().last().unwrap().evaluate);
    let (message, places) = error(&daemon);
    assert_eq!(message, "mstage.toml:9: process \"x\" did not complete successfully: exit code: 1");
    assert_eq!(places, [("mstage.toml".to_owned(), 9)]);
    assert!(!build(engine(Release::Forky), spec, &[]).await.solves().last().unwrap().evaluate);
}

#[tokio::test]
async fn a_feature_that_the_engine_lacks_is_named_with_its_line() {
    let spec = "[stages.a]\nfrom = 'scratch'\nsteps = [\n  { copy = 'a', chmod = '4755' },\n]\n";
    let (message, places) = error(&build(Engine::new(Release::Bookworm), spec, &[]).await);
    assert_eq!(
        message,
        "mstage.toml:4: the engine does not support copies with modes such as `4755` (`file.copy.alwaysreplaceexistingdestpaths`), which needs BuildKit 0.14 or later"
    );
    assert_eq!(places, [("mstage.toml".to_owned(), 4)]);
}

/// There is another way to create them.
#[tokio::test]
async fn links_and_their_like_need_no_feature() {
    let spec = "[stages.a]\nfrom = 'scratch'\nsteps = [\n  { symlink = '/a', target = '/b' },\n  \
                { write = '/c', content = 'x', chmod = '4755' }\n]\n";
    for release in Release::ALL {
        let daemon = build(Engine::new(release), spec, &[]).await;
        assert!(returned(&daemon).error.is_none(), "{:?}", returned(&daemon).error);
        let bytes = daemon.solves().pop().unwrap().definition.unwrap();
        let unpacks = bytes.as_bytes().windows(12).any(|part| part == b"/archive.tar");
        assert_eq!(unpacks, release < Release::Forky, "{release:?}");
    }
}

#[tokio::test]
async fn a_graph_that_is_too_large_is_not_sent() {
    let steps: String = (0..20_000).map(|n| format!("  'step {n}',\n")).collect();
    // Every process has it.
    let env = format!("env = {{ X = '{}' }}", "x".repeat(1_000));
    let spec = format!("[stages.a]\nfrom = 'alpine:3.20'\n{env}\nsteps = [\n{steps}]\n");
    let daemon = build(engine(), Box::leak(spec.into_boxed_str()), &[]).await;
    let (message, _) = error(&daemon);
    assert!(
        message.starts_with("the build is too large for the engine: its 20002 operations take "),
        "{message}"
    );
    assert_eq!(daemon.solves().len(), 2);
}

/// An unsupported subrequest gets the answer that clients expect.
#[tokio::test]
async fn unknown_requests() {
    let daemon = build(engine(), SPEC, &["requestid=frontend.nonsense"]).await;
    let error = returned(&daemon).error.unwrap();
    assert_eq!(error.message, "unsupported request frontend.nonsense");
    assert!(error.details[0].type_url.ends_with("errdefs.Subrequest+json"));
}
