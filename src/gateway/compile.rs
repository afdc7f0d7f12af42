//! From the client's files to graphs, with what must be known looked up on the way.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::{Definition, Graph, State};

use super::build_file::BuildFile;
use super::entitlements::Entitlements;
use super::project::Opened;
use super::{Options, capabilities, dangling, report, sbom};
use crate::diagnostic::Diagnostics;
use crate::lower::{Lowered, lower};
use crate::plan::{Plan, select};
use crate::source::SourceMap;
use buildkit_frontend::{Bridge, Status};

/// What is built: for each platform a plan and the graph that it became.
pub(super) struct Compiled {
    pub(super) plans: Vec<Plan>,
    pub(super) definitions: Vec<Definition>,
    /// What must be built beside them, where their graphs cannot say so.
    pub(super) beside: Vec<Definition>,
    /// What an SBOM is made by, for each platform whose SBOM is not the engine's to make.
    pub(super) scans: BTreeMap<String, Definition>,
    /// The entitlements that its steps need.
    pub(super) entitlements: Entitlements,
    /// What a report is put together from, where that of the target is built.
    pub(super) reported: Option<Reported>,
}

/// What the report of a stage is put together from.
pub(super) struct Reported {
    /// What each plan became in the graph.
    pub(super) lowered: Vec<Lowered>,
    /// The graph, which can grow.
    pub(super) graph: Graph,
    /// The build file and what it includes.
    pub(super) files: SourceMap,
    /// Whether branches are done at once.
    pub(super) at_once: bool,
}

/// From the client's files to what is to be built, with the warnings shown on the way.
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

    let settings = project.settings();
    dangling::leave_out(bridge, &settings, &mut plans).await?;
    let mut graph = Graph::new();
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
    // What platforms have in common is built once.
    let beside: BTreeSet<State> = lowered.iter().flat_map(|one| &one.beside).copied().collect();
    let targets = lowered.iter().map(|one| one.guarded);
    let states: Vec<State> = targets.chain(beside.iter().copied()).collect();
    let beside: Vec<Definition> = beside.into_iter().map(define).collect::<Result<_, Status>>()?;
    let all = definitions.iter().chain(&beside).zip(states);
    let entitlements = Entitlements::of(&graph, all, project.files);
    let at_once = settings.engine.merges_branches();
    let is_report = plans.iter().any(|plan| plan.is_report);
    let reported = is_report.then_some(Reported { lowered, graph, files: opened.files, at_once });
    Ok(Compiled { plans, definitions, beside, scans, reported, entitlements })
}
