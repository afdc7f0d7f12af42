//! Importing a foreign definition into a graph: one from another frontend, or from a client with
//! `--build-context`.
//!
//! Ops are copied byte for byte, so that they remain the same vertices; only their inputs are
//! decoded.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;

use buildkit_proto::pb;

use crate::handle::VertexId;
use crate::{Definition, Digest, Graph, Location, Metadata, SourceId, State, decode_op};

impl Graph {
    /// Adds the ops of a definition with their metadata, and returns a handle to its state.
    ///
    /// Unknown capabilities are dropped: the daemon that returned the definition supports them.
    pub fn import(&mut self, definition: Definition) -> Result<State, ImportError> {
        let proto = definition.to_proto();
        let Some(terminal) = proto.def.last() else { return Ok(State::SCRATCH) };
        let terminal = decode(terminal)?;
        let head = terminal.inputs.first().ok_or(ImportError::NoTerminal)?;
        let mut import = Import::new(self, proto, definition.digests())?;
        // In the given order, as far as inputs come before their users in it.
        for &digest in &definition.digests()[..definition.digests().len() - 1] {
            import.add_with_inputs(self, digest)?;
        }
        import.state(head)
    }
}

/// The reason why a definition cannot be imported. The fault is its author's.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ImportError {
    /// An op is invalid.
    Decode(prost::DecodeError),
    /// The last op does not name the state.
    NoTerminal,
    /// An input of an op is missing.
    MissingInput(String),
    /// The number of an input's result is invalid.
    InputIndex(i64),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportError::Decode(_) => write!(f, "an op of the definition cannot be decoded"),
            ImportError::NoTerminal => write!(f, "the definition's last op has no input"),
            ImportError::MissingInput(digest) => {
                write!(f, "the definition lacks the op {digest}, which another reads")
            }
            ImportError::InputIndex(index) => {
                write!(f, "an op of the definition reads output {index} of another")
            }
        }
    }
}

impl Error for ImportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ImportError::Decode(error) => Some(error),
            ImportError::NoTerminal | ImportError::MissingInput(_) | ImportError::InputIndex(_) => {
                None
            }
        }
    }
}

/// The state of an import.
struct Import {
    ops: BTreeMap<Digest, Foreign>,
    /// The ops that are in the graph already.
    added: BTreeMap<Digest, VertexId>,
}

/// An op of the definition.
struct Foreign {
    bytes: Vec<u8>,
    inputs: Vec<pb::Input>,
    metadata: pb::OpMetadata,
    locations: Vec<Location>,
}

impl Import {
    fn new(
        graph: &mut Graph,
        definition: pb::Definition,
        digests: &[Digest],
    ) -> Result<Import, ImportError> {
        let pb::Definition { def, mut metadata, source } = definition;
        let pb::Source { mut locations, infos } = source.unwrap_or_default();
        let sources: Vec<_> = infos.into_iter().map(|info| graph.add_source(info.into())).collect();
        let mut ops = BTreeMap::new();
        for (&digest, bytes) in digests.iter().zip(def) {
            let key = String::from(digest);
            let op = Foreign {
                inputs: decode(&bytes)?.inputs,
                metadata: metadata.remove(&key).unwrap_or_default(),
                locations: import_locations(locations.remove(&key).unwrap_or_default(), &sources),
                bytes,
            };
            ops.insert(digest, op);
        }
        Ok(Import { ops, added: BTreeMap::new() })
    }

    /// Adds an op after all those that it needs. An op refers to its inputs by their digests, so
    /// there cannot be cycles.
    fn add_with_inputs(&mut self, graph: &mut Graph, op: Digest) -> Result<(), ImportError> {
        let mut pending = vec![op];
        while let Some(&digest) = pending.last() {
            if self.added.contains_key(&digest) {
                pending.pop();
                continue;
            }
            let op = self.ops.get(&digest);
            let op = op.ok_or_else(|| ImportError::MissingInput(digest.to_string()))?;
            let waiting = pending.len();
            for input in &op.inputs {
                let input = digest_of(input)?;
                if !self.added.contains_key(&input) {
                    pending.push(input);
                }
            }
            if pending.len() == waiting {
                pending.pop();
                self.add(graph, digest)?;
            }
        }
        Ok(())
    }

    fn add(&mut self, graph: &mut Graph, digest: Digest) -> Result<(), ImportError> {
        let Some(op) = self.ops.remove(&digest) else { return Ok(()) };
        let inputs = op.inputs.iter().map(|input| self.state(input));
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let outputs: Vec<_> = inputs.into_iter().filter_map(|state| state.0).collect();
        let (metadata, caps) = Metadata::from_proto(op.metadata);
        let metadata = Metadata { locations: op.locations, ..metadata };
        let id = graph.insert_bytes(&op.bytes, &outputs, metadata, caps);
        self.added.insert(digest, id);
        Ok(())
    }

    /// A result of an op that is in the graph already.
    fn state(&self, input: &pb::Input) -> Result<State, ImportError> {
        let index = u32::try_from(input.index).map_err(|_| ImportError::InputIndex(input.index))?;
        let id = self.added.get(&digest_of(input)?);
        let id = id.ok_or_else(|| ImportError::MissingInput(input.digest.clone()))?;
        Ok(id.output(index))
    }
}

fn decode(bytes: &[u8]) -> Result<pb::Op, ImportError> {
    decode_op(bytes).map_err(ImportError::Decode)
}

fn digest_of(input: &pb::Input) -> Result<Digest, ImportError> {
    input.digest.parse().map_err(|_| ImportError::MissingInput(input.digest.clone()))
}

/// Drops locations without lines, and those in files that the definition does not have.
fn import_locations(locations: pb::Locations, sources: &[SourceId]) -> Vec<Location> {
    let import = |location: pb::Location| {
        let index = usize::try_from(location.source_index).ok()?;
        let source = *sources.get(index)?;
        let mut ranges = location.ranges.into_iter().map(Into::into);
        Some(Location { source, range: ranges.next()?, further: ranges.collect() })
    };
    locations.locations.into_iter().filter_map(import).collect()
}
