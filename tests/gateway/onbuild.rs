//! `ONBUILD` triggers of a base image, which the engine's own Dockerfile frontend runs.

use std::collections::BTreeMap;

use buildkit_proto::pb;
use prost::Message;

use crate::fake::{Engine, Nested, Release};
use crate::frontend::{CONFIG, build, build_with, error, ops, returned, sources};

/// The triggers of a base are run by the engine's own Dockerfile frontend, with the client's
/// options.
#[tokio::test]
async fn onbuild_of_a_base_is_fired() {
    let config = r#"{"architecture":"amd64","os":"linux","config":{"OnBuild":["RUN touch /fired"]},
        "rootfs":{"diff_ids":["sha256:00"]}}"#;
    let fired = r#"{"architecture":"amd64","os":"linux","config":{"Env":["FIRED=1"]},"rootfs":{"diff_ids":["sha256:00"]}}"#;
    let mut graph = buildkit_llb::Graph::new();
    let made = graph.add(
        buildkit_llb::Image::new("docker.io/library/fired:1".parse().unwrap()),
        buildkit_llb::Metadata::default(),
    );
    let nested = Nested {
        definition: graph.definition(made).into_encoded(),
        metadata: BTreeMap::from([("containerimage.config".to_owned(), fired.as_bytes().to_vec())]),
        ..Nested::default()
    };
    let engine = Engine::new(Release::Forky)
        .image("docker.io/library/base:1", &format!("sha256:{}", "b".repeat(64)), config)
        .frontend("dockerfile.v0", nested);
    let spec =
        "[stages.a]\nfrom = 'base:1'\nsteps = ['echo $FIRED', { copy = '/x', from = 'base:1' }]\n";
    let daemon = build(engine, spec, &["build-arg:A=1", "target=a"]).await;
    assert!(returned(&daemon).result.is_some(), "{:?}", returned(&daemon).error);
    let solves = daemon.solves();
    let nested = solves
        .iter()
        .find(|solve| solve.frontend == "dockerfile.v0")
        .expect("the triggers were fired");
    assert_eq!(nested.frontend_opt["build-arg:A"], "1");
    assert_eq!(nested.frontend_opt["filename"], "Dockerfile");
    assert!(!nested.frontend_opt.contains_key("target"));
    let ops = ops(&daemon);
    let sources = sources(&ops);
    // The stage is based on the result of the triggers; files are copied from the original image.
    assert!(sources.contains_key("docker-image://docker.io/library/fired:1"));
    assert!(
        sources.keys().any(|source| source.starts_with("docker-image://docker.io/library/base:1@"))
    );
}

/// The Dockerfile frontend looks for its file in such a context, and not in an input.
#[tokio::test]
async fn onbuild_of_a_base_takes_from_a_repository() {
    let config = CONFIG.replace("\"config\":{", "\"config\":{\"OnBuild\":[\"COPY . .\"],");
    let metadata = BTreeMap::from([("containerimage.config".to_owned(), CONFIG.into())]);
    let repository = "git://example.com/a.git#main";
    let engine = Engine::new(Release::Head)
        .source(repository, [("mstage.toml", "[stages.a]\nfrom = 'base:1'\n")])
        .image("docker.io/library/base:1", &format!("sha256:{}", "b".repeat(64)), &config)
        .frontend("dockerfile.v0", Nested { metadata, ..Nested::default() });
    let options = ["contextkey=ctx", "ctx=https://example.com/a.git#main", "contextsubdir=sub"];
    let daemon = build_with(engine, &options).await;
    assert!(returned(&daemon).error.is_none(), "{:?}", returned(&daemon).error);
    let solves = daemon.solves();
    let nested = solves.iter().find(|solve| solve.frontend == "dockerfile.v0").unwrap();
    let opts = &nested.frontend_opt;
    assert!(!opts.contains_key("ctx") && !opts.contains_key("contextkey"), "{opts:?}");
    assert_eq!(opts["contextsubdir"], "sub");
    let context = nested.frontend_inputs["context"].message().unwrap();
    let ops: Vec<_> = context.def.iter().map(|op| pb::Op::decode(op.as_slice()).unwrap()).collect();
    assert_eq!(sources(&ops).keys().collect::<Vec<_>>(), [&repository]);
}

