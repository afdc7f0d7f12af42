//! Looking an image up, and firing its `ONBUILD` triggers.

use std::collections::BTreeMap;

use buildkit_llb::{FileOp, Graph, Metadata, MkfileAction, ResolveMode, State};

use super::Options;
use super::bridge::{self, Bridge, Build, ImageRequest, Refs, SolveRequest, Status};
use crate::plan::{ImageConfig, ImageFact, ImageQuery, Reference, Triggered};

/// The name that the metadata of a result has for the image's config.
const CONFIG: &str = "containerimage.config";

/// Options of the client that are about the build file itself, which the triggers are not in.
const OF_THE_FILE: [&str; 6] =
    ["filename", "target", "source", "cmdline", "requestid", "dockerfilekey"];

/// The digest and the config of an image.
pub(super) async fn look_up(
    bridge: &Bridge,
    options: &Options,
    query: &ImageQuery,
) -> Result<ImageFact, Status> {
    let request = ImageRequest {
        reference: query.reference.to_string(),
        platform: Some(query.platform.clone().into()),
        mode: match options.resolve_mode {
            ResolveMode::ForcePull => bridge::ResolveMode::Pull,
            ResolveMode::PreferLocal => bridge::ResolveMode::Local,
            _ => bridge::ResolveMode::Default,
        },
        log_name: format!("[internal] load metadata for {}", query.reference),
        layout: None,
    };
    let image = bridge.resolve_image(request).await?;
    let digest = image.meta.digest.unwrap_or_default();
    let config = image.meta.config;
    let has_triggers =
        ImageConfig::parse(&config).is_ok_and(|config| !config.config.on_build.is_empty());
    let triggered = if query.is_base && has_triggers {
        let reference = query.reference.clone().pinned(&digest);
        Some(fire_triggers(bridge, options, &reference, query).await?)
    } else {
        None
    };
    Ok(ImageFact { digest, config, triggered })
}

/// Has the engine's own Dockerfile frontend build `FROM` that image: it fires the triggers, with the
/// client's context, and needs no parser here.
async fn fire_triggers(
    bridge: &Bridge,
    options: &Options,
    reference: &Reference,
    query: &ImageQuery,
) -> Result<Triggered, Status> {
    let mut graph = Graph::new();
    let dockerfile = MkfileAction::new("/Dockerfile", 0o644, format!("FROM {reference}\n"));
    let label = Metadata::named(format!("[internal] ONBUILD of {}", query.reference));
    let dockerfile = graph.add(FileOp::new(State::SCRATCH).then(dockerfile), label);
    let mut opts: BTreeMap<String, String> = options
        .raw
        .iter()
        .filter(|(key, _)| !OF_THE_FILE.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    opts.insert("filename".to_owned(), "Dockerfile".to_owned());
    opts.insert("platform".to_owned(), query.platform.to_string());
    // What rules say of the triggers is no matter of this file's author.
    opts.insert("build-arg:BUILDKIT_DOCKERFILE_CHECK".to_owned(), "skip=all".to_owned());
    // Says that the syntax line has been looked at, so that no other frontend is started.
    opts.insert("cmdline".to_owned(), "mstage".to_owned());
    let request = SolveRequest {
        build: Build::Frontend {
            name: "dockerfile.v0".to_owned(),
            opts,
            inputs: BTreeMap::from([(
                "dockerfile".to_owned(),
                graph.definition(dockerfile).into_proto(),
            )]),
        },
        cache_imports: options.cache_imports.clone(),
        evaluate: false,
    };
    let mut solved =
        bridge.solve(request).await.map_err(|err| Status::from(err).context("ONBUILD"))?;
    let config = solved
        .metadata
        .remove(CONFIG)
        .ok_or_else(|| Status::new("ONBUILD gave no image config"))?;
    match solved.refs {
        Refs::Single(files) => {
            let definition = files.and_then(|files| files.definition).unwrap_or_default();
            Ok(Triggered { definition: definition.into(), config })
        }
        Refs::ByPlatform(_) => Err(Status::new("ONBUILD gave images for several platforms")),
    }
}
