//! Several platforms in one build.

use buildkit_proto::frontend::result;
use buildkit_proto::pb;
use prost::Message;
use serde_json::Value;

use crate::definition;
use crate::fake::{Call, Engine, Method, Release};
use crate::frontend::{CONFIG, build_with, error, returned};

const SPEC: &str = r#"default = "app"
[stages.build]
from = "alpine:3.20"
platform = "${BUILDPLATFORM}"
steps = ["common", "for $TARGETARCH"]
[stages.app]
from = "debian"
steps = [{ copy = "/out", from = "build" }]
[stages.app.image]
cmd = ["/out"]
annotations = { a = "1" }
"#;

fn engine(spec: &'static str) -> Engine {
    let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
    let config =
        |arch: &str| CONFIG.replace("amd64", arch).replace("PATH=/bin", &format!("PATH=/{arch}"));
    let debian = "docker.io/library/debian:latest";
    Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", spec)])
        .image("docker.io/library/alpine:3.20", &digest("a"), CONFIG)
        .image_on("linux/amd64", debian, &digest("d"), &config("amd64"))
        .image_on("linux/arm64", debian, &digest("d"), &config("arm64"))
        .image_on("linux/arm/v7", debian, &digest("d"), &config("arm"))
}

#[tokio::test]
async fn each_platform_has_its_files_and_its_config() {
    let daemon = build_with(engine(SPEC), &["platform=linux/amd64,linux/arm64,linux/arm/v7"]).await;
    let result = returned(&daemon).result.unwrap();
    let Some(result::Result::Refs(refs)) = result.result else { panic!("not a map of files") };
    let ids = ["linux/amd64", "linux/arm/v7", "linux/arm64"];
    assert_eq!(refs.refs.keys().collect::<Vec<_>>(), ids.iter().collect::<Vec<_>>());

    let json = |key: &str| serde_json::from_slice::<Value>(&result.metadata[key]).unwrap();
    let arm = json("containerimage.config/linux/arm/v7");
    assert_eq!((&arm["architecture"], &arm["variant"]), (&"arm".into(), &"v7".into()));
    assert_eq!(json("containerimage.config/linux/arm64")["config"]["Env"][0], "PATH=/arm64");
    assert_eq!(json("containerimage.base.config/linux/arm64")["architecture"], "arm64");
    assert_eq!(result.metadata["annotation-manifest[linux/arm/v7].a"], b"1");
    let platforms = json("refs.platforms");
    let listed: Vec<_> =
        platforms["Platforms"].as_array().unwrap().iter().map(|of| &of["ID"]).collect();
    assert_eq!(
        listed,
        ["linux/amd64", "linux/arm64", "linux/arm/v7"],
        "in the order of the client"
    );
    assert!(!result.metadata.contains_key("containerimage.config"));
}

/// One lookup for each image and platform, and the steps that do not depend on the target are the
/// same ops, which run once.
#[tokio::test]
async fn what_platforms_have_in_common_is_there_once() {
    let daemon = build_with(engine(SPEC), &["platform=linux/amd64,linux/arm64"]).await;
    let lookups = daemon.methods().iter().filter(|&&of| of == Method::ResolveSourceMeta).count();
    assert_eq!(lookups, 3);
    let solves = daemon.solves();
    let [.., first, second] = &solves[..] else { panic!("two graphs are solved") };
    let execs = |solve: &buildkit_proto::frontend::SolveRequest| -> Vec<(Vec<u8>, String)> {
        let definition = definition::of(solve);
        let ops = definition.def.iter().filter_map(|bytes| {
            match pb::Op::decode(&bytes[..]).unwrap().op {
                Some(pb::op::Op::Exec(exec)) => {
                    Some((bytes.clone(), exec.meta.unwrap().args.concat()))
                }
                _ => None,
            }
        });
        ops.collect()
    };
    let (first, second) = (execs(first), execs(second));
    assert_eq!((first.len(), second.len()), (2, 2));
    assert_eq!(first[0], second[0]);
    assert_ne!(first[1].0, second[1].0);
    let names: Vec<String> = solves
        .iter()
        .flat_map(|solve| definition::of(solve).metadata.into_values())
        .filter_map(|metadata| metadata.description.get("llb.customname").cloned())
        .collect();
    assert!(
        names.contains(&"[linux/amd64->arm64 build 3/3] for $TARGETARCH".to_owned()),
        "{names:?}"
    );
    assert!(
        names.contains(&"[linux/arm64 app 2/2] copy /out from build to ./".to_owned()),
        "{names:?}"
    );
}

#[tokio::test]
async fn one_platform_can_have_the_form_of_several() {
    let daemon = build_with(engine(SPEC), &["multi-platform=true"]).await;
    let result = returned(&daemon).result.unwrap();
    assert!(matches!(result.result, Some(result::Result::Refs(refs)) if refs.refs.len() == 1));
    assert!(result.metadata.contains_key("containerimage.config/linux/amd64"));
}

#[tokio::test]
async fn a_mistake_is_reported_once_for_all_platforms() {
    let spec = "[stages.a]\nfrom = 'x'\nworkdir = '${NOTHING}'\nsteps = [{ copy = 'x', from = { stage = 'y' } }]\n";
    let daemon = build_with(engine(spec), &["platform=linux/amd64,linux/arm64"]).await;
    assert_eq!(error(&daemon).0.matches("there is no stage `y`").count(), 1);
}

/// A process cannot run on another operating system than the engine's; files can still be assembled
/// for it.
#[tokio::test]
async fn windows() {
    let spec =
        "[stages.a]\nfrom = 'scratch'\nsteps = [{ write = '/bin/sh', content = '' }, 'run me']\n";
    let daemon = build_with(engine(spec), &["platform=windows/amd64"]).await;
    let (message, places) = error(&daemon);
    assert!(
        message.contains("cannot run this step on windows/amd64: steps run only on Linux"),
        "{message}"
    );
    assert_eq!(places, [("mstage.toml".to_owned(), 3)]);

    let spec = "[stages.a]\nfrom = 'scratch'\nsteps = [{ write = '/a', content = '' }]\n";
    let daemon = build_with(engine(spec), &["platform=windows/amd64"]).await;
    assert!(returned(&daemon).error.is_none());
    let config = &returned(&daemon).result.unwrap().metadata["containerimage.config"];
    assert_eq!(serde_json::from_slice::<Value>(config).unwrap()["os"], "windows");
}

/// Without emulation, a step would end with "exec format error", which does not explain the cause.
#[tokio::test]
async fn a_platform_that_the_engine_does_not_run_is_warned_of() {
    let spec = "[stages.a]\nfrom = 'debian'\nsteps = ['run me']\n";
    let options =
        ["platform=linux/arm64", "build-arg:BUILDKIT_DOCKERFILE_CHECK=skip=untagged-image"];
    let daemon = build_with(engine(spec), &options).await;
    let warnings: Vec<String> = daemon
        .calls()
        .into_iter()
        .filter_map(|call| match call {
            Call::Warn(warning) => Some(String::from_utf8(warning.short).unwrap()),
            _ => None,
        })
        .collect();
    assert_eq!(
        warnings,
        [
            "foreign-platform: the engine does not list linux/arm64 among the platforms that it can run (line 3)"
        ]
    );
}
