//! The report of a stage in a graph, which is exported instead of the stage's files.
//!
//! It is assembled after the stage has been built or has failed, because its content is known only
//! then.

use buildkit_llb::{
    BindAccess, BindMount, CacheMount, Exec, FileOp, Graph, Location, Metadata, MkfileAction,
    NetMode, Platform, RmAction, State, Timestamp,
};

use super::position::Position;
use crate::plan::Plan;

/// The file of a report with the result of each step.
pub const REPORT_DOCUMENT: &str = "mstage-report.json";

/// A step of a reported stage that runs a process.
#[derive(Debug, Clone, Copy)]
pub struct Process {
    /// Its index among the stage's steps.
    pub step: usize,
    /// Its result.
    pub state: State,
}

/// A process that copies the files of a report to a directory of their own.
#[derive(Debug)]
pub struct Transfer {
    /// The image that contains the program.
    pub image: State,
    /// The program and its arguments.
    pub args: Vec<String>,
    /// The platform of the program.
    pub platform: Platform,
    /// The directory in which the files are mounted.
    pub from: &'static str,
    /// The files that are mounted there.
    pub files: TransferFrom,
    /// The directory to which it copies them.
    pub to: &'static str,
}

/// The location of a report's files.
#[derive(Debug)]
pub enum TransferFrom {
    /// In the file system of a stage that has passed.
    Stage(State),
    /// In a cache directory, with this id, that only this build uses: a step has failed.
    Cache(String),
}

/// Adds a report to a graph: its files, if any, and the document about the steps. `location` is the
/// location of the report in the build file.
pub fn add_report(
    graph: &mut Graph,
    plan: &Plan,
    several_platforms: bool,
    location: Option<&Location>,
    transfer: Option<Transfer>,
    document: &[u8],
) -> Option<State> {
    let metadata = |verb| metadata(plan, verb, several_platforms).at(location.cloned());
    let path = format!("/{REPORT_DOCUMENT}");
    let mut write = MkfileAction::new(path.clone(), 0o644, document);
    write.timestamp = plan.epoch.map(Timestamp::from_seconds);
    let op = match transfer {
        None => FileOp::new(State::SCRATCH),
        Some(transfer) => {
            let files = add_transfer(graph, transfer, metadata("copy"))?;
            // Remove whatever a step has written there; it may be a link.
            FileOp::new(files).then(RmAction::new(path).allow_not_found(true))
        }
    };
    Some(graph.add(op.then(write), metadata("export")))
}

fn add_transfer(
    graph: &mut Graph,
    Transfer { image, args, platform, from, files, to }: Transfer,
    metadata: Metadata<'_>,
) -> Option<State> {
    let output = BindMount::new(to, State::SCRATCH).access(BindAccess::Output);
    let op = Exec::from_args(image, args)?
        .readonly_root(true)
        .platform(Some(platform))
        .mount(output)
        .network(NetMode::None);
    let op = match files {
        TransferFrom::Stage(state) => op.mount(BindMount::new(from, state)),
        // The id of a cache is not part of an op's key.
        TransferFrom::Cache(id) => {
            op.env("MSTAGE_REPORT", id.clone()).mount(CacheMount::new(from, id))
        }
    };
    graph.add(op, metadata).mounts.first().copied().flatten()
}

fn metadata(plan: &Plan, verb: &str, several_platforms: bool) -> Metadata<'static> {
    let stage = &plan.stages[plan.target];
    let path = stage.report.as_ref().map(|report| report.path.as_str()).unwrap_or_default();
    let mut label = String::new();
    Position::new(stage, several_platforms.then_some(&plan.platform))
        .write_stage(&format!("{verb} report {path}"), &mut label);
    Metadata::named(label)
}
