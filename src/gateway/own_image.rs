//! The image of this frontend: its graph, for running its program in other containers, and its
//! digest, for the lock file.
#![expect(clippy::disallowed_methods, reason = "BuildKit says in a file which image it is")]

use std::path::PathBuf;

use buildkit_frontend::{Bridge, ImageRequest, Status};
use buildkit_llb::{Definition, Graph, Image, Metadata, State, decode_op};
use buildkit_proto::{Encoded, pb};

use super::options;
use super::options::Options;
use crate::diagnostic::Diagnostics;
use crate::lock::RunningFrontend;
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

/// Reports an error if the lock file requires another image.
pub(super) async fn check(bridge: &Bridge, options: &Options, diagnostics: &mut Diagnostics) {
    let locking = &options.request.locking;
    if locking.requires_frontend() {
        locking.check_frontend(&running(bridge, options).await, diagnostics);
    }
}

/// The image's name and digest, as far as the engine reports them.
///
/// The digest is that of the image's index, so builders for several architectures agree: BuildKit
/// resolves the syntax line with `imageutil.Config`, which returns the descriptor that the tag
/// refers to and chooses a platform only below it (frontend/gateway/gateway.go,
/// `gatewayFrontend.Solve`).
pub(super) async fn running(bridge: &Bridge, options: &Options) -> RunningFrontend {
    let named = options.raw.get("source").and_then(|named| Reference::parse(named).ok());
    let digest = match (definition(), &named) {
        (Some(definition), _) => digest_in(&definition),
        (None, Some(named)) if named.digest().is_some() => named.digest().map(str::to_owned),
        // An engine without that file looked the image up with this request a moment ago.
        (None, Some(named)) => {
            let label = format!("[internal] look up {named}");
            let request = ImageRequest::new(named.clone())
                .platform(options.request.build_platform.clone())
                .log_name(label);
            bridge.resolve_image(request).await.ok().and_then(|image| image.meta.digest)
        }
        (None, None) => None,
    };
    let image = named.and_then(|named| Reference::parse(&named.without_digest()).ok());
    RunningFrontend { image, digest }
}

/// The digest of the image that is the result of a graph. `None` if the engine has taken it from
/// its own store, whose images have no digest, or if it is not an image: a build context can replace
/// the frontend by a directory.
fn digest_in(definition: &Definition) -> Option<String> {
    let ops = definition.to_proto().def;
    // The second one only names the result.
    let [source, _] = &ops[..] else { return None };
    let Some(pb::op::Op::Source(source)) = decode_op(source).ok()?.op else {
        return None;
    };
    let (scheme, name) = source.identifier.split_once("://")?;
    let (_, digest) = name.rsplit_once('@')?;
    let is_image = matches!(scheme, "docker-image" | "oci-layout");
    (is_image && Reference::is_digest(digest)).then(|| digest.to_owned())
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

#[cfg(test)]
mod tests {
    use buildkit_llb::{CopyAction, FileOp, Local, Source};

    use super::*;

    fn digest_of(source: impl Into<Source>) -> Option<String> {
        let mut graph = Graph::new();
        let state = graph.add(source.into(), Metadata::named("frontend"));
        digest_in(&graph.definition(state))
    }

    #[test]
    fn the_digest_is_that_of_the_source() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let image = |text: &str| Image::new(Reference::parse(text).unwrap());
        let by_digest = image(&format!("myorg/mstage:1@{digest}"));
        assert_eq!(digest_of(by_digest.clone()).as_ref(), Some(&digest));
        assert_eq!(digest_of(image("myorg/mstage:1")), None);
        assert_eq!(digest_of(Local::new(format!("a@{digest}"), "session")), None);
        // More than the image.
        let mut graph = Graph::new();
        let image = graph.add(by_digest, Metadata::named("image"));
        let copy = FileOp::new(State::SCRATCH).then(CopyAction::new(image, "/", "/"));
        let copy = graph.add(copy, Metadata::named("copy"));
        assert_eq!(digest_in(&graph.definition(copy)), None);
    }
}
