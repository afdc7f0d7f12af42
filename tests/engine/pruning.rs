//! Anything that the target does not need is neither looked up nor transferred nor built.

use crate::harness::{Build, FRONTEND, Project, Vertex, build_within, engine, succeeded};

/// The number of bytes that a build takes from its context.
#[track_caller]
fn sent(build: &Build) -> u64 {
    let mut vertices = build.progress.vertices.iter();
    let context = vertices.find(|vertex| vertex.name == "[internal] load build context");
    context.unwrap_or_else(|| panic!("the context was not read:\n{build}")).transferred
}

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
    let (small, large) = (sent(&project.build(&[])), sent(&project.build(&["--target", "large"])));
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

/// True if all copies of a build are cached.
#[track_caller]
fn are_copies_cached(build: &Build) -> bool {
    let copies: Vec<_> = build.progress.steps().filter(|step| step.name.contains("opy")).collect();
    assert!(!copies.is_empty(), "{build}");
    copies.iter().all(|step| step.is_cached())
}

fn link(project: &Project, path: &str, target: &str) {
    std::os::unix::fs::symlink(target, project.path().join(path)).expect("it can be made");
}

/// Links to excluded files are copied as such, wherever they are.
#[test]
#[ignore = "needs a BuildKit engine"]
fn files_that_all_copies_exclude_are_not_sent() {
    let project = Project::new(
        r#"
default = "all"

[stages.a]
from = "scratch"
steps = [{ copy = ".", to = "/a/", exclude = ["mstage.toml", "large", "**/*.iso", "src/b"] }]

[stages.all]
from = "a"
steps = [{ copy = ".", to = "/b/", exclude = ["src", "large/", "mstage.toml", "**/*.iso"] }]

[stages.more]
from = "all"
steps = [{ copy = "to-large", to = "/c" }]
"#,
    )
    .with("src/b", "b");
    if engine().major_version < 23 {
        assert!(project.fail(&[]).message.contains("file.copy.includeexcludepatterns"));
        return;
    }
    project.write("src/a", &project.nonce());
    project.write("src/x.iso", &"x".repeat(1 << 20));
    project.write("large/in/it", &"y".repeat(1 << 20));
    link(&project, "to-large", "large/in/it");
    link(&project, "src/to-large", "../large/in/it");
    let build = project.build(&[]);
    assert!(sent(&build) < 10_000, "{build}");
    let files = project.files(&[]);
    let expected = ["a", "a/src", "a/src/a", "a/src/to-large", "a/to-large", "b", "b/to-large"];
    assert_eq!(files.paths(), expected);

    // Their content is no part of a key.
    project.write("large/in/it", &"z".repeat(1 << 20));
    let build = project.build(&[]);
    assert!(are_copies_cached(&build), "{build}");

    // A use that may need them: everything is there, and the other copies are the same.
    let options = ["--target", "more"];
    let build = project.build(&options);
    assert!(sent(&build) > 1_000_000, "{build}");
    assert_eq!(project.files(&options)["c"].content.len(), 1 << 20);
    let of_others = |step: &&Vertex| !step.name.contains("/c");
    assert!(build.progress.steps().filter(of_others).all(|step| step.is_cached()), "{build}");
}

/// The cache keys of these copies cover the targets of links, which must be there: from directories
/// with BuildKit before 0.26, from the root in Dockerfiles.
#[test]
#[ignore = "needs a BuildKit engine"]
fn excluded_targets_of_links() {
    let project = Project::new(
        "\n[stages.a]\nfrom = \"scratch\"\nsteps = [{ copy = \"src\", to = \"/a/\", exclude = \"large\" }]\n",
    );
    project.write("src/a", &project.nonce());
    project.write("src/large/x", &"x".repeat(1 << 20));
    link(&project, "src/to-large", "large/x");
    link(&project, "to-large", "src/large/x");
    if engine().major_version < 23 {
        assert!(project.fail(&[]).message.contains("file.copy.includeexcludepatterns"));
        return;
    }
    assert_eq!(project.files(&[]).paths(), ["a", "a/a", "a/to-large"]);
    project.write("Dockerfile", "FROM scratch\nCOPY --exclude=src/large . /\n");
    let syntax = format!("BUILDKIT_SYNTAX={FRONTEND}");
    let options = ["--build-arg", &syntax, "--output=type=cacheonly"];
    let file = project.path().join("Dockerfile");
    succeeded(build_within(10, &file, project.path(), &options));
}
