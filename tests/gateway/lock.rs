//! Lock files: reading them next to the build file, and writing them.

use buildkit_proto::frontend::{
    ResolveSourceGitResponse, ResolveSourceHttpResponse, ResolveSourceMetaResponse,
};
use buildkit_proto::pb;
use prost::Message;

use crate::definition;
use crate::fake::{Call, Daemon, Do, Engine, Method, Release, failure};
use crate::frontend::{CONFIG, build_with, error, ops, returned, sources};

const SPEC: &str = r#"default = "app"
[args]
ALPINE = { default = "3.20", values = ["3.19", "3.20"] }
RELEASE = { required = true }
[stages.app]
from = "alpine:${ALPINE}"
steps = [
  { fetch = "https://example.com/a" },
  { git = "https://example.com/a.git", ref = "v1" },
]
[stages.other]
description = "another target"
from = "local:1"
steps = [{ fetch = "https://example.com/${RELEASE}" }]
"#;

fn digest(letter: &str) -> String {
    format!("sha256:{}", letter.repeat(64))
}

pub(crate) fn commit() -> String {
    "c".repeat(40)
}

/// An engine with the spec, a lock file with these lines, and all sources of the spec.
fn engine(release: Release, lock: Option<String>) -> Engine {
    let mut files = vec![("mstage.toml", SPEC.to_owned())];
    files.extend(lock.map(|lock| ("mstage.lock", lock)));
    let pinned = format!("docker.io/library/alpine:3.20@{}", digest("b"));
    Engine::new(release)
        .source("local://dockerfile", files)
        .source("https://example.com/a", [("context", "what is there")])
        .source("git://example.com/a.git#v1", [(".git/HEAD", format!("{}\n", commit()))])
        .image("docker.io/library/alpine:3.19", &digest("9"), CONFIG)
        .image("docker.io/library/alpine:3.20", &digest("a"), CONFIG)
        .image(&pinned, &digest("b"), CONFIG)
        .unpublished("docker.io/library/local:1", &digest("e"), CONFIG)
}

fn lock(entries: &str) -> Option<String> {
    Some(format!("version = 1\n{entries}"))
}

fn whole_lock() -> Option<String> {
    lock(&format!(
        "[images]\n\"alpine:3.20\" = \"{}\"\n[git]\n\"https://example.com/a.git#v1\" = \"{}\"\n\
         [urls]\n\"https://example.com/a\" = \"{}\"\n",
        digest("b"),
        commit(),
        digest("f")
    ))
}

fn warnings(daemon: &Daemon) -> Vec<String> {
    let warning = |call| match call {
        Call::Warn(warning) => Some(String::from_utf8(warning.short).unwrap()),
        _ => None,
    };
    daemon.calls().into_iter().filter_map(warning).collect()
}

/// The returned file.
pub(crate) fn written(daemon: &Daemon) -> (String, String) {
    assert_eq!(returned(daemon).error, None);
    let solves = daemon.solves();
    let definition = definition::of(solves.last().unwrap());
    let op = pb::Op::decode(definition.def[0].as_slice()).unwrap();
    let Some(pb::op::Op::File(file)) = op.op else { panic!("{op:?}") };
    let [action] = &file.actions[..] else { panic!("{file:?}") };
    let Some(pb::file_action::Action::Mkfile(file)) = &action.action else { panic!("{action:?}") };
    (file.path.clone(), String::from_utf8(file.data.clone()).unwrap())
}

/// One more file is read, concurrently with the others.
#[tokio::test]
async fn references_are_held_to_the_lock_file() {
    let engine = engine(Release::Forky, whole_lock()).together(Method::ReadFile, 3);
    let daemon = build_with(engine, &["build-arg:RELEASE=x"]).await;
    assert_eq!(returned(&daemon).error, None);
    assert_eq!(warnings(&daemon), [""; 0]);
    let methods = daemon.methods();
    let count = |method| methods.iter().filter(|&&called| called == method).count();
    assert_eq!(count(Method::ResolveSourceMeta), 1);
    let ops = ops(&daemon);
    let sources = sources(&ops);
    let image = format!("docker-image://docker.io/library/alpine:3.20@{}", digest("b"));
    assert!(sources.contains_key(image.as_str()), "{sources:?}");
    assert_eq!(sources["https://example.com/a"]["http.checksum"], digest("f"));
    let git = format!("git://example.com/a.git#{}", commit());
    assert!(sources.contains_key(git.as_str()), "{sources:?}");
}

#[tokio::test]
async fn the_client_has_the_last_word() {
    let other = "docker.io/library/debian:12";
    let engine = engine(Release::Forky, whole_lock()).image(other, &digest("d"), CONFIG);
    let context = format!("context:alpine:3.20=docker-image://{other}");
    let daemon = build_with(engine, &["build-arg:RELEASE=x", &context]).await;
    let ops = ops(&daemon);
    let image = format!("docker-image://{other}@{}", digest("d"));
    assert!(sources(&ops).contains_key(image.as_str()), "{:?}", sources(&ops));
}

