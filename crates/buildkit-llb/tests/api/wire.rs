//! Bytes and digests from BuildKit's own test data.

use buildkit_llb::{Definition, Graph, Metadata, Source, State};
use buildkit_proto::pb;
use expect_test::expect;
use prost::Message;

/// The identifier of BuildKit's `busybox` test data, in an op without constraints.
fn busybox() -> Vec<u8> {
    let identifier = "docker-image://docker.io/library/busybox:latest";
    let mut bytes = vec![0x1a, 0x31, 0x0a, 0x2f];
    bytes.extend(identifier.bytes());
    bytes
}

#[test]
fn op_and_terminal_have_known_digests() {
    let proto = pb::Definition {
        def: vec![
            busybox(),
            pb::Op {
                inputs: vec![pb::Input {
                    digest: "sha256:\
                        74ecb5d790c33a213ba00f8f43d62947df1d4dea72f5ec13353a9b943f469f0f"
                        .into(),
                    index: 0,
                }],
                ..pb::Op::default()
            }
            .encode_to_vec(),
        ],
        ..pb::Definition::default()
    };
    let mut graph = Graph::new();
    let state = graph.import(Definition::from(proto)).unwrap();

    expect![[r#"
        #0 sha256:74ecb5d790c33a213ba00f8f43d62947df1d4dea72f5ec13353a9b943f469f0f source docker-image://docker.io/library/busybox:latest
          constraints: absent

        #1 sha256:fdd990931001ae92f1971673ff21204ef6a5ccc8c1a4dd133d8f0f9bff67a3c2 terminal
          inputs: #0
          caps: constraints platform
    "#]]
    .assert_eq(&format!("{:#}", graph.definition(state)));
}

#[test]
fn constraints_are_empty_and_the_kind_comes_last() {
    let mut graph = Graph::new();
    let source = Source::new("docker-image://docker.io/library/busybox:latest");
    let state = graph.add(source, Metadata::default());
    let bytes = graph.vertex(state).unwrap().bytes();
    assert_eq!(bytes, [vec![0x5a, 0x00], busybox()].concat());
}

#[test]
fn attributes_are_sorted_and_never_empty() {
    let mut graph = Graph::new();
    let source = Source::new("x://").attr("b", "2").attr("c", "").attr("a", "1");
    let with_builder = graph.add(source, Metadata::default());
    let attrs = [("b", "2"), ("a", "1"), ("c", ""), ("", "d")];
    let attrs = attrs.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let mut source = Source::new("x://");
    source.attrs = attrs;
    let with_map = graph.add(source, Metadata::default());

    assert_eq!(with_builder, with_map);
    let bytes = graph.vertex(with_map).unwrap().bytes();
    assert_eq!(
        bytes,
        b"\x5a\x00\x1a\x16\x0a\x04x://\x12\x06\x0a\x01a\x12\x011\x12\x06\x0a\x01b\x12\x012"
    );
}

#[test]
fn scratch_is_empty() {
    let definition = Graph::new().definition(State::SCRATCH);
    assert!(definition.is_scratch());
    assert_eq!(definition.head(), None);
    assert_eq!(definition.encoded_len(), 0);
    assert_eq!(definition.to_string(), "scratch\n");
    assert_eq!(definition.to_proto(), pb::Definition::default());
}
