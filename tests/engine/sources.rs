//! Named sources of a spec.

#![expect(clippy::disallowed_methods, reason = "what a server serves is files")]

use crate::harness::{Project, Server};

#[test]
#[ignore = "needs a BuildKit engine"]
fn files_from_the_web_and_what_stands_in_their_place() {
    let web = tempfile::tempdir().unwrap();
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(6);
    header.set_mode(0o755);
    archive.append_data(&mut header, "bin/tool", &b"a tool"[..]).unwrap();
    std::fs::write(web.path().join("tool.tar"), archive.into_inner().unwrap()).unwrap();
    std::fs::write(web.path().join("key"), "a key").unwrap();
    let server = Server::start(web.path().to_owned());
    let spec = |checksum: &str| {
        format!(
            r#"
default = "app"
[sources.tool]
http = "{url}/tool.tar"
extract = true
[sources.key]
http = "{url}/key"
name = "release.asc"{checksum}
[sources.base]
image = "busybox"
[stages.app]
from = "scratch"
steps = [
  {{ copy = "bin/tool", from = "tool", to = "/" }},
  {{ copy = "*.asc", from = "key", to = "/" }},
  {{ copy = "/bin/true", from = "base", to = "/" }},
]
"#,
            url = server.url("").trim_end_matches('/')
        )
    };
    let project = Project::new(&spec(""));
    let files = project.files(&[]);
    assert_eq!(files.paths(), ["release.asc", "tool", "true"]);
    assert_eq!((files["tool"].text(), files["release.asc"].text()), ("a tool", "a key"));

    project.write("given/bin/tool", "another tool");
    let given = format!("tool={}", project.path().join("given").display());
    assert_eq!(project.files(&["--build-context", &given])["tool"].text(), "another tool");

    let wrong = format!("\nchecksum = \"sha256:{}\"", "0".repeat(64));
    let project = Project::new(&spec(&wrong));
    let failure = project.fail(&[]);
    assert!(failure.message.contains("digest mismatch"), "{failure}");
    assert!(failure.message.contains("mstage.toml:7"), "{failure}");
}
