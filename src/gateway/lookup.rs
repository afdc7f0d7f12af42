//! What a build needs to know before it can be planned: of images their digests and configs, and what
//! their `ONBUILD` triggers make of them; of named contexts what is not sent, and what other builds make.

use std::collections::BTreeMap;

use buildkit_llb::{
    Definition, Differ, FileOp, Graph, Local, Metadata, MkfileAction, ResolveMode, State,
};
use futures_util::future::{join, join_all};

use super::bridge::{self, Bridge, Build, ImageRequest, OciLayout, Refs, SolveRequest, Status};
use super::build_file::{Directory, IGNORE_FILE};
use super::{Options, ignore, report};
use crate::plan::{
    ContextFact, ContextQuery, ContextSource, Facts, ImageConfig, ImageFact, ImageQuery, Reference,
    Selection, Triggered,
};
use crate::source::SourceFile;

/// Looks everything up at once, each thing once, and gives each selection what it asks for.
pub(super) async fn look_up(
    bridge: &Bridge,
    options: &Options,
    file: &SourceFile,
    selections: &[Selection<'_>],
) -> Result<Vec<Facts>, Status> {
    let mut images: BTreeMap<_, ImageQuery> = BTreeMap::new();
    for query in selections.iter().flat_map(|selection| selection.images()) {
        let known = images.entry(image_key(query)).or_insert_with(|| query.clone());
        known.is_base |= query.is_base;
    }
    let contexts: BTreeMap<_, &ContextQuery> = selections
        .iter()
        .flat_map(|selection| selection.contexts())
        .map(|query| (query.name.as_str(), query))
        .collect();

    let image_facts = images.values().map(|query| async move {
        let fact = image(bridge, options, query).await;
        fact.map_err(|status| report::at_place(status, file, query.span))
    });
    let (image_facts, context_facts) = join(
        join_all(image_facts),
        contexts_facts(bridge, options, contexts.values().copied().collect()),
    )
    .await;
    let image_facts = report::all(image_facts)?;
    let images: BTreeMap<_, &ImageFact> = images.keys().cloned().zip(&image_facts).collect();
    let context_facts = context_facts?;
    let contexts: BTreeMap<_, &ContextFact> =
        contexts.keys().copied().zip(&context_facts).collect();

    let facts = |selection: &Selection<'_>| Facts {
        images: selection
            .images()
            .iter()
            .filter_map(|query| images.get(&image_key(query)).map(|&fact| fact.clone()))
            .collect(),
        contexts: selection
            .contexts()
            .iter()
            .filter_map(|query| contexts.get(query.name.as_str()).map(|&fact| fact.clone()))
            .collect(),
    };
    Ok(selections.iter().map(facts).collect())
}

/// What tells images apart.
fn image_key(query: &ImageQuery) -> (Reference, String, Option<String>) {
    (query.reference.clone(), query.platform.id(), query.layout.clone())
}

async fn contexts_facts(
    bridge: &Bridge,
    options: &Options,
    queries: Vec<&ContextQuery>,
) -> Result<Vec<ContextFact>, Status> {
    let needs_inputs = queries.iter().any(|query| matches!(query.source, ContextSource::Input(_)));
    let inputs = if needs_inputs { bridge.inputs().await? } else { BTreeMap::new() };
    let facts = queries.into_iter().map(|query| context(bridge, options, query, &inputs));
    report::all(join_all(facts).await)
}

async fn context(
    bridge: &Bridge,
    options: &Options,
    query: &ContextQuery,
    inputs: &BTreeMap<String, Definition>,
) -> Result<ContextFact, Status> {
    let name = &query.name;
    match &query.source {
        ContextSource::Local(directory) => {
            let local = Local {
                follow_paths: vec![IGNORE_FILE.to_owned()],
                shared_key_hint: format!("context:{name}-{IGNORE_FILE}"),
                differ: Some(Differ::None),
                ..Local::new(directory, options.sessions.of(directory))
            };
            let label = format!("[context {name}] load {IGNORE_FILE}");
            let connection = bridge.connection();
            let files = Directory::local(local, &label).open(connection).await?;
            // An ignore file that cannot be read counts as none, as it does for Dockerfiles.
            let text = files.read(connection, IGNORE_FILE).await.unwrap_or_default();
            let text = text.unwrap_or_default();
            let ignore = ignore::patterns(&String::from_utf8_lossy(&text));
            Ok(ContextFact { ignore, ..ContextFact::default() })
        }
        ContextSource::Input(input) => {
            let Some(definition) = inputs.get(input) else {
                return Err(Status::new(format!(
                    "the client did not hand over the input `{input}` of the build context `{name}`"
                )));
            };
            Ok(ContextFact {
                definition: Some(definition.clone()),
                config: options.input_configs.get(input).cloned(),
                ..ContextFact::default()
            })
        }
        ContextSource::Git(_)
        | ContextSource::Http(_)
        | ContextSource::Image(_)
        | ContextSource::OciLayout { .. }
        | ContextSource::Scratch => Ok(ContextFact::default()),
    }
}

/// The name that the metadata of a result has for the image's config.
const CONFIG: &str = "containerimage.config";

/// Options of the client that are about the build file itself, which the triggers are not in.
const OF_THE_FILE: [&str; 6] =
    ["filename", "target", "source", "cmdline", "requestid", "dockerfilekey"];

/// The digest and the config of an image.
async fn image(
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
        log_name: match &query.context {
            Some(name) => format!("[context {name}] load metadata for {}", query.reference),
            None => format!("[internal] load metadata for {}", query.reference),
        },
        layout: query.layout.as_ref().map(|store| OciLayout {
            session_id: options.sessions.id.clone(),
            store_id: store.clone(),
        }),
    };
    let image = bridge.resolve_image(request).await?;
    let reference = Reference::parse(&image.reference).ok();
    let digest = image.meta.digest.unwrap_or_default();
    let config = image.meta.config;
    let has_triggers =
        ImageConfig::parse(&config).is_ok_and(|config| !config.config.on_build.is_empty());
    let triggered = if query.is_base && has_triggers {
        let base = reference.clone().unwrap_or_else(|| query.reference.clone()).pinned(&digest);
        Some(fire_triggers(bridge, options, &base, query).await?)
    } else {
        None
    };
    Ok(ImageFact { reference, digest, config, triggered })
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
    let request = SolveRequest {
        build: Build::Frontend {
            name: "dockerfile.v0".to_owned(),
            opts,
            inputs: BTreeMap::from([("dockerfile".to_owned(), graph.definition(dockerfile))]),
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
            let definition = Definition::try_from(definition)
                .map_err(|err| Status::new(format!("ONBUILD gave no graph: {err}")))?;
            Ok(Triggered { definition, config })
        }
        Refs::ByPlatform(_) => Err(Status::new("ONBUILD gave images for several platforms")),
    }
}
