//! What an older engine cannot do is an error that names it, at the line that needs it.

use crate::harness::{Project, engine};

/// An engine without it would leave the modes as they are, and nobody would know.
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
    } else {
        let failure = project.fail(&[]);
        assert!(failure.message.contains("mstage.toml:6: the engine lacks "), "{failure}");
    }
}
