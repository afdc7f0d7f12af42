//! A failing build shows the lines of the spec that caused the failure.

use crate::harness::{Failure, Image, Project, Registry, engine, succeeded};

/// Asserts that the client marks a line of the spec.
#[track_caller]
fn assert_marks(failure: &Failure, number: u32, line: &str) {
    let marked = format!("{number:4} | >>> {line}");
    assert!(
        failure.message.lines().any(|shown| shown.trim_end() == marked),
        "no line `{marked}`:\n{failure}"
    );
}

#[track_caller]
fn assert_says(failure: &Failure, text: &str) {
    assert!(failure.message.contains(text), "it does not say `{text}`:\n{failure}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_failing_run_shows_the_lines_of_its_step() {
    let project = Project::new(
        r#"
[stages.a]
from = "busybox"
steps = [
  "true",
  '''
    echo the log
    exit 3
  ''',
  "true",
]
"#,
    );
    let failure = project.fail(&[]);
    assert_says(&failure, "exit code: 3");
    let failed = failure.progress.steps().find(|step| step.ran() && step.log.contains("the log"));
    assert!(failed.is_some(), "no step has printed the log:\n{failure}");
    assert_says(&failure, "mstage.toml:6");
    if engine().shows_excerpts() {
        assert_marks(&failure, 6, "  '''");
        assert_marks(&failure, 7, "    echo the log");
        assert_marks(&failure, 8, "    exit 3");
        assert_marks(&failure, 9, "  ''',");
        assert_eq!(failure.message.matches(">>>").count(), 4, "{failure}");
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_failing_step_of_an_included_file_shows_the_lines_of_that_file() {
    let project = Project::new(
        r#"
include = ["lib/base.toml"]
default = "a"

[stages.a]
from = "base"
"#,
    );
    project.write(
        "lib/base.toml",
        "[stages.base]\nfrom = 'busybox'\nsteps = [\n  'exit 3 # in a file that is included',\n]\n",
    );
    let failure = project.fail(&[]);
    assert_says(&failure, "lib/base.toml:4");
    if engine().shows_excerpts() {
        assert_marks(&failure, 4, "  'exit 3 # in a file that is included',");
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_failing_copy_shows_its_line() {
    let project = Project::new(
        r#"
[stages.a]
from = "scratch"
steps = [
  { copy = "not-there" },
]
"#,
    );
    let failure = project.fail(&[]);
    assert_says(&failure, "not-there");
    assert_says(&failure, "mstage.toml:5");
    if engine().shows_excerpts() {
        assert_marks(&failure, 5, "  { copy = \"not-there\" },");
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn all_errors_of_a_spec_are_told_at_once_each_with_its_line() {
    let project = Project::new(
        r#"
default = "b"

[stages.a]
from = "busybox"
wrkdir = "/src"

[stages.b]
from = "a"
steps = [
  { copy = "x", run = "y" },
  { copy = "x", to = 7 },
]
"#,
    );
    let failure = project.fail(&[]);
    assert_says(&failure, "3 errors in mstage.toml\n");
    for (line, problem) in [
        (6, "unknown key `wrkdir` in a stage\n  help: did you mean `workdir`?\n"),
        (11, "a step has both `run` and `copy`\n"),
        (12, "expected a string, found an integer\n"),
    ] {
        assert_says(&failure, &format!("mstage.toml:{line}: {problem}"));
    }
    if engine().shows_excerpts() {
        assert_marks(&failure, 6, "wrkdir = \"/src\"");
        assert_marks(&failure, 11, "  { copy = \"x\", run = \"y\" },");
        assert_marks(&failure, 12, "  { copy = \"x\", to = 7 },");
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn broken_toml_is_an_error_at_its_line() {
    let failure = Project::new("\n[stages.a]\nfrom = busybox\n").fail(&[]);
    assert_says(&failure, "mstage.toml:3: ");
    if engine().shows_excerpts() {
        assert_marks(&failure, 3, "from = busybox");
    }
}

/// Nothing listens at the address.
#[test]
#[ignore = "needs a BuildKit engine"]
fn an_image_that_is_not_there_is_an_error_at_its_name() {
    let failure = Project::new("\n[stages.a]\nfrom = \"localhost:1/no-such-image\"\n").fail(&[]);
    assert_says(&failure, "mstage.toml:3");
    assert_says(&failure, "no-such-image");
    if engine().shows_excerpts() {
        assert_marks(&failure, 3, "from = \"localhost:1/no-such-image\"");
    }
}

/// An image without an index is used for every platform, with a warning.
#[test]
#[ignore = "needs a BuildKit engine"]
fn an_image_for_another_platform_only() {
    let registry = Registry::start();
    let other = if cfg!(target_arch = "aarch64") { "linux/amd64" } else { "linux/arm64" };
    let image = Image::named(registry.name("other:1"));
    let base = Project::new("\n[stages.a]\nfrom = \"scratch\"\nsteps = [{ copy = \"file\" }]\n");
    base.write("file", "");
    let options = ["--platform", other, "--push", "-t", image.name()];
    succeeded(base.try_build_on(engine(), &options));
    let name = image.name().to_owned();
    // Removed from the engine itself.
    drop(image);

    let spec =
        format!("\n[stages.a]\nfrom = \"{name}\"\nsteps = [{{ copy = \"file\", to = \"b\" }}]\n");
    let project = Project::new(&spec).with("file", "");
    if engine().has_containerd_store() {
        let failure = project.fail(&[]);
        assert_says(&failure, &format!("mstage.toml:3: {name} for linux/"));
        assert_says(&failure, "no match for platform in manifest");
        assert_marks(&failure, 3, &format!("from = \"{name}\""));
    } else {
        let build = project.build(&[]);
        // 20.10 shows no warnings of frontends.
        if engine().shows_excerpts() {
            let says = format!("{name} is for {other}");
            assert!(
                build.progress.warnings.iter().any(|warning| warning.contains(&says)),
                "{build}"
            );
        }
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_target_that_is_not_there_is_told_with_those_that_are() {
    let project =
        Project::new("\n[stages.build]\nfrom = \"scratch\"\n[stages.other]\nfrom = \"scratch\"\n");
    let failure = project.fail(&["--target", "nothing"]);
    assert_says(&failure, "target stage \"nothing\" could not be found");
    assert_says(&failure, "`build` and `other`");
    assert!(!failure.message.contains(" | >>> "), "a line is blamed:\n{failure}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_warning_does_not_stop_the_build() {
    let build = Project::new("\n[stages.a]\nfrom = \"scratch\"\n[args]\nUNUSED = \"x\"\n")
        .build(&["--build-arg", "OTHER=1"]);
    // 20.10 shows no warnings of frontends.
    if engine().shows_excerpts() {
        let shown = build.progress.warnings.iter().any(|warning| warning.contains("OTHER"));
        assert!(shown, "no warning of the undeclared arg:\n{build}");
    }
}

/// Engines report the missing entitlement, but not the step.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_step_that_is_not_allowed_is_told_with_its_line() {
    let project = Project::new(
        r#"
[stages.base]
from = "busybox"
steps = [{ run = "true", security = "insecure" }]
[stages.host]
from = "busybox"
steps = [{ run = "true", network = "host" }]
[stages.app]
from = "base"
"#,
    );
    for (target, line, name) in [("app", 4, "security.insecure"), ("host", 7, "network.host")] {
        let failure = project.fail(&["--target", target]);
        let place = format!("mstage.toml:{line}: this step needs the entitlement `{name}`");
        assert_says(&failure, &place);
        assert_says(&failure, &format!("--allow {name}"));
        assert_says(&failure, "daemon.json");
    }
}
