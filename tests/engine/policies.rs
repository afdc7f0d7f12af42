//! Source policies of the client: a denied source is an error at its line, a replacement is used.
//! Docker 20.10 does not support policies, and ignores those that the client sends.

use serde_json::{Value, json};

use crate::harness::{Build, Failure, Files, Project, engine, failed, outcome, succeeded};

const SPEC: &str = r#"
[stages.a]
from = "debian:trixie-slim"
steps = [
  { copy = "/bin/busybox", from = "debian:trixie-slim", to = "/copied" },
  "test -e /bin/busybox",
]
"#;

/// A build of a spec with one rule.
fn build(spec: &str, rule: &Value) -> Result<Build, Failure> {
    build_as(spec, rule, &["--output=type=cacheonly"])
}

fn build_as(spec: &str, rule: &Value, options: &[&str]) -> Result<Build, Failure> {
    let policy = json!({ "version": 1, "rules": [rule] });
    let project = Project::new(spec).with("policy.json", &policy.to_string());
    let path = project.path().join("policy.json");
    let command = engine()
        .command("env")
        .arg(format!("EXPERIMENTAL_BUILDKIT_SOURCE_POLICY={}", path.display()))
        .args(["docker", "buildx", "build", "--progress=rawjson"])
        .args(options.iter().copied())
        .arg("-f")
        .arg(project.path().join("mstage.toml"))
        .arg(project.path());
    outcome(command.finish())
}

fn image(name: &str) -> Value {
    json!({ "identifier": format!("docker-image://docker.io/library/{name}") })
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn an_image_takes_the_place_of_another() {
    if engine().major_version == 20 {
        let rule = json!({
            "action": "CONVERT",
            "selector": image("busybox:latest"),
            "updates": image("no/such:image"),
        });
        succeeded(build(&SPEC.replace("debian:trixie-slim", "busybox:latest"), &rule));
        return;
    }
    let rule = json!({
        "action": "CONVERT",
        "selector": image("debian:trixie-slim"),
        "updates": image("busybox:latest"),
    });
    let build = succeeded(build(SPEC, &rule));
    assert!(build.progress.names("FROM docker.io/library/busybox:latest"), "{build}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn an_image_that_is_refused_is_an_error_at_its_name() {
    if engine().major_version == 20 {
        let rule = json!({ "action": "DENY", "selector": image("busybox*") });
        succeeded(build(&SPEC.replace("debian:trixie-slim", "busybox:latest"), &rule));
        return;
    }
    let rule = json!({ "action": "DENY", "selector": image("debian*") });
    let failure = failed(build(SPEC, &rule));
    assert!(failure.message.contains("mstage.toml:3: "), "{failure}");
    assert!(failure.message.contains("denied by policy"), "{failure}");
}

/// BuildKit changes the digests of steps if a policy changes anything but an image, which is
/// resolved before.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_report_under_a_policy() {
    let spec = r#"
[stages.test]
from = "busybox:latest"
report = "/out"
steps = [{ copy = "policy.json" }, "mkdir /out && echo found > /out/file && exit 3"]
"#;
    let image = json!({
        "action": "CONVERT",
        "selector": image("busybox:latest"),
        "updates": image("debian:bookworm-slim"),
    });
    let context = json!({
        "action": "CONVERT",
        "selector": { "identifier": "local://context" },
        "updates": { "attrs": { "local.differ": "none" } },
    });
    let target = "--target=test.report";
    let found = |rule: &Value| {
        let files = Files::of(|output| succeeded(build_as(spec, rule, &[target, output])));
        assert_eq!(files.paths(), ["file", "mstage-report.json"]);
    };
    found(&image);
    if engine().major_version == 20 {
        return found(&context);
    }
    let failure = failed(build_as(spec, &context, &[target]));
    assert!(failure.message.contains("exit code: 3"), "{failure}");
    assert!(failure.message.contains("help: a source policy changed"), "{failure}");
}
