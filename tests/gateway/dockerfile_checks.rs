//! The checks of a Dockerfile, and subrequests about one.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use serde_json::Value;

use crate::fake::{Call, Daemon, Engine, Method, Release};
use crate::frontend::{CONFIG, build_with, error, returned};

fn engine(dockerfile: &str) -> Engine {
    Engine::new(Release::Head)
        .source("local://dockerfile", [("Dockerfile", dockerfile)])
        .source("local://context", [(".dockerignore", "ignored\n")])
        .image("docker.io/library/alpine:3.20", "sha256:a", CONFIG)
}

/// The warnings of a build, with their pages and lines.
fn warnings(daemon: &Daemon) -> String {
    let calls = daemon.calls();
    let warnings = calls.iter().filter_map(|call| match call {
        Call::Warn(warning) => Some(warning),
        _ => None,
    });
    let shown = warnings.map(|warning| {
        let lines = warning
            .ranges
            .iter()
            .map(|range| range.start.as_ref().map_or(0, |start| start.line).to_string());
        let detail = String::from_utf8_lossy(&warning.detail[0]).into_owned();
        let short = String::from_utf8_lossy(&warning.short).into_owned();
        format!("{short}\n  {detail}\n  {} {}", warning.url, lines.collect::<Vec<_>>().join(","))
    });
    shown.collect::<Vec<_>>().join("\n")
}

fn metadata(daemon: &Daemon) -> BTreeMap<String, Vec<u8>> {
    returned(daemon).result.map(|result| result.metadata).unwrap_or_default()
}

fn document(daemon: &Daemon) -> Value {
    let mut document: Value = serde_json::from_slice(&metadata(daemon)["result.json"]).unwrap();
    document.as_object_mut().unwrap().remove("sources");
    document
}

fn check(found: &Value, expected: Expect) {
    expected.assert_eq(&serde_json::to_string_pretty(found).unwrap());
}

const DOCKERFILE: &str = "FROM alpine:3.20 as unused
COPY a$none .
FROM alpine:3.20
COPY ignored \\
  a$PATHS .
CMD run
";

