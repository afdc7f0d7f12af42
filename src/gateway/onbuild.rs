//! The `ONBUILD` triggers of an image that a stage starts from.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use buildkit_llb::{Cap, Definition, FileOp, Graph, Metadata, MkfileAction, State};
use serde_json::json;

use super::bridge::{Build, Refs, SolveRequest, Status};
use super::compile::Project;
use crate::plan::{ImageQuery, Reference, Triggered};
use crate::spec::Spec;

/// The name that the metadata of a result has for the image's config.
const CONFIG: &str = "containerimage.config";

/// Options of the client that are about the build file itself, which the triggers are not in.
const OF_THE_FILE: [&str; 6] =
    ["filename", "target", "source", "cmdline", "requestid", "dockerfilekey"];

/// Has the engine's own Dockerfile frontend build `FROM` that image: it fires the triggers, with the
/// client's context, and needs no parser here. Stages that triggers copy from are handed over as build
/// contexts of their names.
pub(super) async fn fire(
    project: &Project<'_>,
    query: &ImageQuery,
    reference: &Reference,
    triggers: &[String],
    pending: &[&str],
) -> Result<Triggered, Status> {
    let Project { bridge, options, spec, .. } = *project;
    let mut graph = Graph::new();
    let dockerfile =
        MkfileAction::new("/Dockerfile", 0o644, format!("FROM {reference}\n").into_bytes());
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
    let mut inputs = BTreeMap::from([("dockerfile".to_owned(), graph.definition(dockerfile))]);
    // Dockerfiles can have such triggers since the release that also brought this.
    let takes_stages = bridge.capabilities().llb.supports(Cap::EXEC_VALID_EXIT_CODE.id());
    for name in stages_named(triggers, spec) {
        if !takes_stages {
            return Err(Status::new(format!(
                "the engine lacks stages for ONBUILD triggers, such as `{name}` for those of {reference}; \
                 it is in BuildKit from {} on",
                Cap::EXEC_VALID_EXIT_CODE.since()
            )));
        }
        if pending.contains(&name) {
            return Err(Status::new(format!(
                "the ONBUILD triggers of {reference} copy from the stage `{name}`, which starts from it"
            )));
        }
        // A stage can have such a base in its turn.
        let stage = Box::pin(project.stage(name, &query.platform, pending));
        let (definition, config) = stage.await?;
        let config = json!({ CONFIG: BASE64_STANDARD.encode(config) }).to_string();
        opts.insert(format!("context:{name}"), format!("input:{name}"));
        opts.insert(format!("input-metadata:{name}"), config);
        inputs.insert(name.to_owned(), definition);
    }
    let request = SolveRequest {
        build: Build::Frontend { name: "dockerfile.v0".to_owned(), opts, inputs },
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
            let definition = Definition::try_from(definition)
                .map_err(|err| Status::new(format!("ONBUILD gave no graph: {err}")))?;
            Ok(Triggered { definition, config })
        }
        Refs::ByPlatform(_) => Err(Status::new("ONBUILD gave images for several platforms")),
    }
}

/// The stages that triggers copy from or mount: what stands behind `from=` and is one.
fn stages_named<'s>(triggers: &[String], spec: &'s Spec) -> BTreeSet<&'s str> {
    let names = triggers.iter().flat_map(|trigger| trigger.split("from=").skip(1)).map(|rest| {
        let end = rest.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(rest.len());
        rest[..end].trim_matches('"')
    });
    names.filter_map(|name| Some(spec.stages.get_key_value(name)?.0.as_str())).collect()
}
