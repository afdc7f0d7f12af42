//! The graph of ops: adding ops, handles to their results, and the part that one result needs.
//!
//! An op is encoded and hashed when it is added, and only its bytes are kept. Its inputs are
//! handles that the same graph returned before, so a graph has no cycles, and its ops are in
//! topological order. Must not depend on the kinds of ops; each kind has a file of its own.

use std::ops::Range;

use buildkit_proto::pb;
use prost::Message;

use crate::caps::Caps;
use crate::digest::DigestMap;
use crate::draft::Draft;
use crate::handle::{Output, VertexId, to_u32, write_input};
use crate::wire::Writer;
use crate::{Cap, Digest, Location, Metadata, SourceId, SourceInfo, State};

/// Anything that can be added to a [`Graph`]: one of BuildKit's ops, or a combination of them.
pub trait Op {
    /// The handle to its results, for use in further ops.
    type Handle;

    /// Adds the op. Callers normally use [`Graph::add`].
    fn add_to(self, graph: &mut Graph, metadata: Metadata<'_>) -> Self::Handle;
}

/// An append-only graph of ops.
///
/// One graph can hold everything that a build needs, for several targets and platforms; a
/// [`Definition`](crate::Definition) contains only what one [`State`] needs. An op that is added twice is one vertex.
///
/// Handles belong to the graph that returned them. A handle of another graph refers to a wrong
/// vertex here, or to none: then the methods that take it panic.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    vertices: Vec<Stored>,
    by_digest: DigestMap<VertexId>,
    sources: Vec<SourceInfo>,
    /// The encoded ops and their metadata, without their locations.
    wire: Writer,
    /// The inputs of all ops, one op after the other.
    inputs: Vec<Output>,
    /// The locations of ops. Those of one op form a linked list, as it may be added again later.
    locations: Vec<Link>,
    /// The op that is being built.
    draft: Draft,
}

/// The parts of an op as ranges of the graph's vectors.
#[derive(Clone, Debug)]
struct Stored {
    digest: Digest,
    op: Part,
    metadata: Part,
    inputs: Part,
    /// The head of its list of locations.
    location: Option<u32>,
    caps: Caps,
    metadata_caps: Caps,
}

/// A range in one of the graph's vectors.
#[derive(Clone, Copy, Debug)]
struct Part {
    start: u32,
    end: u32,
}

impl Part {
    fn of(start: usize, end: usize) -> Part {
        Part { start: to_u32(start), end: to_u32(end) }
    }

    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A location of an op, and its predecessor.
#[derive(Clone, Debug)]
struct Link {
    location: Location,
    before: Option<u32>,
}

impl Graph {
    /// A graph without ops.
    pub fn new() -> Graph {
        Graph::default()
    }

    /// Reserves space for `ops` more ops with a total size of `bytes`, including metadata.
    /// Optional: without it, the graph reallocates as it grows, which takes longer.
    pub fn reserve(&mut self, ops: usize, bytes: usize) {
        self.vertices.reserve(ops);
        self.by_digest.reserve(ops);
        self.locations.reserve(ops);
        // Most ops have a base and one more input.
        self.inputs.reserve(2 * ops);
        self.wire.bytes.reserve(bytes);
    }

    /// Adds an op and returns a handle to its result: for most ops a [`State`].
    pub fn add<O: Op>(&mut self, op: O, metadata: Metadata<'_>) -> O::Handle {
        op.add_to(self, metadata)
    }

    /// Adds a source file for the locations of ops. Adding it again returns the same handle.
    pub fn add_source(&mut self, info: SourceInfo) -> SourceId {
        let known = self.sources.iter().position(|source| *source == info);
        let index = known.unwrap_or_else(|| {
            self.sources.push(info);
            self.sources.len() - 1
        });
        SourceId(to_u32(index))
    }

    /// The source file of a handle; `None` if it belongs to another graph.
    pub fn source(&self, source: SourceId) -> Option<&SourceInfo> {
        self.sources.get(source.0 as usize)
    }