#[tokio::test]
async fn a_build_warns_of_what_it_needs() {
    let daemon = build_with(engine(DOCKERFILE), &["filename=Dockerfile"]).await;
    assert!(returned(&daemon).error.is_none());
    expect![[r#"
        FromAsCasing: 'as' and 'FROM' keywords' casing do not match (line 1)
          The 'as' keyword should match the case of the 'from' keyword
          https://docs.docker.com/go/dockerfile/rule/from-as-casing/ 1
        UndefinedVar: Usage of undefined variable '$PATHS' (did you mean $PATH?) (line 4)
          Variables should be defined before their use
          https://docs.docker.com/go/dockerfile/rule/undefined-var/ 4,5
        CopyIgnoredFile: Attempting to Copy file "ignored" that is excluded by .dockerignore (line 4)
          Attempting to Copy file that is excluded by .dockerignore
          https://docs.docker.com/go/dockerfile/rule/copy-ignored-file/ 4,5
        JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals (line 6)
          JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals
          https://docs.docker.com/go/dockerfile/rule/json-args-recommended/ 6"#]].assert_eq(&warnings(&daemon));
}

#[tokio::test]
async fn a_check_looks_at_all_stages() {
    let options = ["filename=Dockerfile", "requestid=frontend.lint"];
    let daemon = build_with(engine(DOCKERFILE), &options).await;
    check(
        &document(&daemon),
        expect![[r#"
        {
          "warnings": [
            {
              "description": "The 'as' keyword should match the case of the 'from' keyword",
              "detail": "'as' and 'FROM' keywords' casing do not match",
              "location": {
                "ranges": [
                  {
                    "end": {
                      "line": 1
                    },
                    "start": {
                      "line": 1
                    }
                  }
                ]
              },
              "ruleName": "FromAsCasing",
              "url": "https://docs.docker.com/go/dockerfile/rule/from-as-casing/"
            },
            {
              "description": "Variables should be defined before their use",
              "detail": "Usage of undefined variable '$none'",
              "location": {
                "ranges": [
                  {
                    "end": {
                      "line": 2
                    },
                    "start": {
                      "line": 2
                    }
                  }
                ]
              },
              "ruleName": "UndefinedVar",
              "url": "https://docs.docker.com/go/dockerfile/rule/undefined-var/"
            },
            {
              "description": "Variables should be defined before their use",
              "detail": "Usage of undefined variable '$PATHS' (did you mean $PATH?)",
              "location": {
                "ranges": [
                  {
                    "end": {
                      "line": 4
                    },
                    "start": {
                      "line": 4
                    }
                  },
                  {
                    "end": {
                      "line": 5
                    },
                    "start": {
                      "line": 5
                    }
                  }
                ]
              },
              "ruleName": "UndefinedVar",
              "url": "https://docs.docker.com/go/dockerfile/rule/undefined-var/"
            },
            {
              "description": "Attempting to Copy file that is excluded by .dockerignore",
              "detail": "Attempting to Copy file \"ignored\" that is excluded by .dockerignore",
              "location": {
                "ranges": [
                  {
                    "end": {
                      "line": 4
                    },
                    "start": {
                      "line": 4
                    }
                  },
                  {
                    "end": {
                      "line": 5
                    },
                    "start": {
                      "line": 5
                    }
                  }
                ]
              },
              "ruleName": "CopyIgnoredFile",
              "url": "https://docs.docker.com/go/dockerfile/rule/copy-ignored-file/"
            },
            {
              "description": "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
              "detail": "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals",
              "location": {
                "ranges": [
                  {
                    "end": {
                      "line": 6
                    },
                    "start": {
                      "line": 6
                    }
                  }
                ]
              },
              "ruleName": "JSONArgsRecommended",
              "url": "https://docs.docker.com/go/dockerfile/rule/json-args-recommended/"
            }
          ]
        }"#]],
    );
    assert_eq!(metadata(&daemon)["result.statuscode"], b"1");
}

#[tokio::test]
async fn findings_fail_the_build() {
    let options =
        ["filename=Dockerfile", "build-arg:BUILDKIT_DOCKERFILE_CHECK=skip=FromAsCasing;error=true"];
    let daemon = build_with(engine(DOCKERFILE), &options).await;
    let (message, _) = error(&daemon);
    let expected =
        "lint violation found for rules: CopyIgnoredFile, JSONArgsRecommended, UndefinedVar";
    assert_eq!(message, expected);
    let [file, check] = options;
    let options = [file, check, "requestid=frontend.lint"];
    let daemon = build_with(engine(DOCKERFILE), &options).await;
    assert_eq!(document(&daemon)["buildError"]["message"], expected);
}

#[tokio::test]
async fn a_mistake_is_told_beside_the_findings_above_it() {
    let dockerfile = "FROM scratch AS Bad\nMAINTAINER me\nBADCMD \\\n  x\nMAINTAINER me\n";
    let options = ["filename=Dockerfile", "requestid=frontend.lint"];
    let found = document(&build_with(engine(dockerfile), &options).await);
    check(
        &found["buildError"],
        expect![[r#"
        {
          "location": {
            "ranges": [
              {
                "end": {
                  "line": 3
                },
                "start": {
                  "line": 3
                }
              }
            ]
          },
          "message": "dockerfile parse error on line 3: unknown instruction: BADCMD"
        }"#]],
    );
    assert_eq!(found["warnings"].as_array().unwrap().len(), 2);

    let (message, _) = error(&build_with(engine(dockerfile), &["filename=Dockerfile"]).await);
    assert!(message.starts_with("dockerfile parse error on line 3: unknown instruction: BADCMD"));
}

const OUTLINED: &str = "ARG TAG=3.20
# base is built upon
FROM alpine:${TAG} AS base
# VERSION is what is built
ARG VERSION=1
RUN --mount=type=secret,id=key-$VERSION,required --mount=type=cache,target=/c true
ENV A=1
RUN true
FROM base
";

#[tokio::test]
async fn outline_and_targets_are_those_of_the_dockerfile() {
    let options = ["filename=Dockerfile", "requestid=frontend.outline", "build-arg:VERSION=2"];
    let daemon = build_with(engine(OUTLINED), &options).await;
    assert!(!daemon.methods().contains(&Method::ResolveSourceMeta));
    check(
        &document(&daemon),
        expect![[r#"
        {
          "args": [
            {
              "location": {
                "ranges": [
                  {
                    "end": {
                      "line": 1
                    },
                    "start": {
                      "line": 1
                    }
                  }
                ]
              },
              "name": "TAG",
              "value": "3.20"
            },
            {
              "description": "is what is built",
              "location": {
                "ranges": [
                  {
                    "end": {
                      "line": 5
                    },
                    "start": {
                      "line": 5
                    }
                  }
                ]
              },
              "name": "VERSION",
              "value": "2"
            }
          ],
          "secrets": [
            {
              "location": {
                "ranges": [
                  {
                    "end": {
                      "line": 6
                    },
                    "start": {
                      "line": 6
                    }
                  }
                ]
              },
              "name": "key-2",
              "required": true
            }
          ]
        }"#]],
    );
    expect![[r#"
        BUILD ARG   VALUE   DESCRIPTION
        TAG         3.20    
        VERSION     2       is what is built

        SECRET   REQUIRED
        key-2    true

    "#]]
    .assert_eq(&String::from_utf8_lossy(&metadata(&daemon)["result.txt"]));

    let options = ["filename=Dockerfile", "requestid=frontend.targets"];
    let daemon = build_with(engine(OUTLINED), &options).await;
    check(
        &document(&daemon),
        expect![[r#"
        {
          "targets": [
            {
              "base": "alpine:${TAG}",
              "description": "is built upon",
              "location": {
                "ranges": [
                  {
                    "end": {
                      "line": 3
                    },
                    "start": {
                      "line": 3
                    }
                  }
                ]
              },
              "name": "base"
            },
            {
              "base": "base",
              "default": true,
              "location": {
                "ranges": [
                  {
                    "end": {
                      "line": 9
                    },
                    "start": {
                      "line": 9
                    }
                  }
                ]
              }
            }
          ]
        }"#]],
    );
    expect![[r#"
        TARGET    DESCRIPTION
        base      is built upon
        (default) 
    "#]]
    .assert_eq(&String::from_utf8_lossy(&metadata(&daemon)["result.txt"]));
}
