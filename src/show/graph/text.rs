//! A graph as a tree in text: the target is the root, and below each stage is what it needs.

use std::collections::VecDeque;

use super::width::{cut, width};
use super::{From, Graph, Input, Node, NodeId, Step, Way, joined};
use crate::id::IdVec;

/// The width of the text.
const WIDTH: usize = 100;

/// Maximum width of the lines that lead to a stage. Deeper stages continue further down.
const MAX_INDENT: usize = 48;

/// Maximum number of a stage's steps that are shown.
const MAX_STEPS: usize = 40;

impl Graph {
    /// The graph as a tree, with the order of the stages and those that are not built.
    pub fn to_text(&self) -> String {
        let mut tree = Tree {
            graph: self,
            out: String::new(),
            states: self.stages.map(|_| State::New),
            later: self.roots.iter().copied().collect(),
        };
        while let Some(root) = tree.later.pop_front() {
            tree.root(root);
        }
        let mut text = tree.out;
        self.add_order(&mut text);
        self.add_not_built(&mut text);
        text
    }

    /// The stages in rows, those that can run at once next to each other.
    fn add_order(&self, text: &mut String) {
        let rows = self.rows(|node| node.is_needed);
        let labels = rows.iter().flatten().map(|&at| width(&self.stages[at].label));
        let cell = labels.max().unwrap_or_default().min(40) + 2;
        if rows.iter().flatten().count() < 2 {
            return;
        }
        text.push_str(
            "\norder: each row needs only rows above it; the stages of a row run at once\n",
        );
        let in_line = ((WIDTH - 6) / cell).max(1);
        for (number, row) in rows.iter().enumerate() {
            for (at, chunk) in row.chunks(in_line).enumerate() {
                let mut line = match at {
                    0 => format!("{:4}  ", number + 1),
                    _ => "      ".to_owned(),
                };
                for &stage in chunk {
                    let label = cut(&self.stages[stage].label, cell - 2);
                    line.push_str(&label);
                    line.extend(std::iter::repeat_n(' ', cell - width(&label)));
                }
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
    }

    fn add_not_built(&self, text: &mut String) {
        let pruned = self.stages.iter().filter(|node| node.exists && !node.is_needed);
        let pruned: Vec<String> = pruned.map(|node| node.label.clone()).collect();
        let absent = self.stages.iter().filter(|node| !node.exists);
        let absent = absent.map(|node| match &node.condition {
            Some(condition) => format!("{} ({condition})", node.label),
            None => node.label.clone(),
        });
        add_list("not needed by the target:", &pruned, text);
        add_list("not in this build:", &absent.collect::<Vec<_>>(), text);
    }
}

/// Adds a list that is wrapped at the width of the text.
fn add_list(title: &str, items: &[String], text: &mut String) {
    if items.is_empty() {
        return;
    }
    let mut line = format!("\n{title}");
    // The line break at the beginning has no width.
    let mut room = WIDTH + 1;
    for (number, item) in items.iter().enumerate() {
        let comma = if number + 1 < items.len() { "," } else { "" };
        let item = format!(" {}{comma}", cut(item, WIDTH - 4));
        if width(&line) + width(&item) > room {
            text.push_str(&line);
            text.push('\n');
            (line, room) = (" ".to_owned(), WIDTH);
        }
        line.push_str(&item);
    }
    text.push_str(&line);
    text.push('\n');
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    /// It is shown later, as a root of its own.
    Waiting,
    Shown,
}

struct Tree<'g> {
    graph: &'g Graph,
    out: String,
    states: IdVec<NodeId, State>,
    later: VecDeque<NodeId>,
}

/// A line below a stage, with the stages below it.
struct Branch {
    text: String,
    /// The end of the line, which must be seen even if the text is long.
    end: String,
    stages: Vec<NodeId>,
    lines: Vec<String>,
}

impl Branch {
    fn new(text: String) -> Self {
        Self { text, end: String::new(), stages: Vec::new(), lines: Vec::new() }
    }
}

impl Tree<'_> {
    fn root(&mut self, at: NodeId) {
        if self.states[at] == State::Shown {
            return;
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.stage(at, "", "");
    }

    /// Shows a stage. `first` is in front of its line, and `rest` in front of the lines below.
    fn stage(&mut self, at: NodeId, first: &str, rest: &str) {
        self.states[at] = State::Shown;
        let graph = self.graph;
        let node = &graph.stages[at];
        let mut nested = Vec::new();
        let header = self.header(node, width(rest), &mut nested);
        self.line(first, &header);
        let mut branches: Vec<Branch> = Vec::new();
        for base in nested {
            branches.push(Branch { stages: vec![base], ..Branch::new(String::new()) });
        }
        for input in &node.mounts {
            let name = self.reference(&input.origin);
            branches.push(self.with_stages(format!("mounts {name}"), [input]));
        }
        for step in node.steps.iter().take(MAX_STEPS) {
            branches.push(self.step(step));
        }
        if let more @ 1.. = node.steps.len().saturating_sub(MAX_STEPS) {
            branches.push(Branch::new(format!("… {more} more steps")));
        }
        for &required in &node.requires {
            let origin = From::Stage(required);
            let name = self.reference(&origin);
            if node.is_needed && !graph.stages[required].is_needed {
                branches.push(Branch::new(format!("requires {name}, which the client skips")));
                continue;
            }
            let input = Input { way: Way::Require, origin };
            branches.push(self.with_stages(format!("requires {name}"), [&input]));
        }
        branches.extend(node.report.iter().map(|path| Branch::new(format!("report {path}"))));
        let count = branches.len();
        for (number, branch) in branches.into_iter().enumerate() {
            self.branch(branch, rest, number + 1 == count);
        }
    }

    /// The line of a stage. The bases that are not shown yet are added to `nested`.
    fn header(&mut self, node: &Node, indent: usize, nested: &mut Vec<NodeId>) -> String {
        let mut header = match self.graph.is_report && node.is_target {
            true => format!("report of [{}]", node.label),
            false => format!("[{}]", node.label),
        };
        for (number, base) in node.bases.iter().enumerate() {
            header.push_str(if number == 0 { " from " } else { " + " });
            header.push_str(&self.reference(&base.origin));
            if let From::Stage(base) = base.origin {
                match self.states[base] {
                    State::Shown => header.push_str(" (above)"),
                    State::New if indent < MAX_INDENT => nested.push(base),
                    State::New | State::Waiting => {
                        self.postpone(base);
                        header.push_str(" (below)");
                    }
                }
            }
        }
        if let Some(platform) = node.other_platform() {
            header.push_str(&format!(", on {platform}"));
        }
        if node.squash {
            header.push_str(", squashed");
        }
        header.extend(node.condition.iter().map(|condition| format!(", {condition}")));
        header.extend(node.description.iter().map(|description| format!("  # {description}")));
        header
    }

    fn step(&mut self, step: &Step) -> Branch {
        let mut branch = self.with_stages(step.line(), &step.inputs);
        if step.branches.is_empty() {
            let origins: Vec<String> =
                step.inputs.iter().map(|input| self.reference(&input.origin)).collect();
            let way = match step.inputs.first() {
                Some(Input { way: Way::Mount, .. }) => "with",
                _ => "from",
            };
            if !origins.is_empty() {
                branch.end = format!(" {way} {}", joined(origins));
            }
        } else {
            branch.text = format!("parallel, {} at once", step.branches.len());
            if step.is_named {
                branch.text = format!("{}: {}", step.text, branch.text);
            }
            for steps in &step.branches {
                let lines = steps.iter().map(|step| {
                    let inputs = step.inputs.iter().map(|input| self.reference(&input.origin));
                    let inputs: Vec<String> = inputs.collect();
                    let from = if inputs.is_empty() { "" } else { " from " };
                    format!("{}{from}{}", step.line(), joined(inputs))
                });
                branch.lines.push(format!("∥ {}", lines.collect::<Vec<_>>().join("; ")));
                let inputs = steps.iter().flat_map(|step| &step.inputs);
                branch.stages.extend(self.new_stages(inputs));
            }
        }
        branch
    }

    fn with_stages<'i>(&self, text: String, inputs: impl IntoIterator<Item = &'i Input>) -> Branch {
        Branch { stages: self.new_stages(inputs), ..Branch::new(text) }
    }

