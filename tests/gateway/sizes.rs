//! Input above the limits of messages, or of any real file: reported as an error with a hint.

use serde_json::Value;

use crate::fake::{Do, Engine, Method, Release, failure};
use crate::frontend::{CONFIG, build, build_with, engine, error, returned};

fn config_of(bytes: usize) -> String {
    CONFIG.replace("\"Cmd\"", &format!("\"Labels\":{{\"x\":\"{}\"}},\"Cmd\"", "x".repeat(bytes)))
}

#[tokio::test]
async fn an_image_config_of_many_megabytes_names_its_image() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let spec = "[stages.a]\n\nfrom = 'big:1'\n";
    let engine = engine().image("docker.io/library/big:1", &digest, &config_of(9 << 20));
    let (message, places) = error(&build(engine, spec, &[]).await);
    assert_eq!(
        message,
        "mstage.toml:3: the config of big:1 has 9.0 MiB, but the limit is 2 MiB\n  help: rebuild the \
         image with a shorter history and fewer labels and variables; `docker image inspect` shows them"
    );
    assert_eq!(places, [("mstage.toml".to_owned(), 3)]);
}

/// The config of each platform may be small, and all of them together too large for a message.
#[tokio::test]
async fn configs_that_are_too_large_together() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let spec = "[stages.a]\nfrom = 'big:1'\n";
    let engine = || engine().image("docker.io/library/big:1", &digest, &config_of(3 << 19));
    let daemon = build(engine(), spec, &[]).await;
    assert!(returned(&daemon).result.is_some(), "one is not too large");
    let platforms: Vec<String> = (0..8).map(|n| format!("linux/arch{n}")).collect();
    let platforms = format!("platform={}", platforms.join(","));
    let (message, _) = error(&build(engine(), spec, &[&platforms]).await);
    assert!(message.contains("the result is too large for the engine: it has "), "{message}");
    assert!(
        message.ends_with("build for fewer platforms, or use base images with smaller configs"),
        "{message}"
    );
}

#[tokio::test]
async fn a_build_file_of_many_megabytes() {
    let spec = format!("[stages.a]\nfrom = 'scratch'\n{}", "# padding\n".repeat(500_000));
    let engine = Engine::new(Release::Head).source("local://dockerfile", [("mstage.toml", spec)]);
    let (message, _) = error(&build_with(engine, &[]).await);
    assert!(message.starts_with("cannot read `mstage.toml`: it is larger than 4 MiB"), "{message}");
}

#[tokio::test]
async fn many_included_files_that_are_too_large_together() {
    let part = "# padding\n".repeat(150_000);
    let spec =
        "include = ['a.toml', 'b.toml', 'c.toml']\n[stages.a]\nfrom = 'scratch'\n".to_owned();
    let files = [
        ("mstage.toml", spec),
        ("a.toml", part.clone()),
        ("b.toml", part.clone()),
        ("c.toml", part),
    ];
    let engine = Engine::new(Release::Head).source("local://dockerfile", files);
    let (message, places) = error(&build_with(engine, &[]).await);
    assert!(
        message.starts_with(
            "mstage.toml:1: the build file and its included files are larger than 4 MiB"
        ),
        "{message}"
    );
    assert_eq!(places, [("mstage.toml".to_owned(), 1)]);
}

/// Each value would be a build to plan, with references of its own to look up.
#[tokio::test]
async fn a_lock_file_for_very_many_values() {
    let values: Vec<String> = (0..2_000).map(|n| format!("'{n}'")).collect();
    let steps: Vec<String> =
        (0..2_000).map(|n| format!("{{ fetch = 'https://example.com/{n}/${{V}}' }}")).collect();
    let spec = format!(
        "[args]\nV = {{ default = '0', values = [{}] }}\n[stages.a]\nfrom = 'scratch'\nsteps = [{}]\n",
        values.join(", "),
        steps.join(", ")
    );
    let engine = Engine::new(Release::Head).source("local://dockerfile", [("mstage.toml", spec)]);
    let daemon = build_with(engine, &["target=mstage.lock"]).await;
    let (message, places) = error(&daemon);
    assert!(
        message.starts_with("mstage.toml:2: the lock file would cover 2001 builds, but the limit is 256: external references depend on `V`"),
        "{message}"
    );
    assert_eq!(places, [("mstage.toml".to_owned(), 2)]);
    assert!(!daemon.methods().contains(&Method::ResolveSourceMeta));
}

