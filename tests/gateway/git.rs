//! Git options that older engines lack.

use crate::fake::{Engine, Release};
use crate::frontend::{build_with, error, ops, returned, sources};

fn commit() -> String {
    "c".repeat(40)
}

fn engine(release: Release, keys: &str) -> Engine {
    let spec = format!(
        "default = \"a\"\n[sources.lib]\ngit = \"https://example.com/lib.git\"\nref = \"v1\"\n{}\n\
         [stages.a]\nfrom = \"scratch\"\nsteps = [\n\
         {{ git = \"https://example.com/a.git\", ref = \"v1\", {keys} }},\n\
         {{ copy = \".\", from = \"lib\" }},\n]\n",
        keys.replace(", ", "\n")
    );
    Engine::new(release).source("local://dockerfile", [("mstage.toml", spec)])
}

#[tokio::test]
async fn an_engine_that_has_them_gets_them() {
    let keys = format!("submodules = false, checksum = \"{}\", fetch-by-commit = true", commit());
    let daemon = build_with(engine(Release::Head, &keys), &[]).await;
    assert_eq!(returned(&daemon).error, None);
    let ops = ops(&daemon);
    let sources = sources(&ops);
    for identifier in ["git://example.com/a.git#v1", "git://example.com/lib.git#v1"] {
        assert_eq!(sources[identifier]["git.skipsubmodules"], "true");
        assert_eq!(sources[identifier]["git.fetchbycommit"], "true");
        assert_eq!(sources[identifier]["git.checksum"], commit());
    }
    // The default without the keys.
    let daemon = build_with(engine(Release::Bookworm, "submodules = true"), &[]).await;
    assert_eq!(returned(&daemon).error, None);
}

#[tokio::test]
async fn an_engine_that_lacks_them_is_refused_at_the_line() {
    let by_commit = format!("checksum = \"{}\", fetch-by-commit = true", commit());
    for (release, keys, lines, expected) in [
        (
            Release::Forky,
            by_commit.as_str(),
            [3, 10],
            "the engine does not support `fetch-by-commit` for git repositories (`source.git.fetchbycommit`), which needs BuildKit 0.30 or later",
        ),
        (
            Release::Trixie,
            "submodules = false",
            [3, 9],
            "the engine does not support git repositories without submodules (`source.git.skipsubmodules`), which needs BuildKit 0.24 or later",
        ),
    ] {
        let (message, mut places) = error(&build_with(engine(release, keys), &[]).await);
        places.sort();
        assert_eq!(places, lines.map(|line| ("mstage.toml".to_owned(), line)), "{message}");
        for line in lines {
            let expected = format!("mstage.toml:{line}: {expected}");
            assert!(message.contains(&expected), "{message}");
        }
    }
}
