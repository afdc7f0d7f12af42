//! An empty engine builds a project from an exported cache: no step runs again.

use super::origin::Origin;
use crate::harness::{
    Build, Capability, Engine, Files, Image, Project, cannot_run, engine, succeeded,
};

/// The output differs with every run of the steps, on any engine.
const SPEC: &str = r#"
default = "final"
args = { BASE = {} }

[stages.build]
from = "${BASE}"
workdir = "/build"
steps = [
  { copy = "nonce" },
  { name = "make", run = "cat nonce /proc/sys/kernel/random/uuid > made" },
  { name = "use", run = "cp made used" },
]

[stages.final]
from = "scratch"
steps = [{ copy = "/build/used", from = "build" }]
"#;

/// The project, and the registry with its frontend and its base image.
struct Setup {
    origin: Origin,
    project: Project,
}

impl Setup {
    fn new() -> Self {
        let origin = Origin::new();
        let project = origin.project(&origin.frontend, SPEC);
        Self { origin, project }
    }

    /// The full name of a repository in the registry.
    fn name(&self, repository: &str) -> String {
        self.origin.registry.name(repository)
    }

    /// Builds the files, and returns the output of the steps and the build.
    #[track_caller]
    fn build(&self, engine: &Engine, options: &[&str]) -> (String, Build) {
        let mut done = None;
        let files = Files::of(|output| {
            let options = [&["--build-arg", &self.origin.base, output], options].concat();
            done = Some(succeeded(self.project.try_build_on(engine, &options)));
        });
        (files["used"].text().to_owned(), done.expect("it was built"))
    }

    /// Builds an image with an inline cache in the registry, and returns the output of the steps.
    fn push_with_cache(&self, image: &Image) -> String {
        let options = ["--cache-to=type=inline", "--push", "-t", image.name()];
        let options = [&["--build-arg", &self.origin.base], &options[..]].concat();
        succeeded(self.project.try_build_on(engine(), &options));
        self.build(engine(), &[]).0
    }

    /// Asserts that an empty engine gets the same output from this cache without running a step.
    #[track_caller]
    fn assert_is_rebuilt(&self, made: &str, cache_from: &str) {
        let other = self.origin.node();
        let (same, build) = self.build(&other, &["--cache-from", cache_from]);
        assert_eq!(same, made, "it was made again\n{build}");
        let steps: Vec<_> =
            build.progress.steps().filter(|step| !step.name.contains("final")).collect();
        assert_eq!(steps.len(), 4, "{build}");
        for step in steps {
            assert!(step.is_cached(), "`{}` was not cached\n{build}", step.name);
        }
    }
}

/// The older form of the option: only a reference.
#[test]
#[ignore = "needs a BuildKit engine"]
fn inline_in_an_image() {
    let setup = Setup::new();
    let image = Image::named(setup.name("image:latest"));
    let made = setup.push_with_cache(&image);
    setup.assert_is_rebuilt(&made, image.name());
}

/// The client of 20.10 passes caches in an option that no newer client sends.
#[test]
#[ignore = "needs a BuildKit engine"]
fn for_the_oldest_client() {
    if cannot_run(Capability::ClientWithoutBuildx) {
        return;
    }
    let setup = Setup::new();
    let image = Image::named(setup.name("image:latest"));
    let made = setup.push_with_cache(&image);

    let other = setup.origin.node();
    let script = r#"
        mkdir /tmp/project
        cd /tmp/project
        printf %s "$1" > mstage.toml
        printf %s "$2" > nonce
        export DOCKER_HOST=unix:///run/mstage/docker.sock DOCKER_BUILDKIT=1
        docker build --progress=plain -f mstage.toml --build-arg "$3" --cache-from "$4" -o out . 2>&1
        cat out/used
    "#;
    let text = |file| String::from_utf8(setup.project.read(file)).expect("it is text");
    let (spec, nonce) = (text("mstage.toml"), text("nonce"));
    let words = ["sh", "-euc", script, "build", &spec, &nonce, &setup.origin.base, image.name()];
    let output = other.exec(words).run().text();
    assert!(output.ends_with(&made), "it was made again\n{output}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn in_a_registry() {
    if cannot_run(Capability::ContainerdStore) {
        return;
    }
    let setup = Setup::new();
    let cache = format!("type=registry,ref={}", setup.name("cache"));
    let (made, _) = setup.build(engine(), &["--cache-to", &format!("{cache},mode=max")]);
    setup.assert_is_rebuilt(&made, &cache);
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn in_a_directory() {
    if cannot_run(Capability::ContainerdStore) {
        return;
    }
    let setup = Setup::new();
    let directory = tempfile::tempdir().expect("there is room for files");
    let path = directory.path().display();
    let (made, _) =
        setup.build(engine(), &["--cache-to", &format!("type=local,dest={path},mode=max")]);
    setup.assert_is_rebuilt(&made, &format!("type=local,src={path}"));
}
