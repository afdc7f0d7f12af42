//! URLs with credentials: no credential appears in a lock file, a label or an error.

use prost::Message;

use crate::definition;
use crate::fake::{Daemon, Do, Engine, Method, Release, failure};
use crate::frontend::{build_with, error, returned};
use crate::lock::{commit, written};

const SECRET: &str = "hunter2";

const SPEC: &str = r#"default = "app"
[args]
PW = "hunter2"
API_TOKEN = "hunter2"
[vars]
FILES = "http://reader:${PW}@files.example.com"
[sources.file]
http = "${FILES}/f.txt"
[sources.lib]
git = "https://${PW}@git.example.com/lib.git"
ref = "v1"
[stages.app]
from = "scratch"
env = { URL = "https://files.example.com/${API_TOKEN}/c" }
steps = [
  { fetch = "${FILES}/a" },
  { fetch = "https://files.example.com/b?v=1&token=${PW}" },
  { fetch = "${URL}" },
  { git = "http://reader:${PW}@git.example.com/app.git", ref = "v1" },
  { copy = ["."], from = "lib", to = "/lib/" },
  { copy = ["."], from = "file", to = "/file/" },
]
"#;

fn engine(spec: &str, lock: Option<&str>) -> Engine {
    let mut files = vec![("mstage.toml", spec.to_owned())];
    files.extend(lock.map(|lock| ("mstage.lock", lock.to_owned())));
    let head = || [(".git/HEAD", format!("{}\n", commit()))];
    Engine::new(Release::Forky)
        .source("local://dockerfile", files)
        .source("http://reader:hunter2@files.example.com/a", [("context", "a")])
        .source("https://files.example.com/b?v=1&token=hunter2", [("context", "b")])
        .source("https://files.example.com/hunter2/c", [("context", "c")])
        .source("http://reader:hunter2@files.example.com/f.txt", [("context", "f")])
        .source("git://git.example.com/lib.git#v1", head())
        .source("git://git.example.com/app.git#v1", head())
}

/// The names of all operations sent to the daemon.
fn labels(daemon: &Daemon) -> Vec<String> {
    let solves = daemon.solves();
    let solves = solves.iter().filter(|solve| solve.definition.is_some());
    let metadata = solves.flat_map(|solve| definition::of(solve).metadata.into_values());
    metadata.filter_map(|mut op| op.description.remove("llb.customname")).collect()
}

#[tokio::test]
async fn a_lock_file_has_none() {
    let checksum = |content: &[u8]| buildkit_llb::Digest::of(content).to_string();
    let daemon = build_with(engine(SPEC, None), &["target=mstage.lock"]).await;
    let (_, text) = written(&daemon);
    assert!(!text.contains(SECRET) && !text.contains("reader"), "{text}");
    for (key, pin) in [
        ("https://git.example.com/lib.git#v1", commit()),
        ("http://git.example.com/app.git#v1", commit()),
        ("http://files.example.com/a", checksum(b"a")),
        ("http://files.example.com/f.txt", checksum(b"f")),
        ("https://files.example.com/b?v=1&token=xxxxx", checksum(b"b")),
    ] {
        assert!(text.contains(&format!("\"{key}\" = \"{pin}\"\n")), "no {key} in\n{text}");
    }
    let remark = "# `https://files.example.com/${API_TOKEN}/c` is not pinned because `API_TOKEN` looks like a secret:";
    assert!(text.contains(remark), "{text}");
    // The daemon does get them, but its clients do not see them.
    assert!(daemon.solves().iter().any(|solve| {
        let text = solve.encode_to_vec();
        text.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
    }));
    let shown: Vec<_> = labels(&daemon).into_iter().filter(|name| name.contains(SECRET)).collect();
    assert_eq!(shown, ["[internal] look up https://files.example.com/hunter2/c"; 0]);
}

#[tokio::test]
async fn a_build_is_held_to_it_with_other_credentials() {
    let (_, lock) = written(&build_with(engine(SPEC, None), &["target=mstage.lock"]).await);
    // As written by older versions.
    let older = lock.replace("\"http://files", "\"http://reader:old@files");
    for lock in [lock, older] {
        let daemon = build_with(engine(SPEC, Some(&lock)), &["build-arg:PW=other"]).await;
        assert_eq!(returned(&daemon).error, None);
        let ops = crate::frontend::ops(&daemon);
        let sources = crate::frontend::sources(&ops);
        for url in [
            "http://reader:other@files.example.com/a",
            "https://files.example.com/b?v=1&token=other",
        ] {
            assert!(sources[url].contains_key("http.checksum"), "{url}");
        }
        assert!(sources.contains_key(&*format!("git://git.example.com/app.git#{}", commit())));
    }
}

#[tokio::test]
async fn entries_with_a_secret_are_not_kept() {
    let pin = buildkit_llb::Digest::of(b"").to_string();
    let lock = format!(
        "version = 1\n[urls]\n\"https://files.example.com/hunter2/c\" = \"{pin}\"\n\
         \"http://reader:hunter2@old.example.com/d\" = \"{pin}\"\n"
    );
    let daemon = build_with(engine(SPEC, Some(&lock)), &["target=mstage.lock"]).await;
    let (_, text) = written(&daemon);
    assert!(!text.contains(SECRET), "{text}");
    assert!(text.contains(&format!("\"http://old.example.com/d\" = \"{pin}\"\n")), "{text}");
}

#[tokio::test]
async fn files_that_differ_by_their_credentials() {
    let spec = r#"[stages.app]
from = "scratch"
steps = [{ fetch = "http://a:a@h/f" }, { fetch = "http://b:b@h/f" }]
"#;
    let engine = Engine::new(Release::Forky)
        .source("local://dockerfile", [("mstage.toml", spec)])
        .source("http://a:a@h/f", [("context", "a")])
        .source("http://b:b@h/f", [("context", "b")]);
    let (_, text) = written(&build_with(engine, &["target=mstage.lock"]).await);
    let remark = "# \"http://h/f\" is not pinned: it differs with the credentials in the URL\n";
    assert!(text.contains(remark), "{text}");
}

#[tokio::test]
async fn an_error_shows_none() {
    let spec =
        "[stages.app]\nfrom = \"scratch\"\nsteps = [{ fetch = \"http://reader:hunter2@h/f\" }]\n";
    // The build file, the two files next to it, and the ignore file.
    let engine = Engine::new(Release::Forky)
        .source("local://dockerfile", [("mstage.toml", spec)])
        .source("http://reader:hunter2@h/f", [("context", "")])
        .on(Method::Solve, Do::Answer)
        .on(Method::Solve, Do::Answer)
        .on(Method::Solve, Do::Fail(failure("Get \"http://reader:hunter2@h/f\": refused")));
    let (message, places) = error(&build_with(engine, &["target=mstage.lock"]).await);
    assert!(message.contains("\"http://xxxxx:xxxxx@h/f\": refused"), "{message}");
    assert!(!message.contains(SECRET), "{message}");
    assert_eq!(places, [("mstage.toml".to_owned(), 3)]);

    let options = ["build-arg:MSTAGE_LOCKED=1"];
    let engine = Engine::new(Release::Forky).source("local://dockerfile", [("mstage.toml", spec)]);
    let (message, _) = error(&build_with(engine, &options).await);
    assert!(message.contains("`http://h/f`") && !message.contains(SECRET), "{message}");
}
