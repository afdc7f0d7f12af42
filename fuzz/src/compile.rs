//! The compilation of a file with made-up facts, and the requirements on its result.

use std::collections::BTreeSet;

use buildkit_llb::{Digest, Graph, Platform};
use fake_gateway::definition;
use mstage::analysis::{Analysis, BuildFiles};
use mstage::diagnostic::{Diagnostic, Diagnostics, render};
use mstage::lower::{Engine, LowerError, Sessions, Settings, lower};
use mstage::plan::{
    ContextFact, Facts, ImageFact, ImageQuery, Plan, Request, Selection, select, select_graph,
};
use mstage::show;
use mstage::source::{SourceFile, SourceMap, Span};
use mstage::spec::{Absent, FileAddress};

/// The file that every include of a build file finds.
const INCLUDED: &str = r#"
args = { INCLUDED = "1" }

[stages.included]
from = "alpine"
steps = ['echo "$INCLUDED"']
args = ["INCLUDED"]

[mounts]
included = [{ cache = "/included" }]
"#;

/// The configs of base images: a usual one, an empty one, and one with every setting.
const CONFIGS: [&str; 3] = [
    r#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/usr/bin:/bin"],"Cmd":["/bin/sh"]},
        "rootfs":{"type":"layers","diff_ids":["sha256:00"]},"history":[{"created_by":"ADD rootfs.tar"}]}"#,
    "{}",
    r#"{"architecture":"arm64","variant":"v8","os":"linux","config":{"Env":["PATH=/bin","A=$B","=x","C"],
        "User":"1:2","WorkingDir":"w/../v","Entrypoint":["/e"],"Cmd":[],"Shell":["/bin/bash","-c"],
        "ExposedPorts":{"80/tcp":{}},"Volumes":{"/v":{}},"Labels":{"a":"b"},"StopSignal":"9",
        "Healthcheck":{"Test":["NONE"],"Interval":-1},"OnBuild":["RUN x"]},
        "rootfs":{"type":"layers","diff_ids":[]}}"#,
];

/// A build for linux/amd64.
pub(crate) fn request() -> Request {
    Request::new(Platform::new("linux", "amd64", "").expect("a platform"))
}

/// The result for one platform: the image config, and the graph for a current and for an old
/// engine. `None` for a graph that would be too large.
#[derive(Debug, PartialEq)]
pub(crate) struct Compiled {
    pub(crate) config: Vec<u8>,
    pub(crate) graphs: [Option<Vec<Vec<u8>>>; 2],
}

/// Compiles a file for each request, and checks all that must hold for any file. Returns a result
/// for each request, or the errors as text.
pub(crate) fn compile(
    file: &SourceFile,
    lock: Option<&SourceFile>,
    requests: &[Request],
) -> Result<Vec<Compiled>, String> {
    let first = compile_once(file, lock, requests);
    let second = compile_once(file, lock, requests);
    assert_eq!(first, second, "the result differs between two compilations");
    first
}

fn compile_once(
    file: &SourceFile,
    lock: Option<&SourceFile>,
    requests: &[Request],
) -> Result<Vec<Compiled>, String> {
    let mut diagnostics = Diagnostics::default();
    let build_files = BuildFiles { file: file.clone(), ignore: None, lock: lock.cloned() };
    let analysis = Analysis::new(build_files, requests.to_vec(), included, &mut diagnostics);
    check_all_stages(&analysis);
    let planned = analysis.plan(select, true, facts, &mut diagnostics);
    check_diagnostics(&diagnostics, &analysis.files);
    if diagnostics.fail_build() {
        return Err(render::errors(&diagnostics.errors(), &analysis.files));
    }
    assert_eq!(planned.len(), requests.len(), "a request has no selection, and no error says why");
    let plans = planned.iter().map(|planned| planned.plan.as_ref());
    let plans = plans.map(|plan| plan.expect("without errors, there is a plan"));
    Ok(plans.map(|plan| lowered(plan, &analysis.files)).collect())
}

