//! `--call=outline`: the parameters that a build of the target accepts.

use expect_test::expect;
use serde_json::json;

use crate::fake::Method;
use crate::frontend::{build, engine};
use crate::subrequests::{SPEC, check, document, entry, text};

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