#[tokio::test]
async fn what_the_lock_file_lacks_is_a_warning_or_an_error() {
    let lock = lock(&format!("[urls]\n\"https://example.org/\" = \"{}\"\n", digest("f")));
    let engine = || engine(Release::Forky, lock.clone());
    let daemon = build_with(engine(), &["build-arg:RELEASE=x"]).await;
    assert_eq!(returned(&daemon).error, None);
    let expected = [
        "unlocked-reference: `alpine:3.20` is not in mstage.lock (line 6)",
        "unlocked-reference: `https://example.com/a` is not in mstage.lock (line 8)",
        "unlocked-reference: `https://example.com/a.git#v1` is not in mstage.lock (line 9)",
    ];
    let warnings = warnings(&daemon);
    assert_eq!(warnings[..3], expected);
    assert!(warnings[3].starts_with("unused-lock-entry: unused entry `https://example.org/`"));

    let options = ["build-arg:RELEASE=x", "build-arg:MSTAGE_LOCKED=1"];
    let (message, places) = error(&build_with(engine(), &options).await);
    assert!(message.contains("MSTAGE_LOCKED: `alpine:3.20` is not in mstage.lock"), "{message}");
    // Clients print the last one first.
    assert_eq!(places, [9, 8, 6].map(|line| ("mstage.toml".to_owned(), line)));
}

#[tokio::test]
async fn a_broken_lock_file_shows_its_lines() {
    let engine = engine(Release::Forky, lock("[images]\nalpine = \"3.20\"\n"));
    let (message, places) = error(&build_with(engine, &["build-arg:RELEASE=x"]).await);
    assert!(message.contains("mstage.lock:3: invalid digest `3.20`"), "{message}");
    assert_eq!(places, [("mstage.lock".to_owned(), 3)]);
}

/// The text that buildx prints at the end of a build.
pub(crate) const MESSAGE: &str = "frontend.result.inlinemessage";

/// If an engine cannot resolve git and HTTP sources, their files are fetched.
#[tokio::test]
async fn a_lock_file_is_written() {
    let kept =
        lock(&format!("[images]\n\"alpine:3.18\" = \"{0}\"\n\"local:1\" = \"{0}\"\n", digest("8")));
    let checksum = buildkit_llb::Digest::of(b"what is there").to_string();
    let expected = format!(
        "version = 1\n\n[images]\n\
         \"docker.io/library/alpine:3.18\" = \"{}\"\n\
         \"docker.io/library/alpine:3.19\" = \"{}\"\n\
         \"docker.io/library/alpine:3.20\" = \"{}\"\n\
         # not updated: it is only in the engine's store\n\
         \"docker.io/library/local:1\" = \"{}\"\n\n[git]\n\
         \"https://example.com/a.git#v1\" = \"{}\"\n\n[urls]\n\
         \"https://example.com/a\" = \"{checksum}\"\n\n\
         # `https://example.com/${{RELEASE}}` of stage `other` was skipped: an arg has no value, or a condition excludes it\n",
        digest("8"),
        digest("9"),
        digest("a"),
        digest("8"),
        commit(),
    );
    for release in [Release::Bookworm, Release::Forky] {
        let daemon = build_with(engine(release, kept.clone()), &["target=mstage.lock"]).await;
        let (path, text) = written(&daemon);
        assert_eq!(path, "/mstage.lock");
        let (_, entries) = text.split_once("docs/guides/lock-file.md\n").unwrap();
        assert_eq!(entries, expected);
        let message = &returned(&daemon).result.unwrap().metadata[MESSAGE];
        let message = String::from_utf8(message.clone()).unwrap();
        let [first, changes @ ..] = &message.lines().collect::<Vec<_>>()[..] else { panic!() };
        assert_eq!(*first, "mstage.lock: 4 new");
        assert!(changes.contains(&&*format!("  alpine:3.19: {}", digest("9"))));
        let expected = "unlocked-reference: cannot pin `local:1`: it is only in the engine's store: failed to resolve source \
                        metadata for docker.io/library/local:1: docker.io/library/local:1: not found (line 13)";
        // The oldest engine cannot show any.
        let shown = if release == Release::Bookworm { &[][..] } else { &[expected][..] };
        assert_eq!(warnings(&daemon), shown);
    }
}

