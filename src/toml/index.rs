//! Where keys stand in a table.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::tree::Entry;

/// Up to so many entries are looked through faster than any index.
const FEW: usize = 16;

/// The keys of one table, by their place. Its entries may become more, and nothing else.
#[derive(Default)]
pub(super) struct Index<'i> {
    /// Those of the first entries: as many as there were when there were last too many to look through.
    places: BTreeMap<Cow<'i, str>, usize>,
}

impl<'i> Index<'i> {
    /// The place of a key among the entries.
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
