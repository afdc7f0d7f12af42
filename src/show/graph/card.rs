//! The box of a stage in a picture: its lines and its size.
//!
//! Fonts are those of the viewer, so widths are estimates on the wide side.

use super::elements::{Elements, escape};
use super::layout::Size;
use super::width::{cut, width};
use super::{From, Graph, Input, Node, NodeId, Step, Way, joined};

/// The space inside a box, to the left and right of its text.
const PADDING: i32 = 12;

/// The smallest width of a box.
const MIN_WIDTH: i32 = 120;

/// The space between the branches of a `parallel` step.
const CELL_GAP: i32 = 6;

/// The height of a line of steps.
const LINE: i32 = 15;

/// The amount of detail in the boxes: the larger the graph, the less.
#[derive(Debug, Clone, Copy)]
pub(super) struct Detail {
    /// Maximum number of steps in a box.
    steps: usize,
    /// Maximum width of a step, in columns.
    columns: usize,
    /// Maximum number of boxes side by side.
    pub(super) in_layer: usize,
}

impl Detail {
    /// The detail for a number of stages.
    pub(super) fn of(stages: usize) -> Self {
        match stages {
            0..=8 => Self { steps: 10, columns: 42, in_layer: 4 },
            9..=24 => Self { steps: 6, columns: 34, in_layer: 7 },
            25..=120 => Self { steps: 3, columns: 26, in_layer: 10 },
            _ => Self { steps: 0, columns: 24, in_layer: 16 },
        }
    }
}

/// The content of a box.
pub(super) struct Card {
    rows: Vec<Row>,
    pub(super) size: Size,
}

enum Row {
    Name {
        name: String,
        platform: Option<String>,
    },
    /// A line of text with its class.
    Text(&'static str, String),
    Rule,
    Step {
        verb: String,
        text: String,
    },
    /// Branches next to each other, each with its lines.
    Cells(Vec<Vec<String>>),
}

impl Row {
    fn height(&self) -> i32 {
        match self {
            Row::Name { .. } => 20,
            Row::Text(..) | Row::Step { .. } => LINE,
            Row::Rule => 11,
            Row::Cells(cells) => cell_height(cells) + 6,
        }
    }

    /// The width of its text.
    fn width(&self) -> i32 {
        match self {
            Row::Name { name, platform } => {
                let platform = platform.as_deref().map_or(0, |text| pixels(text, 62) + 14);
                pixels(name, 84) + platform
            }
            Row::Text(_, text) => pixels(text, 62),
            Row::Rule => 0,
            Row::Step { verb, text } => {
                pixels(verb, 64) + pixels(text, 64) + if verb.is_empty() { 0 } else { 6 }
            }
            Row::Cells(cells) => {
                let widths = cells.iter().flatten().map(|line| pixels(line, 64) + 14);
                let count = i32::try_from(cells.len()).unwrap_or(1);
                count * widths.max().unwrap_or_default() + (count - 1) * CELL_GAP
            }
        }
    }
}

/// The width of a text, with the width of a column in tenths of a pixel.
fn pixels(text: &str, column: usize) -> i32 {
    i32::try_from((width(text) * column).div_ceil(10)).unwrap_or(i32::MAX / 4)
}

fn cell_height(cells: &[Vec<String>]) -> i32 {
    let most = cells.iter().map(Vec::len).max().unwrap_or_default();
    i32::try_from(most).unwrap_or_default() * 14 + 8
}

impl Card {
    pub(super) fn new(graph: &Graph, at: NodeId, detail: Detail) -> Self {
        let node = &graph.stages[at];
        let platform = node.label.strip_prefix(&node.name).map(str::trim);
        let mut rows = vec![Row::Name {
            name: cut(&node.name, detail.columns * 3 / 4).into_owned(),
            platform: platform.filter(|text| !text.is_empty()).map(|text| cut(text, 24).into()),
        }];
        rows.push(Row::Text("base", cut(&base_line(graph, node), detail.columns).into_owned()));
        let steps = step_rows(graph, node, detail);
        if !steps.is_empty() {
            rows.push(Row::Rule);
            rows.extend(steps);
        }
        let notes = note_rows(graph, node, detail);
        if !notes.is_empty() {
            rows.push(Row::Rule);
            rows.extend(notes);
        }
        let width = rows.iter().map(Row::width).max().unwrap_or_default() + 2 * PADDING;
        let height = rows.iter().map(Row::height).sum::<i32>() + 16;
        Self { rows, size: Size { width: width.max(MIN_WIDTH), height } }
    }

