//! The part of a graph that one state needs, in BuildKit's form.
//!
//! Must not depend on how it is sent, or on limits of its size.

use buildkit_proto::{Encoded, pb};
use prost::{DecodeError, Message};

use crate::caps::Caps;
use crate::{Cap, Digest};

/// A graph for BuildKit: encoded ops, the metadata of each, and the source files that they come
/// from. The definition of scratch is empty.
///
/// It is stored as its encoded message. Its `{}` format is a text for people, deterministic for a
/// graph; see the crate's golden tests. `{:#}` shows full digests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Definition {
    pub(crate) encoded: Encoded<pb::Definition>,
    /// The digest of each encoded op.
    pub(crate) digests: Vec<Digest>,
    pub(crate) head: Option<Digest>,
    pub(crate) caps: Caps,
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
}

/// Decodes an op. Call this instead of [`pb::Op::decode`](Message::decode), which compiles the decoder
/// of all ops into each crate that calls it: 50 kB of a program. Fails if the bytes are not an op.
pub fn decode_op(bytes: &[u8]) -> Result<pb::Op, DecodeError> {
    pb::Op::decode(bytes)
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
        let terminal = proto.def.last().and_then(|bytes| decode_op(bytes).ok());
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
