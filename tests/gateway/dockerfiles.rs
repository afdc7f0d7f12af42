//! Dockerfiles as stages: built by the engine's own frontend, used as bases here.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::{Graph, Image, Metadata};
use buildkit_proto::pb;

use crate::fake::{Daemon, Do, Engine, Method, Nested, Release, failure};
use crate::frontend::{CONFIG, build_with, error, ops, returned, sources};

const SPEC: &str = r#"[stages.a]
from = { dockerfile = "build/Dockerfile", target = "compile", args = { VERSION = "2" } }
steps = ["make"]
"#;

fn engine(spec: &'static str) -> Engine {
    let mut graph = Graph::new();
    let made =
        graph.add(Image::new("docker.io/library/made:1".parse().unwrap()), Metadata::default());
    let config = CONFIG.replace("PATH=/bin", "PATH=/of-the-dockerfile");
    let nested = Nested {
        definition: graph.definition(made).into_encoded(),
        metadata: BTreeMap::from([("containerimage.config".to_owned(), config.into_bytes())]),
        ..Nested::default()
    };
    Engine::new(Release::Head)
        .source("local://dockerfile", [("mstage.toml", spec)])
        .source("local://context", [("x", "")])
        .frontend("dockerfile.v0", nested)
}

#[tokio::test]
async fn it_is_a_base_with_its_config() {
    let options = [
        "build-arg:VERSION=client",
        "build-arg:http_proxy=p",
        "label:l=1",
        "cmdline=x",
        "source=x",
    ];
    let daemon = build_with(engine(SPEC), &options).await;
    let solves = daemon.solves();
    let nested = solves.iter().find(|solve| solve.frontend == "dockerfile.v0").unwrap();
    let opts = &nested.frontend_opt;
    assert_eq!((&opts["filename"][..], &opts["target"][..]), ("build/Dockerfile", "compile"));
    assert_eq!(
        opts["build-arg:VERSION"], "2",
        "it has the args that the spec gives it, and no others"
    );
    assert_eq!(opts["build-arg:http_proxy"], "p");
    // Without these it looks for a syntax line of its own.
    assert!(!opts.contains_key("cmdline") && !opts.contains_key("source"));
    assert!(!opts.contains_key("label:l"), "labels are for the result");

    let ops = ops(&daemon);
    assert!(sources(&ops).contains_key("docker-image://docker.io/library/made:1"));
    let exec = ops.iter().find_map(|op| match &op.op {
        Some(pb::op::Op::Exec(exec)) => exec.meta.clone(),
        _ => None,
    });
    assert_eq!(exec.unwrap().env, ["PATH=/of-the-dockerfile"]);
    assert!(returned(&daemon).error.is_none());
}

/// The client's `BUILDKIT_SYNTAX` selects the frontend of the client's file. If it were passed on,
/// this frontend would also read the other file, regardless of that file's own syntax line.
#[tokio::test]
async fn the_frontend_of_another_file_is_its_own() {
    let options = ["build-arg:BUILDKIT_SYNTAX=myorg/mstage", "build-arg:BUILDKIT_CACHE_MOUNT_NS=n"];
    let daemon = build_with(engine(SPEC), &options).await;
    let opts = &nested(&daemon)[0];
    assert!(!opts.contains_key("build-arg:BUILDKIT_SYNTAX"), "{opts:?}");
    assert_eq!(opts["build-arg:BUILDKIT_CACHE_MOUNT_NS"], "n");

    let spec = r#"[stages.a]
from = { dockerfile = "Dockerfile", args = { BUILDKIT_SYNTAX = "docker/dockerfile:1.7" } }
steps = ["make"]
"#;
    let daemon = build_with(engine(spec), &options).await;
    assert_eq!(nested(&daemon)[0]["build-arg:BUILDKIT_SYNTAX"], "docker/dockerfile:1.7");
}

