//! The config of an image: set by the spec, inherited, and added by the client.

use serde_json::{Value, json};

use crate::harness::{Image, Project};

/// An image with many settings.
fn base() -> Image {
    let project = Project::new(
        r#"
[stages.base]
from = "busybox"
user = "nobody"
workdir = "/base"
env = { BASE = "from the base" }

[stages.base.image]
entrypoint = ["echo", "base"]
cmd = ["says", "hello"]
expose = [80]
labels = { kept = "base", changed = "base" }
env = { IMAGE_ONLY = "in containers" }
"#,
    );
    project.image(&[])
}

/// A build from the base image, with `keys` for its stage.
fn build_from(base: &Image, keys: &str, options: &[&str]) -> Image {
    Project::new(&format!("\n[stages.a]\nfrom = \"{}\"\n{keys}", base.name())).image(options)
}

#[track_caller]
fn assert_has_env(image: &Image, entry: &str) {
    let env = image.config("Env");
    assert!(env.as_array().unwrap().contains(&json!(entry)), "no {entry} in {env}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_config_of_the_base_is_inherited() {
    let base = base();
    let image = build_from(&base, "", &[]);
    for member in ["Entrypoint", "Cmd", "Env", "ExposedPorts", "Labels", "User", "WorkingDir"] {
        assert_eq!(image.config(member), base.config(member), "{member}");
    }
    assert_eq!(base.config("Entrypoint"), json!(["echo", "base"]));
    assert_eq!(base.config("Cmd"), json!(["says", "hello"]));
    assert_eq!(base.config("ExposedPorts"), json!({ "80/tcp": {} }));
    assert_eq!(base.config("User"), json!("nobody"));
    assert_eq!(base.config("WorkingDir"), json!("/base"));
    assert_has_env(&base, "BASE=from the base");
    assert_has_env(&base, "IMAGE_ONLY=in containers");
    assert_eq!(image.run(&[]), "base says hello\n");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn an_entrypoint_drops_the_inherited_cmd_and_a_cmd_keeps_the_entrypoint() {
    let base = base();
    let entrypoint = build_from(&base, "image = { entrypoint = [\"echo\", \"own\"] }\n", &[]);
    assert_eq!(entrypoint.config("Cmd"), Value::Null);
    assert_eq!(entrypoint.run(&[]), "own\n");

    let cmd = build_from(&base, "image = { cmd = [\"own\"] }\n", &[]);
    assert_eq!(cmd.run(&[]), "base own\n");

    let both =
        build_from(&base, "image = { entrypoint = [\"echo\"], cmd = [\"own\", \"cmd\"] }\n", &[]);
    assert_eq!(both.run(&[]), "own cmd\n");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn text_commands_run_in_the_containers_shell() {
    let base = base();
    let keys = "image = { entrypoint = [], cmd = 'echo \"$BASE, $IMAGE_ONLY\"' }\n";
    assert_eq!(build_from(&base, keys, &[]).run(&[]), "from the base, in containers\n");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn labels_come_from_the_base_the_spec_and_the_client() {
    let keys = "[stages.a.image.labels]\nchanged = \"spec\"\nover = \"spec\"\norg.example.nested = \"spec\"\n";
    let image = build_from(&base(), keys, &["--label", "over=client", "--label", "added=client"]);
    let expected = json!({
        "kept": "base",
        "changed": "spec",
        "org.example.nested": "spec",
        "over": "client",
        "added": "client",
    });
    assert_eq!(image.config("Labels"), expected);
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn what_holds_for_steps_is_recorded_and_what_the_image_says_reaches_no_step() {
    let keys = r#"
env = { STAGE = "stage", BASE = "${BASE} and the stage" }
workdir = "below"
user = "root"
steps = ["echo $STAGE, $BASE, ${LATER:-}, $(pwd), $(id -u) > /seen"]
image = { env = { LATER = "image" }, workdir = "/elsewhere", user = "daemon", entrypoint = ["/bin/sh", "-c"] }
"#;
    let image = build_from(&base(), keys, &[]);
    let seen = image.run(&["cat /seen; echo $STAGE, $BASE, $LATER, $(pwd), $(id -un)"]);
    assert_eq!(
        seen,
        "stage, from the base and the stage, , /base/below, 0\n\
         stage, from the base and the stage, image, /elsewhere, daemon\n"
    );
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_stage_from_a_stage_inherits_both_halves() {
    let project = Project::new(
        r#"
default = "child"

[stages.parent]
from = "busybox"
workdir = "/parent"
user = "daemon"
env = { A = "parent", B = "parent" }
image = { entrypoint = ["cat"], cmd = ["seen"], labels = { parent = "yes" }, env = { C = "image" } }

[stages.child]
from = "parent"
env = { B = "child of ${B}" }
workdir = "child"
steps = [{ run = "echo $A, $B, ${C:-}, $(pwd), $(id -un) > seen" }]
"#,
    );
    let image = project.image(&[]);
    assert_eq!(image.run(&[]), "parent, child of parent, , /parent/child, daemon\n");
    assert_has_env(&image, "C=image");
    assert_eq!(image.config("Labels"), json!({ "parent": "yes" }));
}

/// The environment of a step in the exported image, and the history that tools show.
#[test]
#[ignore = "needs a BuildKit engine"]
fn the_history_tells_how_the_layers_were_made() {
    let project = Project::new(
        r#"
[stages.a]
from = "scratch"
workdir = "/a"
steps = [{ copy = "mstage.toml", chmod = "0600" }]
image = { cmd = ["x"] }
"#,
    );
    let image = project.image(&[]);
    let format = "--format={{.CreatedBy}}";
    let history = crate::harness::engine()
        .docker(["image", "history", "--no-trunc", format, image.name()])
        .run()
        .text();
    assert_eq!(history, "CMD [\"x\"]\nCOPY --chmod=0600 mstage.toml ./\nWORKDIR /a\n");
    assert_eq!(image.inspect()["RootFS"]["Layers"].as_array().map(Vec::len), Some(2));
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn what_a_base_says_can_be_cleared() {
    let base = base();
    let one = build_from(
        &base,
        r#"image = { clear = ["env.IMAGE_ONLY", "labels.changed", "expose"], expose = [8080] }"#,
        &[],
    );
    assert_eq!(one.config("ExposedPorts"), json!({ "8080/tcp": {} }));
    assert_eq!(one.config("Labels"), json!({ "kept": "base" }));
    assert_has_env(&one, "BASE=from the base");
    assert_eq!(one.run(&[]), "base says hello\n");
    let env = one.config("Env").to_string();
    assert!(!env.contains("IMAGE_ONLY"), "{env}");

    let all = build_from(
        &base,
        r#"image = { clear = ["env", "labels", "expose", "entrypoint", "cmd", "user", "workdir"], cmd = ["pwd"] }"#,
        &[],
    );
    for member in ["Entrypoint", "ExposedPorts", "Labels"] {
        assert_eq!(all.config(member), Value::Null, "{member}");
    }
    assert_eq!(all.config("User"), json!(""));
    assert_eq!(all.run(&[]), "/\n");
}
