//! Steps that need an entitlement: a daemon that rejects them does not name them.

use crate::fake::{Do, Method, Release, failure};
use crate::frontend::{CONFIG, build, engine, error};

const SPEC: &str = r#"default = "app"
[stages.base]
from = "alpine:3.20"
steps = [
  { run = "one", security = "insecure" },
  { run = "two", network = "host" },
]
[stages.app]
from = "base"
steps = [{ run = "three", security = "insecure", devices = ["vendor.com/gpu=0"] }]
"#;

#[tokio::test]
async fn a_step_that_is_not_allowed_is_told_with_its_line_and_the_ways_out() {
    for (says, lines, helps) in [
        (
            "failed to load LLB: security.insecure is not allowed",
            &[5, 10][..],
            [
                "`docker buildx build --allow security.insecure`",
                "`insecure-entitlements = [\"security.insecure\"]` in buildkitd.toml",
                "{ \"security-insecure\": true }",
            ],
        ),
        (
            "network.host is not allowed",
            &[6],
            ["--allow network.host", "[\"network.host\"]", "{ \"network-host\": true }"],
        ),
        (
            "failed to load LLB: device vendor.com/gpu=0 is requested by the build but not allowed",
            &[10],
            ["--allow device=vendor.com/gpu=0`", "[\"device\"]", "{ \"device\": true }"],
        ),
    ] {
        // Two solves come before that of the target.
        let engine = (0..2).fold(engine(), |engine, _| engine.on(Method::Solve, Do::Answer));
        let daemon = build(engine.on(Method::Solve, Do::Fail(failure(says))), SPEC, &[]).await;
        let (message, places) = error(&daemon);
        // The client shows the last one first.
        let shown: Vec<u64> = places.iter().rev().map(|(_, line)| *line).collect();
        assert_eq!(shown, lines, "{message}");
        for line in lines {
            let place = format!("mstage.toml:{line}: this step needs the entitlement ");
            assert!(message.contains(&place), "{message}");
        }
        for help in helps {
            assert!(message.contains(help), "{message}");
        }
        // Without evaluation, a result would be rejected after the frontend has ended.
        assert!(daemon.solves().last().unwrap().evaluate);
    }
}

#[tokio::test]
async fn another_failure_of_such_a_build_stays_what_it_is() {
    let engine = (0..2).fold(engine(), |engine, _| engine.on(Method::Solve, Do::Answer));
    let daemon = build(engine.on(Method::Solve, Do::Fail(failure("no space"))), SPEC, &[]).await;
    assert_eq!(error(&daemon).0, "no space");
    // A build that needs none is as lazy as any other.
    let spec = "[stages.a]\nfrom = 'alpine:3.20'\nsteps = [{ run = 'true', network = 'none' }]\n";
    let daemon = build(self::engine(), spec, &[]).await;
    assert!(!daemon.solves().last().unwrap().evaluate);
    let digest = format!("sha256:{}", "a".repeat(64));
    let old = crate::fake::Engine::new(Release::Bookworm)
        .source("local://context", [("a.txt", "a")])
        .image("docker.io/library/alpine:3.20", &digest, CONFIG);
    assert!(build(old, spec, &[]).await.solves().last().unwrap().evaluate);
}
