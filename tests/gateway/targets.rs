//! `--call=targets`: what can be built.

use expect_test::expect;

use crate::fake::Method;
use crate::frontend::{build, engine, error};
use crate::subrequests::{SPEC, check, document, entry, text};

#[tokio::test]
async fn targets() {
    let daemon = build(engine(), SPEC, &["requestid=frontend.targets"]).await;
    assert!(!daemon.methods().contains(&Method::ResolveSourceMeta));
    assert_eq!(entry(&daemon, "version"), "1.0.0");
    check(
        &document(&daemon),
        expect![[r#"
            {
              "sources": [
                "the file"
              ],
              "targets": [
                {
                  "base": "base",
                  "default": true,
                  "description": "what is run",
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "line": 14
                        },
                        "start": {
                          "line": 14
                        }
                      }
                    ]
                  },
                  "name": "app"
                },
                {
                  "base": "${BASE}",
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "line": 22
                        },
                        "start": {
                          "line": 22
                        }
                      }
                    ]
                  },
                  "name": "base"
                },
                {
                  "base": "alpine:3.20",
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "line": 26
                        },
                        "start": {
                          "line": 26
                        }
                      }
                    ]
                  },
                  "name": "builder",
                  "platform": "${BUILDPLATFORM}"
                },
                {
                  "base": "alpine:${OF_OTHERS}-${RELEASE}",
                  "description": "for --target",
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "line": 33
                        },
                        "start": {
                          "line": 33
                        }
                      }
                    ]
                  },
                  "name": "other",
                  "platform": "linux/arm64"
                }
              ]
            }"#]],
    );
    expect![[r#"
        TARGET        DESCRIPTION
        app (default) what is run
        base          
        builder       
        other         for --target
    "#]]
    .assert_eq(&text(&daemon));
}

/// A list of targets does not depend on the values of args: it shows conditions. An outline is
/// about one build.
#[tokio::test]
async fn conditions() {
    let spec = r#"
        [args]
        CHANNEL = "stable"
        [stages.app]
        from = "scratch"
        description = "what is run"
        when = { CHANNEL = ["stable", "${OTHER}"], TARGETOS = "linux" }
        unless = { CHANNEL = "no" }
        steps = [
          { run = "always", mounts = [{ secret = "key" }] },
          { run = "edge $ONLY_EDGE", mounts = [{ secret = "edge-key" }], when = { CHANNEL = "edge" } },
        ]
        [args.OTHER]
        default = "edge"
        [args.ONLY_EDGE]
        default = "x"
    "#;
    let arguments = ["build-arg:CHANNEL=no", "requestid=frontend.targets"];
    let daemon = build(engine(), spec, &arguments).await;
    expect![[r#"
        TARGET        DESCRIPTION
        app (default) what is run; when `CHANNEL` is `stable` or `${OTHER}` and `TARGETOS` is `linux`; unless `CHANNEL` is `no`
    "#]].assert_eq(&text(&daemon));
    let daemon = build(engine(), spec, &["requestid=frontend.outline"]).await;
    expect![[r#"
        TARGET:      app
        DESCRIPTION: what is run

        BUILD ARG   VALUE    DESCRIPTION
        CHANNEL     stable   
        OTHER       edge     
        ONLY_EDGE   x        

        SECRET   REQUIRED
        key      

    "#]]
    .assert_eq(&text(&daemon));
    let daemon =
        build(engine(), spec, &["requestid=frontend.outline", "build-arg:CHANNEL=no"]).await;
    let (message, _) = error(&daemon);
    expect![[r#"
        stage `app` does not exist in this build: it exists only if `CHANNEL` is `stable` or `edge` and `TARGETOS` is `linux`
          help: in this build, `CHANNEL` is `no` and `TARGETOS` is `linux`
          mstage.toml:7: its condition"#]].assert_eq(&message);
}

/// A file with several targets and no default can be listed.
#[tokio::test]
async fn targets_without_a_default() {
    let spec = "[stages.b]\nfrom = 'scratch'\n[stages.a]\nfrom = 'scratch'\n";
    let daemon = build(engine(), spec, &["requestid=frontend.targets"]).await;
    expect![[r#"
        TARGET DESCRIPTION
        b      
        a      
    "#]]
    .assert_eq(&text(&daemon));
}
