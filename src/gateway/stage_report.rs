//! The report of a stage: its steps are run, and its report is the result even if one of them
//! fails.
//!
//! The build of a report fails only if something else fails: a stage that the reported one is based
//! on, one that it requires, or a step that could not be run at all.

use std::collections::BTreeMap;

use buildkit_frontend::{Bridge, Ref, SolveRequest, SolveResult, Status, Warning};
use buildkit_llb::{Definition, Digest, Graph, State, decode_op};
use buildkit_proto::pb;
use futures_util::future::{join_all, try_join, try_join_all};
use futures_util::lock::Mutex;

use super::compile::Reported;
use super::options::Options;
use super::salvage::{self, Files, Wanted};
use super::{capabilities, report, result};
use crate::collect::collect_map;
use crate::lower::{self, Lowered, REPORT_DOCUMENT, add_report};
use crate::plan::Plan;
use crate::show::{Failed, StageReport, StageReports};
use crate::source::SourceMap;

/// The result of a stage's steps.
enum Outcome {
    /// All passed, with this result.
    Passed(Option<Ref>),
    /// One failed.
    Failed {
        failed: Failed,
        /// The digest of its op.
        digest: Digest,
        /// The id of its root that BuildKit has kept.
        left: String,
        /// The error, in case the report is unavailable.
        status: Status,
    },
}

/// The files of a stage's reports, and their documents.
pub(super) struct Built {
    pub(super) result: SolveResult,
    pub(super) reports: StageReports,
}

/// Builds the report of the target for every platform. `definitions` are the target's graphs,
/// `beside` contains those of required stages.
pub(super) async fn build(
    bridge: &Bridge,
    options: &Options,
    plans: Vec<Plan>,
    definitions: Vec<Definition>,
    beside: Vec<Definition>,
    reported: Reported,
) -> Result<Built, Status> {
    let outcomes = outcomes(bridge, options, definitions, beside, &reported).await?;
    let Reported { lowered, mut graph, files: sources, at_once } = reported;
    let files = outcomes
        .iter()
        .zip(&plans)
        .map(|(outcome, plan)| files(bridge, options, outcome, plan, &sources));
    let files = report::all(join_all(files).await)?;
    let mut reports = Vec::with_capacity(plans.len());
    let mut documents = Vec::with_capacity(plans.len());
    for (((plan, lowered), outcome), files) in plans.iter().zip(&lowered).zip(&outcomes).zip(files)
    {
        let failed = outcome.failed();
        let processes = lowered.processes.iter().map(|process| process.step);
        let report = StageReport::new(plan, processes, failed, at_once, &sources);
        let document = report.to_json();
        documents.push(report);
        let several = options.multi_platform;
        let wanted = wanted(plan, outcome);
        let transfer = files
            .map(|files| salvage::transfer(&mut graph, options, lowered.target, files, wanted))
            .transpose()?;
        let place = lowered.report.as_ref();
        let report = add_report(&mut graph, plan, several, place, transfer, &document);
        reports.extend(report.map(|report| graph.definition(report)));
        if let Outcome::Failed { failed, digest, .. } = outcome {
            warn(bridge, plan, several, failed, *digest, &sources).await;
        }
    }
    let evaluate = !capabilities::shows_excerpts(bridge);
    let refs = reports.into_iter().map(|report| solve(bridge, options, report, evaluate));
    let refs = try_join_all(refs).await?;
    let result = result::of_files(&plans, refs, options.multi_platform);
    Ok(Built { result, reports: StageReports(documents) })
}

