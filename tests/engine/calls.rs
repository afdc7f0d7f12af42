//! `docker buildx build --call=...` and `--check`: the output for a spec and for a Dockerfile with
//! the same stages, and the client's exit code.

use serde_json::{Value, json};

use crate::harness::{Command, FRONTEND, Files, Finished, Project, ROOT, build, engine, succeeded};
use crate::parity::convert_with;

/// The same stages as a spec and as a Dockerfile, with the same three findings.
fn project() -> Project {
    Project::new(
        r#"
default = "app"

[args]
VERSION = { default = "1", description = "of the app" }
API_TOKEN = {}

[stages.builder]
description = "makes the app"
from = "busybox:latest"
steps = [
  { run = 'echo $VERSION $API_TOKEN', mounts = [{ secret = "key", required = true }, { ssh = "default" }] },
]

[stages.app]
description = "is the app"
from = "busybox:latest"
platform = "${TARGETPLATFORM}"
steps = [{ copy = "/etc/passwd", from = "builder", to = "/x" }]

[stages.app.image]
cmd = "app"
"#,
    )
    .with(
        "Dockerfile",
        r#"# VERSION of the app
ARG VERSION=1

# builder makes the app
FROM busybox:latest AS builder
ARG VERSION
ARG API_TOKEN
RUN --mount=type=secret,id=key,required=true --mount=type=ssh echo $VERSION $API_TOKEN

# app is the app
FROM --platform=$TARGETPLATFORM busybox:latest AS app
COPY --from=builder /etc/passwd /x
CMD app
"#,
    )
}

fn status(finished: &Finished) -> Option<i32> {
    finished.status.code()
}

