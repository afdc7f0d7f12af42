//! The part of a graph that one state needs, in the form in which BuildKit takes it.
//!
//! How it is sent, and how large it may be, is not known here.

use buildkit_proto::fields::{definition, locations, source};
use buildkit_proto::{Encoded, pb};
use prost::{DecodeError, Message};

use crate::caps::Caps;
use crate::graph::{Vertex, write_input};
use crate::metadata::write_caps;
use crate::wire::{MAP_KEY, MAP_VALUE, Writer};
use crate::{Cap, Digest, Graph, Location, SourceInfo, State};

/// A graph for BuildKit: encoded ops, what is said about each, and the source files that they come
/// from. That of scratch is empty.
///
/// It is kept as the bytes of its message. Printed with `{}` it is a text for people, the same for the
/// same graph; see the crate's golden tests. `{:#}` has the digests in full.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definition {
    encoded: Encoded<pb::Definition>,
    /// Of each encoded op.
    digests: Vec<Digest>,
    head: Option<Digest>,
    caps: Caps,
}

impl Definition {
    /// The message to send.
    pub fn into_encoded(self) -> Encoded<pb::Definition> {
        self.encoded
    }

    /// The bytes of the message to send.
    pub fn as_bytes(&self) -> &[u8] {
        self.encoded.as_bytes()
    }

    /// The message to send, to look into: this decodes all of it.
    pub fn to_proto(&self) -> pb::Definition {
        self.encoded.message().expect("a definition has the bytes of its message")
    }

    /// How many bytes the message has. Daemons refuse requests above 16 MiB, those before v0.14 above
    /// 4 MiB.
    pub fn encoded_len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether it is that of scratch.
    pub fn is_scratch(&self) -> bool {
        self.digests.is_empty()
    }

    /// The digest of the op that makes the state; none for scratch.
    pub fn head(&self) -> Option<Digest> {
        self.head
    }

    /// The digests of the encoded ops, in their order; the last one is the terminal's, which names
    /// the state.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    /// What a daemon must be able to do to run it, in order and each once. Of a definition that
    /// somebody else made, as far as it is known here.
    pub fn caps(&self) -> impl Iterator<Item = Cap> {
        self.caps.iter()
    }

    pub(crate) fn of(graph: &Graph, state: State) -> Definition {
        let (Some(output), Some(head)) = (state.0, graph.digest(state)) else {
            return Definition::default();
        };
        let vertices: Vec<Vertex<'_>> = graph.vertices(state).collect();
        // One input and nothing else, no constraints either: so the Go client's (`Marshal` in
        // `client/llb/state.go`), and what reads definitions knows the terminal by it.
        let mut terminal = Writer::default();
        write_input(&mut terminal, output, head);
        let mut caps = Caps::from_iter([Cap::CONSTRAINTS, Cap::PLATFORM]);
        for vertex in &vertices {
            caps = caps.union(vertex.metadata_caps());
        }
        let mut metadata = Writer::default();
        write_caps(caps, &mut metadata);

        let mut ops: Vec<Encodings<'_>> = vertices.iter().map(Encodings::of).collect();
        ops.push(Encodings { vertex: None, op: &terminal.bytes, metadata: &metadata.bytes });
        let terminal = Digest::of(&terminal.bytes);
        let digests: Vec<_> =
            vertices.iter().map(|vertex| vertex.digest()).chain([terminal]).collect();
        Definition {
            encoded: Encoded::from_bytes(write(&ops, &digests, &Places::of(graph, &vertices))),
            digests,
            head: Some(head),
            caps: vertices.iter().fold(caps, |caps, vertex| caps.union(vertex.cap_set())),
        }
    }
}

/// A definition that somebody else made, as it is: nothing is checked.
impl From<pb::Definition> for Definition {
    fn from(proto: pb::Definition) -> Definition {
        let terminal = proto.def.last().and_then(|bytes| pb::Op::decode(bytes.as_slice()).ok());
        let head = terminal.and_then(|terminal| terminal.inputs.first()?.digest.parse().ok());
        let caps = proto.metadata.values().flat_map(|metadata| metadata.caps.keys());
        Definition {
            encoded: Encoded::new(&proto),
            digests: proto.def.iter().map(|bytes| Digest::of(bytes)).collect(),
            head,
            caps: caps.filter_map(|id| Cap::find(id)).collect(),
        }
    }
}

/// Fails if the bytes are not those of a definition.
impl TryFrom<Encoded<pb::Definition>> for Definition {
    type Error = DecodeError;

