//! A feature that an older engine lacks is an error that names it, at the line that needs it.

use crate::harness::{Project, engine};

/// An engine without it would silently leave the modes unchanged.
#[test]
#[ignore = "needs a BuildKit engine"]
fn changes_of_modes() {
    let project = Project::new(
        r#"
[stages.a]
from = "scratch"
steps = [
  { copy = "file", to = "/one", chmod = "0600" },
  { copy = "file", to = "/two", chmod = "a=r,u+wx" },
]
"#,
    )
    .with("file", "");
    if engine().major_version > 26 {
        assert_eq!(project.files(&[])["two"].mode, 0o744);
        project.set_spec(
            "\n[stages.a]\nfrom = \"scratch\"\nsteps = [{ copy = \"file\", chmod = \"4755\" }]\n",
        );
        assert_eq!(project.files(&[])["file"].mode, 0o4755);
    } else {
        let failure = project.fail(&[]);
        assert!(
            failure.message.contains("mstage.toml:6: the engine does not support "),
            "{failure}"
        );
        project.set_spec(
            "\n[stages.a]\nfrom = \"scratch\"\nsteps = [{ copy = \"file\", chmod = \"4755\" }]\n",
        );
        let failure = project.fail(&[]);
        let text = "mstage.toml:4: the engine does not support copies with modes such as `4755`";
        assert!(failure.message.contains(text), "{failure}");
    }
}

/// If the engine cannot create such an entry, it is unpacked from an archive.
#[test]
#[ignore = "needs a BuildKit engine"]
fn links_and_special_modes_on_every_engine() {
    let long = format!("/{}", "long/".repeat(40));
    let project = Project::new(&format!(
        r#"
default = "out"

[stages.made]
from = "debian:bookworm-slim"
steps = [
  {{ symlink = "/bin/mine", target = "busybox" }},
  {{ symlink = "/new/parent/link", target = "{long}" }},
  {{ write = "/files/setuid", content = "text", chmod = "4755", chown = "nobody" }},
  {{ write = "/files/plain", content = "plain", chmod = "0600" }},
  {{ mkdir = ["/files/sticky", "/drop"], chmod = "1777", chown = "12:34" }},
  'test -L /bin && test "$(readlink /usr/bin/mine)" = busybox',
  'test "$(stat -c %U /files/setuid)" = nobody',
]

[stages.out]
from = "scratch"
steps = [
  {{ copy = "/files", from = "made", to = "/files/" }},
  {{ copy = "/new", from = "made", to = "/new/" }},
  {{ copy = "/drop", from = "made", to = "/drop/" }},
  {{ symlink = "/here", target = "files" }},
]
"#
    ));
    let files = project.files(&[]);
    let modes = |path: &str| (files[path].mode, files[path].owner());
    assert_eq!(modes("files/setuid"), (0o4755, (65534, 65534)));
    assert_eq!(files["files/setuid"].text(), "text");
    assert_eq!(modes("files/plain"), (0o600, (0, 0)));
    assert_eq!(modes("files/sticky"), (0o1777, (12, 34)));
    assert_eq!(files["new/parent/link"].link(), Some(long.as_str()));
    assert_eq!(files["here"].link(), Some("files"));
}
