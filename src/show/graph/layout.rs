//! The places of boxes and lines in a picture.
//!
//! Input: the rows and edges of a graph, and the sizes of its boxes. Output: coordinates. Boxes of a
//! row stand side by side; a long row has several layers. A line that passes a layer takes a place
//! in it, so that it does not run behind boxes.

use std::collections::{BTreeMap, BTreeSet};

use super::order::{Item, order};
use super::{Edge, Graph, NodeId, Way};
use crate::id::IdVec;

/// The space around everything.
pub(super) const MARGIN: i32 = 24;

/// The space beside the rows for their numbers.
const NUMBERS: i32 = 22;

/// The space between two boxes of a layer.
const GAP: i32 = 26;

/// The space between a line and what is beside it.
const LINE_GAP: i32 = 12;

/// The space between layers, without lines and with many.
const LAYER_GAPS: [i32; 2] = [44, 96];

/// Passes that move boxes towards their neighbors.
const PASSES: usize = 12;

/// The size of a box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Size {
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Area {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) size: Size,
}

/// A line from a box to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wire {
    pub(super) edge: Edge,
    /// Points of the line, from top to bottom.
    pub(super) points: Vec<(i32, i32)>,
    /// True if the arrow is at its top.
    pub(super) is_upward: bool,
    pub(super) shape: Shape,
}

/// The shape of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// From a layer to a lower one.
    Down,
    /// Between neighbors in a layer: straight.
    Beside,
    /// Between others in a layer: below the boxes.
    Below,
    /// From a layer to a lower one, behind boxes.
    Behind,
}

/// All places.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) boxes: IdVec<NodeId, Area>,
    pub(super) wires: Vec<Wire>,
    /// The rows of stages.
    pub(super) rows: Vec<Area>,
    pub(super) size: Size,
}

/// An edge between layers, with the items that it passes, from top to bottom.
struct Route {
    edge: Edge,
    upper: NodeId,
    lower: NodeId,
    via: Vec<usize>,
    is_behind: bool,
}

/// Lines that leave a box at the same place and share their way: those of a kind and a direction.
type Bundle = (NodeId, Way, bool);

/// Places the boxes of a graph. `in_layer` is the maximum number of boxes side by side.
pub(super) fn layout(graph: &Graph, sizes: &IdVec<NodeId, Size>, in_layer: usize) -> Layout {
    let rows = graph.rows(|_| true);
    // Item numbers of boxes are those of their stages.
    let mut items: Vec<Item> = Vec::new();
    for (at, size) in sizes.enumerate() {
        items.push(Item { width: size.width, node: Some(at), ..Item::default() });
    }
    let Layers { mut list, layer_of, row_ends } = Layers::of(graph, &rows, in_layer);
    let (routes, flat) = route(graph, &layer_of, &mut list, &mut items);
    order(&mut list, &items);
    let centers = centers(&list, &items);
    let Heights { tops, heights } = Heights::of(&list, &items, sizes);
    let left = list.iter().flatten().map(|&at| centers[at] - items[at].width / 2);
    let shift = MARGIN + NUMBERS - left.min().unwrap_or_default();
    let boxes: IdVec<NodeId, Area> = sizes
        .enumerate()
        .map(|(at, &size)| {
            let x = centers[super::number(at)] - size.width / 2 + shift;
            Area { x, y: tops[layer_of[at]], size }
        })
        .collect();
    let right = boxes.iter().map(|area| area.x + area.size.width).max().unwrap_or_default();
    let rightmost = list.iter().flatten().map(|&at| centers[at] + items[at].width / 2 + shift);
    let right = rightmost.max().unwrap_or_default().max(right);
    let places = Places { boxes: &boxes, layer_of: &layer_of, tops: &tops, heights: &heights };
    let at_line = |item: usize| centers[item] + shift;
    let boxes_of: Vec<Vec<NodeId>> =
        list.iter().map(|layer| layer.iter().filter_map(|&at| items[at].node).collect()).collect();
    let mut wires = places.down(&routes, &at_line);
    wires.extend(flat.iter().map(|&edge| places.flat(edge, &boxes_of)));
    let rows = places.rows(&row_ends, right);
    let bottom = tops.iter().zip(&heights).map(|(top, height)| top + height).max();
    let size = Size { width: right + MARGIN, height: bottom.unwrap_or(MARGIN) + MARGIN };
    Layout { boxes, wires, rows, size }
}

