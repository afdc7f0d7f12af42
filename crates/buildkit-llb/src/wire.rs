//! Fields in, bytes of a message out: written one behind the other, without a message in memory.
//!
//! What is written is what prost would write, as long as fields come in the order of their numbers; the
//! tests decode everything and encode it again. Which message it is, is not known here.

use crate::Digest;

/// Bytes of a message in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
}

/// The fields of an entry of a map.
pub(crate) const MAP_KEY: u32 = 1;
pub(crate) const MAP_VALUE: u32 = 2;

impl Writer {
    /// A text. An empty one is not written.
    pub(crate) fn text(&mut self, field: u32, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    /// Bytes. Empty ones are not written.
    pub(crate) fn bytes(&mut self, field: u32, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.item(field, bytes);
        }
    }

    /// A number. 0 is not written.
    pub(crate) fn number(&mut self, field: u32, number: impl Into<i64>) {
        let number = number.into();
        if number != 0 {
            self.number_item(field, number);
        }
    }

    /// A yes or no. A no is not written.
    pub(crate) fn flag(&mut self, field: u32, flag: bool) {
        self.number(field, flag);
    }

    /// One of several texts or bytes, also if it is empty.
    pub(crate) fn item(&mut self, field: u32, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.length(field, bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// One of several texts, also if it is empty: the parts in one.
    pub(crate) fn joined_item(&mut self, field: u32, parts: &[&str]) {
        self.length(field, parts.iter().map(|part| part.len()).sum());
        for part in parts {
            self.bytes.extend_from_slice(part.as_bytes());
        }
    }

    /// A number of a choice, also if it is 0.
    pub(crate) fn number_item(&mut self, field: u32, number: i64) {
        self.varint(u64::from(field) << 3);
        // Negative numbers have ten bytes, as protobuf has it.
        self.varint(number.cast_unsigned());
    }

    /// Several numbers. None are not written.
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
        digest.write(&mut self.bytes);
    }

    /// A message inside of this one, also if it has nothing in it.
    pub(crate) fn message(&mut self, field: u32, write: impl FnOnce(&mut Writer)) {
        // Its length stands before it and is known behind it: most fit the one byte that is left free.
        self.length(field, 0);
        let start = self.bytes.len();
        write(self);
        let end = self.bytes.len();
        let len = end - start;
        if len < 0x80 {
            self.bytes[start - 1] = len as u8;
            return;
        }
        self.varint(len as u64);
        let more = self.bytes.len() - end - 1;
        let mut length = [0; 10];
        length[..=more].copy_from_slice(&self.bytes[end..]);
        self.bytes.truncate(end + more);
        self.bytes.copy_within(start..end, start + more);
        self.bytes[start - 1..start + more].copy_from_slice(&length[..=more]);
    }

    /// Begins a field of so many bytes.
    pub(crate) fn length(&mut self, field: u32, len: usize) {
        self.varint(u64::from(field) << 3 | LENGTH_DELIMITED);
        self.varint(len as u64);
    }

    /// Seven bits a byte, the lowest first; all but the last byte have the highest bit set.
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }
}

/// The kind of a field that has a length; numbers are of kind 0.
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
            let outer = written(|writer| writer.message(1, |writer| writer.item(1, &text)));
            assert_eq!(outer, written(|writer| writer.item(1, &inner)), "{len}");
        }
    }

    #[test]
    fn negative_numbers() {
        let bytes = written(|writer| writer.numbers(1, [1, -1]));
        assert_eq!(bytes, b"\x0a\x0b\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
    }
}
