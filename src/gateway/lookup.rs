//! The lookups that planning needs: digests and configs of images, the results of their `ONBUILD`
//! triggers, ignore files of named contexts, and results of other builds.

use std::collections::BTreeMap;

use buildkit_frontend::{Error, ImageRequest, OciLayout, Status};
use buildkit_llb::{Cap, Differ, Local};
use futures_util::future::{join, join_all};

use super::build_file::Directory;
use super::project::Project;
use super::{capabilities, dockerfile, ignore, onbuild, report};
use crate::analysis::IGNORE_FILE;
use crate::collect::collect_map;
use crate::plan::{
    ContextFact, ContextQuery, ContextSource, Facts, ImageConfig, ImageFact, ImageQuery, Selection,
};
use crate::reference::Reference;
use crate::source::SourceFile;

/// Maximum size of an image's config in bytes. Those of real images have some thousands, and a
/// result contains them twice for each platform, in one message.
const MAX_CONFIG: usize = 2 << 20;

/// Rejects the config of an image that is too large for the messages of a build. `image` is its
/// name in the error.
pub(super) fn check_config(config: &[u8], image: &str) -> Result<(), Status> {
    if config.len() <= MAX_CONFIG {
        return Ok(());
    }
    let mib = config.len() as f64 / f64::from(1 << 20);
    let most = MAX_CONFIG >> 20;
    let message = format!("the config of {image} has {mib:.1} MiB, but the limit is {most} MiB");
    Err(Status::new(message).help(
        "rebuild the image with a shorter history and fewer labels and variables; `docker image inspect` shows them",
    ))
}

/// The results of lookups for some selections.
pub(super) struct Found {
    /// One for each selection, as far as lookups succeeded.
    pub(super) facts: Vec<Facts>,
    /// The combined error of failed lookups.
    pub(super) failure: Option<Status>,
    /// The build contexts whose images a source policy replaces by something else, with their new
    /// sources. Lookups for these contexts have failed.
    pub(super) replaced: BTreeMap<String, ContextSource>,
}

impl Found {
    /// The result without any lookup.
    pub(super) fn none(selections: &[Selection<'_>]) -> Self {
        let facts = selections.iter().map(Facts::none).collect();
        Self { facts, failure: None, replaced: BTreeMap::new() }
    }
}

/// A failed lookup of an image.
struct Failed {
    status: Status,
    /// The build context with its new source, if a source policy replaces the image by something
    /// else.
    replaced: Option<(String, ContextSource)>,
}

impl<E: Into<Status>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self { status: error.into(), replaced: None }
    }
}