    fn new_stages<'i>(&self, inputs: impl IntoIterator<Item = &'i Input>) -> Vec<NodeId> {
        let stages = inputs.into_iter().filter_map(|input| match input.origin {
            From::Stage(at) => Some(at),
            _ => None,
        });
        stages.filter(|&at| self.states[at] == State::New).collect()
    }

    fn branch(&mut self, branch: Branch, prefix: &str, is_last: bool) {
        let (mark, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let (first, rest) = (format!("{prefix}{mark}"), format!("{prefix}{below}"));
        let mut stages = branch.stages;
        // An earlier branch may have shown it.
        stages.retain(|&at| self.states[at] == State::New);
        stages.sort();
        stages.dedup();
        if branch.text.is_empty() {
            match stages.first() {
                Some(&base) => self.stage(base, &first, &rest),
                None => self.line(&first, "(its base is above)"),
            }
            return;
        }
        let room = WIDTH.saturating_sub(width(&first) + width(&branch.end)).max(20);
        self.line(&first, &format!("{}{}", cut(&branch.text, room), branch.end));
        if width(&rest) >= MAX_INDENT {
            for at in std::mem::take(&mut stages) {
                self.postpone(at);
            }
        }
        let count = branch.lines.len() + stages.len();
        let marks = |number: usize| match number == count {
            true => (format!("{rest}└─ "), format!("{rest}   ")),
            false => (format!("{rest}├─ "), format!("{rest}│  ")),
        };
        for (number, line) in branch.lines.iter().enumerate() {
            self.line(&marks(number + 1).0, line);
        }
        for (number, at) in stages.into_iter().enumerate() {
            let (first, rest) = marks(branch.lines.len() + number + 1);
            match self.states[at] {
                State::New => self.stage(at, &first, &rest),
                State::Waiting | State::Shown => {
                    let text = format!("[{}] (above)", self.graph.stages[at].label);
                    self.line(&first, &text);
                }
            }
        }
    }

    fn postpone(&mut self, at: NodeId) {
        if self.states[at] == State::New {
            self.states[at] = State::Waiting;
            self.later.push_back(at);
        }
    }

    /// The name of a place where files come from; stages are in brackets, as in the progress.
    fn reference(&self, origin: &From) -> String {
        match origin {
            From::Stage(_) => format!("[{}]", self.graph.name_of(origin)),
            _ => self.graph.name_of(origin),
        }
    }

    fn line(&mut self, prefix: &str, text: &str) {
        self.out.push_str(prefix);
        self.out.push_str(&cut(text, WIDTH.saturating_sub(width(prefix))));
        self.out.push('\n');
    }
}
