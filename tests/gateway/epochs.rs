//! `SOURCE_DATE_EPOCH` as a default in the build file, and the times that its keywords stand for.

use std::collections::BTreeMap;

use buildkit_proto::frontend::{ResolveSourceHttpResponse, ResolveSourceMetaResponse};
use buildkit_proto::pb;
use prost::Message;
use serde_json::Value;

use crate::fake::{Daemon, Engine, Method, Release};
use crate::frontend::{build, build_with, engine, error, ops, returned, sources};
use crate::settings::commit;

/// A server's answer about a file without a date.
fn undated(url: &str) -> ResolveSourceMetaResponse {
    ResolveSourceMetaResponse {
        source: Some(pb::SourceOp { identifier: url.to_owned(), attrs: BTreeMap::new() }),
        http: Some(ResolveSourceHttpResponse::default()),
        ..Default::default()
    }
}

/// The time in the result, in the image's config, and of the first written file.
fn times(daemon: &Daemon) -> (Option<String>, Option<String>, Option<i64>) {
    let result = returned(daemon).result.expect("a result was returned");
    let epoch = result.metadata.get("source.date.epoch");
    let epoch = epoch.map(|text| String::from_utf8(text.clone()).unwrap());
    let config: Value = serde_json::from_slice(&result.metadata["containerimage.config"]).unwrap();
    let created = config["created"].as_str().map(str::to_owned);
    let written = ops(daemon).into_iter().find_map(|op| {
        let Some(pb::op::Op::File(file)) = op.op else { return None };
        match file.actions.into_iter().next()?.action? {
            pb::file_action::Action::Mkfile(made) => Some(made.timestamp),
            _ => None,
        }
    });
    (epoch, created, written)
}

const WRITES: &str = "[stages.a]\nfrom = 'scratch'\nsteps = [{ write = '/x', content = '${SOURCE_DATE_EPOCH}', expand = true }]\n";

#[tokio::test]
async fn a_default_of_the_file_is_the_time_of_everything() {
    for (default, given, expected) in [
        ("1700000000", "", Some(1_700_000_000)),
        ("'1700000000'", "", Some(1_700_000_000)),
        ("'${OTHER}'", "", Some(1_700_000_000)),
        ("1", "build-arg:SOURCE_DATE_EPOCH=1700000000", Some(1_700_000_000)),
        ("1", "build-arg:SOURCE_DATE_EPOCH=", None),
        ("{}", "", None),
    ] {
        let text = WRITES.replace("EPOCH}", "EPOCH:-}");
        let spec = format!(
            "default = 'a'\n[args]\nOTHER = 1700000000\nSOURCE_DATE_EPOCH = {default}\n{text}"
        );
        let engine =
            Engine::new(Release::Head).source("local://dockerfile", [("mstage.toml", spec)]);
        let options: Vec<&str> = [given].into_iter().filter(|given| !given.is_empty()).collect();
        let daemon = build_with(engine, &options).await;
        let (epoch, created, written) = times(&daemon);
        assert_eq!(epoch, expected.map(|seconds| seconds.to_string()), "{default} {given}");
        assert_eq!(
            created.as_deref(),
            expected.map(|_| "2023-11-14T22:13:20Z"),
            "{default} {given}"
        );
        let expected = expected.map_or(-1, |seconds: i64| seconds * 1_000_000_000);
        assert_eq!(written, Some(expected), "{default} {given}");
    }
}

/// The time of a keyword need not be among the allowed values of the arg.
#[tokio::test]
async fn a_default_that_is_a_word() {
    let context = "git://example.com/a.git";
    let stage = "git://example.com/src.git#v1";
    for (word, identifier) in [("context", context), ("src", stage)] {
        let spec = format!(
            "default = 'a'\n[args]\nSOURCE_DATE_EPOCH = {{ default = '{word}', pattern = '[a-z]+' }}\n[stages.src]\n\
             from = 'scratch'\nsteps = [{{ git = 'https://example.com/src.git', ref = 'v1' }}]\n{WRITES}"
        );
        let engine = Engine::new(Release::Head)
            .source(context, [("mstage.toml", spec)])
            .meta(identifier, commit(identifier));
        let daemon = build_with(engine, &["context=https://example.com/a.git"]).await;
        let (epoch, created, written) = times(&daemon);
        assert_eq!(epoch.as_deref(), Some("1600000000"), "{word}");
        assert_eq!(created.as_deref(), Some("2020-09-13T12:26:40Z"), "{word}");
        assert_eq!(written, Some(1_600_000_000_000_000_000), "{word}");
    }
}

/// Files of a repository then have their commit's time, as with the build arg.
#[tokio::test]
async fn a_default_for_files_of_a_repository() {
    let context = "git://example.com/a.git";
    let spec = "[args]\nSOURCE_DATE_EPOCH = 1700000000\n[stages.a]\nfrom = 'scratch'\nsteps = [{ copy = 'x' }]\n";
    let engine = Engine::new(Release::Head).source(context, [("mstage.toml", spec)]);
    let daemon = build_with(engine, &["context=https://example.com/a.git"]).await;
    let ops = ops(&daemon);
    assert_eq!(sources(&ops)[context].get("git.mtime").map(String::as_str), Some("commit"));
}

