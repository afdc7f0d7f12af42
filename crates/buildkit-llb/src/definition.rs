//! The part of a graph that one state needs, in BuildKit's form.
//!
//! Must not depend on how it is sent, or on limits of its size.

use buildkit_proto::fields::{definition, locations, source};
use buildkit_proto::{Encoded, pb};
use prost::{DecodeError, Message};

use crate::caps::Caps;
use crate::graph::{Vertex, write_input};
use crate::metadata::write_caps;
use crate::wire::{MAP_KEY, MAP_VALUE, Writer};
use crate::{Cap, Digest, Graph, Location, SourceInfo, State};

/// A graph for BuildKit: encoded ops, the metadata of each, and the source files that they come
/// from. The definition of scratch is empty.
///
/// It is stored as its encoded message. Its `{}` format is a text for people, deterministic for a
/// graph; see the crate's golden tests. `{:#}` shows full digests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definition {
    encoded: Encoded<pb::Definition>,
    /// The digest of each encoded op.
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

    /// The decoded message. This decodes all of it.
    pub fn to_proto(&self) -> pb::Definition {
        self.encoded.message().expect("a definition has the bytes of its message")
    }

    /// Size of the message in bytes. Daemons reject requests above 16 MiB, those before v0.14 above
    /// 4 MiB.
    pub fn encoded_len(&self) -> usize {
        self.as_bytes().len()
    }

    /// True for the definition of scratch.
    pub fn is_scratch(&self) -> bool {
        self.digests.is_empty()
    }

    /// The digest of the op that makes the state; `None` for scratch.
    pub fn head(&self) -> Option<Digest> {
        self.head
    }

    /// The digests of the encoded ops, in order; the last one is that of the terminal, which names
    /// the state.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    /// The capabilities that a daemon needs to run it, sorted and without duplicates. For an
    /// imported definition, only those known to this crate.
    pub fn caps(&self) -> impl Iterator<Item = Cap> {
        self.caps.iter()
    }

    pub(crate) fn of(graph: &Graph, state: State) -> Definition {
        let (Some(output), Some(head)) = (state.0, graph.digest(state)) else {
            return Definition::default();
        };
        let vertices: Vec<Vertex<'_>> = graph.vertices(state).collect();
        let mut digests = Vec::with_capacity(vertices.len() + 1);
        let mut caps = Caps::default();
        let mut metadata_caps = Caps::from_iter([Cap::CONSTRAINTS, Cap::PLATFORM]);
        for vertex in &vertices {
            digests.push(vertex.digest());
            caps = caps.union(vertex.cap_set());
            metadata_caps = metadata_caps.union(vertex.metadata_caps());
        }
        // One input and nothing else, not even constraints: the Go client writes it like this
        // (`Marshal` in `client/llb/state.go`), and readers of definitions recognise the terminal
        // by it.
        let mut terminal = Writer::default();
        write_input(&mut terminal, output, head);
        digests.push(Digest::of(&terminal.bytes));
        let mut metadata = Writer::default();
        write_caps(metadata_caps, &mut metadata);
        let terminal = Terminal { op: &terminal.bytes, metadata: &metadata.bytes };
        Definition {
            encoded: Encoded::from_bytes(write(graph, &vertices, &terminal, &digests)),
            digests,
            head: Some(head),
            caps: caps.union(metadata_caps),
        }
    }
}

/// Wraps a foreign definition without checking it.
impl From<pb::Definition> for Definition {
    fn from(mut proto: pb::Definition) -> Definition {
        drop_empty_locations(&mut proto);
        Definition::with_encoded(Encoded::new(&proto), &proto)
    }
}

impl Definition {
    fn with_encoded(encoded: Encoded<pb::Definition>, proto: &pb::Definition) -> Definition {
        let terminal = proto.def.last().and_then(|bytes| pb::Op::decode(bytes.as_slice()).ok());
        let head = terminal.and_then(|terminal| terminal.inputs.first()?.digest.parse().ok());
        let caps = proto.metadata.values().flat_map(|metadata| metadata.caps.keys());
        Definition {
            encoded,
            digests: proto.def.iter().map(|bytes| Digest::of(bytes)).collect(),
            head,
            caps: caps.filter_map(|id| Cap::find(id)).collect(),
        }
    }
}

