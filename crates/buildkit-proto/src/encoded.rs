//! Messages that stay encoded inside other messages.

use std::fmt;
use std::marker::PhantomData;

use prost::bytes::{Buf, BufMut};
use prost::encoding::{self, DecodeContext, WireType};
use prost::{DecodeError, Message};

/// A message of type `M` as its encoded bytes. It encodes like `M` itself when it is a field.
///
/// Graphs are large, and callers have them as bytes already. Keeping them encoded avoids decoding
/// them into many small allocations and encoding them again.
///
/// ```
/// use buildkit_proto::{Encoded, frontend, pb};
///
/// let definition = pb::Definition { def: vec![b"op".to_vec()], ..Default::default() };
/// let request =
///     frontend::SolveRequest { definition: Some(Encoded::new(&definition)), ..Default::default() };
/// assert_eq!(request.definition.unwrap_or_default().message(), Ok(definition));
/// ```
pub struct Encoded<M> {
    bytes: Vec<u8>,
    message: PhantomData<fn() -> M>,
}

impl<M> Encoded<M> {
    /// Wraps bytes that are already encoded, without checking them.
    pub fn from_bytes(bytes: Vec<u8>) -> Encoded<M> {
        Encoded { bytes, message: PhantomData }
    }

    /// The encoded message.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The encoded message, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl<M: Message + Default> Encoded<M> {
    /// Encodes a message.
    pub fn new(message: &M) -> Encoded<M> {
        Encoded::from_bytes(message.encode_to_vec())
    }

    /// Decodes the message. Fails if the bytes are not a valid one.
    pub fn message(&self) -> Result<M, DecodeError> {
        M::decode(self.bytes.as_slice())
    }
}

impl<M> Message for Encoded<M> {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.bytes);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        _: DecodeContext,
    ) -> Result<(), DecodeError> {
        encoding::encode_key(tag, wire_type, &mut self.bytes);
        let len = match wire_type {
            WireType::Varint => {
                encoding::encode_varint(encoding::decode_varint(buf)?, &mut self.bytes);
                return Ok(());
            }
            WireType::LengthDelimited => {
                let len = encoding::decode_varint(buf)?;
                encoding::encode_varint(len, &mut self.bytes);
                usize::try_from(len).unwrap_or(usize::MAX)
            }
            WireType::ThirtyTwoBit => 4,
            WireType::SixtyFourBit => 8,
            // Obsolete, and used by no message of BuildKit.
            WireType::StartGroup | WireType::EndGroup => return Err(cut_short()),
        };
        if buf.remaining() < len {
            return Err(cut_short());
        }
        self.bytes.put(buf.take(len));
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        self.bytes.len()
    }

    fn clear(&mut self) {
        self.bytes.clear();
    }
}

/// The error for a truncated message. prost has no public constructor for its errors, so this
/// provokes one by decoding from an empty buffer.
fn cut_short() -> DecodeError {
    let mut nothing: &[u8] = &[];
    encoding::decode_varint(&mut nothing).expect_err("there is nothing to decode")
}

impl<M> Clone for Encoded<M> {
    fn clone(&self) -> Encoded<M> {
        Encoded::from_bytes(self.bytes.clone())
    }
}

/// The empty message.
impl<M> Default for Encoded<M> {
    fn default() -> Encoded<M> {
        Encoded::from_bytes(Vec::new())
    }
}

impl<M> PartialEq for Encoded<M> {
    fn eq(&self, other: &Encoded<M>) -> bool {
        self.bytes == other.bytes
    }
}

impl<M> Eq for Encoded<M> {}

impl<M> fmt::Debug for Encoded<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoded({} bytes)", self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{frontend, pb};

    #[test]
    fn inside_of_others_it_is_what_the_message_is() {
        let definition = pb::Definition {
            def: vec![b"a".to_vec(), vec![0; 300]],
            metadata: [("d".to_owned(), pb::OpMetadata::default())].into(),
            source: Some(pb::Source::default()),
        };
        let reference = frontend::Ref { id: "i".to_owned(), def: Some(Encoded::new(&definition)) };
        // The same message built from other types: a name and a definition.
        let source = pb::SourceInfo {
            filename: "i".to_owned(),
            definition: Some(definition.clone()),
            ..pb::SourceInfo::default()
        };
        let mut expected = source.encode_to_vec();
        // The definition is field 3 in one and field 2 in the other.
        expected[3] = 0x12;
        assert_eq!(reference.encode_to_vec(), expected);

        let back = frontend::Ref::decode(expected.as_slice());
        assert_eq!(back.as_ref(), Ok(&reference));
        assert_eq!(back.unwrap().def.unwrap().message(), Ok(definition));
    }

    #[test]
    fn every_kind_of_field_is_kept() {
        let bytes = b"\x08\x96\x01\x11abcdefgh\x1a\x02hi\x25abcd";
        let encoded = <Encoded<pb::Op> as Message>::decode(bytes.as_slice()).unwrap();
        assert_eq!(encoded.as_bytes(), bytes);
    }

    #[test]
    fn bytes_that_are_no_message() {
        for bytes in [
            &b"\x0a\x05a"[..],
            b"\x08",
            b"\x11abc",
            b"\x0b",
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        ] {
            assert!(<Encoded<pb::Op> as Message>::decode(bytes).is_err(), "{bytes:?}");
        }
    }
}
