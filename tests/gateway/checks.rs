//! Findings of rules that depend on more than the build file: the client's target, lookups,
//! triggers of a base.

use std::collections::BTreeMap;

use buildkit_proto::pb;
use prost::Message;
use serde_json::Value;

use crate::fake::{Daemon, Engine, Method, Nested, Release};
use crate::frontend::{CONFIG, build, engine, error, returned};

const LINT: &str = "requestid=frontend.lint";

fn lint(daemon: &Daemon) -> Value {
    let result = returned(daemon).result.expect("an answer");
    serde_json::from_slice(&result.metadata["result.json"]).unwrap()
}

/// The rules with findings, and the error.
fn found(daemon: &Daemon) -> (Vec<String>, String) {
    let document = lint(daemon);
    let warnings = document["warnings"].as_array().unwrap().iter();
    let rules = warnings.map(|warning| warning["ruleName"].as_str().unwrap().to_owned());
    let error = document["buildError"]["message"].as_str().unwrap_or_default().to_owned();
    (rules.collect(), error)
}

/// Without a network, all findings are reported, followed by the failed lookups.
#[tokio::test]
async fn what_cannot_be_looked_up_hides_no_finding() {
    let spec = r#"default = "a"
[stages.a]
from = "y:1"
workdir = "relative"
steps = [{ copy = "a.txt" }, "apk add bash", { mkdir = "${Y_ONLY}" }]
image = { cmd = "start" }
[stages.b]
from = "debian"
description = "tools"
platform = "${TARGETPLATFORM}"
steps = [{ copy = "/z", from = "z:1" }]
"#;
    let (rules, error) = found(&build(engine(), spec, &[LINT]).await);
    assert_eq!(
        rules,
        [
            "relative-workdir",
            "package-cache-in-layer",
            "shell-form-command",
            "untagged-image",
            "redundant-platform"
        ]
    );
    for (line, name) in [(3, "y:1"), (11, "z:1")] {
        let problem = format!(
            "mstage.toml:{line}: failed to resolve source metadata for docker.io/library/{name}"
        );
        assert!(error.contains(&problem), "{error}");
    }
    // A build reports its own as warnings before it fails.
    let daemon = build(engine(), spec, &[]).await;
    assert!(returned(&daemon).error.unwrap().message.contains("library/y:1"));
    let warned = daemon.methods().iter().filter(|method| **method == Method::Warn).count();
    assert_eq!(warned, 3);
}

#[tokio::test]
async fn a_default_target_that_is_not_clear_is_told_by_a_check_too() {
    let spec = "[stages.a]\nfrom = 'alpine:3.20'\n[stages.b]\nfrom = 'debian'\n";
    let (message, _) = error(&build(engine(), spec, &[]).await);
    assert!(message.starts_with("the default target is ambiguous"), "{message}");
    let daemon = build(engine(), spec, &[LINT]).await;
    assert_eq!(found(&daemon), (vec!["untagged-image".to_owned()], message.clone()));
    let result = returned(&daemon).result.unwrap();
    assert_eq!(result.metadata["result.statuscode"], b"1");
    // Both are reported together with failed lookups.
    let spec = "[stages.a]\nfrom = 'y:1'\n[stages.b]\nfrom = 'debian'\n";
    let (rules, both) = found(&build(engine(), spec, &[LINT]).await);
    assert_eq!(rules, ["untagged-image"]);
    assert!(both.starts_with(&message) && both.contains("library/y:1"), "{both}");
    // A client that names a target needs no default.
    let (rules, none) = found(&build(engine(), spec, &[LINT, "target=b"]).await);
    assert_eq!((rules.len(), none.as_str()), (1, ""));
}

#[tokio::test]
async fn the_target_that_is_asked_for_is_reached() {
    let spec = r#"default = "a"
[stages.a]
from = "alpine:3.20"
[stages.tools]
from = "alpine:3.20"
[stages.more]
from = "alpine:3.20"
"#;
    let of = async |opts: &[&str]| found(&build(engine(), spec, opts).await).0.len();
    assert_eq!(of(&[LINT]).await, 2);
    assert_eq!(of(&[LINT, "target=tools"]).await, 1);
    let strict = "build-arg:BUILDKIT_DOCKERFILE_CHECK=error=true";
    let spec =
        "default = 'a'\n[stages.a]\nfrom = 'alpine:3.20'\n[stages.tools]\nfrom = 'alpine:3.20'\n";
    let of = async |opts: &[&str]| returned(&build(engine(), spec, opts).await).error;
    assert_eq!(of(&["target=tools", strict]).await.map(|error| error.message), None);
    assert!(of(&[strict]).await.is_some());
}

