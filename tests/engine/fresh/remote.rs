//! Engines without the frontend and the base images: everything comes from a registry.

use super::origin::Origin;
use crate::harness::{Build, Capability, OwnEngine, Project, cannot_run, succeeded};

/// A build with a run step, based on an image in the registry.
const SPEC: &str = r#"
args = { BASE = {} }

[stages.a]
from = "${BASE}"
steps = [{ copy = "nonce" }, { name = "use", run = "cp nonce /used" }]
"#;

#[track_caller]
fn build(origin: &Origin, node: &OwnEngine, project: &Project, options: &[&str]) -> Build {
    let all = ["--build-arg", &origin.base, "--output=type=cacheonly"];
    succeeded(project.try_build_on(node, &[&all, options].concat()))
}

/// Asserts that the engine has pulled this image and run it as the frontend.
#[track_caller]
fn assert_pulled(build: &Build, reference: &str) {
    let name = format!("docker-image://{reference}");
    let pulled = build.progress.vertices.iter().find(|vertex| vertex.name == name);
    let pulled = pulled.unwrap_or_else(|| panic!("no op `{name}`\n{build}"));
    assert!(pulled.ran(), "{reference} was there already\n{build}");
}

/// A digest never changes, so an engine that has it does not ask the registry again.
#[test]
#[ignore = "needs a BuildKit engine"]
fn the_frontend_is_pulled_by_its_digest() {
    let origin = Origin::new();
    let pinned = format!("{}@{}", origin.registry.name("myorg/mstage"), origin.digest);
    let node = origin.node();
    let project = origin.project(&pinned, SPEC);
    assert_pulled(&build(&origin, &node, &project, &[]), &pinned);

    let other = pinned.replace(&origin.digest, &format!("sha256:{}", "0".repeat(64)));
    let options = ["--build-arg", &origin.base, "--output=type=cacheonly"];
    let failure = origin.project(&other, SPEC).try_build_on(&node, &options).err();
    let failure = failure.expect("there is no image of that digest");
    assert!(failure.message.contains("not found"), "{failure}");

    // The older image stores ask again.
    if node.has_containerd_store() {
        drop(origin.registry);
        project.write("nonce", "changed");
        let build = succeeded(project.try_build_on(&node, &options));
        assert!(build.progress.steps().all(|step| step.ran()), "{build}");
    }
}

/// A company's own copy replaces the image in the file, which is unavailable.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_client_names_another_frontend() {
    let origin = Origin::new();
    let project = origin.project("localhost:1/myorg/mstage:1", SPEC);
    let other = format!("BUILDKIT_SYNTAX={}", origin.frontend);
    let build = build(&origin, &origin.node(), &project, &["--build-arg", &other]);
    assert_pulled(&build, &format!("{}@{}", origin.frontend, origin.digest));
}

/// Two nodes of one builder share the results of their steps.
#[test]
#[ignore = "needs a BuildKit engine"]
fn nodes_share_a_cache_in_a_registry() {
    if cannot_run(Capability::ContainerdStore) {
        return;
    }
    let origin = Origin::new();
    let nodes = [origin.node(), origin.node()];
    let project = origin.project(&origin.frontend, SPEC);
    let cache = format!("ref={}", origin.registry.name("cache"));
    let from = format!("--cache-from=type=registry,{cache}");
    let to = format!("--cache-to=type=registry,mode=max,{cache}");
    let steps_run = |node: usize| {
        let build = build(&origin, &nodes[node], &project, &[&from, &to]);
        build.progress.steps().filter(|step| step.ran()).count()
    };
    assert_eq!(steps_run(0), 2);
    assert_eq!(steps_run(1), 0);
    project.write("nonce", "changed");
    assert_eq!(steps_run(1), 2);
    assert_eq!(steps_run(0), 0);
}
