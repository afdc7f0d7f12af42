//! With a lock file, moved tags and unavailable registries have no effect.

use super::origin::Origin;
use crate::harness::{Build, OwnEngine, Project, succeeded};

const SPEC: &str = r#"
args = { BASE = {} }

[stages.a]
from = "${BASE}"
steps = [{ copy = "nonce" }, { name = "use", run = "cp nonce /used" }]
"#;

#[track_caller]
fn build(node: &OwnEngine, project: &Project, options: &[&str]) -> Build {
    succeeded(project.try_build_on(node, options))
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_tag_that_moves_and_a_registry_that_is_gone() {
    let origin = Origin::new();
    let name = origin.registry.name("base:1");
    let digest = origin.registry.push("busybox:latest", "base:1");
    let node = origin.node();
    let frontend = format!("{}@{}", origin.registry.name("myorg/mstage"), origin.digest);
    let project = origin.project(&frontend, SPEC);
    let base = format!("BASE={name}");
    let output = format!("--output={}", project.path().display());
    build(&node, &project, &["--target=mstage.lock", "--build-arg", &base, &output]);
    let lock = String::from_utf8(project.read("mstage.lock")).expect("it is text");
    assert!(lock.contains(&format!("\"{name}\" = \"{digest}\"\n")), "{lock}");

    let moved = origin.registry.push("myorg/mstage", "base:1");
    assert_ne!(moved, digest);
    let options =
        ["--build-arg", &base, "--build-arg", "MSTAGE_LOCKED=1", "--output=type=cacheonly"];
    let locked = build(&node, &project, &options);
    assert!(locked.progress.names(&format!("FROM {name}@{digest}")), "{locked}");

    // The older image stores ask the registry even for a digest that they have.
    if node.has_containerd_store() {
        drop(origin.registry);
        project.write("nonce", "changed");
        let offline = build(&node, &project, &options);
        assert!(offline.progress.steps().all(|step| step.ran()), "{offline}");
        std::fs::remove_file(project.path().join("mstage.lock")).expect("it is there");
        let options = ["--build-arg", &base, "--output=type=cacheonly"];
        let failure = project.try_build_on(&node, &options).err();
        assert!(failure.is_some(), "without the lock file the registry is asked");
    }
}
