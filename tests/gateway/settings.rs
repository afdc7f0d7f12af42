//! The client's settings for processes, caches and times.

use std::collections::BTreeMap;

use buildkit_proto::frontend::{
    ResolveSourceGitResponse, ResolveSourceHttpResponse, ResolveSourceMetaResponse,
};
use buildkit_proto::pb;
use prost::Message;
use serde_json::Value;

use crate::definition;
use crate::fake::{Call, Engine, Method, Nested, Release};
use crate::frontend::{CONFIG, build_with, error, ops, returned, sources};

const SPEC: &str = r#"[stages.a]
from = "alpine:3.20"
workdir = "/app"
steps = [{ run = "make", mounts = [{ cache = "/c" }] }, { run = "fetch", network = "host" }]
"#;

fn engine(release: Release) -> Engine {
    Engine::new(release).source("local://dockerfile", [("mstage.toml", SPEC)]).image(
        "docker.io/library/alpine:3.20",
        &format!("sha256:{}", "a".repeat(64)),
        CONFIG,
    )
}

fn execs(ops: &[pb::Op]) -> Vec<&pb::ExecOp> {
    ops.iter()
        .filter_map(|op| match &op.op {
            Some(pb::op::Op::Exec(exec)) => Some(exec),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn processes() {
    let options = [
        "add-hosts=Db=10.0.0.5",
        "build-arg:BUILDKIT_SANDBOX_HOSTNAME=box",
        "shm-size=1048576",
        "ulimit=nofile=1024:2048",
        "cgroup-parent=/g",
        "force-network-mode=none",
        "memory=1000000",
        "build-arg:BUILDKIT_CACHE_MOUNT_NS=ns",
    ];
    let daemon = build_with(engine(Release::Head), &options).await;
    assert!(returned(&daemon).error.is_none());
    let ops = ops(&daemon);
    let execs = execs(&ops);
    let meta = execs[0].meta.as_ref().unwrap();
    assert_eq!((&meta.extra_hosts[0].host[..], &meta.extra_hosts[0].ip[..]), ("db", "10.0.0.5"));
    assert_eq!((&meta.hostname[..], &meta.cgroup_parent[..]), ("box", "/g"));
    assert_eq!((meta.ulimit[0].soft, meta.ulimit[0].hard), (1024, 2048));
    let mount = |dest: &str| execs[0].mounts.iter().find(|mount| mount.dest == dest).unwrap();
    assert_eq!(mount("/dev/shm").tmpfs_opt.unwrap().size, 1 << 20);
    assert_eq!(mount("/c").cache_opt.as_ref().unwrap().id, "ns//c");
    assert_eq!(execs[0].network, i32::from(pb::NetMode::None));
    assert_eq!(execs[1].network, i32::from(pb::NetMode::Host), "the step's own wins");
    let solves = daemon.solves();
    let metadata = definition::of(solves.last().unwrap()).metadata;
    let limits: Vec<_> = metadata.values().filter_map(|of| of.linux_resources.as_ref()).collect();
    assert_eq!(limits.len(), 2);
    assert!(limits.iter().all(|of| of.memory == 1_000_000));
}

/// Limits that the engine cannot set are rejected: a build without them would not be as requested.
#[tokio::test]
async fn limits_that_the_engine_does_not_know() {
    let daemon = build_with(engine(Release::Forky), &["memory=1000000"]).await;
    assert!(error(&daemon).0.contains("the engine does not support"), "{}", error(&daemon).0);
}

#[tokio::test]
async fn bad_values_are_errors_that_name_the_option() {
    for (option, message) in [
        ("ulimit=x=1", "option `ulimit`: `x=1`: the limits are "),
        ("context:a=b:c", "option `context:a`: "),
        ("platform=a/b/c/d", "option `platform`: "),
        (
            "build-arg:SOURCE_DATE_EPOCH=never",
            "option `build-arg:SOURCE_DATE_EPOCH`: invalid SOURCE_DATE_EPOCH: never: expected ",
        ),
    ] {
        let daemon = build_with(engine(Release::Head), &[option]).await;
        assert!(error(&daemon).0.starts_with(message), "{}", error(&daemon).0);
    }
}

#[tokio::test]
async fn no_cache_is_for_stages_in_any_case_of_letters() {
    for (option, expected) in [("no-cache=", 3), ("no-cache=A", 3), ("no-cache=b", 0)] {
        let daemon = build_with(engine(Release::Head), &[option]).await;
        let solves = daemon.solves();
        let metadata = definition::of(solves.last().unwrap()).metadata;
        assert_eq!(metadata.values().filter(|of| of.ignore_cache).count(), expected, "{option}");
    }
}

#[tokio::test]
async fn a_time_for_everything_that_is_made() {
    let daemon =
        build_with(engine(Release::Head), &["build-arg:SOURCE_DATE_EPOCH=1700000000"]).await;
    let result = returned(&daemon).result.unwrap();
    assert_eq!(result.metadata["source.date.epoch"], b"1700000000");
    let config: Value = serde_json::from_slice(&result.metadata["containerimage.config"]).unwrap();
    assert_eq!(config["history"][0]["created"], "2023-11-14T22:13:20Z");
}

/// An engine's answer for a git source.
pub(crate) fn commit(identifier: &str) -> ResolveSourceMetaResponse {
    let object = b"tree 1\ncommitter A <a@b> 1600000000 +0000\n\nmessage\n".to_vec();
    ResolveSourceMetaResponse {
        source: Some(pb::SourceOp { identifier: identifier.to_owned(), attrs: BTreeMap::new() }),
        git: Some(ResolveSourceGitResponse { commit_object: object, ..Default::default() }),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_time_of_the_context_or_of_a_stage() {
    let spec = "default = 'a'\n[stages.src]\nfrom = 'scratch'\nsteps = [{ git = 'https://example.com/src.git', ref = 'v1' }]\n\
                [stages.a]\nfrom = 'scratch'\nsteps = [{ copy = 'x' }]\n";
    let context = "git://example.com/a.git";
    let stage = "git://example.com/src.git#v1";
    for (word, identifier) in [("context", context), ("src", stage)] {
        let engine = Engine::new(Release::Head)
            .source(context, [("mstage.toml", spec)])
            .meta(identifier, commit(identifier));
        let epoch = format!("build-arg:SOURCE_DATE_EPOCH={word}");
        let daemon = build_with(engine, &["context=https://example.com/a.git", &epoch]).await;
        let result = returned(&daemon).result.expect(word);
        assert_eq!(result.metadata["source.date.epoch"], b"1600000000", "{word}");
    }
    // Files of the client have no time of their own.
    let daemon = build_with(engine(Release::Head), &["build-arg:SOURCE_DATE_EPOCH=context"]).await;
    assert!(!returned(&daemon).result.unwrap().metadata.contains_key("source.date.epoch"));
}

/// Files of a commit then have its time, and not that of their checkout.
#[tokio::test]
async fn times_of_the_files_of_a_repository() {
    let context = "git://example.com/a.git";
    let engine = || {
        Engine::new(Release::Head).source(
            context,
            [("mstage.toml", "[stages.a]\nfrom = 'scratch'\nsteps = [{ copy = 'x' }]\n")],
        )
    };
    let url = "context=https://example.com/a.git";
    let epoch = "build-arg:SOURCE_DATE_EPOCH=1700000000";
    for (engine, options, time) in [
        (engine(), [url, epoch], Some("commit")),
        (engine(), [url, "build-arg:SOURCE_DATE_EPOCH="], None),
        (engine(), ["context=https://example.com/a.git?mtime=checkout", epoch], Some("checkout")),
        (engine().without("source.git.mtime"), [url, epoch], None),
    ] {
        let daemon = build_with(engine, &options).await;
        let ops = ops(&daemon);
        let sources = sources(&ops);
        assert_eq!(sources[context].get("git.mtime").map(String::as_str), time, "{options:?}");
    }
}

/// A nested build could not resolve the keyword.
#[tokio::test]
async fn a_time_for_builds_that_are_started_from_this_one() {
    let stage = "git://example.com/src.git#v1";
    const NESTED: &str = "default = 'a'\n[args]\nSOURCE_DATE_EPOCH = {}\n[stages.src]\nfrom = 'scratch'\nsteps = [{ git = 'https://example.com/src.git', ref = 'v1' }]\n\
                          [stages.build]\nfrom = 'scratch'\nsteps = [{ write = '/x', content = '${SOURCE_DATE_EPOCH}', expand = true }]\n\
                          [stages.old]\nfrom = { dockerfile = 'Dockerfile' }\n\
                          [stages.a]\nfrom = 'base:1'\nsteps = [{ copy = '/x', from = 'old' }]\n";
    let config =
        CONFIG.replace("\"config\":{", "\"config\":{\"OnBuild\":[\"COPY --from=build /x /\"],");
    let metadata = BTreeMap::from([("containerimage.config".to_owned(), CONFIG.into())]);
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", NESTED)])
        .image("docker.io/library/base:1", &format!("sha256:{}", "b".repeat(64)), &config)
        .frontend("dockerfile.v0", Nested { metadata, ..Nested::default() })
        .meta(stage, commit(stage));
    let daemon = build_with(engine, &["build-arg:SOURCE_DATE_EPOCH=src"]).await;
    assert!(returned(&daemon).error.is_none(), "{:?}", returned(&daemon).error);
    let solves = daemon.solves();
    let nested = solves.iter().filter(|solve| solve.frontend == "dockerfile.v0");
    let nested: Vec<_> = nested.collect();
    assert_eq!(nested.len(), 2, "the triggers, and the Dockerfile");
    for solve in &nested {
        assert_eq!(solve.frontend_opt["build-arg:SOURCE_DATE_EPOCH"], "1600000000");
    }
    let handed_over = nested.iter().find_map(|solve| solve.frontend_inputs.get("stage:build"));
    let made = handed_over.unwrap().message().unwrap().def.into_iter().find_map(|op| {
        let Some(pb::op::Op::File(file)) = pb::Op::decode(op.as_slice()).unwrap().op else {
            return None;
        };
        match file.actions.into_iter().next()?.action? {
            pb::file_action::Action::Mkfile(made) => Some(made),
            _ => None,
        }
    });
    let made = made.unwrap();
    assert_eq!((&made.data[..], made.timestamp), (&b"1600000000"[..], 1_600_000_000_000_000_000));
}

/// An engine that has a checksum sends no request, and so knows no time.
#[tokio::test]
async fn a_time_of_a_file_that_has_a_checksum() {
    const URL: &str = "https://example.com/src.tar";
    let spec = "default = 'a'\n[stages.src]\nfrom = 'scratch'\nsteps = [{ fetch = 'https://example.com/src.tar', \
                checksum = 'sha256:CHECKSUM' }]\n[stages.a]\nfrom = 'scratch'\n";
    let spec = spec.replace("CHECKSUM", &"c".repeat(64));
    let mut http = ResolveSourceHttpResponse::default();
    http.last_modified.get_or_insert_default().seconds = 1_600_000_000;
    let meta = ResolveSourceMetaResponse {
        source: Some(pb::SourceOp { identifier: URL.to_owned(), attrs: BTreeMap::new() }),
        http: Some(http),
        ..Default::default()
    };
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", spec)])
        .meta(URL, meta);
    let daemon = build_with(engine, &["build-arg:SOURCE_DATE_EPOCH=src"]).await;
    let asked = daemon.calls().into_iter().find_map(|call| match call {
        Call::ResolveSourceMeta(request) => request.source,
        _ => None,
    });
    assert!(!asked.unwrap().attrs.contains_key("http.checksum"));
    let result = returned(&daemon).result.unwrap();
    assert_eq!(result.metadata["source.date.epoch"], b"1600000000");
}

/// A source policy may replace the requested image by another one.
#[tokio::test]
async fn the_image_that_the_engine_names_is_used() {
    let digest = format!("sha256:{}", "b".repeat(64));
    let mirror = ResolveSourceMetaResponse {
        source: Some(pb::SourceOp {
            identifier: "docker-image://mirror.example/alpine:3.20".to_owned(),
            attrs: BTreeMap::new(),
        }),
        image: Some(buildkit_proto::frontend::ResolveSourceImageResponse {
            digest: digest.clone(),
            config: CONFIG.as_bytes().to_vec(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let engine = Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", SPEC)])
        .meta("docker-image://docker.io/library/alpine:3.20", mirror);
    let daemon = build_with(engine, &[]).await;
    let ops = ops(&daemon);
    let used = format!("docker-image://mirror.example/alpine:3.20@{digest}");
    assert!(sources(&ops).contains_key(&used[..]));
    assert_eq!(daemon.methods().iter().filter(|&&of| of == Method::ResolveSourceMeta).count(), 1);
}

const SCANNED: &str = r#"default = "app"
[stages.tools]
from = "alpine:3.20"
sbom = true
steps = ["make"]
[stages.app]
from = "scratch"
steps = [{ copy = "/out", from = "tools" }]
"#;

fn with_scanner(spec: &'static str) -> Engine {
    let scanner =
        CONFIG.replace(r#""Cmd":["sh"]"#, r#""Entrypoint":["/scan"],"WorkingDir":"/work""#);
    Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", spec)])
        .image("docker.io/library/alpine:3.20", &format!("sha256:{}", "a".repeat(64)), CONFIG)
        .image("docker.io/my/scanner:1", &format!("sha256:{}", "b".repeat(64)), &scanner)
}

/// The engine scans the target itself; it gets an SBOM only if that covers more.
#[tokio::test]
async fn an_sbom_of_more_than_the_target() {
    let option = "attest:sbom=generator=my/scanner:1,LEVEL=2";
    let daemon = build_with(with_scanner(SCANNED), &[option]).await;
    let result = returned(&daemon).result.unwrap();
    let [attestation] = &result.attestations["linux/amd64"].attestation[..] else {
        panic!("one SBOM")
    };
    assert_eq!(attestation.in_toto_predicate_type, "https://spdx.dev/Document");
    assert_eq!(attestation.metadata["reason"], b"sbom");
    assert!(!attestation.r#ref.as_ref().unwrap().id.is_empty());

    let solves = daemon.solves();
    let scan = solves.iter().rev().filter(|solve| solve.definition.is_some()).find_map(|solve| {
        let ops = definition::of(solve).def.into_iter();
        ops.filter_map(|op| match pb::Op::decode(&op[..]).ok()?.op {
            Some(pb::op::Op::Exec(exec)) if exec.meta.as_ref()?.args == ["/scan"] => Some(exec),
            _ => None,
        })
        .next()
    });
    let scan = scan.expect("the scanner runs");
    let meta = scan.meta.unwrap();
    for variable in [
        "BUILDKIT_SCAN_DESTINATION=/run/out/",
        "BUILDKIT_SCAN_SOURCE=/run/src/core/sbom",
        "BUILDKIT_SCAN_SOURCE_EXTRAS=/run/src/extras/",
        "BUILDKIT_SCAN_LEVEL=2",
    ] {
        assert!(meta.env.iter().any(|set| set == variable), "{variable}: {:?}", meta.env);
    }
    assert_eq!(meta.cwd, "/work");
    let mounts: Vec<&str> = scan.mounts.iter().map(|mount| &mount.dest[..]).collect();
    assert_eq!(
        mounts,
        ["/", "/run/out", "/run/src/core/sbom", "/run/src/extras/sbom-tools", "/tmp"]
    );

    let daemon = build_with(with_scanner(SCANNED), &[option, "target=tools"]).await;
    assert!(returned(&daemon).result.unwrap().attestations.is_empty(), "the engine makes that one");
}

#[tokio::test]
async fn a_scanner_that_is_not_there_is_named() {
    let daemon = build_with(with_scanner(SCANNED), &["attest:sbom=generator=no/such"]).await;
    assert!(
        error(&daemon).0.starts_with("cannot use the scanner `no/such`: "),
        "{}",
        error(&daemon).0
    );
}

/// No program can receive such a value, and no current client sends one.
#[tokio::test]
async fn a_build_arg_without_nul() {
    let spec = "[args]\nA = {}\n\n[stages.a]\nfrom = \"alpine:3.20\"\nsteps = ['echo $A']\n";
    let engine = engine(Release::Forky).source("local://dockerfile", [("mstage.toml", spec)]);
    let (message, _) = error(&build_with(engine, &["build-arg:A=x\0y"]).await);
    assert!(message.starts_with("--build-arg A contains a NUL character"), "{message}");
}