/// Builds the reported stage for every platform, together with what it requires.
async fn outcomes(
    bridge: &Bridge,
    options: &Options,
    definitions: Vec<Definition>,
    beside: Vec<Definition>,
    reported: &Reported,
) -> Result<Vec<Outcome>, Status> {
    let Reported { lowered, graph, .. } = reported;
    let ops: Vec<Processes> = lowered.iter().map(|lowered| Processes::of(lowered, graph)).collect();
    let turns = &Turns::of(&ops);
    let begun = ops.iter().zip(lowered).zip(definitions);
    let stages = begun.map(|((processes, lowered), definition)| async move {
        match turns.solve(bridge, options, definition).await {
            Ok(refs) => Ok(Outcome::Passed(refs)),
            Err(status) => {
                let outcome = processes.outcome(bridge, status);
                outcome.map_err(|status| explained(status, graph, lowered.guarded))
            }
        }
    });
    // A required stage may be based on the stage itself. It then waits until the stage has passed.
    let (after, beside): (Vec<_>, Vec<_>) =
        beside.into_iter().partition(|definition| !turns.within(definition).is_empty());
    let gate = |definition| solve(bridge, options, definition, true);
    let gates = beside.into_iter().map(gate);
    let (outcomes, _) = try_join(try_join_all(stages), try_join_all(gates)).await?;
    if outcomes.iter().all(|outcome| matches!(outcome, Outcome::Passed(_))) {
        try_join_all(after.into_iter().map(gate)).await?;
    }
    Ok(outcomes)
}

/// The report of a plan's target.
fn wanted<'a>(plan: &'a Plan, outcome: &Outcome) -> Wanted<'a> {
    let stage = &plan.stages[plan.target];
    let failed = outcome.failed().and_then(|failed| stage.steps.get(*failed.steps.first()?));
    Wanted {
        stage: &stage.name,
        path: stage.report.as_ref().map(|report| report.path.as_str()).unwrap_or_default(),
        failed: failed.map(|step| step.label.as_str()),
    }
}

/// The steps of a stage that run a process.
struct Processes(Vec<Process>);

struct Process {
    step: usize,
    /// The digest of its op.
    digest: Digest,
    /// The index of its root among the mounts of the op.
    root: usize,
}

impl Process {
    fn of(process: &lower::Process, graph: &Graph) -> Option<Self> {
        let vertex = graph.vertex(process.state)?;
        let Some(pb::op::Op::Exec(exec)) = decode_op(vertex.bytes()).ok()?.op else {
            return None;
        };
        let root = exec.mounts.iter().position(|mount| mount.dest == "/")?;
        Some(Self { step: process.step, digest: vertex.digest(), root })
    }
}

impl Processes {
    fn of(lowered: &Lowered, graph: &Graph) -> Self {
        let processes = lowered.processes.iter();
        Self(processes.filter_map(|process| Process::of(process, graph)).collect())
    }

    /// Converts an error of the build to the result of the stage, if one of its steps has failed;
    /// otherwise returns the error.
    fn outcome(&self, bridge: &Bridge, status: Status) -> Result<Outcome, Status> {
        let digest = status.failed_op();
        // Identical steps are one op.
        let same: Vec<&Process> =
            self.0.iter().filter(|process| Some(process.digest) == digest).collect();
        let (Some(first), Some(failed)) = (same.first(), status.failed_process()) else {
            return Err(status);
        };
        if !bridge.runs_containers() {
            return Err(status
                .context("this version of BuildKit cannot export the report of a failed step"));
        }
        let left = failed.mounts.get(first.root).filter(|id| !id.is_empty());
        let Some(left) = left.cloned() else { return Err(status) };
        let steps = same.iter().map(|process| process.step).collect();
        let (digest, failed) = (first.digest, Failed { steps, code: failed.code });
        Ok(Outcome::Failed { failed, digest, left, status })
    }
}

/// Mutual exclusion for the processes of the reported stages, with their errors.
///
/// BuildKit can lose the state of a failed process that two solves wait for: their common error is
/// released for each (`resultProxy.loadResult` in its solver/llbsolver/result.go). So two solves
/// with a common process never run concurrently, and a solve that needs a failed process is not
/// started.
struct Turns(BTreeMap<Digest, Mutex<Option<Status>>>);

impl Turns {
    fn of(stages: &[Processes]) -> Self {
        let processes = stages.iter().flat_map(|Processes(processes)| processes);
        Self(collect_map(processes.map(|process| (process.digest, Mutex::default()))))
    }

