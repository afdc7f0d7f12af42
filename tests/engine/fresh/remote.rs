//! Engines that have neither the frontend nor a base image of their own: all comes from a registry.

use crate::harness::{Build, OwnEngine, Project, Registry, engine, succeeded};

/// A build that runs something, from an image of the registry.
const SPEC: &str = r#"
args = { BASE = {} }

[stages.a]
from = "${BASE}"
steps = [{ copy = "nonce" }, { name = "use", run = "cp nonce /used" }]
"#;

/// A registry with the frontend and the base image in it.
struct Setup {
    registry: Registry,
    /// The reference of the frontend, and the digest of what it stands for.
    frontend: String,
    digest: String,
    base: String,
}

impl Setup {
    fn new() -> Self {
        let registry = Registry::start();
        let base = registry.push("busybox:latest", "busybox:latest");
        let base = format!("BASE={}@{base}", registry.name("busybox"));
        let digest = registry.push("myorg/mstage", "myorg/mstage:1");
        Self { frontend: registry.name("myorg/mstage:1"), registry, digest, base }
    }

    fn project(&self, syntax: &str) -> Project {
        let project = Project::with_syntax(syntax, SPEC);
        project.write("nonce", &project.nonce());
        project
    }

    fn node(&self) -> OwnEngine {
        let own = OwnEngine::start();
        self.registry.show_to(&own);
        own
    }

    #[track_caller]
    fn build(&self, node: &OwnEngine, project: &Project, options: &[&str]) -> Build {
        let all = ["--build-arg", &self.base, "--output=type=cacheonly"];
        succeeded(project.try_build_on(node, &[&all, options].concat()))
    }
}

/// Asserts that the engine has run this image as the frontend, and got it for that.
#[track_caller]
fn assert_pulled(build: &Build, reference: &str) {
    let name = format!("docker-image://{reference}");
    let pulled = build.progress.vertices.iter().find(|vertex| vertex.name == name);
    let pulled = pulled.unwrap_or_else(|| panic!("no op `{name}`\n{build}"));
    assert!(pulled.ran(), "{reference} was there already\n{build}");
}

/// A digest cannot stand for anything else one day, and an engine that has it asks nobody for it again.
#[test]
#[ignore = "needs a BuildKit engine"]
fn the_frontend_is_pulled_by_its_digest() {
    let setup = Setup::new();
    let pinned = format!("{}@{}", setup.registry.name("myorg/mstage"), setup.digest);
    let node = setup.node();
    let project = setup.project(&pinned);
    let build = setup.build(&node, &project, &[]);
    assert_pulled(&build, &pinned);

    let other = pinned.replace(&setup.digest, &format!("sha256:{}", "0".repeat(64)));
    let options = ["--build-arg", &setup.base, "--output=type=cacheonly"];
    let failure = setup.project(&other).try_build_on(&node, &options).err();
    let failure = failure.expect("there is no image of that digest");
    assert!(failure.message.contains("not found"), "{failure}");

    // The older image stores ask again.
    if node.exports_caches() {
        drop(setup.registry);
        project.write("nonce", "changed");
        let build = succeeded(project.try_build_on(&node, &options));
        assert!(build.progress.steps().all(|step| step.ran()), "{build}");
    }
}

/// A company's own copy in place of the image that the file names, which is out of reach.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_client_names_another_frontend() {
    let setup = Setup::new();
    let project = setup.project("localhost:1/myorg/mstage:1");
    let other = format!("BUILDKIT_SYNTAX={}", setup.frontend);
    let build = setup.build(&setup.node(), &project, &["--build-arg", &other]);
    assert_pulled(&build, &format!("{}@{}", setup.frontend, setup.digest));
}

/// Two nodes of one builder, each of which has what the other one has done.
#[test]
#[ignore = "needs a BuildKit engine"]
fn nodes_share_a_cache_in_a_registry() {
    if !engine().exports_caches() {
        return;
    }
    let setup = Setup::new();
    let nodes = [setup.node(), setup.node()];
    let project = setup.project(&setup.frontend);
    let cache = format!("ref={}", setup.registry.name("cache"));
    let from = format!("--cache-from=type=registry,{cache}");
    let to = format!("--cache-to=type=registry,mode=max,{cache}");
    let build = |node: usize| {
        let build = setup.build(&nodes[node], &project, &[&from, &to]);
        build.progress.steps().filter(|step| step.ran()).count()
    };
    assert_eq!(build(0), 2);
    assert_eq!(build(1), 0);
    project.write("nonce", "changed");
    assert_eq!(build(1), 2);
    assert_eq!(build(0), 0);
}
