//! The part of a graph that one state needs, in the form in which BuildKit takes it.
//!
//! How it is sent, and how large it may be, is not known here.

use buildkit_proto::pb;
use prost::Message;

use crate::{Cap, Digest, Graph, State};

/// A graph for BuildKit: encoded ops, what is said about each, and the source files that they come
/// from. That of scratch is empty.
///
/// Printed with `{}` it is a text for people, the same for the same graph; see the crate's golden
/// tests. `{:#}` has the digests in full.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definition {
    proto: pb::Definition,
    /// Of each encoded op.
    digests: Vec<Digest>,
}

impl Definition {
    /// The message to send.
    pub fn into_proto(self) -> pb::Definition {
        self.proto
    }

    /// The message to send, to look at.
    pub fn as_proto(&self) -> &pb::Definition {
        &self.proto
    }

    /// How many bytes the message has when it is encoded. Daemons refuse requests above 16 MiB, those
    /// before v0.14 above 4 MiB.
    pub fn encoded_len(&self) -> usize {
        self.proto.encoded_len()
    }

    /// Whether it is that of scratch.
    pub fn is_scratch(&self) -> bool {
        self.proto.def.is_empty()
    }

    /// The digest of the op that makes the state; none for scratch.
    pub fn head(&self) -> Option<Digest> {
        let terminal = pb::Op::decode(self.proto.def.last()?.as_slice()).ok()?;
        terminal.inputs.first()?.digest.parse().ok()
    }

    /// The digests of the encoded ops, in their order; the last one is the terminal's, which names
    /// the state.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    pub(crate) fn of(graph: &Graph, state: State) -> Definition {
        let Some(output) = state.0 else { return Definition::default() };
        let mut ops = Vec::new();
        let mut locations = Vec::new();
        let mut infos = Infos::default();
        let (mut ignore_cache, mut description, mut export_cache) = (false, false, false);
        for vertex in graph.vertices(state) {
            let metadata = vertex.metadata();
            ignore_cache |= metadata.ignore_cache;
            description |= metadata.name.is_some() || !metadata.description.is_empty();
            export_cache |= metadata.export_cache.is_some();
            let places = infos.locations(graph, &metadata.locations);
            if !places.is_empty() {
                locations.push((vertex.digest(), pb::Locations { locations: places }));
            }
            let encoded = metadata.to_proto(vertex.caps());
            ops.push((vertex.digest(), vertex.bytes().to_vec(), encoded));
        }
        // One input and nothing else, no constraints either: so the Go client's (`Marshal` in
        // `client/llb/state.go`), and what reads definitions knows the terminal by it.
        let terminal =
            pb::Op { inputs: vec![graph.input(output)], ..pb::Op::default() }.encode_canonical();
        let caps = [
            (true, Cap::CONSTRAINTS),
            (true, Cap::PLATFORM),
            (ignore_cache, Cap::META_IGNORE_CACHE),
            (description, Cap::META_DESCRIPTION),
            (export_cache, Cap::META_EXPORT_CACHE),
        ];
        let caps = caps.into_iter().filter(|(needed, _)| *needed);
        let metadata = pb::OpMetadata {
            caps: caps.map(|(_, cap)| (cap.id().to_owned(), true)).collect(),
            ..pb::OpMetadata::default()
        };
        ops.push((Digest::of(&terminal), terminal, metadata));
        Definition::from_parts(ops, locations, infos.infos)
    }

    /// The maps are keyed by digests as text. They are sorted as bytes first, which is the same order
    /// and several times faster.
    fn from_parts(
        ops: Vec<(Digest, Vec<u8>, pb::OpMetadata)>,
        mut locations: Vec<(Digest, pb::Locations)>,
        infos: Vec<pb::SourceInfo>,
    ) -> Definition {
        let mut digests = Vec::with_capacity(ops.len());
        let mut def = Vec::with_capacity(ops.len());
        let mut metadata = Vec::with_capacity(ops.len());
        for (digest, bytes, op_metadata) in ops {
            digests.push(digest);
            def.push(bytes);
            metadata.push((digest, op_metadata));
        }
        metadata.sort_unstable_by_key(|(digest, _)| *digest);
        locations.sort_unstable_by_key(|(digest, _)| *digest);
        let by_text = |(digest, value)| (String::from(digest), value);
        let source = pb::Source {
            locations: locations
                .into_iter()
                .map(|(digest, locations)| (String::from(digest), locations))
                .collect(),
            infos,
        };
        let metadata = metadata.into_iter().map(by_text).collect();
        Definition { proto: pb::Definition { def, metadata, source: Some(source) }, digests }
    }
}

impl From<Definition> for pb::Definition {
    fn from(definition: Definition) -> pb::Definition {
        definition.into_proto()
    }
}

/// A definition that somebody else made, as it is: nothing is checked.
impl From<pb::Definition> for Definition {
    fn from(proto: pb::Definition) -> Definition {
        let digests = proto.def.iter().map(|bytes| Digest::of(bytes)).collect();
        Definition { proto, digests }
    }
}

/// The source files of a definition: those of its graph that its ops speak of, in the order in which
/// they do.
#[derive(Default)]
struct Infos {
    infos: Vec<pb::SourceInfo>,
    /// For each source file of the graph, its position among the infos, if it has one yet.
    positions: Vec<Option<i32>>,
}

impl Infos {
    /// The wire form of locations. One in a file that the graph does not have is left out: BuildKit
    /// uses the index unchecked.
    fn locations(&mut self, graph: &Graph, locations: &[crate::Location]) -> Vec<pb::Location> {
        let encode = |location: &crate::Location| {
            let info = graph.source(location.source)?;
            let index = location.source.0 as usize;
            if self.positions.len() <= index {
                self.positions.resize(index + 1, None);
            }
            let source_index = *self.positions[index].get_or_insert_with(|| {
                self.infos.push(info.clone().into());
                self.infos.len() as i32 - 1
            });
            let ranges = location.ranges.iter().map(|&range| range.into()).collect();
            Some(pb::Location { source_index, ranges })
        };
        locations.iter().filter_map(encode).collect()
    }
}
