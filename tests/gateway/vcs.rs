//! The commit that is built, and the image's labels about it.

use serde_json::Value;

use crate::fake::{Engine, Release};
use crate::frontend::{CONFIG, build_with, engine, returned};

const SPEC: &str = r#"
[stages.a]
from = "alpine:3.20"
[stages.a.image]
labels = { revision = "${VCS_REVISION:-none}", source = "${VCS_SOURCE:-none}" }
"#;

/// The labels of the image that a build gives.
fn labels(result: &buildkit_proto::frontend::Result) -> (String, String) {
    let config: Value = serde_json::from_slice(&result.metadata["containerimage.config"]).unwrap();
    let label = |name: &str| config["config"]["Labels"][name].as_str().unwrap().to_owned();
    (label("revision"), label("source"))
}

fn result(daemon: &crate::fake::Daemon) -> buildkit_proto::frontend::Result {
    returned(daemon).result.expect("there is a result")
}

#[tokio::test]
async fn what_the_client_says_of_its_checkout() {
    let engine = || engine().source("local://dockerfile", [("mstage.toml", SPEC)]);
    let options = ["vcs:revision=abc-dirty", "vcs:source=https://user:pass@example.com/a.git"];
    let daemon = build_with(engine(), &options).await;
    let expected = ("abc-dirty".to_owned(), "https://example.com/a.git".to_owned());
    assert_eq!(labels(&result(&daemon)), expected);
    let daemon = build_with(engine(), &[]).await;
    assert_eq!(labels(&result(&daemon)), ("none".to_owned(), "none".to_owned()));
}

#[tokio::test]
async fn a_context_from_git_is_its_own_commit() {
    let commit = "c".repeat(40);
    let image = format!("sha256:{}", "a".repeat(64));
    let repository = "git://example.com/a.git#main";
    let head = format!("{commit}\n");
    let files =
        [("mstage.toml", SPEC), (".git/HEAD", head.as_str())].map(|(a, b)| (a, b.to_owned()));
    let engine = Engine::new(Release::Forky).source(repository, files).image(
        "docker.io/library/alpine:3.20",
        &image,
        CONFIG,
    );
    let daemon = build_with(engine, &["context=https://token@example.com/a.git#main"]).await;
    assert_eq!(labels(&result(&daemon)), (commit, "https://example.com/a.git".to_owned()));
}

#[tokio::test]
async fn annotations_of_the_base() {
    const SPEC: &str = r#"
default = "app"
[stages.base]
from = "alpine:3.20"
[stages.base.image]
base-annotations = true
annotations = { below = "1" }
[stages.app]
from = "base"
[stages.app.image]
base-annotations = true
annotations = { own = "2" }
[stages.silent]
from = "base"
"#;
    let annotations = |daemon: &crate::fake::Daemon| -> Vec<(String, String)> {
        let metadata = result(daemon).metadata.into_iter();
        let annotations = metadata.filter_map(|(name, value)| {
            Some((name.strip_prefix("annotation.")?.to_owned(), value))
        });
        let mut annotations: Vec<_> =
            annotations.map(|(name, value)| (name, String::from_utf8(value).unwrap())).collect();
        annotations.sort();
        annotations
    };
    let digest = format!("sha256:{}", "a".repeat(64));
    let engine = || engine().source("local://dockerfile", [("mstage.toml", SPEC)]);
    let daemon = build_with(engine(), &[]).await;
    let pairs = annotations(&daemon);
    let expected = [
        ("org.opencontainers.image.base.digest", digest.as_str()),
        ("org.opencontainers.image.base.name", "docker.io/library/alpine:3.20"),
        ("own", "2"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(pairs, expected);
    let daemon = build_with(engine(), &["target=silent"]).await;
    assert_eq!(annotations(&daemon), []);
}
