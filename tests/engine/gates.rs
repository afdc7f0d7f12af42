//! Stages that must build for the target to succeed: they run along with it, and it contains none
//! of their files.

use crate::harness::{Build, Failure, Image, Project, Vertex, engine};

/// Two stages that wait for each other through a cache directory: unless both run concurrently,
/// each gives up.
const SPEC: &str = r#"
default = "app"
args = { NONCE = {}, GATE = "1", END = "true" }

[stages.base]
from = "busybox"
args = ["NONCE"]
mounts = [{ cache = "/meet", id = "meet-${NONCE}" }]

[stages.test]
from = "base"
args = ["NONCE", "GATE"]
steps = [
  { name = "test", run = '''
    touch /meet/test
    for second in $(seq 60); do test -e /meet/app && break; sleep 1; done
    test -e /meet/app
    echo the test was run > /result
    echo the output of the test
    $END
  ''' },
]

[stages.app]
from = "base"
requires = ["test"]
steps = [
  { name = "make", run = '''
    touch /meet/app
    for second in $(seq 60); do test -e /meet/test && break; sleep 1; done
    test -e /meet/test
    echo made > /app
  ''' },
  { name = "go on", run = "sleep 20; echo the app is finished" },
]
"#;

fn project(seconds: &str) -> (Project, String) {
    let project = Project::new(&SPEC.replace("sleep 20", &format!("sleep {seconds}")));
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    (project, nonce)
}

#[track_caller]
fn step<'b>(build: &'b Build, name: &str) -> &'b Vertex {
    let found = build.progress.steps().find(|step| step.name.ends_with(&format!("] {name}")));
    found.unwrap_or_else(|| panic!("there is no step `{name}`\n{build}"))
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_failing_gate_stops_the_target() {
    let (project, nonce) = project("20");
    let failure: Failure = project.fail(&[&nonce, "--build-arg=END=exit 7"]);
    let step = |name: &str| {
        let mut steps = failure.progress.steps();
        steps.find(|step| step.name.ends_with(&format!("] {name}"))).expect(name)
    };
    assert!(step("test").log.contains("the output of the test"), "{failure}");
    assert!(failure.message.contains("exit code: 7"), "{failure}");
    assert!(failure.message.contains("mstage.toml:14"), "{failure}");
    if engine().shows_excerpts() {
        assert!(failure.message.contains(">>>     touch /meet/test"), "{failure}");
    }
    // It had begun, and was in its sleep or just before it.
    assert!(step("make").ran(), "{failure}");
    let rest = step("go on");
    assert!(!rest.log.contains("the app is finished"), "{failure}");
    assert!(rest.failed() || !rest.ran(), "{failure}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_gate_that_passes_leaves_nothing_in_the_image_and_in_its_cache() {
    let (project, nonce) = project("0");
    let image = project.image(&[&nonce]);
    assert_eq!(image.run(&["cat", "/app"]), "made\n");
    assert_eq!(
        image.run(&["sh", "-c", "ls /result 2>&1 || true"]).matches("No such file").count(),
        1
    );

    let changed = project.build(&[&nonce, "--build-arg=GATE=2"]);
    assert!(step(&changed, "test").ran(), "{changed}");
    assert!(step(&changed, "make").is_cached(), "{changed}");
    assert!(step(&changed, "go on").is_cached(), "{changed}");
    let warns = |build: &Build| {
        build.progress.warnings.iter().any(|warning| warning.starts_with("skipped-requires: "))
    };
    assert!(!warns(&changed), "{changed}");

    let skipped = project.image(&[&nonce, "--build-arg=MSTAGE_SKIP_REQUIRES=1"]);
    let layers = |image: &Image| image.inspect()["RootFS"]["Layers"].take();
    assert_eq!(layers(&image), layers(&skipped));
    let build = project.build(&[&nonce, "--build-arg=MSTAGE_SKIP_REQUIRES=1"]);
    assert!(!build.progress.names("[test "), "{build}");
    assert!(warns(&build) || engine().major_version < 23, "{build}");
}

/// A stage without files that only requires others, with a test that is based on the tested stage.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_stage_of_nothing_that_requires_all() {
    let project = Project::new(
        r#"
default = "all"
args = { NONCE = {}, END = "true" }

[stages.all]
from = "scratch"
requires = ["app", "lint", "format"]

[stages.lint]
from = "busybox"
steps = ["true"]

[stages.format]
from = "busybox"
steps = ["test 1 = 1"]

[stages.app]
from = "busybox"
args = ["NONCE"]
requires = ["smoke"]
steps = [{ name = "make", run = "echo made > /app" }]

[stages.smoke]
from = "app"
steps = [{ name = "try", run = "test \"$(cat /app)\" = made; $END" }]
"#,
    );
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    let build = project.build(&[&nonce]);
    assert!(step(&build, "make").ran() && step(&build, "try").ran(), "{build}");
    let failure = project.fail(&[&nonce, "--build-arg=END=exit 9"]);
    assert!(failure.message.contains("exit code: 9"), "{failure}");
}