#[tokio::test]
async fn a_default_that_means_nothing_has_its_line() {
    let spec = "[args]\nSOURCE_DATE_EPOCH = 'never'\n[stages.a]\nfrom = 'scratch'\n";
    let (message, places) = error(&build(engine(), spec, &[]).await);
    assert!(
        message.starts_with("mstage.toml:2: invalid SOURCE_DATE_EPOCH: never: expected a number"),
        "{message}"
    );
    assert_eq!(places, [("mstage.toml".to_owned(), 2)]);
}

/// A file from a URL without a date from its server: an archive has the time of its newest file,
/// any other file has none. The engine unpacks the archive; the daemon of this test does not.
#[tokio::test]
async fn a_file_from_the_web_without_a_time() {
    const URL: &str = "https://example.com/src";
    let spec = "default = 'a'\n[args]\nSOURCE_DATE_EPOCH = 'src'\n[stages.src]\nfrom = 'scratch'\n\
                steps = [{ fetch = 'https://example.com/src' }]\n[stages.a]\nfrom = 'scratch'\n\
                steps = [{ write = '/x', content = 'x' }]\n";
    let gzip: &[u8] = &[0x1f, 0x8b, 0x08, 0];
    for (content, is_looked_into) in [(&b"text"[..], false), (gzip, true)] {
        let engine = Engine::new(Release::Head)
            .source("local://dockerfile", [("mstage.toml", spec)])
            .source(URL, [("context", content.to_vec())])
            .meta(URL, undated(URL));
        let daemon = build_with(engine, &[]).await;
        assert_eq!(times(&daemon), (None, None, Some(-1)));
        assert_eq!(daemon.methods().contains(&Method::ReadDir), is_looked_into);
        let unpacks = |solve: &buildkit_proto::frontend::SolveRequest| {
            let definition = crate::definition::of(solve);
            definition.def.iter().any(|op| {
                let op = pb::Op::decode(op.as_slice()).unwrap();
                let Some(pb::op::Op::File(file)) = op.op else { return false };
                file.actions.iter().any(|action| {
                    matches!(&action.action, Some(pb::file_action::Action::Copy(copy))
                        if copy.attempt_unpack_docker_compatibility)
                })
            })
        };
        assert_eq!(daemon.solves().iter().any(unpacks), is_looked_into);
    }
}

/// The times of all copies in the graph of a file with `SOURCE_DATE_EPOCH` set.
async fn times_of_copies(name: &'static str, text: impl Into<String>) -> Vec<i64> {
    let engine = Engine::new(Release::Head).source("local://dockerfile", [(name, text.into())]);
    let filename = format!("filename={name}");
    let daemon =
        build_with(engine, &[filename.as_str(), "build-arg:SOURCE_DATE_EPOCH=1700000000"]).await;
    let files = ops(&daemon).into_iter().filter_map(|op| match op.op {
        Some(pb::op::Op::File(file)) => Some(file.actions),
        _ => None,
    });
    let copies = files.flatten().filter_map(|action| match action.action? {
        pb::file_action::Action::Copy(copy) => Some(copy.timestamp),
        _ => None,
    });
    copies.collect()
}

#[tokio::test]
async fn copied_fetched_and_unpacked_files_get_the_time() {
    const NANOSECONDS: i64 = 1_700_000_000_000_000_000;
    for step in [
        "{ copy = ['a', 'b'], to = '/x/' }",
        "{ copy = 'a', link = true }",
        "{ copy = 'a', parents = true }",
        "{ fetch = 'https://example.com/a', to = '/x/' }",
        "{ git = 'https://example.com/a.git', to = '/x/' }",
    ] {
        let text = format!("[stages.a]\nfrom = 'scratch'\nsteps = [{step}]\n");
        let times = times_of_copies("mstage.toml", text).await;
        assert!(
            !times.is_empty() && times.iter().all(|&time| time == NANOSECONDS),
            "{step} {times:?}"
        );
    }
    // BuildKit keeps the times of an archive, so its files are copied once they are unpacked.
    for step in ["{ unpack = 'a.tar' }", "{ fetch = 'https://example.com/a.tar', extract = true }"]
    {
        let text = format!("[stages.a]\nfrom = 'scratch'\nsteps = [{step}]\n");
        let times = times_of_copies("mstage.toml", text).await;
        assert_eq!(times.last(), Some(&NANOSECONDS), "{step} {times:?}");
        assert_eq!(times.len(), 2, "{step}");
    }
}

#[tokio::test]
async fn copies_of_a_dockerfile_keep_their_times() {
    let text = "FROM scratch\nCOPY a /x/\nADD https://example.com/a /x/\n";
    assert_eq!(times_of_copies("Dockerfile", text).await, [-1, -1]);
}