/// The parts of a check that a build does not have: the stages that the target does not need, and
/// the picture of the graph.
fn check_all_stages(analysis: &Analysis) {
    let mut diagnostics = Diagnostics::default();
    analysis.check(facts, &mut diagnostics);
    check_diagnostics(&diagnostics, &analysis.files);
    analysis.check(Facts::none, &mut Diagnostics::default());
    let selections = analysis.select(select_graph, &mut Diagnostics::default());
    if !selections.is_empty() {
        let graph = show::Graph::new(&selections, &analysis.files, analysis.dockerfile.as_ref());
        let _ = (graph.to_text(), graph.to_svg(), graph.to_mermaid(), graph.to_dot());
    }
}

fn included(address: &FileAddress) -> Result<Vec<u8>, Absent> {
    match &address.context {
        Some(_) => Err(Absent::Context),
        None if address.path.contains("absent") => Err(Absent::File),
        None => Ok(INCLUDED.into()),
    }
}

/// Facts about images that depend only on their names.
pub(crate) fn facts(selection: &Selection<'_>) -> Facts {
    let fact = |image: &ImageQuery| {
        let reference = image.reference.to_string();
        Some(ImageFact {
            digest: Some(Digest::of(reference.as_bytes()).to_string()),
            config: CONFIGS[reference.len() % CONFIGS.len()].into(),
            ..ImageFact::default()
        })
    };
    Facts {
        images: selection.images().iter().map(fact).collect(),
        contexts: selection.contexts().iter().map(|_| Some(ContextFact::default())).collect(),
    }
}

pub(crate) fn lowered(plan: &Plan, files: &SourceMap) -> Compiled {
    let all = Engine::CURRENT;
    let graphs = [all, Engine::default()].map(|engine| {
        let settings =
            Settings { sessions: Sessions::new("session"), engine, ..Settings::default() };
        let mut graph = Graph::new();
        let target = match lower(plan, files, &settings, &mut graph) {
            Ok(lowered) => lowered.guarded,
            Err(LowerError::TooLarge) => return None,
            Err(LowerError::Import(err)) => panic!("nothing is imported: {err}"),
        };
        let definition = graph.definition(target);
        let caps: BTreeSet<String> = definition.caps().map(|cap| cap.id().to_owned()).collect();
        let definition = definition.to_proto();
        if let Err(wrong) = definition::read(&definition, &caps) {
            panic!("an engine would not accept the graph: {wrong}");
        }
        Some(definition.def)
    });
    Compiled { config: plan.config.to_json(), graphs }
}

/// Checks that each location is within its file.
pub(crate) fn check_diagnostics(diagnostics: &Diagnostics, files: &SourceMap) {
    for found in [diagnostics.errors(), diagnostics.findings()].concat() {
        let related = found.related.iter().map(|(span, _)| *span);
        for span in found.span.into_iter().chain(related) {
            check_span(span, found, files);
        }
        // Must not panic, and must name a line.
        let _ = render::diagnostic(found, files);
    }
    let lines = files.main().line_count();
    for found in &diagnostics.dockerfile().list {
        let Some(range) = &found.lines else { continue };
        let is_within =
            *range.start() >= 1 && range.start() <= range.end() && *range.end() <= lines;
        assert!(is_within, "{found:?} is not within {lines} lines");
    }
}

fn check_span(span: Span, found: &Diagnostic, files: &SourceMap) {
    let file = files.file(span);
    let text = file.text().get(file.range(span));
    assert!(text.is_some(), "the span {span:?} of {found:?} is not within {}", file.name());
    let written = files.written_span(span);
    // Only the build file itself is converted from another one.
    if file.is_made() {
        let main = files.main();
        let text = main.text().get(main.range(written));
        assert!(text.is_some(), "{written:?} of {found:?} is not within {}", main.name());
    }
}
