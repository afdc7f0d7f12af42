//! What a build needs that the engine lacks, found before anything is built.

use buildkit_llb::{Cap, Graph, State};

use super::bridge::{Bridge, Status};
use super::report::with_lines;
use crate::source::SourceFile;

/// Refuses a graph with an op that the engine cannot run, naming the feature and the line that needs it.
pub(super) fn check(
    bridge: &Bridge,
    graph: &Graph,
    target: State,
    file: &SourceFile,
) -> Result<(), Status> {
    let engine = &bridge.capabilities().llb;
    let mut problems = Vec::new();
    for vertex in graph.vertices(target) {
        for &cap in vertex.caps() {
            let Err(missing) = engine.require(cap.id()) else { continue };
            let lines =
                vertex.metadata().locations.first().and_then(|location| location.ranges.first());
            let line = lines.map(|range| range.start.line..=range.end.line);
            problems.push((line, explain(cap, missing.disabled.as_deref())));
        }
    }
    problems.dedup();
    if problems.is_empty() {
        return Ok(());
    }
    let place = |line: &Option<std::ops::RangeInclusive<u32>>| match line {
        Some(lines) => format!("{}:{}: ", file.name(), lines.start()),
        None => String::new(),
    };
    let text: Vec<String> =
        problems.iter().map(|(line, problem)| format!("{}{problem}", place(line))).collect();
    Err(with_lines(
        Status::new(text.join("\n")),
        file,
        problems.into_iter().filter_map(|(line, _)| line),
    ))
}

fn explain(cap: Cap, disabled: Option<&str>) -> String {
    match disabled {
        Some(reason) => format!("the engine has switched `{}` off: {reason}", cap.id()),
        None => format!("the engine lacks `{}`; BuildKit has it from {} on", cap.id(), cap.since()),
    }
}
