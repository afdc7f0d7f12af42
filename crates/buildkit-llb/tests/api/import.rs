//! Importing foreign definitions.

use buildkit_llb::{Definition, FileOp, Graph, ImportError, Merge, Metadata, MkdirAction, State};
use buildkit_proto::pb;
use prost::Message;

use crate::{image, with_base};

/// Two images and a directory in the merge of them.
fn definition() -> pb::Definition {
    let (mut graph, base) = with_base();
    let other = image(&mut graph, "other");
    let merged = graph.add(Merge::new([base, other]), Metadata::named("merge"));
    let op = FileOp::new(merged).then(MkdirAction::new("/a", 0o755));
    let state = graph.add(op, Metadata::default());
    graph.definition(state).to_proto()
}

fn import(definition: pb::Definition) -> Result<Definition, ImportError> {
    let mut graph = Graph::new();
    let state = graph.import(definition.into())?;
    Ok(graph.definition(state))
}

#[test]
fn order_does_not_matter() {
    let mut shuffled = definition();
    shuffled.def[..4].reverse();
    let imported = import(shuffled).unwrap().to_proto();
    assert_eq!(imported.metadata, definition().metadata);
    let sorted = |mut definition: pb::Definition| {
        definition.def.sort();
        definition.def
    };
    assert_eq!(sorted(imported), sorted(definition()));
}

#[test]
fn vertices_meet_those_of_the_graph() {
    let (mut graph, base) = with_base();
    let state = graph.import(definition().into()).unwrap();
    let merged = graph.add(Merge::new([base, state]), Metadata::default());
    assert_eq!(graph.vertices(merged).count(), 5);
}

#[test]
fn bytes_are_taken_as_they_are() {
    // A field unknown to this crate, and fields in another order than BuildKit's.
    let mut source = vec![0x5a, 0x00];
    source.extend(
        pb::Op { op: Some(pb::op::Op::Source(Default::default())), ..Default::default() }
            .encode_to_vec(),
    );
    source.extend([0x98, 0x06, 0x01]);
    let digest = buildkit_llb::Digest::of(&source).to_string();
    let terminal = pb::Op { inputs: vec![pb::Input { digest, index: 1 }], ..Default::default() };
    let definition = pb::Definition {
        def: vec![source.clone(), terminal.encode_to_vec()],
        metadata: Default::default(),
        source: None,
    };
    let imported = import(definition).unwrap();
    assert_eq!(imported.to_proto().def[0], source);
    assert!(imported.to_string().contains("bytes: not canonical"), "{imported}");
    assert!(imported.to_string().contains("inputs: #0.1"), "{imported}");
}

#[test]
fn capabilities_that_no_daemon_knows_are_dropped() {
    let mut definition = definition();
    for metadata in definition.metadata.values_mut() {
        metadata.caps.insert("file.copy.modestring".into(), true);
    }
    let imported = import(definition).unwrap().to_proto();
    let mut caps = imported.metadata.values().flat_map(|metadata| metadata.caps.keys());
    assert!(!caps.any(|cap| cap == "file.copy.modestring"));
}

#[test]
fn empty_is_scratch() {
    assert_eq!(Graph::new().import(Definition::default()), Ok(State::SCRATCH));
}

#[test]
fn broken_definitions_are_refused() {
    let mut truncated = definition();
    truncated.def[0].pop();
    assert!(matches!(import(truncated), Err(ImportError::Decode(_))));

    let mut incomplete = definition();
    incomplete.def.remove(1);
    assert!(matches!(import(incomplete), Err(ImportError::MissingInput(_))));

    let mut endless = definition();
    endless.def.truncate(1);
    assert_eq!(import(endless), Err(ImportError::NoTerminal));

    let terminal = |digest: &str, index| {
        let mut definition = definition();
        let input = pb::Input { digest: digest.to_owned(), index };
        let op = pb::Op { inputs: vec![input], ..Default::default() };
        definition.def[4] = op.encode_to_vec();
        import(definition)
    };
    assert_eq!(terminal("x", 0), Err(ImportError::MissingInput("x".into())));
    let head = Definition::from(definition()).head().unwrap().to_string();
    assert_eq!(terminal(&head, -1), Err(ImportError::InputIndex(-1)));
}

/// An entry without locations would be written without its value, which BuildKit dereferences.
#[test]
fn ops_without_locations_have_no_entry() {
    let mut foreign = definition();
    let inner = pb::Source {
        locations: [("sha256:inner".to_owned(), pb::Locations::default())].into(),
        infos: Vec::new(),
    };
    let inner = pb::Definition { source: Some(inner), ..Default::default() };
    let info = pb::SourceInfo { definition: Some(inner), ..Default::default() };
    foreign.source = Some(pb::Source {
        locations: [("sha256:outer".to_owned(), pb::Locations::default())].into(),
        infos: vec![info],
    });
    let source = Definition::from(foreign).to_proto().source.unwrap();
    assert!(source.locations.is_empty());
    let inner = source.infos[0].definition.as_ref().unwrap();
    assert!(inner.source.as_ref().unwrap().locations.is_empty());
}
