//! The environment of run steps: user, directory, variables and shell.

use crate::harness::Project;

/// The lines of `/out` after a build of one stage with these keys.
#[track_caller]
fn output(keys: &str, options: &[&str]) -> Vec<String> {
    let project = Project::new(&format!("\n{keys}"));
    project.files(options)["out"].text().lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_step_has_the_stages_user_directory_and_environment() {
    let lines = output(
        r#"
[stages.a]
from = "busybox"
user = "daemon"
workdir = "/some/where"
env = { GREETING = "hello", TWICE = "${GREETING} ${GREETING}" }
steps = [
  { run = "touch /out; chmod 666 /out", user = "root" },
  'echo "$(id -un) $(pwd) $GREETING $TWICE" >> /out',
  { run = 'echo "$(id -u):$(id -g) $(pwd) $GREETING" >> /out', user = "12:34", workdir = "deep", env = { GREETING = "hi" } },
  { exec = ["/bin/sh", "-c", 'echo "$0 $(pwd)" >> /out', "${GREETING}"] },
]
"#,
        &[],
    );
    assert_eq!(
        lines,
        ["daemon /some/where hello hello hello", "12:34 /some/where/deep hi", "hello /some/where"]
    );
}

/// The image of the other tests' specs has no directory `/some`.
#[test]
#[ignore = "needs a BuildKit engine"]
fn the_working_directory_belongs_to_the_stages_user() {
    let project = Project::new(
        r#"
[stages.a]
from = "busybox"
user = "daemon"
workdir = "/some/where"
"#,
    );
    assert_eq!(project.files(&[])["some/where"].owner(), (1, 1));
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn args_reach_the_steps_that_name_or_list_them() {
    let spec = r#"
[args]
NAMED = "default"
LISTED = "default"
NEITHER = "default"
PATH_OF_BASE = "${NAMED}/base"

[stages.a]
from = "busybox"
steps = [
  "echo $NAMED ${PATH_OF_BASE} > /out",
  { run = "env | grep -E '^(NAMED|LISTED|NEITHER)=' >> /out", args = ["LISTED"] },
]
"#;
    assert_eq!(output(spec, &[]), ["default default/base", "LISTED=default"]);
    let given = [
        "--build-arg",
        "NAMED=given",
        "--build-arg",
        "LISTED=also given",
        "--build-arg",
        "NEITHER=x",
    ];
    assert_eq!(output(spec, &given), ["given given/base", "LISTED=also given"]);
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_script_stops_at_the_first_command_that_fails() {
    let project = Project::new(
        r#"
[stages.a]
from = "busybox"
steps = ['''
  echo begun
  false
  echo reached
''']
"#,
    );
    let failure = project.fail(&[]);
    let log = &failure.progress.steps().find(|step| step.ran()).unwrap().log;
    assert_eq!(log, "begun\n", "{failure}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_stages_shell_runs_its_steps_and_those_of_images_built_from_it() {
    let base = Project::new(
        r#"
[stages.base]
from = "busybox"
shell = ["/usr/bin/env", "SHELL_OF=the base", "/bin/sh", "-c"]
steps = ["echo $SHELL_OF > /out"]
"#,
    );
    assert_eq!(base.files(&[])["out"].text(), "the base\n");

    let base = base.image(&[]);
    let spec = format!(
        r#"
[stages.a]
from = "{}"
steps = [
  "echo $SHELL_OF > /out",
  {{ run = "echo ${{SHELL_OF:-its own}} >> /out", shell = "sh" }},
  "echo this recorded shell goes on after; false; echo a failure >> /out",
]
"#,
        base.name()
    );
    assert_eq!(output(&spec, &[]), ["the base", "its own", "a failure"]);
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn bash_in_short_also_stops_inside_a_pipe() {
    let project = Project::new(
        r#"
[stages.a]
from = "debian:bookworm-slim"
shell = "bash"
steps = ["false | cat"]
"#,
    );
    let failure = project.fail(&[]);
    assert!(failure.message.contains("exit code: 1"), "{failure}");
}
