//! Copies of what need not be there.

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

/// Without the word, a plain path must be there.
#[test]
#[ignore = "needs a BuildKit engine"]
fn what_is_not_optional_must_be_there() {
    let project = Project::new(&SPEC.replacen(", optional = true", "", 1)).with("always", "");
    let failure = project.fail(&[]);
    assert!(failure.message.contains("mstage.toml:13"), "{failure}");
}