#[tokio::test]
async fn a_lock_file_for_very_many_references() {
    let steps: Vec<String> =
        (0..1_500).map(|n| format!("{{ fetch = 'https://example.com/{n}' }}")).collect();
    let spec = format!("[stages.a]\nfrom = 'scratch'\nsteps = [{}]\n", steps.join(", "));
    let engine = Engine::new(Release::Head).source("local://dockerfile", [("mstage.toml", spec)]);
    let daemon = build_with(engine, &["target=mstage.lock"]).await;
    let (message, _) = error(&daemon);
    assert!(
        message.starts_with("the lock file needs 1500 lookups, but the limit is 1000"),
        "{message}"
    );
    assert!(!daemon.methods().contains(&Method::ResolveSourceMeta));
}

/// The size of an error's details in bytes, and the number of excerpts with text among them.
fn details(daemon: &crate::fake::Daemon) -> (usize, usize) {
    let error = returned(daemon).error.expect("an error was returned");
    let size = error.details.iter().map(|detail| detail.value.len()).sum();
    let has_text = error.details.iter().filter(|detail| {
        let json: Value = serde_json::from_slice(&detail.value).unwrap();
        json["info"]["data"].as_str().is_some_and(|data| !data.is_empty())
    });
    (size, has_text.count())
}

/// Clients accept some megabytes of headers, in which errors are sent. An excerpt of a line far
/// down includes all lines above it, empty.
#[tokio::test]
async fn an_error_of_a_huge_file_is_small_and_shows_some_of_its_lines() {
    let mistakes = "wrong = 1\n[stages.a]\nfrom = 'scratch'\nalso = 2\n";
    for (lines, shows) in [(10, 3), (100_000, 2), (400_000, 0)] {
        let padding = "#\n".repeat(lines);
        let spec = format!("{padding}{mistakes}more = 3\n");
        let engine =
            Engine::new(Release::Head).source("local://dockerfile", [("mstage.toml", spec)]);
        let daemon = build_with(engine, &[]).await;
        let (message, places) = error(&daemon);
        assert!(
            message.contains(&format!("mstage.toml:{}: unknown key `wrong`", lines + 1)),
            "{message}"
        );
        let (size, excerpts) = details(&daemon);
        assert!(size < 600 << 10, "{size} bytes for {lines} lines");
        assert_eq!(excerpts, shows, "{lines} lines");
        assert!(places.iter().any(|(file, _)| file == "mstage.toml"), "{places:?}");
    }
}

#[tokio::test]
async fn the_text_of_very_many_mistakes_has_a_bound() {
    let long = "x".repeat(5_000);
    let stages: Vec<String> =
        (0..200).map(|n| format!("[stages.s{n}]\nfrom = 'scratch'\n{long}{n} = 1\n")).collect();
    let engine =
        Engine::new(Release::Head).source("local://dockerfile", [("mstage.toml", stages.concat())]);
    let (message, _) = error(&build_with(engine, &[]).await);
    assert!(message.len() < 80 << 10, "{} bytes", message.len());
    assert!(message.lines().last().unwrap().starts_with("and "), "{message}");
}

/// An error that is too large with its excerpts keeps its location without them.
#[tokio::test]
async fn the_place_of_an_error_outlasts_its_excerpts() {
    let spec = "[stages.a]\nfrom = 'scratch'\nwrong = 1\n";
    let engine = engine().on(Method::Return, Do::Fail(failure("too large")));
    let daemon = build(engine, spec, &[]).await;
    let (message, places) = error(&daemon);
    assert!(message.starts_with("mstage.toml:3: unknown key `wrong`"), "{message}");
    assert_eq!(places, [("mstage.toml".to_owned(), 3)]);
    assert_eq!(details(&daemon).1, 0);
}