    pub(crate) fn sources(&self) -> &[SourceInfo] {
        &self.sources
    }

    /// The op that makes a state; `None` for scratch.
    pub fn vertex(&self, state: State) -> Option<Vertex<'_>> {
        state.0.map(|output| self.stored(output.vertex.index()))
    }

    /// The digest of the op that makes a state; `None` for scratch.
    pub fn digest(&self, state: State) -> Option<Digest> {
        self.vertex(state).map(Vertex::digest)
    }

    /// The ops that a state needs, its own last, each after its inputs.
    pub fn vertices(&self, state: State) -> impl Iterator<Item = Vertex<'_>> {
        let reached = self.reached_by(state).into_iter().enumerate();
        reached.filter(|&(_, reached)| reached).map(|(index, _)| self.stored(index))
    }

    /// Size of all ops and their metadata in bytes. A definition of the whole graph is larger: it
    /// also contains digests and source locations.
    pub fn encoded_len(&self) -> usize {
        self.wire.bytes.len()
    }

    /// An empty draft of an op. It is kept in the graph, since moving what was just written is
    /// slow.
    pub(crate) fn draft(&mut self) -> &mut Draft {
        self.draft.clear();
        &mut self.draft
    }

    /// Encodes the draft and adds it to the graph, unless the op exists already.
    pub(crate) fn insert(&mut self, mut metadata: Metadata<'_>) -> VertexId {
        match metadata.linux_resources {
            Some(_) if self.draft.runs_container => {
                self.draft.needs(Cap::EXEC_META_LINUX_RESOURCES);
            }
            _ => metadata.linux_resources = None,
        }
        let start = self.wire.bytes.len();
        let first_input = self.inputs.len();
        for &output in self.draft.inputs.outputs() {
            write_input(&mut self.wire, output, self.vertices[output.vertex.index()].digest);
            self.inputs.push(output);
        }
        self.draft.write_rest(&mut self.wire);
        self.insert_encoded(start, first_input, &mut metadata, self.draft.caps)
    }

    /// Adds an op of a definition to the graph, unless it exists already.
    pub(crate) fn insert_bytes(
        &mut self,
        bytes: &[u8],
        inputs: &[Output],
        mut metadata: Metadata<'_>,
        caps: Caps,
    ) -> VertexId {
        let (start, first_input) = (self.wire.bytes.len(), self.inputs.len());
        self.wire.bytes.extend_from_slice(bytes);
        self.inputs.extend_from_slice(inputs);
        self.insert_encoded(start, first_input, &mut metadata, caps)
    }

    /// Adds the op whose bytes and inputs were written last, unless it exists already.
    fn insert_encoded(
        &mut self,
        start: usize,
        first_input: usize,
        metadata: &mut Metadata<'_>,
        caps: Caps,
    ) -> VertexId {
        let end = self.wire.bytes.len();
        let digest = Digest::of(&self.wire.bytes[start..]);
        if let Some(&id) = self.by_digest.get(&digest) {
            self.wire.bytes.truncate(start);
            self.inputs.truncate(first_input);
            self.say_more(id, std::mem::take(metadata), caps);
            return id;
        }
        metadata.write(caps, &mut self.wire);
        let id = VertexId(to_u32(self.vertices.len()));
        self.vertices.push(Stored {
            digest,
            op: Part::of(start, end),
            metadata: Part::of(end, self.wire.bytes.len()),
            inputs: Part::of(first_input, self.inputs.len()),
            location: None,
            caps,
            metadata_caps: metadata.caps(),
        });
        self.add_locations(id, std::mem::take(&mut metadata.locations));
        self.by_digest.insert(digest, id);
        id
    }

    /// Adds metadata to an existing op.
    fn say_more(&mut self, id: VertexId, mut metadata: Metadata<'_>, caps: Caps) {
        self.add_locations(id, std::mem::take(&mut metadata.locations));
        let known = self.stored(id.index());
        let united = known.stored.caps.union(caps);
        let merged = known.metadata_without_locations().merge(metadata);
        let start = self.wire.bytes.len();
        merged.write(united, &mut self.wire);
        let stored = &mut self.vertices[id.index()];
        stored.caps = united;
        stored.metadata_caps = merged.caps();
        // Usually nothing is new.
        if self.wire.bytes[stored.metadata.range()] == self.wire.bytes[start..] {
            self.wire.bytes.truncate(start);
        } else {
            stored.metadata = Part::of(start, self.wire.bytes.len());
        }
    }

    fn add_locations(&mut self, id: VertexId, locations: Vec<Location>) {
        let last = &mut self.vertices[id.index()].location;
        for location in locations {
            self.locations.push(Link { location, before: *last });
            *last = Some(to_u32(self.locations.len() - 1));
        }
    }

    fn stored(&self, index: usize) -> Vertex<'_> {
        Vertex { graph: self, stored: &self.vertices[index] }
    }

    /// For each vertex up to a state's own, true if the state needs it.
    fn reached_by(&self, state: State) -> Vec<bool> {
        let Some(target) = state.0 else { return Vec::new() };
        let mut reached = vec![false; target.vertex.index() + 1];
        reached[target.vertex.index()] = true;
        // Inputs come before their users, so one backward walk from the target finds them all.
        for index in (0..reached.len()).rev() {
            if reached[index] {
                for input in &self.inputs[self.vertices[index].inputs.range()] {
                    reached[input.vertex.index()] = true;
                }
            }
        }
        reached
    }
}

