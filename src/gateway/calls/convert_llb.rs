//! The graph of a build, for programs (`frontend.convertllb`).

use buildkit_frontend::{Answer, Bridge, Status};

use super::answer_of;
use crate::gateway::build_file::BuildFile;
use crate::gateway::compile::compile;
use crate::gateway::options::Options;
use crate::show::{CONVERT_VERSION, Converted};

/// The graph of a build.
pub(super) async fn answer(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<Answer, Status> {
    // Nobody would answer steps that wait for their caches.
    let options = Options { caches: None, ..options.clone() };
    // The document can contain one graph.
    let definitions = compile(bridge, &options, build_file).await?.definitions;
    let [first, ..] = &definitions[..] else { return Err(Status::new("there is no platform")) };
    let document = Converted::new(first).map_err(|err| Status::new(err.to_string()))?;
    answer_of(CONVERT_VERSION, &document, None)
}
