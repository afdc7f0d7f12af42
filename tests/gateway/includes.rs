//! Includes of a build file: their sources, and the number of calls needed.

use buildkit_llb::{Graph, Local, Metadata};

use crate::definition;
use crate::fake::{Engine, Method, Release};
use crate::frontend::{CONFIG, build_with, engine, error, returned};

const MAIN: &str = "default = 'app'\ninclude = ['lib/base.toml']\n[stages.app]\nfrom = 'base'\n";
const BASE: &str =
    "include = ['args.toml']\n[stages.base]\nfrom = 'alpine:${VERSION}'\nsteps = ['false']\n";
const ARGS: &str = "[args]\nVERSION = '3.20'\n";

#[tokio::test]
async fn each_depth_is_one_wave() {
    let files = [("mstage.toml", MAIN), ("lib/base.toml", BASE), ("lib/args.toml", ARGS)];
    let daemon = build_with(engine().source("local://dockerfile", files), &[]).await;
    assert!(returned(&daemon).error.is_none(), "{:?}", returned(&daemon).error);
    // The build file, the ignore file of the context, two waves, and the build.
    let solves = daemon.methods().iter().filter(|&&method| method == Method::Solve).count();
    assert_eq!(solves, 2 + 2 + 1);
    let sources = definition::of(daemon.solves().last().unwrap()).source.unwrap();
    let names: Vec<&str> = sources.infos.iter().map(|info| info.filename.as_str()).collect();
    assert!(names.contains(&"lib/base.toml"), "{names:?}");
}

#[tokio::test]
async fn a_mistake_is_shown_in_the_file_that_has_it() {
    const WRONG: &str = "[stages.base]\nfrom = 'scratch'\nstesp = []\n";
    let files = [("mstage.toml", MAIN), ("lib/base.toml", WRONG)];
    let daemon = build_with(engine().source("local://dockerfile", files), &[]).await;
    let (message, places) = error(&daemon);
    assert!(message.starts_with("lib/base.toml:3: unknown key `stesp`"), "{message}");
    assert_eq!(places, [("lib/base.toml".to_owned(), 3)]);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_told_with_the_others() {
    const MAIN: &str = "include = ['none.toml', { context = 'shared', path = 'base.toml' }, { context = 'lib', path = 'x.toml' }]\n\
         [stages.app]\nfrom = 'base'\n";
    let engine = engine()
        .source("local://dockerfile", [("mstage.toml", MAIN)])
        .source("local://lib", [("y.toml", "")]);
    let daemon = build_with(engine, &["context:lib=local:lib"]).await;
    let (message, _) = error(&daemon);
    for part in [
        "there is no file `none.toml` in the directory of the build file",
        "there is no build context `shared`",
        "there is no file `x.toml` in the build context `lib`",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[tokio::test]
async fn build_contexts_of_all_kinds() {
    const MAIN: &str =
        "include = [{ context = 'shared', path = 'base.toml' }]\n[stages.app]\nfrom = 'base'\n";
    const BASE: &str = "[stages.base]\nfrom = 'alpine:3.20'\nsteps = ['false']\n";
    let with = |identifier: &str| {
        engine()
            .source("local://dockerfile", [("mstage.toml", MAIN)])
            .source(identifier, [("base.toml", BASE)])
    };
    let mut graph = Graph::new();
    let made = graph.add(Local::new("made", "other"), Metadata::default());
    let input = graph.definition(made);
    for (engine, option) in [
        (with("local://dir"), "context:shared=local:dir"),
        (with("git://example.com/a.git#v1"), "context:shared=https://example.com/a.git#v1"),
        (
            with("docker-image://docker.io/library/files:latest"),
            "context:shared=docker-image://files",
        ),
        (with("local://made").input("made", input), "context:shared=input:made"),
    ] {
        let daemon = build_with(engine, &[option]).await;
        assert!(returned(&daemon).error.is_none(), "{option}: {:?}", returned(&daemon).error);
    }
    let daemon = build_with(with("local://dir"), &["context:shared=https://example.com/a"]).await;
    let (message, places) = error(&daemon);
    assert!(message.contains("cannot include files from the build context `shared`"));
    assert_eq!(places, [("mstage.toml".to_owned(), 1)]);
}

#[tokio::test]
async fn beside_a_build_file_of_a_repository() {
    const BASE: &str = "[stages.base]\nfrom = 'alpine:3.20'\n";
    const MAIN: &str = "include = ['base.toml']\n[stages.app]\nfrom = 'base'\n";
    let files = [("build/mstage.toml", MAIN), ("build/base.toml", BASE)];
    let engine = Engine::new(Release::Head).source("git://example.com/a.git", files).image(
        "docker.io/library/alpine:3.20",
        &format!("sha256:{}", "a".repeat(64)),
        CONFIG,
    );
    let options = ["context=https://example.com/a.git", "filename=build/mstage.toml"];
    let daemon = build_with(engine, &options).await;
    assert!(returned(&daemon).error.is_none(), "{:?}", returned(&daemon).error);
}

#[tokio::test]
async fn a_check_says_which_file_it_speaks_of() {
    const BASE: &str = "[stages.base]\nfrom = 'debian'\n";
    let files = [("mstage.toml", MAIN), ("lib/base.toml", BASE)];
    let engine = engine().source("local://dockerfile", files);
    let daemon = build_with(engine, &["requestid=frontend.lint"]).await;
    let text = returned(&daemon).result.unwrap().metadata["result.txt"].clone();
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("which changes over time (lib/base.toml:2)"), "{text}");
}

#[tokio::test]
async fn questions_are_answered_of_all_files() {
    let files = [("mstage.toml", MAIN), ("lib/base.toml", BASE), ("lib/args.toml", ARGS)];
    for request in ["outline", "targets", "lint"] {
        let engine = engine().source("local://dockerfile", files);
        let daemon = build_with(engine, &[&format!("requestid=frontend.{request}")]).await;
        let document = returned(&daemon).result.unwrap();
        let document = String::from_utf8(document.metadata["result.json"].clone()).unwrap();
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["sources"].as_array().unwrap().len(), 3, "{request}");
        match request {
            "outline" => assert_eq!(document["args"][0]["location"]["sourceIndex"], 2),
            "targets" => assert_eq!(document["targets"][1]["location"]["sourceIndex"], 1),
            _ => assert!(document["buildError"].is_null(), "{document}"),
        }
    }
}