    fn try_from(encoded: Encoded<pb::Definition>) -> Result<Definition, DecodeError> {
        encoded.message().map(Definition::from)
    }
}

/// An op of a definition, and what is said about it.
struct Encodings<'g> {
    /// None for the terminal, which comes from no place.
    vertex: Option<Vertex<'g>>,
    op: &'g [u8],
    metadata: &'g [u8],
}

impl<'g> Encodings<'g> {
    fn of(vertex: &Vertex<'g>) -> Encodings<'g> {
        let metadata = vertex.encoded_metadata();
        Encodings { vertex: Some(*vertex), op: vertex.bytes(), metadata }
    }
}

/// Writes the message of ops with these digests.
fn write(ops: &[Encodings<'_>], digests: &[Digest], places: &Places<'_>) -> Vec<u8> {
    /// What an op takes beside its bytes and its metadata: its digest twice, its lines, all lengths.
    const AROUND_OP: usize = 256;
    let size = ops.iter().map(|op| op.op.len() + op.metadata.len() + AROUND_OP).sum::<usize>();
    let mut message = Writer { bytes: Vec::with_capacity(size + places.data_len()) };
    for op in ops {
        message.item(definition::DEF, op.op);
    }
    // Keys of maps are sorted: as bytes, which is the same order as that of their texts.
    let sorted = Digest::order(digests);
    for &at in &sorted {
        let metadata = ops[at].metadata;
        message.message_of(definition::METADATA, AROUND_OP / 2 + metadata.len(), |entry| {
            entry.digest(MAP_KEY, digests[at]);
            entry.bytes(MAP_VALUE, metadata);
        });
    }
    let located = sorted.iter().filter_map(|&at| ops[at].vertex);
    let size = ops.len() * AROUND_OP / 2 + places.data_len();
    message.message_of(definition::SOURCE, size, |message| places.write(located, message));
    message.bytes
}

/// Where the ops of a definition come from.
struct Places<'g> {
    /// The source files that the ops speak of, in the order in which they do.
    infos: Vec<&'g SourceInfo>,
    /// For each source file of the graph, its position among these.
    positions: Vec<u32>,
}

impl<'g> Places<'g> {
    fn of(graph: &'g Graph, vertices: &[Vertex<'g>]) -> Places<'g> {
        let mut first_users = vec![None; graph.sources().len()];
        for (at, vertex) in vertices.iter().enumerate() {
            for location in vertex.unsorted_locations() {
                if let Some(first) = first_users.get_mut(location.source.0 as usize) {
                    first.get_or_insert(at);
                }
            }
        }
        let mut used: Vec<usize> =
            (0..first_users.len()).filter(|&source| first_users[source].is_some()).collect();
        used.sort_by_key(|&source| first_users[source]);
        let mut positions = vec![0; first_users.len()];
        for (position, &source) in (0..).zip(&used) {
            positions[source] = position;
        }
        let infos = used.into_iter().map(|source| &graph.sources()[source]).collect();
        Places { infos, positions }
    }

    /// How many bytes the source files have.
    fn data_len(&self) -> usize {
        self.infos.iter().map(|info| info.data.len()).sum()
    }

    /// The place of a location's file among those of the definition. One in a file that the graph does
    /// not have is left out: BuildKit uses the index unchecked.
    fn position(&self, location: &Location) -> Option<u32> {
        self.positions.get(location.source.0 as usize).copied()
    }

    /// Writes the message of all places: those of these ops, and the files.
    fn write(&self, ops: impl Iterator<Item = Vertex<'g>>, message: &mut Writer) {
        let mut of_op: Vec<&Location> = Vec::new();
        for vertex in ops {
            of_op.clear();
            of_op.extend(vertex.unsorted_locations());
            of_op.retain(|location| self.position(location).is_some());
            of_op.sort_unstable();
            of_op.dedup();
            if of_op.is_empty() {
                continue;
            }
            message.message(source::LOCATIONS, |entry| {
                entry.digest(MAP_KEY, vertex.digest());
                entry.message(MAP_VALUE, |message| {
                    for location in &of_op {
                        let Some(position) = self.position(location) else { continue };
                        message.message(locations::LOCATIONS, |message| {
                            location.write(position, message);
                        });
                    }
                });
            });
        }
        for info in &self.infos {
            message.message_of(source::INFOS, info.data.len(), |message| info.write(message));
        }
    }
}
