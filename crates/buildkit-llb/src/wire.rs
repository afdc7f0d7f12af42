//! Encodes message fields directly to bytes, without building a message in memory.
//!
//! The output equals prost's if fields are written in the order of their numbers; the tests decode
//! everything and encode it again. Must not depend on the kinds of messages.

use crate::Digest;

/// The bytes of a message under construction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
}

/// The fields of an entry of a map.
pub(crate) const MAP_KEY: u32 = 1;
pub(crate) const MAP_VALUE: u32 = 2;

impl Writer {
    /// A text field. An empty text is omitted.
    pub(crate) fn text(&mut self, field: u32, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    /// A bytes field. Empty bytes are omitted.
    pub(crate) fn bytes(&mut self, field: u32, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.item(field, bytes);
        }
    }

    /// A number field. 0 is omitted.
    pub(crate) fn number(&mut self, field: u32, number: impl Into<i64>) {
        let number = number.into();
        if number != 0 {
            self.number_item(field, number);
        }
    }

    /// A boolean field. False is omitted.
    pub(crate) fn flag(&mut self, field: u32, flag: bool) {
        self.number(field, flag);
    }

    /// A text or bytes in a oneof or a list, written even if it is empty.
    pub(crate) fn item(&mut self, field: u32, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.length(field, bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// A text in a oneof or a list, joined from parts, written even if it is empty.
    pub(crate) fn joined_item(&mut self, field: u32, parts: &[&str]) {
        self.length(field, parts.iter().map(|part| part.len()).sum());
        for part in parts {
            self.bytes.extend_from_slice(part.as_bytes());
        }
    }

    /// A number in a oneof, written even if it is 0.
    #[inline]
    pub(crate) fn number_item(&mut self, field: u32, number: i64) {
        // Negative numbers have ten bytes, as protobuf requires.
        self.pair(u64::from(field) << 3, number.cast_unsigned());
    }

    /// A packed list of numbers. An empty list is omitted.
    pub(crate) fn numbers(&mut self, field: u32, numbers: impl IntoIterator<Item = i64>) {
        let mut numbers = numbers.into_iter().peekable();
        if numbers.peek().is_some() {
            self.message(field, |writer| {
                numbers.for_each(|number| writer.varint(number.cast_unsigned()));
            });
        }
    }

    /// A digest as text.
    pub(crate) fn digest(&mut self, field: u32, digest: Digest) {
        self.length(field, Digest::TEXT_LEN);
        self.bytes.extend_from_slice(&digest.text());
    }

    /// An embedded message, written even if it is empty.
    pub(crate) fn message(&mut self, field: u32, write: impl FnOnce(&mut Writer)) {
        // The length comes before the message but is only known after it. One byte of room is enough
        // for most: a longer message is moved.
        self.length(field, 0);
        let start = self.bytes.len();
        write(self);
        let length = self.bytes.len() - start;
        if length < 0x80 {
            self.bytes[start - 1] = length as u8;
            return;
        }
        let mut long = Writer::default();
        long.varint(length as u64);
        self.bytes.splice(start - 1..start, long.bytes);
    }

    /// Begins a field with a length.
    #[inline]
    pub(crate) fn length(&mut self, field: u32, len: usize) {
        self.pair(u64::from(field) << 3 | LENGTH_DELIMITED, len as u64);
    }

    /// Two varints, most of which take one byte each.
    #[inline]
    fn pair(&mut self, first: u64, second: u64) {
        if (first | second) < 0x80 {
            self.bytes.extend_from_slice(&[first as u8, second as u8]);
        } else {
            self.long_pair(first, second);
        }
    }

    fn long_pair(&mut self, first: u64, second: u64) {
        self.varint(first);
        self.varint(second);
    }

    /// Seven bits per byte, lowest first; all but the last byte have the highest bit set.
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}

/// The wire type of a field with a length; that of a number is 0.
const LENGTH_DELIMITED: u64 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::default();
        write(&mut writer);
        writer.bytes
    }

    #[test]
    fn defaults_are_not_written() {
        let bytes = written(|writer| {
            writer.text(1, "");
            writer.number(2, 0);
            writer.flag(3, false);
            writer.numbers(4, []);
        });
        assert_eq!(bytes, b"");
    }

    #[test]
    fn items_are_always_written() {
        let bytes = written(|writer| {
            writer.item(1, "");
            writer.number_item(2, 0);
            writer.message(3, |_| {});
            writer.joined_item(20, &["a", "=", "b"]);
        });
        assert_eq!(bytes, b"\x0a\x00\x10\x00\x1a\x00\xa2\x01\x03a=b");
    }

    #[test]
    fn lengths_of_every_size() {
        for len in [0, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            let text = "x".repeat(len);
            let inner = written(|writer| writer.item(1, &text));
            let expected = written(|writer| writer.item(1, &inner));
            let outer = written(|writer| writer.message(1, |writer| writer.item(1, &text)));
            assert_eq!(outer, expected, "{len}");
        }
    }

    #[test]
    fn negative_numbers() {
        let bytes = written(|writer| writer.numbers(1, [1, -1]));
        assert_eq!(bytes, b"\x0a\x0b\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    }
}
