//! A graph as a picture. It has two sets of colors; the viewer chooses by its theme.

use std::collections::BTreeSet;

use super::card::{Card, Detail};
use super::elements::{Elements, escape};
use super::layout::{Area, Layout, MARGIN, Shape, Wire, layout};
use super::width::width;
use super::{Graph, Node, NodeId, Way, joined};
use crate::id::IdVec;

/// Colors and fonts.
const STYLE: &str = include_str!("style.css");

/// Maximum size of a picture in bytes. A message to an old engine can contain no more than 4 MiB with
/// all files, and nobody looks at a larger picture.
const MAX_SIZE: usize = 5 << 18;

/// Minimum size of a box in bytes.
const MIN_BOX: usize = 400;

/// The height of the legend.
const LEGEND: i32 = 24;

impl Graph {
    /// The graph as a picture. One of very many stages is only a remark.
    pub fn to_svg(&self) -> String {
        if self.stages.len() <= MAX_SIZE / MIN_BOX {
            let picture = self.draw();
            if picture.len() <= MAX_SIZE {
                return picture;
            }
        }
        let mut svg = Elements::default();
        let count = self.stages.len();
        let text = format!("{count} stages are too many for a picture: see the text, or graph.dot");
        svg.text("base", MARGIN, MARGIN + 11, &text);
        picture(&svg, "Graph of a build", 600, 2 * MARGIN + 14)
    }

    fn draw(&self) -> String {
        let detail = Detail::of(self.stages.len());
        let cards: IdVec<NodeId, Card> =
            self.stages.ids().map(|at| Card::new(self, at, detail)).collect();
        let layout = layout(self, &cards.map(|card| card.size), detail.in_layer);
        let legend = self.legend(&layout);
        let samples: i32 = legend.iter().map(|(_, word)| 26 + legend_width(word)).sum();
        let width = layout.size.width.max(samples + 2 * MARGIN);
        let mut svg = Elements::default();
        if layout.rows.len() > 1 {
            for (number, row) in layout.rows.iter().enumerate() {
                let Area { x, y, size } = *row;
                svg.rect("row", [x, y, width - 2 * x, size.height], 8);
                svg.text("number", x + 8, y + 18, &(number + 1).to_string());
            }
        }
        // Lines that run behind boxes come first, then those of stages that are not built.
        let mut wires: Vec<&Wire> = layout.wires.iter().collect();
        wires.sort_by_key(|wire| (wire.shape != Shape::Behind, self.is_built(wire)));
        for wire in wires {
            self.draw_wire(wire, &mut svg);
        }
        for (at, node) in self.stages.enumerate() {
            draw_box(node, layout.boxes[at], &cards[at], &mut svg);
        }
        let targets = self.roots.iter().map(|&at| self.stages[at].label.as_str());
        let title = format!("Graph of a build: {}", joined(targets));
        draw_legend(&legend, &layout, width, &mut svg);
        picture(&svg, &title, width, layout.size.height + LEGEND)
    }

    /// True if the target needs both ends of a line.
    fn is_built(&self, wire: &Wire) -> bool {
        self.stages[wire.edge.taker].is_needed && self.stages[wire.edge.giver].is_needed
    }

    fn draw_wire(&self, wire: &Wire, svg: &mut Elements) {
        let way = class_of(wire.edge.way);
        let mut class = format!("wire {way}");
        if !self.is_built(wire) {
            class.push_str(" pruned");
        }
        if wire.shape == Shape::Behind {
            class.push_str(" behind");
        }
        // The tip of the arrow is at the end of the line.
        const TIP: i32 = 6;
        let mut points = wire.points.clone();
        let path = match (&mut points[..], wire.shape) {
            ([from, to], Shape::Beside) => {
                let tip = if from.0 < to.0 { -TIP } else { TIP };
                format!("M{} {}L{} {}", from.0, from.1, to.0 + tip, to.1)
            }
            ([from, to], Shape::Below) => {
                let deep = from.1.max(to.1) + 30;
                format!(
                    "M{} {}C{} {deep} {} {deep} {} {}",
                    from.0,
                    from.1,
                    from.0,
                    to.0,
                    to.0,
                    to.1 + TIP
                )
            }
            (points, _) => {
                match wire.is_upward {
                    true => {
                        points[0].1 += TIP;
                        points[1].1 = points[1].1.max(points[0].1);
                    }
                    false => points[points.len() - 1].1 -= TIP,
                }
                smooth(points)
            }
        };
        let marker = if wire.is_upward { "marker-start" } else { "marker-end" };
        let arrow = if wire.is_upward { "up" } else { "to" };
        svg.add(&format!(
            "<path class=\"{class}\" d=\"{path}\" {marker}=\"url(#{arrow}-{way})\"/>\n"
        ));
    }

