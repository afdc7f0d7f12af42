//! `--call=check`: findings of rules, and errors that would stop a build.

use expect_test::expect;
use serde_json::json;

use crate::fake::{Do, Method, failure};
use crate::frontend::{build, build_with, engine, error};
use crate::subrequests::{check, document, entry, text};

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

/// One lookup, which has the digest and the config, for each image, however many stages use it.
/// BuildKit has no smaller question: without the config, its answer has no digest either
/// (`ResolveImageMetadata` in `source/containerimage/source.go`).
#[tokio::test]
async fn lint_looks_up_an_image_once() {
    let spec = "default = 'c'\n[stages.a]\ndescription = 'a'\nfrom = 'alpine:3.20'\n\
                [stages.b]\ndescription = 'b'\nfrom = 'alpine:3.20'\n\
                [stages.c]\nfrom = 'a'\nsteps = [{ copy = '/x', from = 'alpine:3.20' }]\n";
    let dockerfile = "FROM alpine:3.20 AS a\nFROM alpine:3.20 AS b\n\
                      FROM a\nCOPY --from=alpine:3.20 /x /\n";
    for file in [spec, dockerfile] {
        let daemon = build(engine(), file, &["requestid=frontend.lint"]).await;
        assert_eq!(entry(&daemon, "result.statuscode"), "0");
        let methods = daemon.methods();
        let lookups = methods.iter().filter(|&&of| of == Method::ResolveSourceMeta).count();
        assert_eq!(lookups, 1, "{file}");
    }
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
                  "detail": "--build-arg OTHER has no effect: the file does not declare this arg\nhelp: declare it in [args]: `OTHER = {}`",
                  "location": {
                    "ranges": []
                  },
                  "ruleName": "undeclared-build-arg",
                  "url": "https://github.com/myorg/mstage/blob/main/docs/rules/undeclared-build-arg.md"
                },
                {
                  "description": "An arg that has no effect.",
                  "detail": "unused arg `UNUSED`\nhelp: use `${UNUSED}` in a value, use `$UNUSED` in the text of a `run` step, list it in `args`, or remove it",
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
                  "detail": "`debian` has no tag, so it means `debian:latest`, which changes over time\nhelp: add a version: \"NAME:VERSION\"",
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
                  "detail": "this path is relative to the working directory of the base image\nhelp: write an absolute path",
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
        --build-arg OTHER has no effect: the file does not declare this arg
        help: declare it in [args]: `OTHER = {}`

        WARNING: unused-arg - https://github.com/myorg/mstage/blob/main/docs/rules/unused-arg.md
        unused arg `UNUSED`
        help: use `${UNUSED}` in a value, use `$UNUSED` in the text of a `run` step, list it in `args`, or remove it
        mstage.toml:3
        --------------------
           1 |     default = 'a'
           2 |     [args]
           3 | >>> UNUSED = '1'
           4 |     NEEDED = { required = true }
           5 |     
        --------------------

        WARNING: untagged-image - https://github.com/myorg/mstage/blob/main/docs/rules/untagged-image.md
        `debian` has no tag, so it means `debian:latest`, which changes over time
        help: add a version: "NAME:VERSION"
        mstage.toml:11
        --------------------
           9 |     [stages.b]
          10 |     description = 'b'
          11 | >>> from = 'debian'
          12 |     workdir = 'x'
          13 |     env = { V = '${NEEDED}' }
        --------------------

        WARNING: relative-workdir - https://github.com/myorg/mstage/blob/main/docs/rules/relative-workdir.md
        this path is relative to the working directory of the base image
        help: write an absolute path
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
                "mstage.toml:3: expected a mode, found `wide`\n  \
                 help: write octal digits such as \"0755\", or a change such as \"u+x,go-w\"\n{registry}"
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
            "message": "`check` turns findings of these rules into errors: `untagged-image` and `unused-arg`",
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
