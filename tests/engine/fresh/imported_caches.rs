//! Caches of one engine, imported by another one that is new.

use crate::harness::{Engine, Files, Image, Project, engine, failed, succeeded};

use super::origin::Origin;

const SPEC: &str = r#"
default = "app"
args = { BASE = {} }

[stages.build]
from = "${BASE}"
steps = [
  { copy = "source" },
  { mounts = [{ cache = "/c" }, { cache = "/l", id = "locked", sharing = "locked" }], run = """
    cat source >> /c/log && cat /proc/sys/kernel/random/uuid >> /l/log
    cp /c/log /log && cp /l/log /ids""" },
  { mounts = [{ cache = "/own" }], user = "1000:1000", run = "touch /own/file" },
]

[stages.app]
from = "scratch"
steps = [{ copy = ["/log", "/ids"], from = "build", to = "/" }]
"#;

struct Setup {
    origin: Origin,
    project: Project,
    exported: tempfile::TempDir,
}

impl Setup {
    /// Builds on the shared engine, and exports its caches.
    fn new() -> Self {
        let origin = Origin::new();
        let project = origin.project(&origin.frontend, SPEC);
        let exported = tempfile::tempdir().expect("there is room for files");
        project.write("source", "one\n");
        let namespace = format!("--build-arg=BUILDKIT_CACHE_MOUNT_NS={}", project.nonce());
        let setup = Self { origin, project, exported };
        setup.build(engine(), &[&namespace]);
        let to = format!("--output={}", setup.exported.path().display());
        let options =
            [&namespace, "--target=mstage.caches", &to, "--build-arg", &setup.origin.base];
        succeeded(setup.project.try_build_on(engine(), &options));
        setup
    }

    fn namespace(&self) -> String {
        format!("--build-arg=BUILDKIT_CACHE_MOUNT_NS={}", self.project.nonce())
    }

    fn context(&self) -> String {
        format!("--build-context=mstage.caches={}", self.exported.path().display())
    }

    #[track_caller]
    fn build(&self, engine: &Engine, options: &[&str]) -> (Files, crate::harness::Build) {
        let mut done = None;
        let files = Files::of(|output| {
            let options = [&["--build-arg", &self.origin.base, output], options].concat();
            done = Some(succeeded(self.project.try_build_on(engine, &options)));
        });
        (files, done.expect("it was built"))
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn new_caches_begin_as_those_of_another_engine() {
    let setup = Setup::new();
    let (namespace, context) = (setup.namespace(), setup.context());
    let other = setup.origin.node();
    setup.project.write("source", "two\n");
    let (files, build) = setup.build(&other, &[&namespace, &context]);
    assert_eq!(files["log"].text(), "one\ntwo\n", "{build}");
    assert_eq!(files["ids"].text().lines().count(), 2, "{build}");
    let imports =
        |build: &crate::harness::Build| build.to_string().matches("[caches] import").count();
    assert!(imports(&build) > 0, "{build}");

    // Nothing is read if all is cached, and used caches are not filled again.
    let (_, build) = setup.build(&other, &[&namespace, &context]);
    assert_eq!(imports(&build), 0, "{build}");
    setup.project.write("source", "three\n");
    let (files, build) = setup.build(&other, &[&namespace, &context]);
    assert_eq!(files["log"].text(), "one\ntwo\nthree\n", "{build}");
    assert_eq!(imports(&build), 0, "{build}");

    // What was imported can be exported again.
    let again = Files::of(|output| {
        let options =
            [&namespace, "--target=mstage.caches", output, "--build-arg", &setup.origin.base];
        succeeded(setup.project.try_build_on(&other, &options));
    });
    assert!(
        again.paths().iter().any(|path| path.ends_with("+own=1000%3A1000/file")),
        "{:?}",
        again.paths()
    );
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_directory_without_caches_is_told() {
    let setup = Setup::new();
    let other = setup.origin.node();
    let context = format!("--build-context=mstage.caches={}", setup.project.path().display());
    let options = ["--build-arg", &setup.origin.base, "--output=type=cacheonly", &context];
    let failure = failed(setup.project.try_build_on(&other, &options));
    assert!(failure.message.contains("is not an export of caches: it has no file"), "{failure}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn an_image_in_a_registry_keeps_owners() {
    let setup = Setup::new();
    let namespace = setup.namespace();
    let image = Image::unique();
    let export = ["--target=mstage.caches", "--load", "-t", image.name()];
    let options = [&[&namespace, "--build-arg", &setup.origin.base], &export[..]].concat();
    succeeded(setup.project.try_build_on(engine(), &options));
    setup.origin.registry.push(image.name(), "caches:1");

    let other = setup.origin.node();
    let source = setup.origin.registry.name("caches:1");
    let context = format!("--build-context=mstage.caches=docker-image://{source}");
    setup.project.write("source", "two\n");
    setup.project.set_spec(&SPEC.replace("touch /own/file", "echo more >> /own/file"));
    let (files, build) = setup.build(&other, &[&namespace, &context]);
    assert_eq!(files["log"].text(), "one\ntwo\n", "{build}");
}
