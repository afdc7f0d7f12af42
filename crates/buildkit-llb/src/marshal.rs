//! The part of a graph that one state needs, written as a definition.
//!
//! Follows `Marshal` in `client/llb/state.go` of BuildKit.

use buildkit_proto::Encoded;
use buildkit_proto::fields::{definition, locations, source};

use crate::caps::Caps;
use crate::handle::write_input;
use crate::metadata::write_caps;
use crate::wire::{MAP_KEY, MAP_VALUE, Writer};
use crate::{Cap, Definition, Digest, Graph, Location, SourceInfo, State, Vertex};

impl Graph {
    /// The part of the graph that a state needs, in the form that is sent to BuildKit.
    pub fn definition(&self, state: State) -> Definition {
        marshal(self, state)
    }
}

fn marshal(graph: &Graph, state: State) -> Definition {
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
        message.message(definition::METADATA, |entry| {
            entry.digest(MAP_KEY, digests[at]);
            entry.bytes(MAP_VALUE, metadata);
        });
    }
    // The terminal has no location.
    let located = sorted.iter().filter_map(|&at| vertices.get(at));
    message.message(definition::SOURCE, |message| places.write(located, message));
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
            message.message(source::INFOS, |message| info.write(message));
        }
    }
}
