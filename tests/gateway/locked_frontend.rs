//! The frontend image in a lock file: recorded, and compared.
//!
//! Without the file in which newer engines describe the image, it is looked up as on the oldest one.

use crate::fake::{Call, Daemon, Engine, Method, Release};
use crate::frontend::{CONFIG, build_with, error, returned};
use crate::lock::{MESSAGE, written};

const SPEC: &str = "[stages.a]\nfrom = 'scratch'\nsteps = [{ mkdir = '/a' }]\n";

const SOURCE: &str = "source=myorg/mstage:1";

const LOCKED: &str = "build-arg:MSTAGE_LOCKED=1";

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

/// A build with a lock file that records a frontend. The engine has `myorg/mstage:1` with the
/// digest `a`.
async fn build(recorded: Option<char>, opts: &[&str]) -> Daemon {
    let entry = |letter| format!("[frontend]\n\"myorg/mstage:1\" = \"{}\"\n", digest(letter));
    let lock = format!("version = 1\n{}", recorded.map(entry).unwrap_or_default());
    let files = [("mstage.toml", SPEC.to_owned()), ("mstage.lock", lock)];
    let engine = Engine::new(Release::Forky).source("local://dockerfile", files).image(
        "docker.io/myorg/mstage:1",
        &digest('a'),
        CONFIG,
    );
    build_with(engine, opts).await
}

fn lookups(daemon: &Daemon) -> usize {
    let methods = daemon.methods();
    methods.iter().filter(|&&called| called == Method::ResolveSourceMeta).count()
}

#[tokio::test]
async fn the_recorded_frontend_is_the_only_one_that_a_locked_build_accepts() {
    let daemon = build(Some('a'), &[LOCKED, SOURCE]).await;
    assert_eq!(returned(&daemon).error, None);
    assert_eq!(lookups(&daemon), 1);

    let (message, places) = error(&build(Some('b'), &[LOCKED, SOURCE]).await);
    let expected = format!(
        "mstage.lock:3: MSTAGE_LOCKED: this frontend is `myorg/mstage:1@{}`, but mstage.lock records `{}`\n  \
         help: to use the recorded frontend, write `myorg/mstage:1@{1}` in the `# syntax` line or in BUILDKIT_SYNTAX; \
         to use this one, replace the digest in this line, or write the lock file again by building with \
         `--target mstage.lock -o .`",
        digest('a'),
        digest('b')
    );
    assert!(message.contains(&expected), "{message}");
    assert_eq!(places, [("mstage.lock".to_owned(), 3)]);
}

/// A syntax line with a digest, under any name.
#[tokio::test]
async fn a_known_digest_is_not_looked_up() {
    let source = format!("source=mirror.example.com/mstage@{}", digest('b'));
    let daemon = build(Some('b'), &[LOCKED, &source]).await;
    assert_eq!(returned(&daemon).error, None);
    assert_eq!(lookups(&daemon), 0);
    let (message, _) = error(&build(Some('a'), &[LOCKED, &source]).await);
    assert!(message.contains("this frontend is `mirror.example.com/mstage"), "{message}");
}

#[tokio::test]
async fn an_unknown_digest_is_an_error_too() {
    for opts in [&[LOCKED, "source=local/mstage"][..], &[LOCKED]] {
        let (message, places) = error(&build(Some('a'), opts).await);
        assert!(message.contains("is unknown: the engine does not report its digest"), "{message}");
        assert_eq!(places, [("mstage.lock".to_owned(), 3)]);
    }
}

#[tokio::test]
async fn other_builds_do_not_ask() {
    for (recorded, opts) in
        [(Some('b'), &[SOURCE][..]), (None, &[LOCKED, SOURCE]), (None, &[SOURCE])]
    {
        let daemon = build(recorded, opts).await;
        assert_eq!(returned(&daemon).error, None);
        assert_eq!(lookups(&daemon), 0);
        assert!(!daemon.calls().iter().any(|call| matches!(call, Call::Warn(_))));
    }
}

/// Like a build.
#[tokio::test]
async fn a_check_compares_it() {
    let daemon = build(Some('b'), &[LOCKED, SOURCE, "requestid=frontend.lint"]).await;
    let document = &returned(&daemon).result.unwrap().metadata["result.json"];
    let document: serde_json::Value = serde_json::from_slice(document).unwrap();
    let message = document["buildError"]["message"].as_str().unwrap();
    assert!(message.contains("MSTAGE_LOCKED: this frontend is"), "{message}");
}

#[tokio::test]
async fn the_frontend_that_writes_a_lock_file_is_recorded() {
    let write = async |recorded, source| {
        let daemon = build(recorded, &["target=mstage.lock", source]).await;
        let (_, text) = written(&daemon);
        let (_, entries) = text.split_once("version = 1\n").unwrap();
        let message = returned(&daemon).result.unwrap().metadata.remove(MESSAGE);
        (entries.to_owned(), message.map(|message| String::from_utf8(message).unwrap()))
    };
    let entry = |letter| format!("\"docker.io/myorg/mstage:1\" = \"{}\"\n", digest(letter));
    let (entries, message) = write(None, SOURCE).await;
    assert_eq!(entries, format!("\n[frontend]\n{}", entry('a')));
    let expected = format!("mstage.lock: 1 new\n  frontend myorg/mstage:1: {}", digest('a'));
    assert_eq!(message, Some(expected));

    let (entries, message) = write(Some('b'), SOURCE).await;
    assert_eq!(entries, format!("\n[frontend]\n{}", entry('a')));
    let (old, new) = (digest('b'), digest('a'));
    let expected = format!("mstage.lock: 1 changed\n  frontend myorg/mstage:1: {old} -> {new}");
    assert_eq!(message, Some(expected));

    let reason = "the engine does not report its digest";
    let (entries, message) = write(Some('b'), "source=local/mstage").await;
    assert_eq!(entries, format!("\n[frontend]\n# not updated: {reason}\n{}", entry('b')));
    assert_eq!(message, None);
    let (entries, message) = write(None, "source=local/mstage").await;
    let comment = format!("# \"docker.io/local/mstage:latest\" is not pinned: {reason}\n");
    assert_eq!(entries, format!("\n[frontend]\n{comment}"));
    assert_eq!(message, None);
}