    /// The samples of lines and boxes that need an explanation, each with its class.
    fn legend(&self, layout: &Layout) -> Vec<(&'static str, &'static str)> {
        let ways: BTreeSet<&str> =
            layout.wires.iter().map(|wire| class_of(wire.edge.way)).collect();
        let lines = [
            ("base", "base"),
            ("copy", "copies"),
            ("mount", "mounts"),
            ("require", "required to pass"),
        ];
        let mut legend: Vec<_> = lines.into_iter().filter(|(way, _)| ways.contains(way)).collect();
        legend.push(("target", "target"));
        if self.stages.iter().any(|node| !node.is_needed) {
            legend.push(("pruned", "not built"));
        }
        legend
    }
}

fn draw_box(node: &Node, area: Area, card: &Card, svg: &mut Elements) {
    let class = match (node.is_needed, node.is_target) {
        (false, _) => "stage pruned",
        (true, true) => "stage target",
        (true, false) => "stage",
    };
    let Area { x, y, size } = area;
    let [start, end] = node.lines;
    let description = node.description.iter().map(|text| format!(": {text}"));
    let title =
        format!("{}{} ({}:{start}-{end})", node.label, description.collect::<String>(), node.file);
    svg.add(&format!("<g class=\"{class}\"><title>{}</title>\n", escape(&title)));
    svg.rect("box", [x, y, size.width, size.height], 7);
    if node.is_target {
        svg.rect("mark", [x + 12, y - 3, 28, 5], 2);
    }
    card.draw(x, y, svg);
    svg.add("</g>\n");
}

fn draw_legend(legend: &[(&str, &str)], layout: &Layout, width: i32, svg: &mut Elements) {
    let y = layout.size.height + 6;
    let mut x = MARGIN;
    for &(class, word) in legend {
        if matches!(class, "target" | "pruned") {
            svg.add(&format!("<g class=\"stage {class}\">"));
            svg.rect("box", [x, y - 10, 20, 12], 3);
            svg.add("</g>\n");
        } else {
            svg.add(&format!("<path class=\"wire {class}\" d=\"M{x} {}h20\"/>\n", y - 4));
        }
        svg.text("legend", x + 26, y, word);
        x += 26 + legend_width(word);
    }
    const REMARK: &str = "the stages of a row run at once";
    if layout.rows.len() > 1 && x + legend_width(REMARK) <= width {
        svg.text("legend", x, y, REMARK);
    }
}

fn legend_width(word: &str) -> i32 {
    i32::try_from(width(word) * 6).unwrap_or_default() + 18
}

fn class_of(way: Way) -> &'static str {
    match way {
        Way::Base | Way::Merge => "base",
        Way::Copy => "copy",
        Way::Mount => "mount",
        Way::Require => "require",
    }
}

/// A path through points with vertical tangents.
fn smooth(points: &[(i32, i32)]) -> String {
    let mut path = String::new();
    let mut last: Option<(i32, i32)> = None;
    for &(x, y) in points {
        match last {
            None => path.push_str(&format!("M{x} {y}")),
            Some((from, _)) if from == x => path.push_str(&format!("V{y}")),
            Some((from, top)) => {
                let middle = i32::midpoint(top, y);
                path.push_str(&format!("C{from} {middle} {x} {middle} {x} {y}"));
            }
        }
        last = Some((x, y));
    }
    path
}

/// The picture with these elements.
fn picture(elements: &Elements, title: &str, width: i32, height: i32) -> String {
    let title = escape(title);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"mstage\" role=\"img\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n<defs>\n"
    );
    for way in ["base", "copy", "mount", "require"] {
        for (name, path) in [("to", "M0 0L7 4L0 8Z"), ("up", "M7 0L0 4L7 8Z")] {
            let at = if name == "to" { 1 } else { 6 };
            text.push_str(&format!(
                "<marker id=\"{name}-{way}\" class=\"tip {way}\" viewBox=\"0 0 7 8\" refX=\"{at}\" refY=\"4\" markerWidth=\"7\" markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path d=\"{path}\"/></marker>\n"
            ));
        }
    }
    text.push_str("</defs>\n<rect class=\"back\" width=\"100%\" height=\"100%\" rx=\"10\"/>\n");
    text.push_str(elements.as_str());
    text.push_str("</svg>\n");
    text
}
