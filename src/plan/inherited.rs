//! A map that a stage inherits, extends and passes on. Stages share all inherited entries, so that
//! the memory for a long chain of stages is proportional to its own entries.

use std::sync::Arc;

use crate::text::Text;

/// A map by name that grows from stage to stage, and keeps the order in which names were first set.
#[derive(Debug, Clone)]
pub(super) struct InheritedMap<V> {
    /// The newest last; a lookup uses the newest layer with the name.
    layers: Vec<Arc<Layer<V>>>,
    /// The number of positions.
    places: usize,
}

/// Values sorted by name, each with the position of its name in the order.
type Layer<V> = Vec<(Text, usize, V)>;

impl<V: Clone> InheritedMap<V> {
    /// The value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&V> {
        self.entry(name).map(|(_, _, value)| value)
    }

    fn entry(&self, name: &str) -> Option<&(Text, usize, V)> {
        self.layers.iter().rev().find_map(|layer| {
            let at = layer.binary_search_by(|(known, ..)| known.as_str().cmp(name)).ok()?;
            Some(&layer[at])
        })
    }

    /// Sets names; existing ones keep their position in the order.
    pub(super) fn extend(&mut self, entries: impl IntoIterator<Item = (Text, V)>) {
        let mut layer: Layer<V> = Vec::new();
        let mut places = self.places;
        for (name, value) in entries {
            let place = match self.entry(&name) {
                Some(&(_, place, _)) => place,
                None => {
                    places += 1;
                    places - 1
                }
            };
            layer.push((name, place, value));
        }
        if !layer.is_empty() {
            self.places = places;
            self.add_layer(layer);
        }
    }

    /// Adds a layer that is not sorted yet and may set a name twice.
    fn add_layer(&mut self, mut layer: Layer<V>) {
        // Each layer is longer than the one after it: there are few, and each value is copied only
        // a few times.
        while let Some(last) = self.layers.pop_if(|last| last.len() <= layer.len()) {
            let mut joined = Arc::unwrap_or_clone(last);
            joined.append(&mut layer);
            layer = joined;
        }
        layer.sort_by(|(a, ..), (b, ..)| a.cmp(b));
        layer.dedup_by(|(name, place, value), (known, first, newest)| {
            let same = name == known;
            if same {
                *first = (*first).min(*place);
                std::mem::swap(newest, value);
            }
            same
        });
        self.layers.push(Arc::new(layer));
    }

    /// Removes the names for which `keep` is false. The others keep their order.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        let kept: Vec<(Text, V)> = self
            .iter()
            .filter(|(name, _)| keep(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        *self = Self::default();
        self.extend(kept);
    }

    /// All names and values, in the order in which the names were first set.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Text, &V)> {
        let mut ordered: Vec<Option<(&Text, &V)>> = vec![None; self.places];
        for (name, place, value) in self.layers.iter().rev().flat_map(|layer| layer.iter()) {
            ordered[*place].get_or_insert((name, value));
        }
        ordered.into_iter().flatten()
    }
}

impl<V> Default for InheritedMap<V> {
    fn default() -> Self {
        Self { layers: Vec::new(), places: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_places() {
        let name = |at: usize| Text::from(format!("N{}", at % 300));
        let mut map = InheritedMap::default();
        for at in 0..900 {
            map.extend([(name(at), at)]);
        }
        let expected: Vec<(Text, usize)> = (0..300).map(|at| (name(at), at + 600)).collect();
        assert!(map.iter().map(|(name, &at)| (name.clone(), at)).eq(expected));
        assert_eq!((map.get("N7"), map.get("N300")), (Some(&607), None));
        assert!(map.layers.len() <= 10);

        map.retain(|name| name == "N8" || name == "N7");
        assert!(map.iter().map(|(_, &at)| at).eq([607, 608]));
        let both = [(Text::from("A"), 1), (Text::from("A"), 2), (name(7), 3)];
        map.extend(both);
        assert!(map.iter().map(|(_, &at)| at).eq([3, 608, 2]));
    }
}
