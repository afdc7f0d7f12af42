//! The client side of the gateway, tested with a fake daemon. No engine is needed.

#![expect(clippy::unwrap_used, reason = "a test that unwraps in vain has failed")]

mod capabilities;
mod end;
mod files;
mod lookup;
mod run;
mod solve;
mod transport;

use buildkit_frontend::{Bridge, ImageRequest, Ref, Refs, SolveRequest};
use buildkit_llb::Definition;
use buildkit_proto::pb;
use fake_gateway::definition::digest;
use fake_gateway::{Daemon, Engine};
use prost::Message;

async fn connect(engine: Engine) -> (Bridge, Daemon) {
    let (io, daemon) = engine.start();
    (Bridge::connect(io).await.unwrap(), daemon)
}

/// A graph that consists of a source.
fn source(identifier: &str, attrs: &[(&str, &str)]) -> Definition {
    let attrs = attrs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let source = pb::SourceOp { identifier: identifier.to_owned(), attrs };
    let op = pb::Op { op: Some(pb::op::Op::Source(source)), ..Default::default() }.encode_to_vec();
    let input = pb::Input { digest: digest(&op), index: 0 };
    let terminal = pb::Op { inputs: vec![input], ..Default::default() }.encode_to_vec();
    let metadata = [&op, &terminal].map(|op| (digest(op), pb::OpMetadata::default())).into();
    pb::Definition { def: vec![op, terminal], metadata, source: None }.into()
}

fn local(name: &str) -> SolveRequest {
    SolveRequest::new(source(&format!("local://{name}"), &[]))
}

fn image(reference: &str) -> ImageRequest {
    ImageRequest::new(reference.parse().unwrap())
}

async fn solve_ref(bridge: &Bridge, request: SolveRequest) -> Ref {
    match bridge.solve(request).await.unwrap().refs {
        Refs::Single(Some(reference)) => reference,
        other => panic!("not one reference: {other:?}"),
    }
}

#[test]
fn the_readme_shows_the_example() {
    let example = include_str!("../../examples/lines.rs");
    assert!(include_str!("../../README.md").contains(example), "copy examples/lines.rs to it");
    assert!(example.lines().count() <= 30);
}
