//! The canonical encoding of an op, whose hash BuildKit uses as the op's digest.

use prost::Message;

use crate::pb::Op;

impl Op {
    /// Encodes the op as BuildKit does before it hashes it (`Op.Marshal` in `solver/pb/ops.go`).
    ///
    /// That is Go's deterministic encoding, which writes the fields of a oneof after all others
    /// (`LegacyFieldOrder` in `google.golang.org/protobuf/internal/order`): here the kind of the op
    /// comes last, after platform and constraints. In every other message of an op the oneof has
    /// the highest numbers anyway. A daemon of v0.18 or later re-encodes each op. An op that was
    /// sent in another order would get another digest there and lose its source locations.
    pub fn encode_canonical(mut self) -> Vec<u8> {
        let kind = self.op.take();
        let mut bytes = self.encode_to_vec();
        if let Some(kind) = kind {
            kind.encode(&mut bytes);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pb::{self, Platform, SourceOp, WorkerConstraints};

    #[test]
    fn the_kind_of_an_op_comes_last() {
        let op = Op {
            inputs: Vec::new(),
            op: Some(pb::op::Op::Source(SourceOp {
                identifier: "i".to_owned(),
                ..SourceOp::default()
            })),
            platform: Some(Platform { architecture: "a".to_owned(), ..Platform::default() }),
            constraints: Some(WorkerConstraints::default()),
        };
        assert_eq!(op.clone().encode_canonical(), b"\x52\x03\x0a\x01a\x5a\x00\x1a\x03\x0a\x01i");
        assert_eq!(Op::decode(op.clone().encode_canonical().as_slice()), Ok(op));
    }
}