/// The layers of a graph: each row of stages is one or several.
struct Layers {
    /// The items of each layer, from left to right.
    list: Vec<Vec<usize>>,
    /// The layer of each box.
    layer_of: IdVec<NodeId, usize>,
    /// The number of layers up to the end of each row.
    row_ends: Vec<usize>,
}

impl Layers {
    fn of(graph: &Graph, rows: &[Vec<NodeId>], in_layer: usize) -> Self {
        let mut list: Vec<Vec<usize>> = Vec::new();
        let mut row_ends = Vec::new();
        let mut layer_of: IdVec<NodeId, usize> = graph.stages.map(|_| 0);
        for row in rows {
            let mut row = row.clone();
            // What is not built stands to the right. If the row has several layers, required stages
            // are in the upper ones.
            let is_beside =
                |required: &NodeId| graph.stages[*required].row == graph.stages[row[0]].row;
            let requires: BTreeSet<NodeId> = row
                .iter()
                .copied()
                .filter(|&at| graph.stages[at].requires.iter().any(is_beside))
                .collect();
            row.sort_by_key(|&at| (!graph.stages[at].is_needed, requires.contains(&at), at));
            let count = row.len().div_ceil(in_layer).max(1);
            for chunk in row.chunks(row.len().div_ceil(count).max(1)) {
                for &at in chunk {
                    layer_of[at] = list.len();
                }
                list.push(chunk.iter().map(|&at| super::number(at)).collect());
            }
            row_ends.push(list.len());
        }
        Self { list, layer_of, row_ends }
    }
}

/// The vertical place of each layer.
struct Heights {
    tops: Vec<i32>,
    heights: Vec<i32>,
}

impl Heights {
    /// Places the layers below each other, further apart the more lines are between them.
    fn of(layers: &[Vec<usize>], items: &[Item], sizes: &IdVec<NodeId, Size>) -> Self {
        let mut tops = Vec::with_capacity(layers.len());
        let mut heights = Vec::with_capacity(layers.len());
        let mut y = MARGIN;
        for layer in layers {
            let boxes = layer.iter().filter_map(|&at| items[at].node);
            let height = boxes.map(|node| sizes[node].height).max().unwrap_or_default();
            tops.push(y);
            heights.push(height);
            let lines: usize = layer.iter().map(|&at| items[at].below.len()).sum();
            let more = i32::try_from(lines.saturating_sub(3)).unwrap_or(i32::MAX).min(13) * 4;
            y += height + LAYER_GAPS[0] + more.min(LAYER_GAPS[1] - LAYER_GAPS[0]);
        }
        Self { tops, heights }
    }
}

/// Finds a way through the layers for each edge. Returns the edges inside a layer separately.
fn route(
    graph: &Graph,
    layer_of: &IdVec<NodeId, usize>,
    layers: &mut [Vec<usize>],
    items: &mut Vec<Item>,
) -> (Vec<Route>, Vec<Edge>) {
    let mut routes = Vec::new();
    let mut flat = Vec::new();
    for edge in graph.edges() {
        let Edge { giver, taker, .. } = edge;
        let (upper, lower) = match layer_of[giver].cmp(&layer_of[taker]) {
            std::cmp::Ordering::Equal => {
                flat.push(edge);
                continue;
            }
            std::cmp::Ordering::Less => (giver, taker),
            std::cmp::Ordering::Greater => (taker, giver),
        };
        routes.push(Route { edge, upper, lower, via: Vec::new(), is_behind: false });
    }
    // The longest lines of a large graph run behind the boxes: otherwise their places would be
    // quadratic in number.
    let mut room = 300 + 3 * items.len();
    let mut trunks: BTreeMap<(Bundle, usize), usize> = BTreeMap::new();
    let mut by_length: Vec<usize> = (0..routes.len()).collect();
    let length = |route: &Route| layer_of[route.lower] - layer_of[route.upper];
    by_length.sort_by_key(|&at| length(&routes[at]));
    for at in by_length {
        let route = &mut routes[at];
        let (start, end) = (layer_of[route.upper], layer_of[route.lower]);
        match room.checked_sub(end - start - 1) {
            Some(rest) => room = rest,
            None => {
                route.is_behind = true;
                continue;
            }
        }
        let mut last = super::number(route.upper);
        for (number, layer) in (start + 1..).zip(&mut layers[start + 1..end]) {
            let trunk = (route.bundle(), number);
            let item = *trunks.entry(trunk).or_insert_with(|| {
                let item = items.len();
                items.push(Item { width: 2, ..Item::default() });
                layer.push(item);
                connect(last, item, items);
                item
            });
            route.via.push(item);
            last = item;
        }
        connect(last, super::number(route.lower), items);
    }
    (routes, flat)
}