/// An engine with a base whose triggers declare args and copy from a stage.
fn engine_with_triggers() -> Engine {
    let triggers = r#""OnBuild":["ARG FLAVOUR","ARG OWN=trigger","ARG OTHER=1 LINES","COPY --from=assets /x /x"],"#;
    let config = CONFIG.replace("\"config\":{", &format!("\"config\":{{{triggers}"));
    let digest = |letter: &str| format!("sha256:{}", letter.repeat(64));
    let metadata = BTreeMap::from([("containerimage.config".to_owned(), CONFIG.into())]);
    Engine::new(Release::Head)
        .image("docker.io/library/base:1", &digest("b"), &config)
        .image("docker.io/library/alpine:3.20", &digest("a"), CONFIG)
        .frontend("dockerfile.v0", Nested { metadata, ..Nested::default() })
}

/// Names that triggers of a base use are used: even with such findings as errors, the build
/// continues.
#[tokio::test]
async fn what_triggers_use_is_no_finding() {
    let spec = r#"default = "app"
check = { error = true }
args = { FLAVOUR = 'sw"ee$ t\', OWN = "file", KIND = "k", COMPUTED = "${KIND}" , LINES = "a\nb", UNSET = {} }
[stages.assets]
from = "alpine:3.20"
[stages.app]
from = "base:1"
args = ["UNSET"]
steps = ["true"]
"#;
    let daemon = build(engine_with_triggers(), spec, &["build-arg:OTHER=2"]).await;
    let (message, _) = error(&daemon);
    // Names that they do not use are reported.
    assert!(message.contains("unused arg `COMPUTED`"), "{message}");
    for name in ["FLAVOUR", "OWN", "OTHER", "LINES", "assets"] {
        assert!(!message.contains(name), "{message}");
    }
    let spec = Box::leak(
        spec.replace(", COMPUTED = \"${KIND}\" ", "").replace("KIND = \"k\", ", "").into(),
    );
    let daemon = build(engine_with_triggers(), spec, &["build-arg:OTHER=2"]).await;
    assert!(returned(&daemon).error.is_none(), "{:?}", returned(&daemon).error);

    // A default in the file is the value of an `ARG` without a default, like one before `FROM` in a
    // Dockerfile.
    let solves = daemon.solves();
    let nested = solves.iter().find(|solve| solve.frontend == "dockerfile.v0").unwrap();
    let definition = nested.frontend_inputs["dockerfile"].message().unwrap();
    let files =
        definition.def.iter().filter_map(|op| match pb::Op::decode(op.as_slice()).unwrap().op? {
            pb::op::Op::File(file) => match file.actions.into_iter().next()?.action? {
                pb::file_action::Action::Mkfile(mkfile) => String::from_utf8(mkfile.data).ok(),
                _ => None,
            },
            _ => None,
        });
    let text: Vec<String> = files.collect();
    let lines: Vec<&str> = text[0].lines().collect();
    assert_eq!(lines[..2], ["ARG FLAVOUR=\"sw\\\"ee\\$ t\\\\\"", "ARG OWN=\"file\""]);
    assert!(lines[2].starts_with("FROM docker.io/library/base:1@sha256:"), "{lines:?}");
    assert_eq!(nested.frontend_opt["build-arg:LINES"], "a\nb");
    assert_eq!(nested.frontend_opt["build-arg:OTHER"], "2");
    assert!(!nested.frontend_opt.contains_key("build-arg:FLAVOUR"));
}

/// Bake passes the results of other targets only for builds: in a subrequest, a base of that kind
/// is unknown.
#[tokio::test]
async fn what_another_target_of_bake_will_make_may_have_any_variable() {
    let spec = r#"[stages.app]
from = "base"
env = { PATH = "/app:${PATH}" }
steps = [{ mkdir = "${APP_HOME}/x" }, { copy = "/y", from = "base", to = "${APP_HOME}/" }]
image = { labels = { v = "${VERSION_OF_BASE}" } }
"#;
    for opts in
        [&[LINT, "context:base=target:base"][..], &[LINT, "context:base::linux/amd64=target:base"]]
    {
        let (rules, error) = found(&build(engine(), spec, opts).await);
        assert_eq!((rules.len(), error.as_str()), (0, ""));
    }
}
