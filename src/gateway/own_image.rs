//! The image of this frontend, for running its program in other containers.
#![expect(clippy::disallowed_methods, reason = "BuildKit says in a file which image it is")]

use std::path::PathBuf;

use buildkit_frontend::Status;
use buildkit_llb::{Definition, Graph, Image, Metadata, State};
use buildkit_proto::{Encoded, pb};

use super::options;
use super::options::Options;
use crate::reference::Reference;

/// The file in which BuildKit provides the graph of the frontend's image, since v0.10.
const DEFINITION: &str = "/run/config/buildkit/metadata/frontend.bin";

/// Adds the image to a graph.
pub(super) fn add(graph: &mut Graph, options: &Options) -> Result<State, Status> {
    if let Some(definition) = definition() {
        return graph.import(definition).map_err(|err| Status::new(err.to_string()));
    }
    let named = options.raw.get("source").unwrap_or_default();
    let reference = Reference::parse(named).map_err(|err| options::invalid("source", err))?;
    let image = Image::new(reference.clone())
        .platform(Some(options.request.build_platform.clone()))
        .resolve_mode(options.resolve_mode);
    Ok(graph.add(image, Metadata::named(format!("[internal] frontend {reference}"))))
}

fn definition() -> Option<Definition> {
    let bytes = std::fs::read(DEFINITION).ok()?;
    Definition::try_from(Encoded::<pb::Definition>::from_bytes(bytes)).ok()
}

/// The path of the program in the image.
pub(super) fn program() -> Result<String, Status> {
    let path = std::env::current_exe().map(PathBuf::into_os_string);
    path.ok().and_then(|path| path.into_string().ok()).ok_or_else(|| {
        Status::new("cannot find the path of the frontend's own program: is /proc mounted?")
    })
}