impl Route {
    fn bundle(&self) -> Bundle {
        (self.upper, self.edge.way, self.edge.giver == self.upper)
    }
}

fn connect(above: usize, below: usize, items: &mut [Item]) {
    items[above].below.push(below);
    items[below].above.push(above);
}

/// The horizontal centers of all items: as near to their neighbors as the order allows.
fn centers(layers: &[Vec<usize>], items: &[Item]) -> Vec<i32> {
    let mut centers = vec![0.0; items.len()];
    for layer in layers {
        let wanted: Vec<(f64, f64)> = layer.iter().map(|_| (0.0, 1.0)).collect();
        place(layer, items, &wanted, &mut centers);
    }
    for pass in 0..PASSES {
        let is_last = pass + 2 >= PASSES;
        for step in 0..layers.len() {
            let is_down = pass % 2 == 0;
            let at = if is_down { step } else { layers.len() - 1 - step };
            let mut wanted = Vec::with_capacity(layers[at].len());
            let mut before = layers[at].first().map_or(0.0, |&first| centers[first]);
            for &item in &layers[at] {
                let Item { above, below, node, .. } = &items[item];
                let (first, second) = if is_down { (above, below) } else { (below, above) };
                let mut neighbors: Vec<usize> = first.clone();
                if is_last || first.is_empty() {
                    neighbors.extend(second);
                }
                let sum: f64 = neighbors.iter().map(|&at| centers[at]).sum();
                wanted.push(match neighbors.len() {
                    // Without neighbors, it stands next to the item before.
                    0 => (before, 0.001),
                    // Lines should be straight.
                    count if node.is_none() => (sum / count as f64, 4.0),
                    count => (sum / count as f64, 1.0),
                });
                before = centers[item];
            }
            place(&layers[at], items, &wanted, &mut centers);
        }
    }
    centers.into_iter().map(|center: f64| center.round() as i32).collect()
}

/// Places the items of a layer in their order, as near to the wanted centers as possible: the sum of
/// the weighted squares of distances is minimal (isotonic regression by pooling).
fn place(layer: &[usize], items: &[Item], wanted: &[(f64, f64)], centers: &mut [f64]) {
    struct Pool {
        sum: f64,
        weight: f64,
        count: usize,
    }
    let mean = |pool: &Pool| pool.sum / pool.weight;
    let mut pools: Vec<Pool> = Vec::new();
    let mut offsets = Vec::with_capacity(layer.len());
    let mut offset = 0.0;
    for (number, &at) in layer.iter().enumerate() {
        if let Some(before) = number.checked_sub(1).map(|before| &items[layer[before]]) {
            let gap = match (before.node, items[at].node) {
                (Some(_), Some(_)) => GAP,
                _ => LINE_GAP,
            };
            offset += f64::from((before.width + items[at].width) / 2 + gap);
        }
        offsets.push(offset);
        let (center, weight) = wanted[number];
        pools.push(Pool { sum: (center - offset) * weight, weight, count: 1 });
        while let [.., one, other] = &pools[..]
            && mean(one) > mean(other)
        {
            let merged = Pool {
                sum: one.sum + other.sum,
                weight: one.weight + other.weight,
                count: one.count + other.count,
            };
            pools.truncate(pools.len() - 2);
            pools.push(merged);
        }
    }
    let mut number = 0;
    for pool in &pools {
        for _ in 0..pool.count {
            centers[layer[number]] = mean(pool) + offsets[number];
            number += 1;
        }
    }
}

/// The vertical places of layers, and all boxes.
struct Places<'p> {
    boxes: &'p IdVec<NodeId, Area>,
    layer_of: &'p IdVec<NodeId, usize>,
    tops: &'p [i32],
    heights: &'p [i32],
}