/// Removes ops without locations, also in the definitions of source files. Go's client writes such
/// entries with an empty message; prost would omit the message, and `NewDefinitionOp`
/// (`client/llb/definition.go`), which dereferences it, would crash the daemon.
fn drop_empty_locations(proto: &mut pb::Definition) {
    let Some(source) = &mut proto.source else { return };
    source.locations.retain(|_, locations| !locations.locations.is_empty());
    for definition in source.infos.iter_mut().filter_map(|info| info.definition.as_mut()) {
        drop_empty_locations(definition);
    }
}

/// Keeps the bytes as they are. Fails if they are not a valid definition.
impl TryFrom<Encoded<pb::Definition>> for Definition {
    type Error = DecodeError;

    fn try_from(encoded: Encoded<pb::Definition>) -> Result<Definition, DecodeError> {
        let proto = encoded.message()?;
        Ok(Definition::with_encoded(encoded, &proto))
    }
}

/// The last op of a definition, which is not in the graph, and its metadata.
struct Terminal<'t> {
    op: &'t [u8],
    metadata: &'t [u8],
}

/// Writes the message of a graph's vertices and the terminal. `digests` are theirs.
fn write(
    graph: &Graph,
    vertices: &[Vertex<'_>],
    terminal: &Terminal<'_>,
    digests: &[Digest],
) -> Vec<u8> {
    /// Estimated size of an entry besides an op's bytes and metadata: its digest twice, its lines,
    /// all lengths.
    const AROUND_OP: usize = 256;
    let places = Places::of(graph, vertices);
    let size = |vertex: &Vertex<'_>| vertex.bytes().len() + vertex.encoded_metadata().len();
    let size =
        vertices.iter().map(size).sum::<usize>() + terminal.op.len() + terminal.metadata.len();
    let size = size + digests.len() * AROUND_OP + places.data_len();
    let mut message = Writer { bytes: Vec::with_capacity(size) };
    for op in vertices.iter().map(|vertex| vertex.bytes()).chain([terminal.op]) {
        message.item(definition::DEF, op);
    }
    // Map keys are sorted by their bytes, which is the same order as that of their texts.
    let sorted = Digest::order(digests);
    for &at in &sorted {
        let metadata =
            vertices.get(at).map_or(terminal.metadata, |vertex| vertex.encoded_metadata());
        message.message_of(definition::METADATA, AROUND_OP / 2 + metadata.len(), |entry| {
            entry.digest(MAP_KEY, digests[at]);
            entry.bytes(MAP_VALUE, metadata);
        });
    }
    // The terminal has no location.
    let located = sorted.iter().filter_map(|&at| vertices.get(at));
    let size = digests.len() * AROUND_OP / 2 + places.data_len();
    message.message_of(definition::SOURCE, size, |message| places.write(located, message));
    message.bytes
}

/// The source locations of a definition's ops.
struct Places<'g> {
    /// The source files that the ops refer to, in the order of the first reference.
    infos: Vec<&'g SourceInfo>,
    /// For each source file of the graph, its index in `infos`.
    positions: Vec<u32>,
}

impl<'g> Places<'g> {
    fn of(graph: &'g Graph, vertices: &[Vertex<'g>]) -> Places<'g> {
        let mut unseen = graph.sources().len();
        let mut first_users = vec![None; unseen];
        for (at, vertex) in vertices.iter().enumerate() {
            if unseen == 0 {
                break;
            }
            for location in vertex.unsorted_locations() {
                if let Some(first @ None) = first_users.get_mut(location.source.0 as usize) {
                    *first = Some(at);
                    unseen -= 1;
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

    /// Total size of the source files in bytes.
    fn data_len(&self) -> usize {
        self.infos.iter().map(|info| info.data.len()).sum()
    }

    /// The index of a location's file in the definition. A location in a file that the graph does
    /// not have is omitted: BuildKit uses the index unchecked.
    fn position(&self, location: &Location) -> Option<u32> {
        self.positions.get(location.source.0 as usize).copied()
    }

    /// Writes the message of all locations: those of the given ops, and the files.
    fn write<'v>(&self, ops: impl Iterator<Item = &'v Vertex<'g>>, message: &mut Writer)
    where
        'g: 'v,
    {
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
