//! The answer to `--call=graph`: the stages of a build, as text, as a document, and as files.
//!
//! The files are in the result's file system, which clients export with `--output`.

use buildkit_frontend::{Bridge, SolveRequest, SolveResult, Status};
use buildkit_llb::{Definition, FileOp, Graph as Llb, Metadata, MkfileAction, State};

use super::answer_of;
use crate::diagnostic::Diagnostics;
use crate::gateway::build_file::BuildFile;
use crate::gateway::include::{ReadSpec, read_spec};
use crate::gateway::options::Options;
use crate::gateway::report;
use crate::plan::{Request, Selection, check_of, select_graph};
use crate::show::{GRAPH_VERSION, Graph};
use crate::spec::Spec;

/// Maximum size of a file in bytes: together they must fit into a message to an old engine, of 4 MiB.
const MAX_FILE: usize = 5 << 18;

/// Answers with the graph of the target for all platforms. No image is looked up.
pub(super) async fn answer(
    bridge: &Bridge,
    options: &Options,
    BuildFile { file, home, .. }: BuildFile,
) -> Result<SolveResult, Status> {
    let mut diagnostics = Diagnostics::default();
    check_of(&options.request, &mut diagnostics);
    let read = read_spec(bridge, options, file, &home, &mut diagnostics).await?;
    let ReadSpec { files, spec, dockerfile } = read;
    let requests = options.requests();
    let spec = spec.as_ref().filter(|spec| spec.is_whole());
    let selections = spec.and_then(|spec| select_each(spec, &requests, &mut diagnostics));
    let Some(selections) = selections.filter(|_| !diagnostics.has_errors()) else {
        return Err(report::failure(&diagnostics, &files));
    };
    let graph = Graph::new(&selections, &files, dockerfile.as_ref());
    let answer = answer_of(GRAPH_VERSION, &graph, Some(graph.to_text()))?;
    let mut result = SolveResult::from(answer);
    let solved = bridge.solve(SolveRequest::new(files_of(&graph))).await;
    result.refs = solved.map_err(Status::from)?.refs;
    Ok(result)
}

fn select_each<'s>(
    spec: &'s Spec,
    requests: &'s [Request],
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Selection<'s>>> {
    requests.iter().map(|request| select_graph(spec, request, diagnostics)).collect()
}

/// A file system with the graph in several formats.
fn files_of(graph: &Graph) -> Definition {
    let mut op = FileOp::new(State::SCRATCH);
    for (name, text) in [
        ("graph.svg", graph.to_svg()),
        ("graph.mmd", graph.to_mermaid()),
        ("graph.dot", graph.to_dot()),
    ] {
        // It would not fit into a message.
        if text.len() > MAX_FILE {
            continue;
        }
        op = op.then(MkfileAction::new(format!("/{name}"), 0o644, text.into_bytes()));
    }
    let mut llb = Llb::new();
    let state = llb.add(op, Metadata::named("[internal] write the graph"));
    llb.definition(state)
}