/// Files that are based on each other would start frontends endlessly.
#[tokio::test]
async fn a_file_that_needs_itself_is_an_error() {
    let daemon = build_with(engine(SPEC), &[]).await;
    let waiting = nested(&daemon)[0]["mstage-waiting"].clone();
    assert_eq!(waiting, r#"[["build/Dockerfile","compile",{"VERSION":"2"}]]"#);

    let again = build_with(engine(SPEC), &[&format!("mstage-waiting={waiting}")]).await;
    let (message, places) = error(&again);
    let chain = "`build/Dockerfile` depends on itself: build/Dockerfile -> build/Dockerfile";
    assert!(message.starts_with(&format!("mstage.toml:2: {chain}\n")), "{message}");
    assert_eq!(places, [("mstage.toml".to_owned(), 2)]);
    assert_eq!(nested(&again).len(), 0);

    let many: Vec<_> = (0..8).map(|n| format!(r#"["f{n}",null,{{}}]"#)).collect();
    let many = format!("mstage-waiting=[{}]", many.join(","));
    let (message, _) = error(&build_with(engine(SPEC), &[&many]).await);
    assert!(
        message.contains("build files are nested more than 8 levels deep: f0 -> f1"),
        "{message}"
    );
}

/// The options of the Dockerfile frontend, for each call.
fn nested(daemon: &Daemon) -> Vec<BTreeMap<String, String>> {
    let solves = daemon.solves().into_iter();
    solves
        .filter(|solve| solve.frontend == "dockerfile.v0")
        .map(|solve| solve.frontend_opt)
        .collect()
}

/// It finds its files and its build contexts in the same places as this build.
#[tokio::test]
async fn what_other_builds_make_is_handed_on() {
    let mut graph = Graph::new();
    let made =
        graph.add(Image::new("docker.io/library/other:1".parse().unwrap()), Metadata::default());
    let input = graph.definition(made);
    let engine = engine(SPEC)
        .source("docker-image://docker.io/library/other:1", [("mstage.toml", SPEC)])
        .input("context", input.clone())
        .input("dockerfile", input.clone())
        .input("base::0", input.clone());
    let daemon = build_with(engine, &["context:base=input:base::0"]).await;
    let solves = daemon.solves();
    let nested = solves.iter().find(|solve| solve.frontend == "dockerfile.v0").unwrap();
    assert_eq!(nested.frontend_opt["context:base"], "input:base::0");
    for name in ["context", "dockerfile", "base::0"] {
        assert_eq!(nested.frontend_inputs.get(name), Some(&input.clone().into_encoded()), "{name}");
    }
}

#[tokio::test]
async fn its_failure_has_the_place_in_the_spec_too() {
    let engine = engine(SPEC)
        .on(Method::Solve, Do::Answer)
        .on(Method::Solve, Do::Answer)
        .on(Method::Solve, Do::Fail(failure("dockerfile parse error on line 3")));
    let (message, places) = error(&build_with(engine, &[]).await);
    assert_eq!(message, "mstage.toml:2: build/Dockerfile: dockerfile parse error on line 3");
    assert_eq!(places, [("mstage.toml".to_owned(), 2)]);
}

/// Similar names are not the same build.
#[tokio::test]
async fn builds_that_differ_in_what_their_names_run_together() {
    let spec = r#"[stages.a]
from = "scratch"
steps = [
  { copy = "/a", from = { dockerfile = "f", args = { A = "1 B=2" } } },
  { copy = "/b", from = { dockerfile = "f", args = { A = "1", B = "2" } } },
  { copy = "/c", from = { dockerfile = "f:t" } },
  { copy = "/d", from = { dockerfile = "f", target = "t" } },
  { copy = "/e", from = { dockerfile = "f", target = "t" } },
]
"#;
    let daemon = build_with(engine(spec), &[]).await;
    assert!(returned(&daemon).error.is_none());
    let solves = daemon.solves();
    let asked = solves.iter().filter(|solve| solve.frontend == "dockerfile.v0").map(|solve| {
        let option = |key: &str| solve.frontend_opt.get(key).map(String::as_str);
        let args = [option("build-arg:A"), option("build-arg:B")];
        (option("filename"), option("target"), args)
    });
    let asked: BTreeSet<_> = asked.collect();
    let file = Some("f");
    assert_eq!(
        asked,
        BTreeSet::from([
            (file, None, [Some("1 B=2"), None]),
            (file, None, [Some("1"), Some("2")]),
            (Some("f:t"), None, [None, None]),
            (file, Some("t"), [None, None]),
        ])
    );
}

/// An engine with a Dockerfile as the build file, under a given name.
fn plain(name: &'static str, text: &'static str) -> Engine {
    Engine::new(Release::Head)
        .source("local://dockerfile", [(name, text)])
        .source("local://context", [("x", "")])
}

/// A project may have its Dockerfile as `dockerfile`.
#[tokio::test]
async fn the_file_is_found_in_lower_case() {
    let engine = plain("dockerfile", "FROM scratch\nCOPY x /\n");
    let daemon = build_with(engine, &["filename=Dockerfile"]).await;
    assert!(returned(&daemon).error.is_none());
    let engine = plain("other", "FROM scratch\nCOPY x /\n");
    assert!(
        error(&build_with(engine, &["filename=Dockerfile"]).await).0.contains("no `Dockerfile`")
    );
}

/// For programs, an error contains the whole file, the graph that it was read from, and each line
/// of the instruction.
#[tokio::test]
async fn an_error_has_the_file_and_where_it_is_from() {
    let engine = plain("Dockerfile", "FROM scratch\nCOPY --form=x \\\n  a b\n");
    let daemon = build_with(engine, &["filename=Dockerfile"]).await;
    let details = returned(&daemon).error.unwrap().details;
    let json: serde_json::Value = serde_json::from_slice(&details[0].value).unwrap();
    assert_eq!(json["info"]["language"], "Dockerfile");
    assert_eq!(
        json["info"]["data"], "RlJPTSBzY3JhdGNoCkNPUFkgLS1mb3JtPXggXAogIGEgYgo=",
        "all of the file"
    );
    assert_eq!(json["info"]["definition"]["def"].as_array().unwrap().len(), 2);
    assert_eq!(json["ranges"].as_array().unwrap().len(), 1, "the flag is in one line");

    let engine = plain("Dockerfile", "FROM scratch\nCOPY x \\\n  /y\nCOPY x /z\n");
    let daemon = build_with(engine, &["filename=Dockerfile"]).await;
    let solves = daemon.solves();
    let source = crate::definition::of(solves.last().unwrap()).source.unwrap();
    assert!(source.infos[0].definition.is_some());
    let lines = |ranges: &[pb::Range]| -> Vec<i32> {
        ranges.iter().filter_map(|range| Some(range.start.as_ref()?.line)).collect()
    };
    let located = source.locations.values().flat_map(|of| &of.locations);
    let mut located: Vec<_> = located.map(|location| lines(&location.ranges)).collect();
    located.sort();
    assert_eq!(located, [vec![2, 3], vec![4]]);
}

/// `TARGETSTAGE` is the name of the last stage if no target is given.
#[tokio::test]
async fn the_name_of_the_target_is_that_of_the_dockerfile() {
    for (last, options, expected) in [
        ("FROM base AS Final.One\n", vec![], "final.one"),
        ("FROM base\n", vec![], "default"),
        ("FROM base AS last\n", vec!["target=BASE"], "BASE"),
    ] {
        let text =
            format!("FROM scratch AS base\nARG TARGETSTAGE\nLABEL stage=$TARGETSTAGE\n{last}");
        let engine = plain("Dockerfile", Box::leak(text.into_boxed_str()));
        let options: Vec<&str> = [vec!["filename=Dockerfile"], options].concat();
        let daemon = build_with(engine, &options).await;
        let result = returned(&daemon).result.unwrap();
        let config: serde_json::Value =
            serde_json::from_slice(&result.metadata[CONFIG_KEY]).unwrap();
        assert_eq!(config["config"]["Labels"]["stage"], expected, "{last}");
    }
}

const CONFIG_KEY: &str = "containerimage.config";
