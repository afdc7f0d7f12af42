//! Ops in, handles to their results out; and the part of the graph that one result needs.
//!
//! An op is encoded and hashed the moment it is added. Its inputs are handles that the same graph
//! gave out before, so a graph has no cycles, and its ops are in an order in which each stands after
//! those it reads. What the ops do is not known here: each op's own file says that.

use buildkit_proto::pb;

use crate::digest::DigestMap;
use crate::ops::Draft;
use crate::{Cap, Definition, Digest, Metadata, Op, SourceId, SourceInfo};

/// A graph of ops, which grows and is never changed otherwise.
///
/// One graph can hold everything that a build needs, for several targets and platforms; a
/// [`Definition`] has only what one [`State`] needs. An op that is added twice is one vertex.
///
/// Handles belong to the graph that gave them out. One of another graph means some other vertex here,
/// or none: then the methods that take it panic.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    vertices: Vec<Vertex>,
    by_digest: DigestMap<VertexId>,
    sources: Vec<SourceInfo>,
}

impl Graph {
    /// A graph without ops.
    pub fn new() -> Graph {
        Graph::default()
    }

    /// Adds an op and gives a handle to what it makes: for most ops a [`State`].
    pub fn add<O: Op>(&mut self, op: O, metadata: Metadata) -> O::Handle {
        op.add_to(self, metadata)
    }

    /// Adds a source file that the locations of ops can then speak of. Adding it again gives the same
    /// handle.
    pub fn add_source(&mut self, info: SourceInfo) -> SourceId {
        let known = self.sources.iter().position(|source| *source == info);
        let index = known.unwrap_or_else(|| {
            self.sources.push(info);
            self.sources.len() - 1
        });
        SourceId(to_u32(index))
    }

    /// The source file of a handle, if it is one of this graph.
    pub fn source(&self, source: SourceId) -> Option<&SourceInfo> {
        self.sources.get(source.0 as usize)
    }

    /// The op that makes a state; none for scratch.
    pub fn vertex(&self, state: State) -> Option<&Vertex> {
        state.0.map(|output| &self.vertices[output.vertex.index()])
    }

    /// The digest of the op that makes a state; none for scratch.
    pub fn digest(&self, state: State) -> Option<Digest> {
        self.vertex(state).map(Vertex::digest)
    }

    /// The ops that a state needs, its own last, each after those it reads.
    pub fn vertices(&self, state: State) -> impl Iterator<Item = &Vertex> {
        let reached = self.reached_by(state);
        self.vertices.iter().zip(reached).filter_map(|(vertex, reached)| reached.then_some(vertex))
    }

    /// The part of the graph that a state needs, as it is sent to BuildKit.
    pub fn definition(&self, state: State) -> Definition {
        Definition::of(self, state)
    }

    /// Encodes an op and puts it into the graph, unless it is there already.
    pub(crate) fn insert(&mut self, draft: Draft, mut metadata: Metadata) -> VertexId {
        let Draft { op, platform, inputs, mut caps } = draft;
        if !matches!(op, pb::op::Op::Exec(_)) {
            metadata.linux_resources = None;
        } else if metadata.linux_resources.is_some() {
            caps.push(Cap::EXEC_META_LINUX_RESOURCES);
        }
        let bytes = pb::Op {
            inputs: inputs.iter().map(|&output| self.input(output)).collect(),
            op: Some(op),
            platform: platform.map(pb::Platform::from),
            // Means nothing, but the Go client always sends it (`MarshalConstraints` in
            // `client/llb/marshal.go`), and with it our digests are those of its ops.
            constraints: Some(pb::WorkerConstraints::default()),
        }
        .encode_canonical();
        self.insert_encoded(bytes, inputs, metadata, caps)
    }

    /// Puts an op that is encoded already into the graph, unless it is there already.
    pub(crate) fn insert_encoded(
        &mut self,
        bytes: Vec<u8>,
        inputs: Vec<Output>,
        mut metadata: Metadata,
        mut caps: Vec<Cap>,
    ) -> VertexId {
        let digest = Digest::of(&bytes);
        if let Some(&id) = self.by_digest.get(&digest) {
            let vertex = &mut self.vertices[id.index()];
            vertex.metadata.merge(metadata);
            vertex.caps.extend(caps);
            normalize(&mut vertex.caps);
            return id;
        }
        metadata.normalize();
        normalize(&mut caps);
        let id = VertexId(to_u32(self.vertices.len()));
        self.vertices.push(Vertex { digest, bytes, inputs, metadata, caps });
        self.by_digest.insert(digest, id);
        id
    }

    /// The wire form of a reference to a result.
    pub(crate) fn input(&self, output: Output) -> pb::Input {
        let digest = self.vertices[output.vertex.index()].digest;
        pb::Input { digest: digest.into(), index: i64::from(output.index) }
    }

    /// For each vertex up to a state's own, whether the state needs it.
    fn reached_by(&self, state: State) -> Vec<bool> {
        let Some(target) = state.0 else { return Vec::new() };
        let mut reached = vec![false; target.vertex.index() + 1];
        reached[target.vertex.index()] = true;
        // Inputs stand before their users, so one walk from the target down finds them all.
        for index in (0..reached.len()).rev() {
            if reached[index] {
                for input in &self.vertices[index].inputs {
                    reached[input.vertex.index()] = true;
                }
            }
        }
        reached
    }
}

/// A file system that a build makes, or scratch, the empty one: a handle to one output of an op.
///
/// Only a [`Graph`] makes handles other than [`State::SCRATCH`], so none can dangle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State(pub(crate) Option<Output>);

impl State {
    /// The empty file system.
    pub const SCRATCH: State = State(None);

    /// Whether this is the empty file system that no op makes.
    pub fn is_scratch(self) -> bool {
        self.0.is_none()
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            None => write!(f, "State(scratch)"),
            Some(output) => write!(f, "State({}, output {})", output.vertex.0, output.index),
        }
    }
}

/// An op in a [`Graph`], with what is said about it.
#[derive(Clone, Debug)]
pub struct Vertex {
    digest: Digest,
    bytes: Vec<u8>,
    inputs: Vec<Output>,
    metadata: Metadata,
    caps: Vec<Cap>,
}

impl Vertex {
    /// The digest of its encoded bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The encoded op.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What is said about it.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// What a daemon must be able to do to run it, in order and each once.
    pub fn caps(&self) -> &[Cap] {
        &self.caps
    }
}

/// Position of a vertex in its graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct VertexId(u32);

impl VertexId {
    /// A result of this vertex.
    pub(crate) fn output(self, index: u32) -> State {
        State(Some(Output { vertex: self, index }))
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// One result of a vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Output {
    vertex: VertexId,
    index: u32,
}

fn normalize(caps: &mut Vec<Cap>) {
    caps.sort_unstable();
    caps.dedup();
}

/// Handles have half the size that they would have with `usize`.
fn to_u32(index: usize) -> u32 {
    u32::try_from(index).expect("a graph has fewer than 2^32 ops and files")
}