    /// The processes in a graph.
    fn within(&self, definition: &Definition) -> BTreeMap<Digest, &Mutex<Option<Status>>> {
        let digests = definition.digests().iter();
        collect_map(digests.filter_map(|digest| Some((*digest, self.0.get(digest)?))))
    }

    async fn solve(
        &self,
        bridge: &Bridge,
        options: &Options,
        definition: Definition,
    ) -> Result<Option<Ref>, Status> {
        let mut turns = BTreeMap::new();
        // Locked in the order of the digests, to prevent deadlocks.
        for (digest, turn) in self.within(&definition) {
            turns.insert(digest, turn.lock().await);
        }
        if let Some(status) = turns.values().find_map(|failed| failed.as_ref()) {
            return Err(status.clone());
        }
        let solved = solve(bridge, options, definition, true).await;
        if let Err(status) = &solved
            && let Some(failed) = status.failed_op().and_then(|op| turns.get_mut(&op))
        {
            **failed = Some(status.clone());
        }
        solved
    }
}

impl Outcome {
    fn failed(&self) -> Option<&Failed> {
        match self {
            Self::Passed(_) => None,
            Self::Failed { failed, .. } => Some(failed),
        }
    }
}

/// The error of a build of `state`, with an explanation if it is one of the stage's steps but has
/// no report.
fn explained(status: Status, graph: &Graph, state: State) -> Status {
    let (Some(digest), Some(_)) = (status.failed_op(), status.failed_process()) else {
        return status;
    };
    // BuildKit changes the digest of an op if a policy has changed its inputs (`recomputeDigests`
    // in its solver/llbsolver/vertex.go).
    match graph.vertices(state).any(|vertex| vertex.digest() == digest) {
        true => status,
        false => status.help(
            "a source policy changed the inputs of the build, so the failed step cannot be identified: reports of failed steps do not work with such a policy",
        ),
    }
}

/// Locates the files of a report, if there are any.
async fn files(
    bridge: &Bridge,
    options: &Options,
    outcome: &Outcome,
    plan: &Plan,
    sources: &SourceMap,
) -> Result<Option<Files>, Status> {
    match outcome {
        Outcome::Passed(None) => Ok(None),
        Outcome::Passed(Some(_)) => Ok(Some(Files::InStage)),
        Outcome::Failed { left, status, .. } => {
            let image = salvage::image(options)?;
            let kept = salvage::salvage(bridge, image, left, wanted(plan, outcome)).await;
            kept.map(|id| Some(Files::Kept(id))).map_err(|err| {
                let report = plan.stages[plan.target].report.as_ref();
                let mut status = status.clone();
                status.add(match report {
                    Some(report) => report::at_place(err, sources, report.span),
                    None => err,
                });
                status
            })
        }
    }
}

/// Warns about failures that the client's exit code does not show.
async fn warn(
    bridge: &Bridge,
    plan: &Plan,
    several: bool,
    failed: &Failed,
    digest: Digest,
    files: &SourceMap,
) {
    let platform = if several { format!(" for {}", plan.platform) } else { String::new() };
    let stage = &plan.stages[plan.target];
    let Some(step) = failed.steps.first().and_then(|&step| stage.steps.get(step)) else { return };
    let short = format!(
        "{}{platform} failed: exit code {} of `{}` ({})",
        stage.name,
        failed.code,
        step.label,
        report::line(step.span, files)
    );
    let warning = Warning::new(digest.to_string(), short)
        .detail(vec![format!("see \"passed\" in {REPORT_DOCUMENT} of the report")]);
    // A warning that cannot be sent must not fail the build.
    let _ = bridge.warn(warning).await;
}

async fn solve(
    bridge: &Bridge,
    options: &Options,
    definition: Definition,
    evaluate: bool,
) -> Result<Option<Ref>, Status> {
    let request = SolveRequest::new(definition)
        .cache_imports(options.cache_imports.iter().cloned())
        .evaluate(evaluate);
    let solved = bridge.solve(request).await;
    Ok(solved.map_err(|err| report::with_place(err.into()))?.refs.single()?)
}
