//! Copies of optional files.

use crate::harness::Project;

const SPEC: &str = r#"
default = "out"
args = { NONCE = {} }

[stages.made]
from = "busybox"
args = ["NONCE"]
steps = ["if test -n \"$NONCE\"; then mkdir -p /made/deep/er && echo made > /made/deep/er/file; fi"]

[stages.out]
from = "scratch"
steps = [
  { copy = ["always", "go.sum", ".env", "-x", "--/a"], to = "/files/", optional = true },
  { copy = "no/such/directory/file", to = "/files/", optional = true },
  { copy = "directory", to = "/directory/", optional = true },
  { copy = { "settings.ini" = "/etc/app.ini" }, optional = true },
  { copy = "missing/*.txt", to = "/texts/", optional = true },
  { copy = "linked", to = "/linked/", optional = true, link = true },
  { copy = ["/made/deep/er/file", "/no/such"], from = "made", to = "/of-stage/", optional = true },
]
"#;

#[test]
#[ignore = "needs a BuildKit engine"]
fn what_is_there_is_copied_and_what_is_not_is_no_failure() {
    let project = Project::new(SPEC).with("always", "");
    assert_eq!(project.files(&[]).paths(), ["files", "files/always"]);

    let there = [
        "go.sum",
        ".env",
        "-x",
        "--/a",
        "no/such/directory/file",
        "directory/file",
        "settings.ini",
        "missing/a.txt",
        "linked",
    ];
    for path in there {
        project.write(path, path);
    }
    let nonce = format!("--build-arg=NONCE={}", project.nonce());
    let files = project.files(&[&nonce]);
    let expected = [
        "directory",
        "directory/file",
        "etc",
        "etc/app.ini",
        "files",
        "files/-x",
        "files/.env",
        "files/a",
        "files/always",
        "files/file",
        "files/go.sum",
        "linked",
        "linked/linked",
        "of-stage",
        "of-stage/file",
        "texts",
        "texts/a.txt",
    ];
    assert_eq!(files.paths(), expected);
    assert_eq!(files["etc/app.ini"].text(), "settings.ini");
    assert_eq!(files["of-stage/file"].text(), "made\n");
}

/// Without `optional`, a plain path must exist.
#[test]
#[ignore = "needs a BuildKit engine"]
fn what_is_not_optional_must_be_there() {
    let project = Project::new(&SPEC.replacen(", optional = true", "", 1)).with("always", "");
    let failure = project.fail(&[]);
    assert!(failure.message.contains("mstage.toml:13"), "{failure}");
}

/// A link to a missing file counts as missing, also if an ignore file excludes its target.
#[test]
#[ignore = "needs a BuildKit engine"]
fn links_to_nothing_in_a_directory_of_the_client() {
    let spec = r#"
ignore = ["hidden"]

[stages.out]
from = "scratch"
steps = [
  { copy = ["there", "dangling", "to-hidden", "in/dangling", "to-there"], to = "/files/", optional = true },
  { copy = "dangling", to = "/alone", optional = true },
  { copy = { "dangling" = "/etc/a", "there" = "/etc/b" }, optional = true },
  { copy = "given", from = { context = "other" }, to = "/given", optional = true },
]
"#;
    let project = Project::new(spec).with("there", "there").with("hidden", "").with("in/x", "");
    let other = project.path().join("other");
    project.write("other/x", "");
    for (link, target) in [
        ("dangling", "nowhere"),
        ("to-hidden", "hidden"),
        ("in/dangling", "../nowhere/at/all"),
        ("to-there", "there"),
        ("other/given", "/no/such"),
    ] {
        std::os::unix::fs::symlink(target, project.path().join(link)).expect("it can be made");
    }
    let other = format!("--build-context=other={}", other.display());
    let files = project.files(&[&other]);
    let expected = ["etc", "etc/b", "files", "files/there", "files/to-there"];
    assert_eq!(files.paths(), expected);
    assert_eq!(files["files/to-there"].text(), "there");
}