/// An op in a [`Graph`], with its metadata.
#[derive(Clone, Copy)]
pub struct Vertex<'g> {
    graph: &'g Graph,
    stored: &'g Stored,
}

impl<'g> Vertex<'g> {
    /// The digest of its encoded bytes.
    pub fn digest(self) -> Digest {
        self.stored.digest
    }

    /// The encoded op.
    pub fn bytes(self) -> &'g [u8] {
        &self.graph.wire.bytes[self.stored.op.range()]
    }

    /// Its metadata. Decoded on each call.
    pub fn metadata(self) -> Metadata<'static> {
        let locations = self.locations().into_iter().cloned().collect();
        Metadata { locations, ..self.metadata_without_locations() }
    }

    /// Its source locations, sorted and without duplicates.
    pub fn locations(self) -> Vec<&'g Location> {
        let mut locations: Vec<_> = self.unsorted_locations().collect();
        locations.sort();
        locations.dedup();
        locations
    }

    pub(crate) fn unsorted_locations(self) -> impl Iterator<Item = &'g Location> {
        let link = move |at: Option<u32>| Some(&self.graph.locations[at? as usize]);
        let last = link(self.stored.location);
        std::iter::successors(last, move |link_behind| link(link_behind.before))
            .map(|link| &link.location)
    }

    /// The capabilities that a daemon needs to run it, sorted and without duplicates.
    pub fn caps(self) -> impl Iterator<Item = Cap> {
        self.stored.caps.iter()
    }

    pub(crate) fn cap_set(self) -> Caps {
        self.stored.caps
    }

    /// The capabilities that a daemon needs to understand its metadata.
    pub(crate) fn metadata_caps(self) -> Caps {
        self.stored.metadata_caps
    }

    /// Its encoded metadata, without its locations.
    pub(crate) fn encoded_metadata(self) -> &'g [u8] {
        &self.graph.wire.bytes[self.stored.metadata.range()]
    }

    fn metadata_without_locations(self) -> Metadata<'static> {
        let proto = pb::OpMetadata::decode(self.encoded_metadata());
        Metadata::from_proto(proto.expect("a graph keeps what it wrote itself")).0
    }
}

impl std::fmt::Debug for Vertex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vertex({})", self.digest())
    }
}