#[tokio::test]
async fn an_engine_that_knows_is_asked_for_no_files() {
    let source = |identifier: &str| {
        Some(pb::SourceOp { identifier: identifier.to_owned(), ..Default::default() })
    };
    let url = "https://example.com/a";
    let http = ResolveSourceHttpResponse { checksum: digest("d"), ..Default::default() };
    let http =
        ResolveSourceMetaResponse { source: source(url), http: Some(http), ..Default::default() };
    let repository = "git://example.com/a.git#v1";
    let git = ResolveSourceGitResponse {
        checksum: "a".repeat(40),
        commit_checksum: commit(),
        ..Default::default()
    };
    let git = ResolveSourceMetaResponse {
        source: source(repository),
        git: Some(git),
        ..Default::default()
    };
    let engine = engine(Release::Head, None).meta(url, http).meta(repository, git);
    let daemon = build_with(engine, &["target=mstage.lock"]).await;
    let (_, text) = written(&daemon);
    assert!(text.contains(&format!("\"{url}\" = \"{}\"", digest("d"))), "{text}");
    assert!(
        text.contains(&format!("\"https://example.com/a.git#v1\" = \"{}\"", commit())),
        "{text}"
    );
    assert_eq!(daemon.solves().len(), 3, "the build file, the ignore file, and the result");
}

/// The oldest engines cannot keep the `.git` of an annotated tag.
#[tokio::test]
async fn a_commit_that_the_engine_does_not_tell() {
    let spec = r#"[stages.a]
from = "scratch"
steps = [{ git = "https://example.com/a.git", ref = "v1" }]
"#;
    // The build file, the two files next to it, and the ignore file.
    let engine =
        Engine::new(Release::Bookworm).source("local://dockerfile", [("mstage.toml", spec)]);
    let engine = (0..4).fold(engine, |engine, _| engine.on(Method::ReadFile, Do::Answer));
    let engine = engine.on(Method::ReadFile, Do::Fail(failure("exit status 1")));
    let (_, text) = written(&build_with(engine, &["target=mstage.lock"]).await);
    let remark = "# \"https://example.com/a.git#v1\" is not pinned: this version of the engine does not report the commit of a tag\n";
    assert!(text.contains(remark), "{text}");
}

#[tokio::test]
async fn what_cannot_be_looked_up_is_an_error_at_its_place() {
    let broken =
        engine(Release::Forky, None).source("git://example.com/a.git#v1", [("README", "")]);
    let (message, places) = error(&build_with(broken, &["target=mstage.lock"]).await);
    assert!(message.contains("https://example.com/a.git#v1"), "{message}");
    assert_eq!(places, [("mstage.toml".to_owned(), 9)]);
}

/// A check covers all stages, and the entries of the lock file.
#[tokio::test]
async fn a_check_tells_of_it() {
    let lock = lock(&format!("[urls]\n\"https://example.org/\" = \"{}\"\n", digest("f")));
    let options = ["requestid=frontend.lint", "build-arg:RELEASE=x"];
    let daemon = build_with(engine(Release::Forky, lock), &options).await;
    let document = &returned(&daemon).result.unwrap().metadata["result.json"];
    let document: serde_json::Value = serde_json::from_slice(document).unwrap();
    let found: Vec<(&str, u64, u64)> = document["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|found| {
            let location = &found["location"];
            let line = location["ranges"][0]["start"]["line"].as_u64().unwrap();
            let source = location["sourceIndex"].as_u64().unwrap_or_default();
            (found["ruleName"].as_str().unwrap(), source, line)
        })
        .collect();
    let unlocked = [6, 8, 9, 13, 14].map(|line| ("unlocked-reference", 0, line));
    assert_eq!(found, [&unlocked[..], &[("unused-lock-entry", 1, 3)]].concat());
    assert_eq!(document["sources"][1]["filename"], "mstage.lock");
}

#[tokio::test]
async fn a_context_from_git_has_its_lock_file() {
    let context = "git://example.com/app.git";
    let files = [("mstage.toml", SPEC.to_owned()), ("mstage.lock", whole_lock().unwrap())];
    let engine = engine(Release::Forky, None).source(context, files);
    let options = ["context=https://example.com/app.git", "build-arg:RELEASE=x"];
    let daemon = build_with(engine, &options).await;
    let ops = ops(&daemon);
    let image = format!("docker-image://docker.io/library/alpine:3.20@{}", digest("b"));
    assert!(sources(&ops).contains_key(image.as_str()), "{:?}", sources(&ops));
}

/// The lock file is named after the build file.
#[tokio::test]
async fn each_build_file_has_its_own() {
    let engine =
        engine(Release::Forky, None).source("local://dockerfile", [("sub/api.toml", SPEC)]);
    let options = ["filename=sub/api.toml", "target=mstage.lock"];
    let (path, text) = written(&build_with(engine, &options).await);
    assert_eq!(path, "/api.lock");
    assert!(text.contains("docker buildx build -f sub/api.toml --target mstage.lock"), "{text}");
}

