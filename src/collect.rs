//! Maps from iterators.

use std::collections::BTreeMap;

/// Collects into a map, by inserting. [`Iterator::collect`] sorts first, with a sort that is compiled
/// for each type of iterator: 4 kB of the frontend.
pub(crate) fn collect_map<K: Ord, V>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(entries);
    map
}
