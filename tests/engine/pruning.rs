//! Anything that the target does not need is neither looked up nor transferred nor built.

use crate::harness::Project;

#[test]
#[ignore = "needs a BuildKit engine"]
fn stages_that_the_target_does_not_need_are_not_built() {
    let project = Project::new(
        r#"
default = "wanted"

[stages.unneeded]
from = "localhost:1/no-such-image"
steps = [{ copy = "not-there" }, "false"]

[stages.wanted]
from = "scratch"
workdir = "/wanted"
"#,
    );
    let build = project.build(&[]);
    for text in ["no-such-image", "not-there", "[unneeded "] {
        assert!(!build.progress.names(text), "there is an op with `{text}` in its name:\n{build}");
    }
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn files_that_no_step_reads_are_not_sent() {
    let project = Project::new(
        r#"
default = "small"

[stages.small]
from = "scratch"
steps = [{ copy = "small" }, { copy = "directory/*.txt" }]

[stages.large]
from = "scratch"
steps = [{ copy = "large" }]
"#,
    );
    project.write("small", &project.nonce());
    project.write("directory/a.txt", "a");
    project.write("directory/large", &"x".repeat(1 << 20));
    project.write("large", &"x".repeat(1 << 20));
    let sent = |options: &[&str]| {
        let build = project.build(options);
        let context = build
            .progress
            .vertices
            .iter()
            .find(|vertex| vertex.name == "[internal] load build context");
        context.unwrap_or_else(|| panic!("the context was not read:\n{build}")).transferred
    };
    let (small, large) = (sent(&[]), sent(&["--target", "large"]));
    assert!(small < 10_000, "{small} bytes were sent for two small files");
    assert!(
        large > 1_000_000,
        "{large} bytes were sent for a large file: this test measures nothing"
    );
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn without_a_copy_the_context_is_not_read() {
    let build = Project::new("\n[stages.a]\nfrom = \"scratch\"\nworkdir = \"/a\"\n").build(&[]);
    assert!(!build.progress.names("load build context"), "{build}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn what_the_ignore_file_names_is_not_there() {
    let project = Project::new("\n[stages.a]\nfrom = \"scratch\"\nsteps = [{ copy = \".\" }]\n")
        .with(".dockerignore", "# a comment\nmstage.toml*\n.dockerignore\n*.log\n!kept.log\n")
        .with("a.log", "")
        .with("kept.log", "")
        .with("source", "");
    assert_eq!(project.files(&[]).paths(), ["kept.log", "source"]);

    // The spec's own ignore file replaces the context's.
    project.write("mstage.toml.dockerignore", "*\n!a.log\n");
    assert_eq!(project.files(&[]).paths(), ["a.log"]);
}