impl Places<'_> {
    fn center(&self, at: NodeId) -> i32 {
        self.boxes[at].x + self.boxes[at].size.width / 2
    }

    /// The rectangles around the rows, which end at `right`.
    fn rows(&self, row_ends: &[usize], right: i32) -> Vec<Area> {
        let mut areas = Vec::with_capacity(row_ends.len());
        let mut first = 0;
        for &end in row_ends {
            let bottom = self.tops[end - 1] + self.heights[end - 1];
            let size = Size { width: right - MARGIN + 14, height: bottom - self.tops[first] + 24 };
            areas.push(Area { x: MARGIN - 10, y: self.tops[first] - 12, size });
            first = end;
        }
        areas
    }

    /// Places for lines next to each other at the top or the bottom of a box.
    fn ports(&self, at: NodeId, count: usize) -> impl Iterator<Item = i32> + use<> {
        let center = self.center(at);
        let count = i32::try_from(count).unwrap_or(i32::MAX).max(1);
        let spacing = (self.boxes[at].size.width * 7 / 10 / count).min(24);
        (0..count).map(move |place| center + spacing * (2 * place - count + 1) / 2)
    }

    /// The lines between layers. Those of a box and of a kind start at the same place.
    fn down(&self, routes: &[Route], at_line: &dyn Fn(usize) -> i32) -> Vec<Wire> {
        let mut leaving: BTreeMap<Bundle, (i64, i32)> = BTreeMap::new();
        let mut entering: IdVec<NodeId, Vec<(i32, usize)>> = self.boxes.map(|_| Vec::new());
        for (number, route) in routes.iter().enumerate() {
            let next = route.via.first().map_or(self.center(route.lower), |&item| at_line(item));
            let before = route.via.last().map_or(self.center(route.upper), |&item| at_line(item));
            let (sum, count) = leaving.entry(route.bundle()).or_default();
            (*sum, *count) = (*sum + i64::from(next), *count + 1);
            entering[route.lower].push((before, number));
        }
        let mut bundles: IdVec<NodeId, Vec<(i64, Bundle)>> = self.boxes.map(|_| Vec::new());
        for (bundle, (sum, count)) in leaving {
            bundles[bundle.0].push((sum / i64::from(count), bundle));
        }
        let mut starts: BTreeMap<Bundle, i32> = BTreeMap::new();
        let mut ends = vec![0; routes.len()];
        for at in self.boxes.ids() {
            bundles[at].sort_unstable();
            let ports = self.ports(at, bundles[at].len());
            starts.extend(bundles[at].iter().map(|&(_, bundle)| bundle).zip(ports));
            entering[at].sort_unstable();
            let ports = self.ports(at, entering[at].len());
            for (&(_, number), port) in entering[at].iter().zip(ports) {
                ends[number] = port;
            }
        }
        let wire = |(number, route): (usize, &Route)| {
            let upper = &self.boxes[route.upper];
            let start = starts.get(&route.bundle()).copied().unwrap_or_default();
            let layer = self.layer_of[route.upper];
            let mut points = vec![
                (start, upper.y + upper.size.height),
                (start, self.tops[layer] + self.heights[layer]),
            ];
            for (below, &item) in route.via.iter().enumerate() {
                let layer = layer + 1 + below;
                let x = at_line(item);
                points.push((x, self.tops[layer]));
                points.push((x, self.tops[layer] + self.heights[layer]));
            }
            points.push((ends[number], self.boxes[route.lower].y));
            Wire {
                edge: route.edge,
                points,
                is_upward: route.edge.giver != route.upper,
                shape: if route.is_behind { Shape::Behind } else { Shape::Down },
            }
        };
        routes.iter().enumerate().map(wire).collect()
    }

    /// A line inside a layer.
    fn flat(&self, edge: Edge, boxes_of: &[Vec<NodeId>]) -> Wire {
        let (giver, taker) = (&self.boxes[edge.giver], &self.boxes[edge.taker]);
        let (left, right) = (giver.x.min(taker.x), giver.x.max(taker.x));
        let layer = &boxes_of[self.layer_of[edge.giver]];
        let mut between =
            layer.iter().filter(|&&at| self.boxes[at].x > left && self.boxes[at].x < right);
        if between.next().is_none() {
            let y = giver.y + giver.size.height.min(taker.size.height) / 2;
            let (from, to) = if giver.x < taker.x {
                (giver.x + giver.size.width, taker.x)
            } else {
                (giver.x, taker.x + taker.size.width)
            };
            let points = vec![(from, y), (to, y)];
            return Wire { edge, points, is_upward: false, shape: Shape::Beside };
        }
        let points = vec![
            (self.center(edge.giver), giver.y + giver.size.height),
            (self.center(edge.taker), taker.y + taker.size.height),
        ];
        Wire { edge, points, is_upward: false, shape: Shape::Below }
    }
}
