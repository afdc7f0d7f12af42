//! Exports of what cache mounts contain.

use crate::harness::{Files, Project};

const SPEC: &str = r#"
default = "app"

[args]
NONCE = {}

[stages.build]
from = "busybox"
args = ["NONCE"]
steps = [
  { mounts = [{ cache = "/c", id = "${NONCE}" }], run = '''
    mkdir /c/d && echo text > /c/d/file && ln /c/d/file /c/hard && ln -s d/file /c/link
    chmod 4750 /c/d/file && touch -d @1000000000 /c/d/file && mkfifo /c/pipe
    dd if=/dev/zero of=/c/large bs=1024 count=2000 2>/dev/null''' },
  { mounts = [{ cache = "/own", id = "own-${NONCE}" }], user = "1000:1001", run = "echo mine > /own/file" },
  "touch /out",
]

[stages.app]
from = "scratch"
steps = [{ copy = "/out", from = "build", to = "/" }]
"#;

#[test]
#[ignore = "needs a BuildKit engine"]
fn an_export_has_what_the_steps_have_left() {
    let project = Project::new(SPEC);
    let nonce = project.nonce();
    let arg = &format!("--build-arg=NONCE={nonce}");
    project.build(&[arg]);
    let files: Files = project.files(&[arg, "--target=mstage.caches"]);
    let directory = format!("own-{nonce}=1000%3A1001");
    let own = format!("{directory}/file");
    let mut expected =
        ["d", "d/file", "hard", "large", "link"].map(|file| format!("{nonce}/{file}")).to_vec();
    expected.extend([nonce.clone(), directory, own.clone(), "mstage-caches.json".to_owned()]);
    expected.sort();
    let mut paths = files.paths();
    paths.sort();
    assert_eq!(paths, expected);
    assert_eq!(files[&format!("{nonce}/d/file")].text(), "text\n");
    assert!(files[&format!("{nonce}/hard")].link().is_some(), "a hard link stays one");
    assert_eq!(files[&own].text(), "mine\n");
    let list: serde_json::Value = serde_json::from_str(files["mstage-caches.json"].text()).unwrap();
    let mut ids: Vec<_> = list["caches"].as_array().unwrap().iter().map(|of| &of["id"]).collect();
    ids.sort_by_key(|id| id.as_str().is_some_and(|id| id.starts_with("own-")));
    assert_eq!(ids, [nonce.as_str(), &format!("own-{nonce}")]);

    // The export is made anew in each build.
    project
        .set_spec(&SPEC.replace("mkdir /c/d &&", "rm -rf /c/* && mkdir /c/d && touch /c/new &&"));
    project.build(&[arg]);
    let files = project.files(&[arg, "--target=mstage.caches"]);
    assert_eq!(files[&format!("{nonce}/new")].text(), "");

    let failure =
        project.fail(&[arg, "--target=mstage.caches", "--build-arg=MSTAGE_CACHES_MAX=1m"]);
    let message = &failure.message;
    assert!(message.contains("but MSTAGE_CACHES_MAX allows 1.0 MiB"), "{failure}");
    assert!(message.contains(&format!("MiB in the cache `{nonce}`")), "{failure}");
}
