//! A graph as text for Mermaid, which GitHub and GitLab draw in Markdown.

use super::width::cut;
use super::{Graph, Node, Way, number};

/// Maximum width of a line in a box.
const MAX_LINE: usize = 40;

impl Graph {
    /// The graph in the language of Mermaid.
    pub fn to_mermaid(&self) -> String {
        let mut text = "flowchart TB\n".to_owned();
        for (at, node) in self.stages.enumerate() {
            let class = match node {
                Node { is_needed: false, .. } => ":::pruned",
                Node { is_target: true, .. } => ":::target",
                _ => "",
            };
            let lines: Vec<String> =
                self.box_lines(node).iter().map(|line| escape(&cut(line, MAX_LINE))).collect();
            text.push_str(&format!("  n{}[\"{}\"]{class}\n", number(at), lines.join("<br>")));
        }
        for edge in self.edges() {
            let arrow = match edge.way {
                Way::Base | Way::Merge => "-->",
                Way::Copy => "-- copy -->",
                Way::Mount => "-- mount -->",
                Way::Require => "-. required .->",
            };
            text.push_str(&format!("  n{} {arrow} n{}\n", number(edge.giver), number(edge.taker)));
        }
        text.push_str("  classDef target stroke-width:3px\n");
        if self.stages.iter().any(|node| !node.is_needed) {
            text.push_str("  classDef pruned opacity:0.5,stroke-dasharray:4 3\n");
        }
        text
    }

    /// The lines in the box of a stage: its name, its base and the number of its steps.
    pub(super) fn box_lines(&self, node: &Node) -> Vec<String> {
        let mut lines = vec![node.label.clone()];
        for (number, base) in node.bases.iter().enumerate() {
            let word = if number == 0 { "from" } else { "+" };
            lines.push(format!("{word} {}", self.name_of(&base.origin)));
        }
        match node.steps.len() {
            0 => {}
            1 => lines.push("1 step".to_owned()),
            count => lines.push(format!("{count} steps")),
        }
        lines
    }
}

/// The text inside quotes. Mermaid reads quotes, HTML, Markdown and directives there, so only plain
/// characters stay as they are.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_alphanumeric() || " -./:,+=…→$(){}_@".contains(c) => escaped.push(c),
            c => escaped.push_str(&format!("#{};", u32::from(c))),
        }
    }
    escaped
}