/// The client makes the text from the document, so equal texts mean equal documents.
#[test]
#[ignore = "needs a BuildKit engine"]
fn outline_and_targets_print_what_they_print_for_a_dockerfile() {
    let project = project();
    for (question, options, start) in [
        (
            "outline",
            &[][..],
            "TARGET:      app\nDESCRIPTION: is the app\n\nBUILD ARG   VALUE   DESCRIPTION\n",
        ),
        ("outline", &["--target=builder"], "TARGET:      builder\nDESCRIPTION: makes the app\n"),
        (
            "targets",
            &[],
            "TARGET        DESCRIPTION\nbuilder       makes the app\napp (default) is the app\n",
        ),
    ] {
        let ours = project.call("mstage.toml", question, options);
        assert_eq!(status(&ours), Some(0), "{}", ours.stderr);
        assert!(ours.text().starts_with(start), "{}", ours.text());
        // The Dockerfile frontend of 20.10 does not support subrequests.
        if engine().shows_excerpts() {
            let theirs = project.call("Dockerfile", question, options);
            assert_eq!(status(&theirs), Some(0), "{}", theirs.stderr);
            assert_eq!(ours.text(), theirs.text());
        }
    }
    // A Dockerfile's arg loses its description if a build arg is given.
    let ours = project.call("mstage.toml", "outline", &["--build-arg=VERSION=2"]).text();
    assert!(ours.contains("\nVERSION     2       of the app\n"), "{ours}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_dockerfile_is_converted_to_a_file() {
    let project = project();
    let options = ["--build-arg=VERSION=2".to_owned()];
    let syntax = format!("--build-arg=BUILDKIT_SYNTAX={FRONTEND}");
    let dockerfile = project.path().join("Dockerfile");
    let files = Files::of(|output| {
        let options = [&syntax, &options[0], "--target=mstage.toml", output];
        succeeded(build(&dockerfile, project.path(), &options))
    });
    assert_eq!(files.paths(), ["mstage.toml"]);
    assert_eq!(files["mstage.toml"].text(), convert_with(&dockerfile, &options).unwrap());
}

/// The output of a check, without the parts that differ between the frontends: names and texts of
/// rules, and the file.
fn shape(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| match line {
            "" => Some(""),
            _ if line.starts_with("Check complete, ") || line.starts_with("-----") => Some(line),
            _ if line.starts_with("WARNING: ") && line.contains(" - https://") => Some("WARNING"),
            _ if line.contains(" | >>> ") => Some(" | >>> "),
            _ => None,
        })
        .collect()
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_check_prints_what_it_prints_for_a_dockerfile() {
    let project = project();
    let ours = project.call("mstage.toml", "check", &[]);
    assert_eq!(status(&ours), Some(1), "{}", ours.stderr);
    let text = ours.text();
    assert!(text.starts_with("Check complete, 3 warnings have been found!\n"), "{text}");
    for found in [
        "\nWARNING: secret-in-env - https://",
        "/docs/rules/secret-in-env.md\n`API_TOKEN` looks like a secret",
        "mstage.toml:6\n--------------------\n",
        "   6 | >>> API_TOKEN = {}\n",
        "\nWARNING: redundant-platform - https://",
        "  18 | >>> platform = \"${TARGETPLATFORM}\"\n",
        "\nWARNING: shell-form-command - https://",
        "  22 | >>> cmd = \"app\"\n",
    ] {
        assert!(text.contains(found), "no `{found}` in:\n{text}");
    }
    // Engines before 27 have no checks of their own.
    if engine().checks_dockerfiles() {
        let theirs = project.call("Dockerfile", "check", &[]);
        assert_eq!(status(&theirs), Some(1), "{}", theirs.stderr);
        assert_eq!(shape(&text), shape(&theirs.text()));
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_check_tells_programs_what_it_found() {
    let finished = project().call("mstage.toml", "check,format=json", &[]);
    assert_eq!(status(&finished), Some(1));
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let warning = &document["warnings"][0];
    assert_eq!(warning["ruleName"], "secret-in-env");
    // The name of the arg.
    let range = &warning["location"]["ranges"][0];
    assert_eq!(range["start"], json!({ "line": 6 }));
    assert_eq!(range["end"], json!({ "line": 6, "character": 9 }));
    assert_eq!(document["sources"][0]["filename"], "mstage.toml");
    assert!(document.get("buildError").is_none());
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_exit_status_of_a_check_is_its_result() {
    let call = |spec: &str, question: &str, options: &[&str]| {
        let finished = Project::new(spec).call("mstage.toml", question, options);
        (status(&finished), finished.text(), finished.stderr)
    };
    let right = "\n[stages.a]\nfrom = \"busybox:latest\"\n";
    let (code, text, _) = call(right, "check", &[]);
    assert_eq!((code, text.as_str()), (Some(0), "Check complete, no warnings found.\n"));

    let advised_against = "\n[stages.a]\nfrom = \"busybox\"\n";
    assert_eq!(call(advised_against, "check", &[]).0, Some(1));
    assert_eq!(call(advised_against, "check,ignorestatus=true", &[]).0, Some(0));
    let skip = "--build-arg=BUILDKIT_DOCKERFILE_CHECK=skip=untagged-image";
    assert_eq!(call(advised_against, "check", &[skip]).0, Some(0));

    let error = "\ncheck = { error = true }\n[stages.a]\nfrom = \"busybox\"\n";
    let (code, text, stderr) = call(error, "check", &[]);
    assert_eq!(code, Some(1));
    assert!(text.starts_with("Check complete, 1 warning has been found!"), "{text}");
    assert!(
        stderr
            .contains("ERROR: `check` turns findings of these rules into errors: `untagged-image`"),
        "{stderr}"
    );

    let wrong = "\n[stages.a]\nfrom = \"busybox:latest\"\nstep = []\n";
    let (code, text, stderr) = call(wrong, "check", &[]);
    assert_eq!((code, text.as_str()), (Some(1), ""));
    assert!(stderr.contains("ERROR: mstage.toml:4: unknown key `step` in a stage"), "{stderr}");
    assert!(stderr.contains("   4 | >>> step = []\n"), "{stderr}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn what_is_wrong_is_shown_for_every_question() {
    let project = Project::new("\n[stages.a]\nfrom = \"busybox:latest\"\nstep = []\n");
    for question in ["outline", "targets"] {
        let finished = project.call("mstage.toml", question, &[]);
        assert_eq!(status(&finished), Some(1));
        assert!(
            finished.stderr.contains("mstage.toml:4: unknown key `step` in a stage"),
            "{}",
            finished.stderr
        );
        if engine().shows_excerpts() {
            assert!(finished.stderr.contains("   4 | >>> step = []\n"), "{}", finished.stderr);
        }
    }
}

/// Warnings of a build have the format of the Dockerfile frontend: `Rule: text (line N)`.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_build_warns_as_for_a_dockerfile() {
    let project = Project::new("\n[stages.a]\nfrom = \"busybox\"\n");
    // 20.10 shows no warnings of frontends.
    if engine().shows_excerpts() {
        let warnings = project.build(&[]).progress.warnings;
        let start = "untagged-image: `busybox` has no tag";
        let found = |warning: &String| warning.starts_with(start) && warning.ends_with("(line 3)");
        assert!(warnings.iter().any(found), "{warnings:?}");
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_graph_of_a_build_can_be_had() {
    let finished = Project::new("\n[stages.a]\nfrom = \"scratch\"\nsteps = [{ mkdir = \"/x\" }]\n")
        .call("mstage.toml", "convertllb,format=json", &[]);
    assert_eq!(status(&finished), Some(0), "{}", finished.stderr);
    let document: Value = serde_json::from_slice(&finished.stdout).unwrap();
    let ops = document["def"].as_object().unwrap();
    let made = ops.values().filter_map(|op| op["file"]["actions"][0]["mkdir"]["path"].as_str());
    assert_eq!(made.collect::<Vec<_>>(), ["/x"]);
    assert!(ops.keys().eq(document["metadata"].as_object().unwrap().keys()));
}

/// The project's own build file passes its rules.
#[test]
#[ignore = "needs a BuildKit engine"]
fn the_frontends_own_spec_is_checked() {
    let engine = engine();
    engine.provide(&["rust:1.95"]).unwrap();
    let command: Command = engine.docker(["buildx", "build", "--check", "-f", "mstage.toml"]);
    let finished = command.arg(ROOT).finish().unwrap();
    assert_eq!(finished.text(), "Check complete, no warnings found.\n", "{}", finished.stderr);
    assert_eq!(status(&finished), Some(0));
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_graph_is_printed_and_exported() {
    let project = project();
    let ours = project.call("mstage.toml", "graph", &[]);
    assert_eq!(status(&ours), Some(0), "{}", ours.stderr);
    let expected = "[app] from busybox  # is the app\n└─ copy /etc/passwd from [builder]\n   └─ [builder] from busybox  # makes the app\n";
    assert!(ours.text().starts_with(expected), "{}", ours.text());

    let json = project.call("mstage.toml", "graph,format=json", &[]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    let edge = json!({ "from": "builder", "to": "app", "kind": "copy" });
    assert_eq!(json["edges"], json!([edge]));

    let files = Files::of(|output| {
        let exported = project.call("mstage.toml", "graph", &[output]);
        assert_eq!(exported.text(), ours.text(), "{}", exported.stderr);
    });
    assert_eq!(files.paths(), ["graph.dot", "graph.mmd", "graph.svg"]);
    assert!(files["graph.svg"].content.starts_with(b"<svg "));
}
