//! A stage with only linked copies is assembled without its base.

use crate::harness::{
    Capability, Image, OwnEngine, Project, Registry, cannot_run, engine, succeeded,
};

#[test]
#[ignore = "needs a BuildKit engine"]
fn linked_copies_do_not_pull_their_base() {
    if cannot_run(Capability::MergeOp) {
        return;
    }
    let registry = Registry::start();
    registry.push("debian:bookworm-slim", "debian:12");
    let project = Project::with_syntax(
        &registry.push_frontend(),
        r#"
default = "final"
args = { BASE = {} }

[stages.build]
from = "scratch"
steps = [{ write = "/out/tool", content = "a tool" }]

[stages.final]
from = "${BASE}"
workdir = "/app"
link = true
steps = [{ copy = "/out/tool", from = "build", to = "./" }, { copy = "a.txt", to = "/usr/share/" }]
"#,
    )
    .with("a.txt", "a");
    let base = format!("--build-arg=BASE={}", registry.name("debian:12"));
    let image = Image::named(registry.name("final:1"));

    let other = OwnEngine::start();
    registry.show_to(&other);
    succeeded(project.try_build_on(&other, &[&base, "--output=type=cacheonly"]));
    let used = other.docker(["buildx", "du"]).run().text();
    let total = used.lines().find_map(|line| line.strip_prefix("Total:")).unwrap().trim();
    assert!(!total.ends_with("GB") && megabytes(total) < 30.0, "the base was pulled:\n{used}");

    // The image is complete: base and copies. Docker pulls the base now, since it unpacks pushed
    // images.
    let options = [&base, "--push", "--provenance=false", "-t", image.name()];
    succeeded(project.try_build_on(&other, &options));
    engine().docker(["pull", "-q", image.name()]).run();
    assert_eq!(image.run(&["cat", "/app/tool", "/usr/share/a.txt"]), "a toola");
    assert_eq!(image.config("WorkingDir"), "/app");
    assert_eq!(image.run(&["stat", "-c", "%a %U", "/app", "/tmp"]), "755 root\n1777 root\n");
}

/// The number in `12.3MB`, Docker's format of sizes; smaller units count as 0.
fn megabytes(text: &str) -> f64 {
    text.strip_suffix("MB").map_or(0.0, |number| number.parse().unwrap())
}
