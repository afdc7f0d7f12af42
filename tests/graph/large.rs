//! Large build files: the time is linear, and the text stays within its width.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::hostile::check_xml;
use crate::{graph, requests};

/// Renders a graph in every form, and returns the time that it took.
fn render(text: &str) -> Duration {
    let requests = requests("");
    let start = Instant::now();
    let graph = graph(text, &requests).unwrap();
    let tree = graph.to_text();
    let svg = graph.to_svg();
    let _ = (graph.to_mermaid(), graph.to_dot(), serde_json::to_vec(&graph).unwrap());
    let time = start.elapsed();
    check_xml(&svg);
    let widest = tree.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}");
    time
}

/// Each stage starts from the one before.
pub(crate) fn chain(count: usize) -> String {
    let mut text = "default = \"s0\"\n[stages.s0]\nfrom = \"alpine\"\n".replace("s0", "last");
    text = text.replace("from = \"alpine\"", &format!("from = \"s{}\"", count - 1));
    let _ = write!(text, "[stages.s0]\nfrom = \"alpine\"\n");
    for number in 1..count {
        let _ = write!(text, "[stages.s{number}]\nfrom = \"s{}\"\nsteps = ['true']\n", number - 1);
    }
    text
}

/// Each stage copies from several that are far away.
pub(crate) fn tangle(count: usize) -> String {
    let mut text = format!("default = \"s{}\"\n[stages.s0]\nfrom = \"alpine\"\n", count - 1);
    for number in 1..count {
        let _ = write!(text, "[stages.s{number}]\nfrom = \"s{}\"\nsteps = [", number / 2);
        for other in [number - 1, number / 3, number * 7 / 11] {
            let _ = write!(text, "{{ copy = '/a', from = 's{other}' }}, ");
        }
        text.push_str("'true']\n");
    }
    text
}

/// All stages at once.
pub(crate) fn fan(count: usize) -> String {
    let mut text = "default = \"all\"\n".to_owned();
    for number in 0..count {
        let _ = write!(text, "[stages.s{number}]\nfrom = \"alpine\"\nsteps = ['true']\n");
    }
    text.push_str("[stages.all]\nfrom = \"scratch\"\nsteps = [\n");
    for number in 0..count {
        let _ = writeln!(text, "{{ copy = '/a', from = 's{number}' }},");
    }
    text + "]\n"
}

#[test]
fn thousand_stages() {
    for make in [chain, tangle, fan] {
        let (small, large) = (render(&make(1000)), render(&make(4000)));
        // Linear would be 4 times as long; 16 times would be quadratic.
        let limit = (small * 12).max(Duration::from_secs(5));
        assert!(large < limit, "{small:?} for 1000 stages, {large:?} for 4000");
    }
}
