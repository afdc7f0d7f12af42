//! The files of a report: copied from a stage that has passed, or from a failed step.
//!
//! Both are copied by this frontend's own program. A failed step has no result that a graph could
//! use, and is not in the cache. But BuildKit keeps its file system for containers outside the
//! graph. So the program runs in such a container, and copies the files to a cache directory with
//! an id that only this build has; an op of the graph then fetches them from there. Messages would
//! be too small for them.

mod files;

use std::hash::{BuildHasher, RandomState};

use buildkit_frontend::{Bridge, Container, ContainerMount, Refs, SolveRequest, Status};
use buildkit_llb::{Graph, State};

pub(super) use self::files::{copy_files, is_asked_for};
use super::options::Options;
use super::own_image;
use crate::lower::{Transfer, TransferFrom};

/// The mount point of the stage's files. The container's root is the frontend's image: mounts that
/// the engine adds to every container (`/proc`, `/etc/hosts`...) are not among them.
const STAGE: &str = "/stage";
/// The mount point of the cache directory.
const KEPT: &str = "/kept";
/// The directory to which an op copies the files.
const FETCHED: &str = "/fetched";

/// The location of a report's files, for an op.
pub(super) enum Files {
    /// In the stage.
    InStage,
    /// In the cache directory with this id.
    Kept(String),
}

/// The requested report.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The stage.
    pub(super) stage: &'a str,
    /// The path in it.
    pub(super) path: &'a str,
    /// The failed step, if any.
    pub(super) failed: Option<&'a str>,
}

impl Wanted<'_> {
    /// The name of the report in messages.
    fn name(&self) -> String {
        let Self { stage, path, failed } = self;
        let step = failed.map(|step| format!(", whose step `{step}` failed,"));
        format!("the report `{path}` of `{stage}`{}", step.unwrap_or_default())
    }
}

/// Copies the files of a report to a cache directory, and returns its id. `left` is the root of a
/// failed process that BuildKit has kept, `image` this frontend's image.
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
    // Two builds can fail at the same op. Some engines accept only letters and digits.
    let id = format!("mstagereport{:016x}", RandomState::new().hash_one(left));
    let mounts = vec![
        ContainerMount::Built { path: "/".to_owned(), files: image },
        ContainerMount::Left { path: STAGE.to_owned(), id: left.to_owned() },
        ContainerMount::Cache { path: KEPT.to_owned(), id: id.clone() },
    ];
    let args = [&program, files::KEEP, &wanted.name(), STAGE, wanted.path, KEPT];
    let args = args.map(str::to_owned).into();
    let exit = bridge.run(Container::new(&id, mounts, args)).await?;
    if exit.code != 0 {
        return Err(Status::new(exit.message.trim_start_matches("mstage: ")));
    }
    Ok(id)
}

/// Adds the process that copies the files of a report. `stage` is the result of the stage, if it
/// has passed.
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

/// This frontend's image, for mounting in a container.
pub(super) fn image(options: &Options) -> Result<SolveRequest, Status> {
    let mut graph = Graph::new();
    let image: State = own_image::add(&mut graph, options)?;
    Ok(SolveRequest::new(graph.definition(image)))
}
