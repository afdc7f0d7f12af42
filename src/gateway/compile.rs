//! From the client's files to graphs, including all lookups.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_frontend::{Bridge, Status};
use buildkit_llb::{Definition, Digest, Graph, State};

use super::build_file::BuildFile;
use super::caches::Import;
use super::entitlements::Entitlements;
use super::options::Options;
use super::planning::Opened;
use super::{caches, capabilities, dangling, report, sbom};
use crate::collect::collect_map;
use crate::diagnostic::Diagnostics;
use crate::lower::{Lowered, Program, lower};
use crate::plan::{Plan, select};
use crate::source::SourceMap;

/// The result of compiling: for each platform a plan and its graph.
pub(super) struct Compiled {
    pub(super) plans: Vec<Plan>,
    pub(super) definitions: Vec<Definition>,
    /// Graphs to build concurrently, if the targets' graphs cannot include them.
    pub(super) beside: Vec<Definition>,
    /// The graphs that make SBOMs, for each platform for which the engine does not make it itself.
    pub(super) scans: BTreeMap<String, Definition>,
    /// The entitlements that its steps need.
    pub(super) entitlements: Entitlements,
    /// The import of caches, if the client has given a source.
    pub(super) import: Option<Import>,
    /// The parts of a report, if the target is one.
    pub(super) reported: Option<Reported>,
}

/// The parts of a stage's report.
pub(super) struct Reported {
    /// The result of lowering each plan.
    pub(super) lowered: Vec<Lowered>,
    /// The graph, to which ops can be added.
    pub(super) graph: Graph,
    /// The build file and its includes.
    pub(super) files: SourceMap,
    /// True if branches run concurrently.
    pub(super) at_once: bool,
}

/// Compiles the client's files, and shows warnings.
pub(super) async fn compile(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<Compiled, Status> {
    let digest = build_file.digest;
    let mut diagnostics = Diagnostics::default();
    let opened = Opened::open(bridge, options, build_file, &mut diagnostics).await?;
    let project = opened.project(bridge);
    let planned = match &project {
        Some(project) => project.plan(select, false, &mut diagnostics).await,
        None => Ok(None),
    };
    report::warn(bridge, &diagnostics, &opened.files, digest).await;
    let planned =
        planned.map_err(|status| report::with_errors(status, &diagnostics, &opened.files))?;
    let planned = planned.filter(|_| !diagnostics.fail_build());
    let (Some(project), Some(mut plans)) = (project, planned) else {
        return Err(report::failure(&diagnostics, &opened.files));
    };

    let mut settings = project.settings();
    dangling::leave_out(bridge, &settings, &mut plans).await?;
    let mut graph = Graph::new();
    settings.waits = caches::program(bridge, project.options, &mut graph)?;
    let mut lowered = Vec::with_capacity(plans.len());
    for plan in &plans {
        let one = lower(plan, project.files, &settings, &mut graph)
            .map_err(|err| Status::new(err.to_string()))?;
        lowered.push(one);
    }
    let scans = sbom::prepare(bridge, project.options, &plans, &lowered, &mut graph).await?;
    let define = |state: State| {
        let definition = graph.definition(state);
        capabilities::check(bridge, &graph, state, &definition, project.files)?;
        capabilities::check_size(bridge, &definition)?;
        Ok(definition)
    };
    let definitions = lowered.iter().map(|one| define(one.guarded));
    let definitions: Vec<Definition> = definitions.collect::<Result<_, Status>>()?;
    // Results that several platforms share are built once.
    let beside: BTreeSet<State> = lowered.iter().flat_map(|one| &one.beside).copied().collect();
    let targets = lowered.iter().map(|one| one.guarded);
    let states: Vec<State> = targets.chain(beside.iter().copied()).collect();
    let beside: Vec<Definition> = beside.into_iter().map(define).collect::<Result<_, Status>>()?;
    let all = definitions.iter().chain(&beside).zip(states);
    let entitlements = Entitlements::of(&graph, all, project.files);
    let import = match settings.waits.take() {
        Some(program) => import(project.options, program, &lowered, &mut graph, digest)?,
        None => None,
    };
    let at_once = settings.engine.merges_branches();
    let is_report = plans.iter().any(|plan| plan.is_report);
    let reported = is_report.then_some(Reported { lowered, graph, files: opened.files, at_once });
    Ok(Compiled { plans, definitions, beside, scans, reported, entitlements, import })
}

/// The import of the caches that steps wait for, if there are any.
fn import(
    options: &Options,
    program: Program,
    lowered: &[Lowered],
    graph: &mut Graph,
    about: Digest,
) -> Result<Option<Import>, Status> {
    let caches = lowered.iter().flat_map(|one| one.caches.clone());
    // A cache with content is never empty, so nobody knows whether it is new.
    let caches = collect_map(caches.filter(|(_, cache)| !cache.has_content));
    let caches: Vec<_> = caches.into_values().collect();
    match caches.is_empty() {
        true => Ok(None),
        false => Ok(Some(Import::new(options, program, caches, graph, about)?)),
    }
}