/// Looks everything up concurrently, without duplicates, and returns the facts for each selection.
/// `pending` are the waiting stages, if the selections are those of a stage named by an image's
/// triggers.
pub(super) async fn look_up(
    project: &Project<'_>,
    selections: &[Selection<'_>],
    pending: &[&str],
) -> Found {
    let files = project.files;
    let mut images: BTreeMap<_, ImageQuery> = BTreeMap::new();
    for query in selections.iter().flat_map(|selection| selection.images()) {
        let known = images.entry(image_key(query)).or_insert_with(|| query.clone());
        known.is_base |= query.is_base;
        known.is_plain_name |= query.is_plain_name;
    }
    let contexts = selections.iter().flat_map(|selection| selection.contexts());
    let contexts = collect_map(contexts.map(|query| (query.key(), query)));

    let image_facts = images.values().map(|query| async move {
        let fact = image(project, query, pending).await;
        fact.map_err(|Failed { status, replaced }| {
            let name = query.reference.familiar();
            let help = query.is_plain_name.then(|| project.spec.near_stage_hint(&name)).flatten();
            let status = match help {
                Some(help) => status.help(&help),
                None => status,
            };
            (report::at_place(named(status, query), files, query.span), replaced)
        })
    });
    let context_facts = contexts.values().map(|query| context(project, query));
    let (image_facts, context_facts) = join(join_all(image_facts), join_all(context_facts)).await;
    let mut failure = None;
    let mut replaced = BTreeMap::new();
    let image_facts = image_facts.into_iter().map(|fact| {
        fact.map_err(|(status, context)| {
            replaced.extend(context);
            status
        })
    });
    let image_facts = report::some(image_facts.collect(), &mut failure);
    let images = collect_map(images.into_keys().zip(image_facts));
    let context_facts = report::some(context_facts, &mut failure);
    let contexts = collect_map(contexts.into_keys().zip(context_facts));

    let facts = selections.iter().map(|selection| Facts {
        images: (selection.images().iter())
            .map(|query| images.get(&image_key(query)).cloned().flatten())
            .collect(),
        contexts: (selection.contexts().iter())
            .map(|query| contexts.get(&query.key()).cloned().flatten())
            .collect(),
    });
    Found { facts: facts.collect(), failure, replaced }
}

/// Adds the name of the image to an error, unless the daemon's message contains it.
fn named(status: Status, query: &ImageQuery) -> Status {
    let name = query.reference.familiar();
    if status.message().contains(&name) {
        return status;
    }
    status.context(format!("{name} for {}", query.platform))
}

/// The identity of an image.
fn image_key(query: &ImageQuery) -> (Reference, String, Option<String>) {
    (query.reference.clone(), query.platform.id(), query.layout.clone())
}

async fn context(project: &Project<'_>, query: &ContextQuery) -> Result<ContextFact, Status> {
    let Project { bridge, options, files, .. } = *project;
    let name = &query.name;
    match &query.source {
        ContextSource::Local(directory) => {
            let local = Local::new(directory, options.sessions.of(directory))
                .follow_paths(vec![IGNORE_FILE.to_owned()])
                .shared_key_hint(format!("context:{name}-{IGNORE_FILE}"))
                .differ(Some(Differ::None));
            let label = format!("[context {name}] load {IGNORE_FILE}");
            let connection = bridge.connection();
            let files = Directory::local(local, &label).open(connection).await?;
            // An ignore file that cannot be read counts as empty, as with Dockerfiles.
            let text = files.read(connection, IGNORE_FILE).await.unwrap_or_default();
            let text = text.unwrap_or_default();
            let ignore = ignore::read_alone(SourceFile::new(
                format!("{IGNORE_FILE} of the build context {name}"),
                text,
            ))?;
            Ok(ContextFact { ignore, ..ContextFact::default() })
        }
        ContextSource::Input(input) => {
            let Some(definition) = bridge.inputs().await?.get(input) else {
                return Err(Status::new(format!(
                    "the client did not send the input `{input}` of the build context `{name}`"
                )));
            };
            let config = options.input_configs.get(input).cloned();
            check_config(
                config.as_deref().unwrap_or_default(),
                &format!("the build context `{name}`"),
            )?;
            Ok(ContextFact {
                definition: Some(definition.clone()),
                config,
                ..ContextFact::default()
            })
        }
        ContextSource::Dockerfile(source) => {
            let made = dockerfile::build(project, source).await;
            let made = made.and_then(|made| {
                check_config(&made.config, &format!("the result of `{}`", source.file))
                    .map(|()| made)
            });
            let made = made.map_err(|status| report::at_place(status, files, query.span))?;
            Ok(ContextFact {
                definition: Some(made.definition),
                config: Some(made.config),
                ..ContextFact::default()
            })
        }
        ContextSource::Git(_)
        | ContextSource::Http(_)
        | ContextSource::Target(_)
        | ContextSource::Image(_)
        | ContextSource::OciLayout { .. }
        | ContextSource::Scratch => Ok(ContextFact::default()),
    }
}

/// The error of an image's lookup. As for Dockerfiles, only a build context may get another kind of
/// source from a policy (`NamedContext.load` in `frontend/dockerui/namedcontext.go` of BuildKit).
fn replaced(query: &ImageQuery, error: Error) -> Failed {
    let replaced = match (&query.context, &error) {
        (Some(name), Error::NotAnImage { updated, .. }) => {
            ContextSource::of_source(updated).ok().map(|source| (name.clone(), source))
        }
        _ => None,
    };
    let is_error = replaced.is_none() && matches!(error, Error::NotAnImage { .. });
    let status = Status::from(error);
    let status = match is_error {
        true => status.help(
            "name an image in the policy; only a named build context can become a directory, a git repository or a download",
        ),
        false => status,
    };
    Failed { status, replaced }
}

/// The digest and the config of an image.
async fn image(
    project: &Project<'_>,
    query: &ImageQuery,
    pending: &[&str],
) -> Result<ImageFact, Failed> {
    let Project { bridge, options, .. } = *project;
    if query.layout.is_some() {
        // Older versions of BuildKit would look for an image with that name in a registry.
        capabilities::require(bridge, Cap::SOURCE_OCI_LAYOUT)?;
    }
    let log_name = match &query.context {
        Some(name) => format!("[context {name}] load metadata for {}", query.reference),
        None if options.multi_platform => {
            format!("[{} internal] load metadata for {}", query.platform.id(), query.reference)
        }
        None => format!("[internal] load metadata for {}", query.reference),
    };
    let mut request = ImageRequest::new(query.reference.clone())
        .platform(query.platform.clone())
        .mode(options.resolve_mode)
        .log_name(log_name);
    if let Some(store) = &query.layout {
        let session_id = options.sessions.id.clone();
        request = request.layout(OciLayout::new(session_id, store));
    }
    let image = bridge.resolve_image(request).await.map_err(|err| replaced(query, err))?;
    let reference = Reference::parse(&image.reference).ok();
    let digest = image.meta.digest;
    let config = image.meta.config;
    check_config(&config, &query.reference.familiar())?;
    let triggers = match ImageConfig::parse(&config) {
        Ok(config) if query.is_base => config.config.on_build,
        _ => Vec::new(),
    };
    let triggered = if triggers.is_empty() {
        None
    } else {
        let base =
            reference.clone().unwrap_or_else(|| query.reference.clone()).pinned(digest.clone());
        Some(onbuild::fire(project, query, &base, &triggers, pending).await?)
    };
    Ok(ImageFact { reference, digest, config, triggers, triggered })
}
