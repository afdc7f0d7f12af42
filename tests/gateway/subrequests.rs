//! Subrequests about a build file: from options and files to the documents that clients print.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use buildkit_proto::pb;
use expect_test::{Expect, expect};
use prost::Message;
use serde_json::{Value, json};

use crate::definition;
use crate::fake::{Daemon, Do, Method, failure};
use crate::frontend::{build, build_with, engine, error, returned};

/// The metadata of an answer, which has no files.
fn metadata(daemon: &Daemon) -> BTreeMap<String, Vec<u8>> {
    let returned = returned(daemon);
    let result = returned.result.unwrap_or_else(|| panic!("{:?}", returned.error));
    let Some(buildkit_proto::frontend::result::Result::Ref(files)) = result.result else {
        panic!("not an answer: {:?}", result.result);
    };
    assert_eq!(files.id, "");
    result.metadata
}

/// The document of an answer, with the file's text decoded.
fn document(daemon: &Daemon) -> Value {
    let mut document: Value = serde_json::from_slice(&metadata(daemon)["result.json"]).unwrap();
    if let Some(source) = document.get_mut("sources").and_then(|sources| sources.get_mut(0)) {
        let text = source.get("data").unwrap_or(source).as_str().unwrap();
        let text = String::from_utf8(BASE64_STANDARD.decode(text).unwrap()).unwrap();
        assert!(text.contains("[stages."), "{text}");
        match source.get_mut("data") {
            Some(data) => *data = "the file".into(),
            None => *source = "the file".into(),
        }
    }
    document
}

fn text(daemon: &Daemon) -> String {
    String::from_utf8(metadata(daemon)["result.txt"].clone()).unwrap()
}

fn entry(daemon: &Daemon, name: &str) -> String {
    String::from_utf8(metadata(daemon)[name].clone()).unwrap()
}

fn check(found: &Value, expected: Expect) {
    expected.assert_eq(&serde_json::to_string_pretty(found).unwrap());
}

const SPEC: &str = r#"# syntax=myorg/mstage
default = "app"

[args]
VERSION = { default = "3.20", description = "of alpine", pattern = '\d\.\d+' }
CHANNEL = { default = "edge-${SUFFIX}", values = ["edge-${SUFFIX}", "stable"] }
SUFFIX = "1"
RELEASE = { required = true }
OF_OTHERS = "x"

[vars]
BASE = "alpine:${VERSION}"

[stages.app]
description = "what is run"
from = "base"
steps = [
  { copy = "/out", from = "builder" },
  { run = 'sign', mounts = [{ secret = "key-${KEY_NAME}", required = true }, { secret = "token", env = "TOKEN" }] },
]

[stages.base]
from = "${BASE}"
env = { KEY_NAME = "main" }

[stages.builder]
from = { image = "alpine:3.20", platform = "${BUILDPLATFORM}" }
mounts = [{ cache = "/cache" }, { ssh = "default" }]
steps = [
  { exec = ["true"], args = ["CHANNEL"], mounts = [{ secret = "token", required = true }, { cache = "/x", id = "of-${HOME}" }] },
]

[stages.other]
description = "for --target"
platform = "linux/arm64"
from = "alpine:${OF_OTHERS}-${RELEASE}"
"#;

