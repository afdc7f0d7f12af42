//! Subrequests about a build file: from options and files to the documents that clients print.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use buildkit_proto::pb;
use expect_test::{Expect, expect};
use prost::Message;
use serde_json::{Value, json};

use crate::definition;
use crate::fake::Daemon;
use crate::frontend::{build, build_with, engine, error, returned};

/// The metadata of an answer, which has no files.
pub(super) fn metadata(daemon: &Daemon) -> BTreeMap<String, Vec<u8>> {
    let returned = returned(daemon);
    let result = returned.result.unwrap_or_else(|| panic!("{:?}", returned.error));
    let Some(buildkit_proto::frontend::result::Result::Ref(files)) = result.result else {
        panic!("not an answer: {:?}", result.result);
    };
    assert_eq!(files.id, "");
    result.metadata
}

/// The document of an answer, with the file's text decoded.
pub(super) fn document(daemon: &Daemon) -> Value {
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

pub(super) fn text(daemon: &Daemon) -> String {
    String::from_utf8(metadata(daemon)["result.txt"].clone()).unwrap()
}

pub(super) fn entry(daemon: &Daemon, name: &str) -> String {
    String::from_utf8(metadata(daemon)[name].clone()).unwrap()
}

pub(super) fn check(found: &Value, expected: Expect) {
    expected.assert_eq(&serde_json::to_string_pretty(found).unwrap());
}

pub(super) const SPEC: &str = r#"# syntax=myorg/mstage
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
        outline              1.0.0   List the args, secrets and other inputs of a target
        targets              1.0.0   List all targets
        lint                 1.0.0   Check the build file
        convertllb           0.1.0   Convert the build file to LLB
        convert              1.0.0   Convert a Dockerfile to a build file
        graph                1.0.0   Show the stages of a build and what they take from each other
        explain              1.0.0   Show what makes each step of a target run again
        report               1.0.0   Run a stage and show the summary of its report
        schema               1.0.0   Print the JSON Schema of build files
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

/// It needs no build file.
#[tokio::test]
async fn the_schema() {
    let daemon = build_with(engine(), &["requestid=frontend.schema"]).await;
    let expected = mstage::show::schema(&mstage::spec::shape());
    assert_eq!(text(&daemon), expected);
    assert_eq!(entry(&daemon, "result.json"), expected);
    assert_eq!(entry(&daemon, "version"), "1.0.0");
    assert!(daemon.solves().is_empty());
}
