//! Copies: required paths, names with special characters, and parent directories.

use crate::harness::{Project, engine};

/// A missing path fails the copy, and an existing one is copied, regardless of how the check is
/// made.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_path_with_parents_must_be_there() {
    let spec = r#"
[stages.a]
from = "scratch"
steps = [{ copy = ["b", "a/./c/d", "dir"], parents = true, to = "/to/" }]
"#;
    let project = Project::new(spec).with("a/c/d", "d").with("dir/x/y", "y");
    if engine().major_version < 23 {
        let failure = project.fail(&[]);
        assert!(failure.message.contains("file.copy.includeexcludepatterns"), "{failure}");
        return;
    }
    for _ in 0..2 {
        let failure = project.fail(&[]);
        assert!(failure.message.contains("\"/b\": not found"), "{failure}");
    }
    project.write("b", "b");
    let expected = ["to", "to/b", "to/c", "to/c/d", "to/dir", "to/dir/x", "to/dir/x/y"];
    assert_eq!(project.files(&[]).paths(), expected);
    std::fs::remove_file(project.path().join("b")).unwrap();
    let failure = project.fail(&[]);
    assert!(failure.message.contains("\"/b\": not found"), "{failure}");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn names_are_taken_as_they_are() {
    let spec = r#"
[stages.a]
from = "scratch"
steps = [
  { copy = ["!bang", " lead", "trail ", 'back\slash', 'br\[ack', "^{|}"], to = "/plain/" },
  { copy = ["!bang", " lead", "trail ", 'back\slash', 'br\[ack', "!none"], to = "/optional/", optional = true },
]
"#;
    let names = [" lead", "!bang", "back\\slash", "br[ack", "trail "];
    let mut project = Project::new(spec).with("^{|}", "");
    for name in names {
        project = project.with(name, name);
    }
    let files = project.files(&[]);
    for name in names {
        assert_eq!(files[&*format!("plain/{name}")].text(), name);
        assert_eq!(files[&*format!("optional/{name}")].text(), name);
    }
    assert_eq!(files.paths().len(), 2 * names.len() + 3);
}

/// The lines of an ignore file and of `ignore` have the same effect.
#[test]
#[ignore = "needs a BuildKit engine"]
fn ignored_files_are_not_in_the_image() {
    let spec = r#"
ignore = ["/dist", " /.env ", "! /dist/kept"]

[stages.a]
from = "scratch"
steps = [{ copy = ".", to = "/" }]
"#;
    let project = Project::new(spec).with("dist/x", "").with("dist/kept", "").with(".env", "");
    let files = project.files(&[]);
    let paths: Vec<_> =
        files.paths().into_iter().filter(|path| !path.starts_with("mstage")).collect();
    assert_eq!(paths, ["dist", "dist/kept"]);
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_working_directory_belongs_to_a_user_that_its_stage_makes() {
    let spec = r#"
[stages.a]
from = "busybox"
user = "app"
workdir = "/srv/app"
steps = [
  { run = "pwd > /root-began; echo 'app:x:123:45::/:/bin/sh' >> /etc/passwd", user = "root" },
  "touch x",
]

[stages.copied]
from = "busybox"
user = "app"
workdir = "/srv/app"
chown = "app"
steps = [
  { run = "echo 'app:x:123:45::/:/bin/sh' >> /etc/passwd", user = "root" },
  { copy = "y" },
  "touch x",
]
"#;
    let project = Project::new(spec).with("y", "");
    for target in ["--target=a", "--target=copied"] {
        let files = project.files(&[target]);
        for path in ["srv/app", "srv/app/x"] {
            assert_eq!(files[path].owner(), (123, 45), "{target} {path}");
        }
    }
    assert_eq!(project.files(&["--target=a"])["root-began"].text(), "/\n");
    assert_eq!(project.files(&["--target=copied"])["srv/app/y"].owner(), (123, 45));
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn directories_on_the_way_do_not_have_the_mode() {
    let spec = r#"
[stages.a]
from = "scratch"
chown = "7:root"
steps = [
  { copy = "f", to = "/copied/path/", chmod = "0644" },
  { copy = "f*", to = "/pattern/path/", chmod = "0600" },
  { copy = "none*", to = "/none/", chmod = "0600" },
  { mkdir = "/made/path/here", chmod = "0700" },
]
"#;
    let project = Project::new(spec).with("f", "");
    let files = project.files(&[]);
    let modes: Vec<_> = files.iter().map(|(path, entry)| (path, entry.mode)).collect();
    assert_eq!(
        modes,
        [
            ("copied", 0o755),
            ("copied/path", 0o755),
            ("copied/path/f", 0o644),
            ("made", 0o755),
            ("made/path", 0o755),
            ("made/path/here", 0o700),
            ("pattern", 0o755),
            ("pattern/path", 0o755),
            ("pattern/path/f", 0o600),
        ]
    );
    assert!(files.iter().all(|(_, entry)| entry.owner() == (7, 0)));
}

/// The engine's message contains only its own mount point of the image.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_tree_that_meets_a_link_is_explained() {
    let spec = r#"
[stages.a]
from = "debian:bookworm-slim"
steps = [{ copy = "rootfs", to = "/" }]
"#;
    let failure = Project::new(spec).with("rootfs/bin/app", "").fail(&[]);
    assert!(
        failure
            .message
            .contains("/bin is a directory in the copied files, but a link or a file in the base"),
        "{failure}"
    );
    assert!(failure.message.contains("mstage.toml:4"), "{failure}");
}
