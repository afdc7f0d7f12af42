//! An index of the keys of a table.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::tree::Entry;

/// Up to this number of entries, a linear search is faster than an index.
const FEW: usize = 16;

/// An index of the keys of one table. Entries may be appended but not removed.
#[derive(Default)]
pub(super) struct Index<'i> {
    /// The indexed entries; those appended later are added at the next search.
    places: BTreeMap<Cow<'i, str>, usize>,
}

impl<'i> Index<'i> {
    /// The position of a key among the entries.
    pub(super) fn find(&mut self, entries: &[Entry<'i>], name: &str) -> Option<usize> {
        if entries.len() <= FEW {
            return entries.iter().position(|entry| entry.key.name == name);
        }
        for (at, entry) in entries.iter().enumerate().skip(self.places.len()) {
            self.places.insert(entry.key.name.clone(), at);
        }
        self.places.get(name).copied()
    }
}
