//! The plan of all stages, and the config of the target's image.

use std::collections::BTreeSet;

use serde_json::Value;

use super::images::BaseImage;
use super::resolver::{Resolved, Resolver};
use crate::id::IdVec;
use crate::plan::config::{ContainerConfig, ImageConfig};
use crate::plan::context::ContextFact;
use crate::plan::epoch::rfc3339;
use crate::plan::export::Export;
use crate::plan::facts::{ImageFact, Triggered};
use crate::plan::origin::{ContextId, ImageId, Origin, StageId};
use crate::plan::planned::{Plan, PlannedContext, PlannedImage, PlannedStage};
use crate::plan::reads;
use crate::plan::request::Request;
use crate::plan::select::{ImageQuery, Selection};
use crate::source::Span;

/// The results of the lookups of all images and contexts.
pub(super) struct Lookups {
    pub(super) images: IdVec<ImageId, ImageFact>,
    pub(super) contexts: IdVec<ContextId, ContextFact>,
}

impl Resolver<'_, '_> {
    /// Makes the plan once all stages are resolved.
    pub(super) fn into_plan(
        self,
        target: StageId,
        lookups: Lookups,
        mut export: Export,
        bottom: Origin,
    ) -> Plan {
        let Self { selection, .. } = self;
        let request = selection.request;
        let base_config = match bottom {
            Origin::Image(at) => Some(lookups.images[at].config.clone()),
            Origin::Named(at) => lookups.contexts[at].config.clone(),
            Origin::Scratch | Origin::Context | Origin::Stage(_) => None,
        };
        let mut annotations = std::mem::take(&mut export.annotations);
        if let (Origin::Image(at), true) = (bottom, export.base_annotations) {
            for (name, value) in base_annotations(&selection.images[at], &lookups.images[at]) {
                annotations.entry(name.to_owned()).or_insert(value);
            }
        }
        let base = self.base_image(bottom).map(|image| image.config.clone()).unwrap_or_default();
        let inherited_history = base.history.len();
        let config = exported_config(base, export, &self.stages[target], request);
        let stages: IdVec<StageId, PlannedStage> =
            self.stages.into_iter().map(|stage| stage.plan).collect();
        let gates = selection.gates.clone();
        let whole: BTreeSet<StageId> =
            gates.iter().map(|gate| gate.stage).chain([target]).collect();
        let (context, paths) = reads::of_contexts(&stages, &whole, &selection.contexts);
        // An SBOM of the context covers all files that are used.
        let context = if request.sbom.context { context.without_excludes() } else { context };
        let contexts = selection.contexts.iter().zip(lookups.contexts).zip(paths);
        let named_contexts = contexts
            .map(|((query, fact), paths)| PlannedContext {
                name: query.name.clone(),
                source: query.source.clone(),
                declared: query.declared,
                fact,
                paths,
            })
            .collect();
        Plan {
            images: planned_images(selection, lookups.images, &self.images),
            named_contexts,
            context,
            sbom_of_context: request.sbom.context,
            stages,
            target,
            is_report: selection.is_report,
            gates,
            config,
            inherited_history,
            base_config,
            platform: request.target_platform.clone(),
            epoch: request.epoch,
            is_from_dockerfile: false,
            annotations,
            proxies: selection.scope.proxies().clone(),
        }
    }
}

/// Returns the config of the target's image. Its history is that of the base image, followed by
/// that of each stage on top of it.
fn exported_config(
    base: ImageConfig,
    mut export: Export,
    target: &Resolved,
    request: &Request,
) -> ImageConfig {
    let created = request.epoch.and_then(rfc3339);
    let history = export.history();
    let mut config = ImageConfig { config: export.config, ..base };
    config.config.env = target.recorded.to_entries();
    if !(request.implicit_platform && config.normalize_platform()) {
        config.set_platform(&target.plan.platform);
    }
    config.created = created.as_deref().map_or(Value::Null, Value::from);
    if let Some(author) = export.author {
        config.rest.insert("author".to_owned(), author.into());
    }
    config.history.extend(history.into_iter().map(|entry| entry.at(created.as_deref())));
    config.config.labels.extend(request.labels.clone());
    config
}

fn planned_images(
    selection: &Selection<'_>,
    facts: IdVec<ImageId, ImageFact>,
    images: &IdVec<ImageId, BaseImage>,
) -> IdVec<ImageId, PlannedImage> {
    let mut spans: IdVec<ImageId, BTreeSet<Span>> =
        selection.images.map(|query| BTreeSet::from([query.span]));
    for (span, origin) in selection.origins.iter() {
        if let Origin::Image(at) = origin {
            spans[at].insert(span);
        }
    }
    let images = selection.images.zip(images).zip(facts).zip(spans);
    images.map(|(((query, image), fact), spans)| planned_image(query, image, fact, spans)).collect()
}

fn planned_image(
    query: &ImageQuery,
    image: &BaseImage,
    fact: ImageFact,
    spans: BTreeSet<Span>,
) -> PlannedImage {
    let fired = if fact.triggered.is_some() { fact.triggers } else { Vec::new() };
    let (triggered, beside) = match fact.triggered {
        Some(Triggered { definition, beside, .. }) => (Some(definition), beside),
        None => (None, Vec::new()),
    };
    let reference = fact.reference.unwrap_or_else(|| query.reference.clone());
    PlannedImage {
        reference: reference.pinned(fact.digest),
        platform: query.platform.clone(),
        spans,
        layout: query.layout.clone(),
        context: query.context.clone(),
        is_known: !image.environment.is_open(),
        has_layers: !image.is_empty(),
        config: ContainerConfig {
            env: image.environment.to_entries(),
            ..image.config.config.clone()
        },
        fired,
        title: None,
        triggered,
        beside,
    }
}

/// The annotations of the OCI image spec (`annotations.md`) for the base image. The name is in
/// full, without a digest. A directory of images has no name that is valid elsewhere.
fn base_annotations(query: &ImageQuery, fact: &ImageFact) -> Vec<(&'static str, String)> {
    let reference = fact.reference.as_ref().unwrap_or(&query.reference);
    let digest = fact.digest.as_deref().or(reference.digest());
    let name = query.layout.is_none().then(|| reference.without_digest());
    let name = name.map(|name| ("org.opencontainers.image.base.name", name));
    let digest = digest.map(|digest| ("org.opencontainers.image.base.digest", digest.to_owned()));
    name.into_iter().chain(digest).collect()
}
