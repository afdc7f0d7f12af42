//! A required stage that has passed is not run again by an engine with the cache of the build.

use crate::harness::{Capability, OwnEngine, Project, Registry, cannot_run, engine, succeeded};

#[test]
#[ignore = "needs a BuildKit engine"]
fn no_gate_runs_again_behind_an_imported_cache() {
    if cannot_run(Capability::ContainerdStore) {
        return;
    }
    let registry = Registry::start();
    registry.push("busybox:latest", "busybox:latest");
    let project = Project::with_syntax(
        &registry.push_frontend(),
        r#"
default = "app"
args = { BASE = {} }

[stages.test]
from = "${BASE}"
steps = [{ copy = "nonce" }, { name = "test", run = "cat nonce" }]

[stages.app]
from = "${BASE}"
requires = ["test"]
steps = [{ copy = "nonce" }, { name = "make", run = "cp nonce made" }]
"#,
    );
    project.write("nonce", &project.nonce());
    let base = format!("--build-arg=BASE={}", registry.name("busybox"));
    // This mode exports only the layers of the image: of the required stage, only that it has
    // passed.
    let cache = format!("type=registry,ref={}", registry.name("cache"));
    let image = registry.name("image:1");
    let to_cache = format!("--cache-to={cache},mode=min");
    succeeded(project.try_build_on(engine(), &[&base, &to_cache, "--push", "-t", &image]));

    let other = OwnEngine::start();
    registry.show_to(&other);
    let from_cache = format!("--cache-from={cache}");
    let options = [&base, &from_cache, "--output=type=cacheonly"];
    let build = succeeded(project.try_build_on(&other, &options));
    let steps: Vec<_> = build.progress.steps().collect();
    assert!(build.progress.names("[test 3/3] test"), "{build}");
    for step in steps {
        assert!(step.is_cached(), "`{}` was not cached\n{build}", step.name);
    }
}