/// The time is that of the built commit, not of the current head of a branch.
#[tokio::test]
async fn the_time_of_a_commit() {
    let spec = "default = \"a\"\n[stages.src]\nfrom = \"scratch\"\n\
                steps = [{ git = \"https://example.com/a.git\", ref = \"v1\" }]\n\
                [stages.a]\nfrom = \"src\"\n";
    let entries = format!("[git]\n\"https://example.com/a.git#v1\" = \"{}\"\n", commit());
    let files = [("mstage.toml", spec.to_owned()), ("mstage.lock", lock(&entries).unwrap())];
    let identifier = format!("git://example.com/a.git#{}", commit());
    let git = ResolveSourceGitResponse {
        checksum: commit(),
        commit_object: b"tree 1\ncommitter C <c@d> 1700000000 +0100\n\nmessage".to_vec(),
        ..Default::default()
    };
    let source = Some(pb::SourceOp { identifier: identifier.clone(), ..Default::default() });
    let git = ResolveSourceMetaResponse { source, git: Some(git), ..Default::default() };
    let engine =
        Engine::new(Release::Head).source("local://dockerfile", files).meta(&identifier, git);
    let daemon = build_with(engine, &["build-arg:SOURCE_DATE_EPOCH=src"]).await;
    let result = returned(&daemon).result.unwrap();
    assert_eq!(result.metadata["source.date.epoch"], b"1700000000");
}

/// A registry that denies access says nothing about an image.
#[tokio::test]
async fn an_image_that_a_registry_does_not_give() {
    let spec = "[stages.a]\nfrom = 'alpine:3.20'\n";
    let write = async |answer: &str| {
        let name = "docker.io/library/alpine:3.20";
        let answer = format!("failed to resolve source metadata for {name}: {answer}");
        let engine = Engine::new(Release::Forky)
            .source("local://dockerfile", [("mstage.toml", spec)])
            .image(name, &digest("a"), CONFIG)
            .on(Method::ResolveSourceMeta, Do::Answer)
            .on(Method::ResolveSourceMeta, Do::Fail(failure(&answer)));
        build_with(engine, &["target=mstage.lock"]).await
    };
    for (answer, remark) in [
        ("docker.io/library/alpine:3.20: not found", "it is only in the engine's store"),
        (
            "pull access denied, repository does not exist or may require authorization: server message: \
             insufficient_scope: authorization failed",
            "it is only in the engine's store",
        ),
        (
            "failed to do request: Head \"https://registry-1.docker.io/v2/\": dial tcp: i/o timeout",
            "its registry is unreachable, and the engine's store has the image",
        ),
    ] {
        let (_, text) = written(&write(answer).await);
        assert!(text.contains(&format!("is not pinned: {remark}")), "{text}");
    }
    for answer in [
        "unexpected status from HEAD request to https://registry-1.docker.io/v2/library/alpine/manifests/3.20: \
         429 Too Many Requests",
        "failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized",
        "pull access denied, repository does not exist or may require authorization: server message: \
         invalid_token: authorization failed",
    ] {
        let (message, places) = error(&write(answer).await);
        assert!(message.contains(answer) && message.contains("alpine:3.20="), "{message}");
        assert_eq!(places, [("mstage.toml".to_owned(), 2)]);
    }
}

/// The client replaces a stage by an image that the file also uses directly.
#[tokio::test]
async fn an_image_that_the_client_gives_and_the_file_names() {
    let spec = "default = 'z'\n[stages.a]\nfrom = 'debian'\n[stages.z]\nfrom = 'a'\n\
                steps = [{ copy = '/x', from = 'alpine:3.20' }]\n";
    let engine = Engine::new(Release::Forky)
        .source("local://dockerfile", [("mstage.toml", spec)])
        .image("docker.io/library/alpine:3.20", &digest("a"), CONFIG);
    let options = ["target=mstage.lock", "context:a=docker-image://alpine:3.20"];
    let (_, text) = written(&build_with(engine, &options).await);
    let line = format!("\"docker.io/library/alpine:3.20\" = \"{}\"", digest("a"));
    assert!(text.contains(&line), "{text}");
}

/// A file whose stages all depend on a value needs no references until it is given.
#[tokio::test]
async fn a_file_without_a_stage_in_this_build_gives_an_empty_lock_file() {
    let spec = "[args]\nKIND = 'a'\n[stages.app]\nfrom = 'alpine:3.20'\nwhen = { KIND = 'b' }\n";
    let engine = Engine::new(Release::Forky).source("local://dockerfile", [("mstage.toml", spec)]);
    let daemon = build_with(engine, &["target=mstage.lock"]).await;
    let (_, text) = written(&daemon);
    assert!(text.contains("stage `app` was skipped"), "{text}");
}
