//! `--call=graph`: the text, the document and the files, without a lookup.

use std::collections::BTreeMap;

use buildkit_proto::frontend::result::Result as Files;
use buildkit_proto::pb;
use expect_test::expect;
use fake_gateway::{Daemon, Method};
use serde_json::{Value, json};

use crate::frontend::{SPEC, build, build_with, engine, error, ops, returned};

fn answer(daemon: &Daemon) -> (BTreeMap<String, Vec<u8>>, Value) {
    let returned = returned(daemon);
    let result = returned.result.unwrap_or_else(|| panic!("{:?}", returned.error));
    // Clients export them with `--output`.
    let Some(Files::Ref(files)) = result.result else { panic!("{:?}", result.result) };
    assert!(!files.id.is_empty());
    let document = serde_json::from_slice(&result.metadata["result.json"]).unwrap();
    (result.metadata, document)
}

/// The files that the last solve writes.
fn files(daemon: &Daemon) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for op in ops(daemon) {
        let Some(pb::op::Op::File(file)) = op.op else { continue };
        for action in file.actions {
            let Some(pb::file_action::Action::Mkfile(file)) = action.action else { panic!() };
            files.insert(file.path, String::from_utf8(file.data).unwrap());
        }
    }
    files
}

#[tokio::test]
async fn a_graph_has_text_a_document_and_files() {
    let daemon = build(engine(), SPEC, &["requestid=frontend.graph"]).await;
    assert!(!daemon.methods().contains(&Method::ResolveSourceMeta));
    let (metadata, document) = answer(&daemon);
    assert_eq!(metadata["version"], b"1.0.0");
    expect![[r#"
        [runtime] from debian
        └─ copy /out from [builder]
           └─ [builder] from alpine:3.20
              ├─ copy a.txt
              └─ run echo "hello $NAME" > /out

        order: each row needs only rows above it; the stages of a row run at once
           1  builder
           2  runtime

        not needed by the target: unneeded
    "#]]
    .assert_eq(std::str::from_utf8(&metadata["result.txt"]).unwrap());
    assert_eq!(document["targets"], json!(["runtime"]));
    let stages = document["stages"].as_array().unwrap();
    let needed: Vec<(&str, bool)> = stages
        .iter()
        .map(|stage| (stage["name"].as_str().unwrap(), stage["needed"].as_bool().unwrap()))
        .collect();
    assert_eq!(needed, [("builder", true), ("runtime", true), ("unneeded", false)]);
    let edge = json!({ "from": "builder", "to": "runtime", "kind": "copy" });
    assert_eq!(document["edges"], json!([edge]));
    let files = files(&daemon);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["/graph.dot", "/graph.mmd", "/graph.svg"]);
    assert!(files["/graph.svg"].starts_with("<svg "), "{}", files["/graph.svg"]);
}

#[tokio::test]
async fn the_graph_of_a_dockerfile_has_its_names_and_lines() {
    const DOCKERFILE: &str = "FROM alpine AS Base.One\nRUN a\nWORKDIR /x\nRUN b\nFROM scratch\nCOPY --from=base.one /x /\n";
    let engine = engine().source("local://dockerfile", [("Dockerfile", DOCKERFILE)]);
    let options = ["requestid=frontend.graph", "filename=Dockerfile"];
    let daemon = build_with(engine, &options).await;
    let (metadata, document) = answer(&daemon);
    expect![[r#"
        [stage-1] from scratch
        └─ COPY /x / from [base.one]
           └─ [base.one] from alpine
              ├─ RUN a
              └─ RUN b

        order: each row needs only rows above it; the stages of a row run at once
           1  base.one
           2  stage-1
    "#]]
    .assert_eq(std::str::from_utf8(&metadata["result.txt"]).unwrap());
    assert_eq!(document["stages"][0]["file"], "Dockerfile");
    assert_eq!(document["stages"][0]["lines"], json!([1, 4]));
}

/// Errors of the file are those of a build; what a client can still give is none.
#[tokio::test]
async fn errors_and_gaps() {
    const WRONG: &str = "[stages.a]\nfrom = { stage = \"nothing\" }\n";
    let daemon = build(engine(), WRONG, &["requestid=frontend.graph"]).await;
    let (message, places) = error(&daemon);
    assert!(message.contains("there is no stage `nothing`"), "{message}");
    assert_eq!(places, [("mstage.toml".to_owned(), 2)]);
    const GAPS: &str = "[args]\nBASE = { required = true }\n[stages.a]\nfrom = \"${BASE}\"\n";
    let daemon = build(engine(), GAPS, &["requestid=frontend.graph"]).await;
    let (metadata, _) = answer(&daemon);
    assert_eq!(metadata["result.txt"], b"[a] from ${BASE}\n");
    let daemon = build(engine(), SPEC, &["requestid=frontend.graph", "target=runtim"]).await;
    let message = returned(&daemon).error.unwrap().message;
    assert!(message.contains("target stage \"runtim\" could not be found"), "{message}");
}
