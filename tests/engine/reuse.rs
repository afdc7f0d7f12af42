//! Unchanged steps are not built again, and changed ones are.

use crate::harness::{Build, Project};

/// The names, without position, of the steps that ran.
fn ran(build: &Build) -> Vec<&str> {
    names(build, true)
}

fn cached(build: &Build) -> Vec<&str> {
    names(build, false)
}

fn names(build: &Build, ran: bool) -> Vec<&str> {
    let mut names: Vec<&str> = build
        .progress
        .steps()
        .filter(|step| if ran { step.ran() } else { step.is_cached() })
        .filter_map(|step| step.name.split_once("] "))
        .map(|(_, name)| name)
        .collect();
    names.sort_unstable();
    names
}

const SPEC: &str = r#"
default = "final"

[stages.build]
from = "busybox"
workdir = "/build"
steps = [
  { copy = "first" },
  { name = "use first", run = "cat first > made" },
  { copy = "second" },
  { name = "use second", run = "cat second >> made" },
]

[stages.final]
from = "scratch"
steps = [{ name = "take", copy = "/build/made", from = "build" }]

[stages.final.image]
labels = { version = "1" }
"#;

const ALL: [&str; 6] =
    ["copy first to ./", "copy second to ./", "take", "use first", "use second", "workdir /build"];

fn project() -> Project {
    let project = Project::new(SPEC);
    project.write("first", &project.nonce());
    project.write("second", &project.nonce());
    project
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_second_build_is_cached_whole() {
    let project = project();
    let first = project.build(&[]);
    assert_eq!(ran(&first).len() + cached(&first).len(), ALL.len(), "{first}");
    let second = project.build(&[]);
    assert_eq!(ran(&second), [""; 0], "{second}");
    assert_eq!(cached(&second), ALL, "{second}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn what_a_changed_file_does_not_reach_is_cached() {
    let project = project();
    project.build(&[]);
    project.write("second", "changed");
    let build = project.build(&[]);
    assert_eq!(ran(&build), ["copy second to ./", "take", "use second"], "{build}");
    assert_eq!(cached(&build), ["copy first to ./", "use first", "workdir /build"], "{build}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_change_of_the_image_config_runs_nothing() {
    let project = project();
    project.build(&[]);
    project.set_spec(&SPEC.replace("version = \"1\"", "version = \"2\""));
    let build = project.build(&["--label", "also=changed"]);
    assert_eq!(cached(&build), ALL, "{build}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_order_of_tables_runs_nothing() {
    let project = project();
    project.build(&[]);
    let (top, stages) = SPEC.split_at(SPEC.find("\n[stages.build]").unwrap());
    let (build, last) = stages.split_at(stages.find("\n[stages.final]").unwrap());
    project.set_spec(&format!("{top}{last}{build}"));
    let build = project.build(&[]);
    assert_eq!(cached(&build), ALL, "{build}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_changed_arg_runs_the_steps_that_name_it() {
    let project = Project::new(
        r#"
args = { NONCE = {}, A = "1", B = "1" }

[stages.a]
from = "busybox"
args = ["NONCE"]
steps = [
  { name = "before", run = "echo before > /before" },
  { name = "names B", run = "echo ${B} > /b" },
  { name = "names A", run = "echo $A > /a" },
  { name = "lists B", args = ["B"], run = "env > /env" },
]
"#,
    );
    let nonce = format!("NONCE={}", project.nonce());
    let build = |args: &[&str]| project.build(&[&["--build-arg", &nonce], args].concat());
    let first = build(&[]);
    assert_eq!(cached(&first), [""; 0], "{first}");

    let changed = build(&["--build-arg", "A=2"]);
    assert_eq!(ran(&changed), ["lists B", "names A"], "{changed}");
    assert_eq!(cached(&changed), ["before", "names B"], "{changed}");

    let changed = build(&["--build-arg", "B=2"]);
    assert_eq!(ran(&changed), ["lists B", "names A", "names B"], "{changed}");
    assert_eq!(cached(&changed), ["before"], "{changed}");
}