/// A stage that triggers copy from is passed as a build context with its name; this is impossible
/// for a stage that is itself based on that image.
#[tokio::test]
async fn onbuild_of_a_base_takes_from_a_stage() {
    let config = r#"{"architecture":"amd64","os":"linux","config":{"OnBuild":["COPY --from=build /x /y"]},
        "rootfs":{"diff_ids":["sha256:00"]}}"#;
    let engine = |release| {
        let metadata =
            BTreeMap::from([("containerimage.config".to_owned(), CONFIG.as_bytes().to_vec())]);
        Engine::new(release)
            .image("docker.io/library/base:1", &format!("sha256:{}", "b".repeat(64)), config)
            .image("docker.io/library/alpine:3.20", &format!("sha256:{}", "a".repeat(64)), CONFIG)
            .frontend("dockerfile.v0", Nested { metadata, ..Nested::default() })
    };
    let spec = "default = 'a'\n[stages.build]\nfrom = 'alpine:3.20'\nsteps = ['make']\n[stages.a]\nfrom = 'base:1'\n";
    let daemon = build(engine(Release::Forky), spec, &[]).await;
    assert!(returned(&daemon).result.is_some(), "{:?}", returned(&daemon).error);
    let solves = daemon.solves();
    let nested = solves.iter().find(|solve| solve.frontend == "dockerfile.v0").unwrap();
    assert_eq!(nested.frontend_opt["context:build"], "input:stage:build");
    assert!(nested.frontend_opt["input-metadata:stage:build"].contains("containerimage.config"));
    let handed_over = nested.frontend_inputs["stage:build"].message().unwrap();
    assert_eq!(handed_over.def.len(), 3, "an image, a step, and the end");

    // The target is still the client's.
    let spec = "[stages.build]\nfrom = 'alpine:3.20'\nsteps = ['make $TARGETSTAGE']\n[stages.a]\nfrom = 'base:1'\n";
    let daemon = build(engine(Release::Forky), spec, &["target=a"]).await;
    let solves = daemon.solves();
    let nested = solves.iter().find(|solve| solve.frontend == "dockerfile.v0").unwrap();
    let handed_over = nested.frontend_inputs["stage:build"].message().unwrap();
    let has =
        |text: &str| handed_over.def.iter().any(|op| String::from_utf8_lossy(op).contains(text));
    assert!(has("TARGETSTAGE=a"));

    // The stages that such a stage requires are built too, even if the engine cannot wait for them.
    let spec = "default = 'a'\n[stages.test]\nfrom = 'alpine:3.20'\nsteps = ['the test']\n\
                [stages.build]\nfrom = 'alpine:3.20'\nsteps = ['make']\nrequires = ['test']\n\
                [stages.a]\nfrom = 'base:1'\n";
    let forky = || engine(Release::Forky);
    for (engine, beside) in [(forky(), 0), (forky().without("mergeop").without("diffop"), 1)] {
        let daemon = build(engine, spec, &[]).await;
        assert!(returned(&daemon).result.is_some(), "{:?}", returned(&daemon).error);
        let tested = |definition: &Option<buildkit_proto::Encoded<pb::Definition>>| {
            let ops = definition.iter().flat_map(|definition| definition.message().unwrap().def);
            ops.into_iter().any(|op| String::from_utf8_lossy(&op).contains("the test"))
        };
        let solves = daemon.solves();
        let nested = solves.iter().find(|solve| solve.frontend == "dockerfile.v0").unwrap();
        let handed_over = nested.frontend_inputs.get("stage:build").cloned();
        assert_eq!(tested(&handed_over), beside == 0);
        let alone: Vec<_> = solves.iter().filter(|solve| tested(&solve.definition)).collect();
        assert_eq!(alone.len(), beside);
        assert!(alone.iter().all(|solve| solve.evaluate));
    }

    let spec = "default = 'build'\n[stages.build]\nfrom = 'base:1'\n";
    let (message, places) = error(&build(engine(Release::Forky), spec, &[]).await);
    assert!(
        message.contains("copy from the stage `build`, which starts from that image"),
        "{message}"
    );
    assert_eq!(places[0], ("mstage.toml".to_owned(), 3));

    let spec = "default = 'a'\n[stages.build]\nfrom = 'alpine:3.20'\n[stages.a]\nfrom = 'base:1'\n";
    let (message, places) = error(&build(engine(Release::Trixie), spec, &[]).await);
    assert!(
        message.contains("the engine does not support stages in ONBUILD triggers"),
        "{message}"
    );
    assert_eq!(places[0], ("mstage.toml".to_owned(), 5));
}