#[tokio::test]
async fn outline() {
    let daemon = build(engine(), SPEC, &["requestid=frontend.outline", "build-arg:SUFFIX=2"]).await;
    // No image is looked up for it.
    assert!(!daemon.methods().contains(&Method::ResolveSourceMeta));
    assert_eq!(entry(&daemon, "version"), "1.0.0");
    check(
        &document(&daemon),
        expect![[r#"
            {
              "args": [
                {
                  "description": "of alpine; matches `\\d\\.\\d+`",
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
                  "value": "3.20"
                },
                {
                  "description": "one of `edge-2` and `stable`",
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
                  "name": "CHANNEL",
                  "value": "edge-2"
                },
                {
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "line": 7
                        },
                        "start": {
                          "line": 7
                        }
                      }
                    ]
                  },
                  "name": "SUFFIX",
                  "value": "2"
                }
              ],
              "cache": [
                {
                  "ID": "/cache",
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "line": 28
                        },
                        "start": {
                          "line": 28
                        }
                      }
                    ]
                  }
                },
                {
                  "ID": "of-${HOME}",
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "line": 30
                        },
                        "start": {
                          "line": 30
                        }
                      }
                    ]
                  }
                }
              ],
              "description": "what is run",
              "name": "app",
              "secrets": [
                {
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "line": 19
                        },
                        "start": {
                          "line": 19
                        }
                      }
                    ]
                  },
                  "name": "key-main",
                  "required": true
                },
                {
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "line": 19
                        },
                        "start": {
                          "line": 19
                        }
                      }
                    ]
                  },
                  "name": "token",
                  "required": true
                }
              ],
              "sources": [
                "the file"
              ],
              "ssh": [
                {
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "line": 28
                        },
                        "start": {
                          "line": 28
                        }
                      }
                    ]
                  },
                  "name": "default"
                }
              ]
            }"#]],
    );
    expect![[r#"
        TARGET:      app
        DESCRIPTION: what is run

        BUILD ARG   VALUE    DESCRIPTION
        VERSION     3.20     of alpine; matches `\d\.\d+`
        CHANNEL     edge-2   one of `edge-2` and `stable`
        SUFFIX      2        

        SECRET     REQUIRED
        key-main   true
        token      true

        SSH       REQUIRED
        default   

    "#]]
    .assert_eq(&text(&daemon));
    let daemon = build(engine(), SPEC, &["requestid=frontend.outline", "target=other"]).await;
    let document = document(&daemon);
    assert_eq!(document["name"], "other");
    let args = document["args"].as_array().unwrap();
    assert_eq!(args.len(), 2);
    // A client that asks for the args has not given any.
    assert_eq!(
        (&args[0]["name"], &args[0]["description"]),
        (&json!("RELEASE"), &json!("required"))
    );
    assert_eq!((&args[1]["name"], &args[1]["value"]), (&json!("OF_OTHERS"), &json!("x")));
}

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
        stage `app` does not exist in this build: it exists only when `CHANNEL` is `stable` or `edge` and `TARGETOS` is `linux`
          help: `CHANNEL` is `no` and `TARGETOS` is `linux` here
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

#[tokio::test]
async fn what_is_wrong_with_the_file_is_shown_as_in_a_build() {
    let spec = "[stages.a]\n\nform = 'x'\nfrom = 'alpine:3.20'\n";
    for request in ["outline", "targets", "convertllb"] {
        let daemon = build(engine(), spec, &[&format!("requestid=frontend.{request}")]).await;
        let (message, places) = error(&daemon);
        assert_eq!(
            message,
            "mstage.toml:3: unknown key `form` in a stage\n  help: did you mean `from`?"
        );
        assert_eq!(places, [("mstage.toml".to_owned(), 3)]);
    }
    let spec = "default = 'b'\n[stages.a]\nfrom = 'scratch'\n";
    let daemon = build(engine(), spec, &["requestid=frontend.targets"]).await;
    let (_, places) = error(&daemon);
    assert_eq!(places, [("mstage.toml".to_owned(), 1)]);
}

#[tokio::test]
async fn lint_finds_nothing_in_a_file_that_is_right() {
    let spec = "[stages.a]\nfrom = 'alpine:3.20'\n";
    let daemon = build(engine(), spec, &["requestid=frontend.lint"]).await;
    assert_eq!(entry(&daemon, "result.statuscode"), "0");
    assert_eq!(entry(&daemon, "version"), "1.0.0");
    assert_eq!(text(&daemon), "");
    check(
        &document(&daemon),
        expect![[r#"
        {
          "sources": [
            {
              "data": "the file",
              "filename": "mstage.toml",
              "language": "TOML"
            }
          ],
          "warnings": []
        }"#]],
    );
}

/// A location inside a script is that of the word, in UTF-16 units as in editors.
#[tokio::test]
async fn lint_marks_words_inside_of_scripts() {
    let spec = "[stages.a]\nfrom = 'alpine:3.20'\nuser = 'x'\nsteps = [\n  \"\"\"\n    echo \\\"\u{1f600}\\\" && sudo a\n  \"\"\",\n]\n\
                # check=skip=unused-arg // nothing\n[stages.a.image]\nentrypoint = ['a'] # check=skip=dropped-cmd\n";
    let daemon = build(engine(), spec, &["requestid=frontend.lint"]).await;
    let document = document(&daemon);
    let found: Vec<String> = document["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| {
            let range = &warning["location"]["ranges"][0];
            let place = |end: &str| format!("{}:{}", range[end]["line"], range[end]["character"]);
            format!("{} {}-{}", warning["ruleName"], place("start"), place("end"))
        })
        .collect();
    assert_eq!(
        found,
        [
            "\"sudo-in-step\" 6:19-6:23",
            "\"unused-silence\" 9:13-9:23",
            "\"unused-silence\" 11:32-11:43",
        ]
    );
    // With a target, not everything is checked.
    let options = ["requestid=frontend.lint", "target=a"];
    let daemon = build(engine(), spec, &options).await;
    assert_eq!(self::document(&daemon)["warnings"].as_array().unwrap().len(), 1);
}

/// Every stage is checked, even if no default build needs it.
#[tokio::test]
async fn lint_finds_what_is_advised_against() {
    let spec = "default = 'a'\n[args]\nUNUSED = '1'\nNEEDED = { required = true }\n\n[stages.a]\nfrom = 'alpine:3.20'\n\n\
                [stages.b]\ndescription = 'b'\nfrom = 'debian'\nworkdir = 'x'\nenv = { V = '${NEEDED}' }\n\n\
                [stages.c]\ndescription = 'c'\nfrom = 'x:${NEEDED}'\n";
    let daemon = build(engine(), spec, &["requestid=frontend.lint", "build-arg:OTHER=1"]).await;
    assert_eq!(entry(&daemon, "result.statuscode"), "1");
    check(
        &document(&daemon),
        expect![[r#"
            {
              "sources": [
                {
                  "data": "the file",
                  "filename": "mstage.toml",
                  "language": "TOML"
                }
              ],
              "warnings": [
                {
                  "description": "A build arg that the file does not declare.",
                  "detail": "--build-arg OTHER reaches nothing: the file declares no such arg\nhelp: declare it: [args] OTHER = {}",
                  "location": {
                    "ranges": []
                  },
                  "ruleName": "undeclared-build-arg",
                  "url": "https://github.com/myorg/mstage/blob/main/docs/rules/undeclared-build-arg.md"
                },
                {
                  "description": "An arg that has no effect.",
                  "detail": "arg `UNUSED` reaches nothing\nhelp: write `${UNUSED}` where its value belongs, name it in a `run` text, or list it in `args`",
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "character": 6,
                          "line": 3
                        },
                        "start": {
                          "line": 3
                        }
                      }
                    ]
                  },
                  "ruleName": "unused-arg",
                  "url": "https://github.com/myorg/mstage/blob/main/docs/rules/unused-arg.md"
                },
                {
                  "description": "An image without a tag or a digest.",
                  "detail": "`debian` has no tag: it is `debian:latest`, whatever that is today\nhelp: name a version: \"NAME:VERSION\"",
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "character": 15,
                          "line": 11
                        },
                        "start": {
                          "character": 7,
                          "line": 11
                        }
                      }
                    ]
                  },
                  "ruleName": "untagged-image",
                  "url": "https://github.com/myorg/mstage/blob/main/docs/rules/untagged-image.md"
                },
                {
                  "description": "A working directory that is relative to that of the base image.",
                  "detail": "this is seen from the working directory of the base image\nhelp: begin with a slash",
                  "location": {
                    "ranges": [
                      {
                        "end": {
                          "character": 13,
                          "line": 12
                        },
                        "start": {
                          "character": 10,
                          "line": 12
                        }
                      }
                    ]
                  },
                  "ruleName": "relative-workdir",
                  "url": "https://github.com/myorg/mstage/blob/main/docs/rules/relative-workdir.md"
                }
              ]
            }"#]],
    );
    expect![[r#"

        WARNING: undeclared-build-arg - https://github.com/myorg/mstage/blob/main/docs/rules/undeclared-build-arg.md
        --build-arg OTHER reaches nothing: the file declares no such arg
        help: declare it: [args] OTHER = {}

        WARNING: unused-arg - https://github.com/myorg/mstage/blob/main/docs/rules/unused-arg.md
        arg `UNUSED` reaches nothing
        help: write `${UNUSED}` where its value belongs, name it in a `run` text, or list it in `args`
        mstage.toml:3
        --------------------
           1 |     default = 'a'
           2 |     [args]
           3 | >>> UNUSED = '1'
           4 |     NEEDED = { required = true }
           5 |     
        --------------------

        WARNING: untagged-image - https://github.com/myorg/mstage/blob/main/docs/rules/untagged-image.md
        `debian` has no tag: it is `debian:latest`, whatever that is today
        help: name a version: "NAME:VERSION"
        mstage.toml:11
        --------------------
           9 |     [stages.b]
          10 |     description = 'b'
          11 | >>> from = 'debian'
          12 |     workdir = 'x'
          13 |     env = { V = '${NEEDED}' }
        --------------------

        WARNING: relative-workdir - https://github.com/myorg/mstage/blob/main/docs/rules/relative-workdir.md
        this is seen from the working directory of the base image
        help: begin with a slash
        mstage.toml:12
        --------------------
          10 |     description = 'b'
          11 |     from = 'debian'
          12 | >>> workdir = 'x'
          13 |     env = { V = '${NEEDED}' }
          14 |     
        --------------------
    "#]].assert_eq(&text(&daemon));
    // Nothing is built, and there is no warning of a build.
    assert_eq!(daemon.solves().len(), 2);
    assert!(!daemon.methods().contains(&Method::Warn));
    // With a target, only the stages that it needs.
    let opts = [
        "requestid=frontend.lint",
        "target=a",
        "build-arg:BUILDKIT_DOCKERFILE_CHECK=skip=unused-arg",
    ];
    let daemon = build(engine(), spec, &opts).await;
    assert_eq!(entry(&daemon, "result.statuscode"), "0");
}

#[tokio::test]
async fn lint_tells_what_would_stop_a_build() {
    let spec = "[args]\nUNUSED = '1'\n\n[stages.a]\nfrom = 'alpine:3.20'\nsteps = [\n  { copy = 'x', from = { stage = 'b' } },\n  { mkdir = '${NOTHING}' },\n]\n";
    let daemon = build(engine(), spec, &["requestid=frontend.lint"]).await;
    assert_eq!(entry(&daemon, "result.statuscode"), "1");
    let found = document(&daemon);
    assert_eq!(found["warnings"][0]["ruleName"], "unused-arg");
    check(
        &found["buildError"],
        expect![[r#"
            {
              "location": {
                "ranges": [
                  {
                    "end": {
                      "character": 38,
                      "line": 7
                    },
                    "start": {
                      "character": 23,
                      "line": 7
                    }
                  }
                ]
              },
              "message": "mstage.toml:7: there is no stage `b`\n  help: did you mean `a`?"
            }"#]],
    );
    // The first of several locations.
    let spec = "[stages.a]\nfrom = 'alpine:3.20'\n\nstep = []\nuser = 1.5\n";
    let daemon = build(engine(), spec, &["requestid=frontend.lint"]).await;
    check(
        &document(&daemon)["buildError"],
        expect![[r#"
            {
              "location": {
                "ranges": [
                  {
                    "end": {
                      "character": 4,
                      "line": 4
                    },
                    "start": {
                      "line": 4
                    }
                  }
                ]
              },
              "message": "2 errors in mstage.toml\nmstage.toml:4: unknown key `step` in a stage\n  help: did you mean `steps`?\nmstage.toml:5: expected a string or a decimal integer, found a float\n  help: quote it: \"1.5\""
            }"#]],
    );
    // The engine's errors are reported after errors about values; a file with syntax errors causes
    // no call.
    let registry = "mstage.toml:2: failed to resolve source metadata for docker.io/library/y:1: \
                    docker.io/library/y:1: not found";
    for (spec, said) in [
        (
            "[stages.a]\nfrom = 'y:1'\nsteps = [{ mkdir = '/x', chmod = 'wide' }]\n",
            &*format!(
                "mstage.toml:3: `wide` is not a mode\n  \
                 help: octal digits such as \"0755\", or a change such as \"u+x,go-w\"\n{registry}"
            ),
        ),
        (
            "[stages.a]\nfrom = 'y:1'\nstep = []\n",
            "mstage.toml:3: unknown key `step` in a stage\n  help: did you mean `steps`?",
        ),
    ] {
        for request in ["lint", "convertllb"] {
            let daemon = build(engine(), spec, &[&format!("requestid=frontend.{request}")]).await;
            let message = match request {
                "lint" => document(&daemon)["buildError"]["message"].as_str().unwrap().to_owned(),
                _ => error(&daemon).0,
            };
            assert_eq!(message, said);
        }
    }
    // Alone, it has its own location.
    let engine = engine().on(Method::ResolveSourceMeta, Do::Fail(failure("no such image")));
    let spec = "[stages.a]\n\nfrom = 'alpine:3.20'\n";
    let daemon = build(engine, spec, &["requestid=frontend.lint"]).await;
    check(
        &document(&daemon)["buildError"],
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
          "message": "mstage.toml:3: alpine:3.20 for linux/amd64: no such image"
        }"#]],
    );
}

#[tokio::test]
async fn lint_tells_which_findings_would_stop_a_build() {
    let spec = "check = { error = true }\n[args]\nUNUSED = '1'\n[stages.a]\nfrom = 'debian'\n";
    let daemon = build(engine(), spec, &["requestid=frontend.lint"]).await;
    let found = document(&daemon);
    assert_eq!(found["warnings"].as_array().unwrap().len(), 2);
    assert_eq!(
        found["buildError"],
        json!({
            "message": "`check` makes what these rules find an error: `untagged-image` and `unused-arg`",
            "location": { "ranges": [] },
        })
    );
}

/// The ignore file has its effect, and rules that need an image's config see it.
#[tokio::test]
async fn lint_sees_what_a_build_sees() {
    let engine = engine()
        .source(
            "local://dockerfile",
            [("mstage.toml", "[stages.a]\nfrom = 'alpine:3.20'\nsteps = [{ copy = 'a.txt' }]\n")],
        )
        .source("local://context", [(".dockerignore", "*.txt\n")]);
    let daemon = build_with(engine, &["requestid=frontend.lint", "platform=linux/arm64"]).await;
    let document = document(&daemon);
    let rules: Vec<&str> = document["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| warning["ruleName"].as_str().unwrap())
        .collect();
    assert_eq!(rules, ["base-image-platform", "ignored-copy"]);
}

/// The same ops, with the same digests, as in a build.
#[tokio::test]
async fn convert_to_llb() {
    let spec = "[stages.a]\nfrom = 'alpine:3.20'\nsteps = [{ copy = 'a.txt', chown = '0:7' }, { run = 'x', network = 'none', mounts = [{ cache = '/c', sharing = 'locked' }] }]\n";
    let built = build(engine(), spec, &[]).await;
    let definition = definition::of(built.solves().last().unwrap());
    let daemon = build(engine(), spec, &["requestid=frontend.convertllb"]).await;
    assert_eq!(daemon.solves().len(), 2);
    assert_eq!(entry(&daemon, "version"), "0.1.0");
    assert!(!metadata(&daemon).contains_key("result.txt"));
    let converted: Value = serde_json::from_slice(&metadata(&daemon)["result.json"]).unwrap();
    let of = |name: &str| converted[name].as_object().unwrap();
    assert_eq!(of("def").len(), definition.def.len());
    assert!(definition.metadata.keys().eq(of("metadata").keys()));
    assert_eq!(of("source")["infos"][0]["filename"], "mstage.toml");
    assert_eq!(of("source")["infos"][0]["data"], BASE64_STANDARD.encode(spec));

    // From the terminal op down.
    let op = |digest: &Value| &converted["def"][digest.as_str().unwrap()];
    let last = pb::Op::decode(definition.def.last().unwrap().as_slice()).unwrap();
    let exec_digest = json!(last.inputs[0].digest);
    check(
        op(&exec_digest),
        expect![[r#"
        {
          "constraints": {},
          "exec": {
            "meta": {
              "args": [
                "/bin/sh",
                "-ec",
                "x"
              ],
              "cwd": "/",
              "env": [
                "PATH=/bin"
              ],
              "removeMountStubsRecursive": true
            },
            "mounts": [
              {
                "dest": "/"
              },
              {
                "cacheOpt": {
                  "ID": "//c",
                  "sharing": "LOCKED"
                },
                "dest": "/c",
                "input": "-1",
                "mountType": "CACHE",
                "output": "-1"
              }
            ],
            "network": "NONE"
          },
          "inputs": [
            {
              "digest": "sha256:adc5b9785d2081034bc9d0fbe4474c5273f5c8d81c99bff4cadb9340a9754837"
            }
          ],
          "platform": {
            "Architecture": "amd64",
            "OS": "linux"
          }
        }"#]],
    );
    let metadata = &converted["metadata"][exec_digest.as_str().unwrap()];
    assert_eq!(metadata["description"]["llb.customname"], "[a 3/3] x");
    assert_eq!(metadata["caps"]["exec.mount.cache"], true);
    let copy = op(&op(&exec_digest)["inputs"][0]["digest"]);
    check(
        &copy["file"],
        expect![[r#"
        {
          "actions": [
            {
              "copy": {
                "allowEmptyWildcard": true,
                "allowWildcard": true,
                "createDestPath": true,
                "dest": "/",
                "dirCopyContents": true,
                "followSymlink": true,
                "mode": -1,
                "owner": {
                  "group": {
                    "byID": 7
                  },
                  "user": {
                    "byID": 0
                  }
                },
                "src": "/a.txt",
                "timestamp": "-1"
              },
              "secondaryInput": "1"
            }
          ]
        }"#]],
    );
}

#[tokio::test]
async fn describe() {
    let daemon = build(engine(), SPEC, &["requestid=frontend.subrequests.describe"]).await;
    // The file is not even read.
    assert!(daemon.solves().is_empty());
    expect![[r#"
        NAME                 VERSION DESCRIPTION
        outline              1.0.0   List what a build of the target can be given
        targets              1.0.0   List all targets
        lint                 1.0.0   Check the build file
        convertllb           0.1.0   Convert the build file to LLB
        convert              1.0.0   Print the build file that says the same as a Dockerfile
        subrequests.describe 1.0.0   List available subrequest types
    "#]]
    .assert_eq(&text(&daemon));
    let described: Value = serde_json::from_slice(&metadata(&daemon)["result.json"]).unwrap();
    check(
        &described[2],
        expect![[r#"
        {
          "description": "Check the build file",
          "inputs": null,
          "metadata": [
            {
              "description": "",
              "name": "result.json"
            },
            {
              "description": "",
              "name": "result.txt"
            },
            {
              "description": "",
              "name": "result.statuscode"
            }
          ],
          "name": "frontend.lint",
          "opts": [
            {
              "description": "Target stage",
              "name": "target"
            }
          ],
          "refs": null,
          "type": "rpc",
          "version": "1.0.0"
        }"#]],
    );
}
