//! The crate's public API. Each test adds ops to a graph and compares the text of the definition,
//! which is made from the encoded bytes and contains their digests.
//!
//! `UPDATE_EXPECT=1 cargo test -p buildkit-llb` updates the texts.

#![expect(clippy::unwrap_used, reason = "the helpers of tests may panic as tests may")]

use buildkit_llb::{Definition, Graph, Image, Metadata, Op, State};
use buildkit_proto::pb;
use expect_test::Expect;
use prost::Message;

mod dockerfile;
mod exec;
mod file;
mod graph;
mod import;
mod metadata;
mod source;
mod together;
mod wire;

/// Compares the definition of a state, and checks the invariants of all definitions.
#[track_caller]
fn check(graph: &Graph, state: State, expect: Expect) {
    let definition = graph.definition(state);
    check_canonical(&definition);
    let mut other = Graph::new();
    let imported = other.import(definition.clone()).unwrap();
    assert_eq!(other.definition(imported), definition);
    expect.assert_eq(&definition.to_string());
}

/// Compares the definition of one op without inputs.
#[track_caller]
fn check_op(op: impl Op<Handle = State>, expect: Expect) {
    let mut graph = Graph::new();
    let state = graph.add(op, Metadata::default());
    check(&graph, state, expect);
}

/// Decoding and encoding again gives the same bytes, inputs come before their users, and every op
/// has metadata.
#[track_caller]
fn check_canonical(definition: &Definition) {
    let proto = definition.to_proto();
    let mut digests = Vec::new();
    for (bytes, digest) in proto.def.iter().zip(definition.digests()) {
        let op = pb::Op::decode(bytes.as_slice()).unwrap();
        assert_eq!(op.clone().encode_canonical(), *bytes);
        assert!(op.inputs.iter().all(|input| digests.contains(&input.digest)));
        digests.push(digest.to_string());
        assert!(proto.metadata.contains_key(&digest.to_string()));
    }
    assert_eq!(definition.as_bytes(), proto.encode_to_vec());
    assert_eq!(proto.metadata.len(), proto.def.len());
}

/// A graph with an image.
fn with_base() -> (Graph, State) {
    let mut graph = Graph::new();
    let base = image(&mut graph, "base");
    (graph, base)
}

fn image(graph: &mut Graph, name: &str) -> State {
    graph.add(
        Image::new(format!("docker.io/library/{name}:1").parse().unwrap()),
        Metadata::default(),
    )
}
