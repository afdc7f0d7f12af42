//! The files of a report: from a stage that has passed, or from a step that failed, to an op that gives them.
//!
//! Both are copied by this frontend's own program. A failed step has no result that a graph could go on from, and is in
//! no cache. But BuildKit keeps the file system as the step left it for containers beside the graph. So the program is
//! run in one, and copies the files to a cache directory that only this build knows; an op of the graph fetches them
//! from there. Messages would be too small for them.

mod files;

use std::hash::{BuildHasher, RandomState};

use buildkit_llb::{Graph, State};

pub use self::files::{copy_files, is_asked_for};
use super::{Options, own_image};
use crate::lower::{Transfer, TransferFrom};
use buildkit_frontend::{Bridge, Container, ContainerMount, Refs, SolveRequest, Status};

/// The directory where the program sees the stage's files. Its root is the frontend's image: what the engine mounts into each
/// container (`/proc`, `/etc/hosts`...) is not among them.
const STAGE: &str = "/stage";
/// Where it sees the cache directory.
const KEPT: &str = "/kept";
/// Where an op puts the files.
const FETCHED: &str = "/fetched";

/// The files of a report, and how an op gets them.
pub(super) enum Files {
    /// In the stage.
    InStage,
    /// Brought to the cache directory with this id.
    Kept(String),
}

/// A report: whose it is, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The stage.
    pub(super) stage: &'a str,
    /// The path in it.
    pub(super) path: &'a str,
    /// The step that failed, if one did.
    pub(super) failed: Option<&'a str>,
}

impl Wanted<'_> {
    /// The name of the report in messages.
    fn name(&self) -> String {
        let Self { stage, path, failed } = self;
        let step = failed.map(|step| format!(", of which step `{step}` failed,"));
        format!("the report `{path}` of `{stage}`{}", step.unwrap_or_default())
    }
}

/// Brings the files of a report to a cache directory, and returns its id. `left` is what BuildKit keeps of the root of a
/// process, `image` this frontend's image.
pub(super) async fn salvage(
    bridge: &Bridge,
    image: SolveRequest,
    left: &str,
    wanted: Wanted<'_>,
) -> Result<String, Status> {
    let program = own_image::program()?;
    let Refs::Single(Some(image)) = bridge.solve(image).await?.refs else {
        return Err(Status::new("the frontend's own image is empty"));
    };
    // Two builds can fail at the same op. Some engines take letters and digits only.
    let id = format!("mstagereport{:016x}", RandomState::new().hash_one(left));
    let container = Container {
        id: id.clone(),
        mounts: vec![
            ContainerMount::Built { path: "/".to_owned(), files: image },
            ContainerMount::Left { path: STAGE.to_owned(), id: left.to_owned() },
            ContainerMount::Cache { path: KEPT.to_owned(), id: id.clone() },
        ],
        args: [&program, files::KEEP, &wanted.name(), STAGE, wanted.path, KEPT]
            .map(str::to_owned)
            .into(),
    };
    let exit = bridge.run(container).await?;
    if exit.code != 0 {
        return Err(Status::new(exit.message.trim_start_matches("mstage: ")));
    }
    Ok(id)
}

/// Adds the process that copies the files of a report. `stage` is what the stage has made, if it has.
pub(super) fn transfer(
    graph: &mut Graph,
    options: &Options,
    stage: State,
    files: Files,
    wanted: Wanted<'_>,
) -> Result<Transfer, Status> {
    let (program, name) = (own_image::program()?, wanted.name());
    let (args, from, files) = match files {
        Files::InStage => (
            vec![&program, files::COPY, &name, STAGE, wanted.path, FETCHED],
            STAGE,
            TransferFrom::Stage(stage),
        ),
        Files::Kept(id) => {
            (vec![&program, files::GIVE, &name, KEPT, FETCHED], KEPT, TransferFrom::Cache(id))
        }
    };
    Ok(Transfer {
        image: own_image::add(graph, options)?,
        args: args.into_iter().map(str::to_owned).collect(),
        platform: options.request.build_platform.clone(),
        from,
        files,
        to: FETCHED,
    })
}

/// This frontend's image, to be mounted in a container.
pub(super) fn image(options: &Options) -> Result<SolveRequest, Status> {
    let mut graph = Graph::new();
    let image: State = own_image::add(&mut graph, options)?;
    Ok(SolveRequest::new(graph.definition(image)))
}
