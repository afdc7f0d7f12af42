//! Files of a step that failed: from what BuildKit keeps of it to an op that gives them.
//!
//! A failed step has no result that a graph could go on from, and is in no cache. But BuildKit keeps the file
//! system as the step left it for containers beside the graph. So this frontend's own program is run in one, on
//! that file system, and copies the files to a cache directory that only this build knows; an op of the graph fetches
//! them from there. Messages would be too small for them.

mod files;

use std::hash::{BuildHasher, RandomState};

use buildkit_llb::{Digest, Graph, State};
use serde::Deserialize;

pub use self::files::{is_asked_for, move_files};
use super::bridge::{Bridge, Container, ContainerMount, Refs, SolveRequest, Status};
use super::{Options, own_image};

/// Where a container sees this frontend's image.
const IMAGE: &str = "/.mstage/image";
/// Where it sees the cache directory.
const KEPT: &str = "/.mstage/kept";
/// Where an op puts the files.
const FETCHED: &str = "/fetched";

/// A process of a step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailedProcess {
    /// Its exit code.
    pub(super) code: u32,
    /// What BuildKit keeps of its mounts, in their order.
    pub(super) mounts: Vec<String>,
}

/// Files that have been brought to a cache directory.
pub(super) struct Salvaged {
    /// Which one.
    pub(super) cache: String,
    /// The program that gives them, and its arguments.
    pub(super) args: [String; 4],
}

/// The op that failed, by its digest.
pub(super) fn failed_op(status: &Status) -> Option<Digest> {
    #[derive(Deserialize)]
    struct Vertex {
        digest: String,
    }
    status
        .details("errdefs.Vertex")
        .find_map(|json| serde_json::from_slice::<Vertex>(json).ok()?.digest.parse().ok())
}

/// The process that failed. `None` where it is something else: a process that could not be started, say.
pub(super) fn failed_process(status: &Status) -> Option<FailedProcess> {
    #[derive(Deserialize)]
    struct Solve {
        #[serde(rename = "mountIDs", default)]
        mounts: Vec<String>,
    }
    #[derive(Deserialize)]
    struct Exit {
        #[serde(rename = "Code")]
        code: u32,
    }
    let solve = status.details("errdefs.Solve").next()?;
    let Solve { mounts } = serde_json::from_slice(solve).ok()?;
    let exit = status.details("gatewayapi.ExitMessage").next();
    let code = match exit {
        Some(exit) => serde_json::from_slice::<Exit>(exit).ok()?.code,
        // 20.10 has it in the text alone.
        None => status.message().rsplit_once("exit code: ")?.1.trim().parse().ok()?,
    };
    Some(FailedProcess { code, mounts })
}

/// Brings the files at a path to a cache directory. `left` is what BuildKit keeps of the root of a process,
/// `image` this frontend's image.
pub(super) async fn salvage(
    bridge: &Bridge,
    image: SolveRequest,
    left: &str,
    path: &str,
) -> Result<Salvaged, Status> {
    let program = own_image::program()?;
    let Refs::Single(Some(image)) = bridge.solve(image).await?.refs else {
        return Err(Status::new("the frontend's own image is empty"));
    };
    // Two builds can fail at the same op. Some engines take letters and digits only.
    let id = format!("mstagereport{:016x}", RandomState::new().hash_one(left));
    let container = Container {
        id: id.clone(),
        mounts: vec![
            ContainerMount::Left { path: "/".to_owned(), id: left.to_owned() },
            ContainerMount::Built { path: IMAGE.to_owned(), files: image },
            ContainerMount::Cache { path: KEPT.to_owned(), id: id.clone() },
        ],
        args: [&format!("{IMAGE}{program}"), files::KEEP, path, KEPT].map(str::to_owned).into(),
    };
    let exit = bridge.run(container).await?;
    if exit.code != 0 {
        let message = format!("the report at {path} cannot be read: {}", exit.message);
        return Err(Status::new(message));
    }
    let args = [program.as_str(), files::GIVE, KEPT, FETCHED].map(str::to_owned);
    Ok(Salvaged { cache: id, args })
}

/// This frontend's image, to be mounted in a container.
pub(super) fn image(options: &Options) -> Result<SolveRequest, Status> {
    let mut graph = Graph::new();
    let image: State = own_image::add(&mut graph, options)?;
    Ok(SolveRequest::new(graph.definition(image)))
}
