//! A graph as text for Graphviz.

use super::width::cut;
use super::{Graph, Node, Way, number};

/// Maximum width of a line in a box.
const MAX_LINE: usize = 60;

impl Graph {
    /// The graph in the language of Graphviz.
    pub fn to_dot(&self) -> String {
        let mut text = "digraph build {\n  rankdir=TB;\n  node [shape=box, style=rounded, fontname=\"Helvetica\"];\n  edge [fontname=\"Helvetica\", fontsize=10];\n".to_owned();
        for (at, node) in self.stages.enumerate() {
            let style = match node {
                Node { is_needed: false, .. } => {
                    ", color=gray, fontcolor=gray, style=\"rounded,dashed\""
                }
                Node { is_target: true, .. } => ", penwidth=2.5",
                _ => "",
            };
            let lines: Vec<String> =
                self.box_lines(node).iter().map(|line| escape(&cut(line, MAX_LINE))).collect();
            let label = lines.join("\\n");
            text.push_str(&format!("  n{} [label=\"{label}\"{style}];\n", number(at)));
        }
        for row in self.rows(|_| true).iter().filter(|row| row.len() > 1) {
            let ids: Vec<String> = row.iter().map(|&at| format!("n{};", number(at))).collect();
            text.push_str(&format!("  {{ rank=same; {} }}\n", ids.join(" ")));
        }
        for edge in self.edges() {
            let style = match edge.way {
                Way::Base | Way::Merge => "",
                Way::Copy => " [label=\"copy\"]",
                Way::Mount => " [label=\"mount\"]",
                // A required stage may also start from the one that requires it.
                Way::Require => " [label=\"required\", style=dashed, constraint=false]",
            };
            text.push_str(&format!(
                "  n{} -> n{}{style};\n",
                number(edge.giver),
                number(edge.taker)
            ));
        }
        text.push_str("}\n");
        text
    }
}

/// The text inside quotes.
fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
