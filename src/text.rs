//! Shared text: a part of the build file, or of any other text, that is cheap to clone.
//!
//! Most texts in a build occur verbatim in its file. A [`Text`] points there.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

/// A part of a shared text. Kept as small as a `&str`, because there are very many.
#[derive(Clone)]
pub struct Text {
    whole: Arc<String>,
    /// Offset of its first byte.
    start: u32,
    /// Offset after its last byte.
    end: u32,
}

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.whole.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// The same text as `part`, shared with this one if it is a part of it.
    pub fn piece(&self, part: &str) -> Text {
        let whole = &self.whole;
        let range = part
            .as_ptr()
            .addr()
            .checked_sub(whole.as_ptr().addr())
            .map(|start| start..start + part.len())
            .filter(|range| range.end <= whole.len());
        match range {
            Some(range) => Text::of(Arc::clone(whole), range.start, range.end),
            None => Text::from(part),
        }
    }

    /// The result of `change`, shared with this text if it is a part of it.
    pub fn map(&self, change: impl FnOnce(&str) -> Cow<'_, str>) -> Text {
        match change(self) {
            Cow::Borrowed(part) => self.piece(part),
            Cow::Owned(other) => Text::from(other),
        }
    }

    fn of(whole: Arc<String>, start: usize, end: usize) -> Text {
        // A text that does not fit into memory would be truncated.
        Text { whole, start: offset(start), end: offset(end) }
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The empty text.
impl Default for Text {
    fn default() -> Text {
        static NOTHING: LazyLock<Arc<String>> = LazyLock::new(Arc::default);
        Text::of(Arc::clone(&NOTHING), 0, 0)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Text {
        if text.is_empty() {
            return Text::default();
        }
        let end = text.len();
        Text::of(Arc::new(text), 0, end)
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Text {
        Text::from(text.to_owned())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Text {
        Text::from(text.as_str())
    }
}

impl<'t> From<&'t Text> for Cow<'t, str> {
    fn from(text: &'t Text) -> Cow<'t, str> {
        Cow::Borrowed(text)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Text) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Text) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_shared_and_others_are_not() {
        let whole = Text::from("one two");
        let piece = whole.piece(&whole[4..]);
        assert_eq!(piece, "two");
        assert!(Arc::ptr_eq(&piece.whole, &whole.whole));
        let again = piece.map(|text| text.trim_start_matches('t').into());
        assert_eq!(again, "wo");
        assert!(Arc::ptr_eq(&again.whole, &whole.whole));

        let other = whole.piece(&"a one two".to_owned()[2..5]);
        assert_eq!(other, "one");
        assert!(!Arc::ptr_eq(&other.whole, &whole.whole));
        assert_eq!(whole.map(|text| text.to_uppercase().into()), "ONE TWO");
    }

    #[test]
    fn nothing_is_a_piece_of_anything() {
        let whole = Text::from("ab");
        assert_eq!(whole.piece(&whole[2..]), "");
        assert_eq!(whole.piece(""), "");
        assert_eq!(Text::default(), "");
    }
}
