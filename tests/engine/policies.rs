//! Source policies of the client: what they refuse is an error at its line, what they put in another's place
//! is used. Docker 20.10 has none.

use serde_json::{Value, json};

use crate::harness::{Build, Failure, Project, engine, outcome};

const SPEC: &str = r#"
[stages.a]
from = "debian:trixie-slim"
steps = [
  { copy = "/bin/busybox", from = "debian:trixie-slim", to = "/copied" },
  "test -e /bin/busybox",
]
"#;

/// A build with one rule about the image that the spec names.
fn build(rule: Value) -> Result<Build, Failure> {
    let policy = json!({ "version": 1, "rules": [rule] });
    let project = Project::new(SPEC).with("policy.json", &policy.to_string());
    let path = project.path().join("policy.json");
    let command = engine()
        .command("env")
        .arg(format!("EXPERIMENTAL_BUILDKIT_SOURCE_POLICY={}", path.display()))
        .args(["docker", "buildx", "build", "--progress=rawjson", "--output=type=cacheonly", "-f"])
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
        return;
    }
    let rule = json!({
        "action": "CONVERT",
        "selector": image("debian:trixie-slim"),
        "updates": image("busybox:latest"),
    });
    let build = build(rule).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(build.progress.names("FROM docker.io/library/busybox:latest"), "{build}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn an_image_that_is_refused_is_an_error_at_its_name() {
    if engine().major_version == 20 {
        return;
    }
    let rule = json!({ "action": "DENY", "selector": image("debian*") });
    let failure = build(rule).err().expect("the image is refused");
    assert!(failure.message.contains("mstage.toml:3: "), "{failure}");
    assert!(failure.message.contains("denied by policy"), "{failure}");
}