    /// Draws the content from its top left corner.
    pub(super) fn draw(&self, x: i32, y: i32, svg: &mut Elements) {
        let (left, right) = (x + PADDING, x + self.size.width - PADDING);
        let mut y = y + 8;
        for row in &self.rows {
            match row {
                Row::Name { name, platform } => {
                    svg.text("name", left, y + 14, name);
                    if let Some(platform) = platform {
                        svg.text("platform", right, y + 14, platform);
                    }
                }
                Row::Text(class, text) => svg.text(class, left, y + 11, text),
                Row::Rule => svg.line("rule", [x, y + 6, x + self.size.width, y + 6]),
                Row::Step { verb, text } if verb.is_empty() => svg.text("step", left, y + 11, text),
                Row::Step { verb, text } => {
                    let verb = escape(verb);
                    let text = escape(text);
                    let y = y + 11;
                    svg.add(&format!(
                        "<text class=\"step\" x=\"{left}\" y=\"{y}\"><tspan class=\"verb\">{verb}</tspan> {text}</text>\n"
                    ));
                }
                Row::Cells(cells) => {
                    let count = i32::try_from(cells.len()).unwrap_or(1);
                    let cell = (right - left - (count - 1) * CELL_GAP) / count;
                    for (number, lines) in cells.iter().enumerate() {
                        let number = i32::try_from(number).unwrap_or_default();
                        let x = left + number * (cell + CELL_GAP);
                        let height = cell_height(cells);
                        svg.rect("cell", [x, y + 2, cell, height], 4);
                        for (line, text) in lines.iter().enumerate() {
                            let line = i32::try_from(line).unwrap_or_default();
                            svg.text("step", x + 7, y + 16 + line * 14, text);
                        }
                    }
                }
            }
            y += row.height();
        }
    }
}

/// The bases of a stage, and its platform if it is another one than the target's.
fn base_line(graph: &Graph, node: &Node) -> String {
    let bases: Vec<String> = node.bases.iter().map(|base| graph.name_of(&base.origin)).collect();
    let mut line = format!("from {}", bases.join(" + "));
    if let Some(platform) = node.other_platform() {
        line.push_str(&format!(" on {platform}"));
    }
    line
}

fn step_rows(graph: &Graph, node: &Node, detail: Detail) -> Vec<Row> {
    let count = node.steps.len();
    if detail.steps == 0 {
        return match count {
            0 => Vec::new(),
            count => vec![Row::Text("more", counted(count))],
        };
    }
    // One step is not left out for a line that says so.
    let shown = if count == detail.steps + 1 { count } else { count.min(detail.steps) };
    let mut rows = Vec::new();
    for step in &node.steps[..shown] {
        if step.branches.is_empty() {
            rows.push(step_row(graph, step, detail));
        } else {
            branch_rows(graph, step, detail, &mut rows);
        }
    }
    if count > shown {
        rows.push(Row::Text("more", format!("{} more", counted(count - shown))));
    }
    rows
}

fn counted(steps: usize) -> String {
    if steps == 1 { "1 step".to_owned() } else { format!("{steps} steps") }
}

fn step_row(graph: &Graph, step: &Step, detail: Detail) -> Row {
    let end = ending(graph, &step.inputs);
    let verb = if step.is_named { "" } else { &step.verb };
    let room = detail.columns.saturating_sub(width(verb) + 1 + width(&end)).max(8);
    let text = format!("{}{end}", cut(&step.text, room));
    Row::Step { verb: verb.to_owned(), text: cut(&text, detail.columns + 8).into_owned() }
}

/// The branches of a step next to each other, or one below the other if they are many.
fn branch_rows(graph: &Graph, step: &Step, detail: Detail, rows: &mut Vec<Row>) {
    let in_row = (detail.columns / 11).min(step.branches.len()).max(1);
    let room = (detail.columns * 3 / 2 / in_row).min(detail.columns);
    let title = if step.is_named { &step.text } else { "parallel" };
    let room_for_title = detail.columns.saturating_sub(4);
    let title = format!("{} ×{}", cut(title, room_for_title), step.branches.len());
    rows.push(Row::Step { verb: title, text: String::new() });
    let branches = step.branches.iter().take(detail.steps);
    let cells: Vec<Vec<String>> = branches.map(|branch| cell(graph, branch, room)).collect();
    for chunk in cells.chunks(in_row) {
        rows.push(Row::Cells(chunk.to_vec()));
    }
    if let more @ 1.. = step.branches.len().saturating_sub(detail.steps) {
        rows.push(Row::Text("more", format!("{more} more branches")));
    }
}

/// The first steps of a branch, one a line.
fn cell(graph: &Graph, steps: &[Step], room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for step in steps.iter().take(3) {
        let text = format!("{}{}", step.text, ending(graph, &step.inputs));
        lines.push(cut(&text, room).into_owned());
    }
    if let more @ 1.. = steps.len().saturating_sub(3) {
        lines.push(format!("… {more} more"));
    }
    lines
}

/// The origins of a step's files, as the end of its line.
fn ending(graph: &Graph, inputs: &[Input]) -> String {
    let word = match inputs.first() {
        None => return String::new(),
        Some(Input { way: Way::Mount, .. }) => "with",
        Some(_) => "from",
    };
    let mut names = Vec::new();
    for input in inputs.iter().take(2) {
        names.push(match &input.origin {
            // The short name: a line leads to the box.
            From::Stage(at) => cut(&graph.stages[*at].name, 20).into_owned(),
            other => cut(&graph.name_of(other), 24).into_owned(),
        });
    }
    if inputs.len() > 2 {
        names.push("…".to_owned());
    }
    format!(" {word} {}", joined(names))
}

/// Everything about a stage below its steps.
fn note_rows(graph: &Graph, node: &Node, detail: Detail) -> Vec<Row> {
    let mut notes = Vec::new();
    if !node.mounts.is_empty() {
        let from = ending(graph, &node.mounts).replacen(" with", "", 1);
        notes.push(("mounts", format!("mounts{from}")));
    }
    if !node.requires.is_empty() {
        let names = node.requires.iter().map(|&at| graph.stages[at].name.as_str());
        notes.push(("requires", format!("requires {}", joined(names))));
    }
    if let Some(report) = &node.report {
        let target = graph.is_report && node.is_target;
        let word = if target { "report (target)" } else { "report" };
        notes.push(("report", format!("{word} {report}")));
    }
    if node.squash {
        notes.push(("more", "squashed".to_owned()));
    }
    if let Some(condition) = &node.condition {
        notes.push(("more", format!("exists {condition}")));
    }
    let rows = notes.into_iter();
    rows.map(|(class, text)| Row::Text(class, cut(&text, detail.columns).into_owned())).collect()
}
