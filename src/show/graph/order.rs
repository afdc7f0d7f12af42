//! The order of items in the layers of a picture, with few crossings between them.
//!
//! Follows the barycenter heuristic of Sugiyama, Tagawa and Toda (1981): each item moves to the mean
//! position of its neighbors, downwards and upwards in turn, and the best order is kept.

use super::NodeId;

/// The number of passes over all layers, downwards and upwards.
const PASSES: usize = 8;

/// A box, or a place at which a line passes a layer.
#[derive(Debug, Clone, Default)]
pub(super) struct Item {
    pub(super) width: i32,
    /// `None` for a line.
    pub(super) node: Option<NodeId>,
    /// The connected items in the layer above, and below.
    pub(super) above: Vec<usize>,
    pub(super) below: Vec<usize>,
}

/// Orders the items of layers, which are indexes into `items`.
pub(super) fn order(layers: &mut [Vec<usize>], items: &[Item]) {
    let mut places = vec![0; items.len()];
    note_places(layers, &mut places);
    let mut best = (crossings(layers, items, &places), layers.to_vec());
    for pass in 0..PASSES {
        if best.0 == 0 {
            break;
        }
        let is_down = pass % 2 == 0;
        for step in 1..layers.len() {
            let at = if is_down { step } else { layers.len() - 1 - step };
            let beside = if is_down { at - 1 } else { at + 1 };
            let scale = layers[beside].len() as f64 / layers[at].len().max(1) as f64;
            sort(&mut layers[at], items, &mut places, is_down, scale);
        }
        let count = crossings(layers, items, &places);
        if count < best.0 {
            best = (count, layers.to_vec());
        }
    }
    layers.clone_from_slice(&best.1);
}

/// Sorts a layer by the mean places of the neighbors of its items.
fn sort(layer: &mut [usize], items: &[Item], places: &mut [usize], is_down: bool, scale: f64) {
    let mut keyed: Vec<(f64, usize)> = Vec::with_capacity(layer.len());
    for &at in layer.iter() {
        let neighbors = if is_down { &items[at].above } else { &items[at].below };
        let sum: usize = neighbors.iter().map(|&neighbor| places[neighbor]).sum();
        let key = match neighbors.len() {
            // Without neighbors, it stays about where it is.
            0 => places[at] as f64 * scale,
            count => sum as f64 / count as f64,
        };
        keyed.push((key, at));
    }
    keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (place, (slot, (_, at))) in layer.iter_mut().zip(keyed).enumerate() {
        *slot = at;
        places[at] = place;
    }
}

fn note_places(layers: &[Vec<usize>], places: &mut [usize]) {
    for layer in layers {
        for (place, &at) in layer.iter().enumerate() {
            places[at] = place;
        }
    }
}

/// The number of crossings between neighboring layers.
fn crossings(layers: &[Vec<usize>], items: &[Item], places: &[usize]) -> usize {
    let mut count = 0;
    for layer in layers {
        let mut ends = Vec::new();
        let mut most = 0;
        for &at in layer {
            let start = ends.len();
            ends.extend(items[at].below.iter().map(|&below| places[below]));
            ends[start..].sort_unstable();
            most = most.max(ends[start..].last().copied().unwrap_or_default());
        }
        // Counts the pairs in the wrong order with a Fenwick tree.
        let mut tree = vec![0usize; most + 2];
        for (seen, &end) in ends.iter().enumerate() {
            let mut not_after = 0;
            let mut node = end + 1;
            while node > 0 {
                not_after += tree[node];
                node -= node & node.wrapping_neg();
            }
            count += seen - not_after;
            let mut node = end + 1;
            while node < tree.len() {
                tree[node] += 1;
                node += node & node.wrapping_neg();
            }
        }
    }
    count
}
