//! The report of a stage in a graph: what is exported in place of the stage's files.
//!
//! It is put together once the stage has been built, or has failed: only then it is known what there is.

use buildkit_llb::{
    BindAccess, BindMount, CacheMount, CopyAction, Exec, FileOp, Graph, Metadata, MkfileAction,
    NetMode, Platform, State, Timestamp,
};

use super::position::Position;
use crate::plan::Plan;

/// The file of a report that says how each step ended.
pub const REPORT_DOCUMENT: &str = "mstage-report.json";

/// A step of a reported stage that runs a process.
#[derive(Debug, Clone, Copy)]
pub struct Process {
    /// Its place among the stage's steps.
    pub step: usize,
    /// What it makes.
    pub state: State,
}

/// What a failed step has left, brought to where an op can fetch it.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    /// The image with the program that fetches it.
    pub image: State,
    /// The program and its arguments, of which the last two are directories: where it is, and where it is
    /// to be.
    pub args: &'a [&'a str],
    /// The cache directory where it is: of this build alone.
    pub cache: &'a str,
    /// The platform of the program.
    pub platform: &'a Platform,
}

/// Adds the files of a report to a graph: those at a path of a state, where there are any, and the document
/// about the steps.
pub fn add_report<'g>(
    graph: &mut Graph,
    plan: &Plan,
    several_platforms: bool,
    files: Option<(State, &'g str)>,
    document: &'g [u8],
) -> State {
    let metadata = metadata(plan, "export", several_platforms);
    let copy = files.map(|(state, path)| CopyAction {
        follow_symlink: true,
        dir_copy_contents: true,
        ..CopyAction::new(state, path, "/")
    });
    let mut document = MkfileAction::new(format!("/{REPORT_DOCUMENT}"), 0o644, document);
    document.timestamp = plan.epoch.map(Timestamp::from_seconds);
    let mut op = FileOp::new(State::SCRATCH);
    if let Some(copy) = copy {
        op = op.then(copy);
    }
    graph.add(op.then(document), metadata)
}

/// Adds what a failed step has left to a graph.
pub fn add_kept(
    graph: &mut Graph,
    plan: &Plan,
    several_platforms: bool,
    Kept { image, args, cache, platform }: Kept<'_>,
) -> Option<State> {
    let &[.., from, to] = args else { return None };
    let output = BindMount { access: BindAccess::Output, ..BindMount::new(to, State::SCRATCH) };
    let op = Exec {
        readonly_root: true,
        // The id of a cache is no part of an op's key.
        env: vec![("MSTAGE_REPORT".into(), cache.into())],
        cwd: "/".into(),
        platform: Some(platform.clone()),
        mounts: vec![output.into(), CacheMount::new(from, cache).into()],
        network: NetMode::None,
        ..Exec::from_args(image, args.iter().copied())?
    };
    graph.add(op, metadata(plan, "salvage", several_platforms)).mounts.first().copied().flatten()
}

fn metadata(plan: &Plan, verb: &str, several_platforms: bool) -> Metadata<'static> {
    let stage = &plan.stages[plan.target];
    let path = stage.report.as_ref().map(|report| report.path.as_str()).unwrap_or_default();
    let mut label = String::new();
    Position::new(stage, several_platforms.then_some(&plan.platform))
        .write_stage(&format!("{verb} report {path}"), &mut label);
    Metadata::named(label)
}
