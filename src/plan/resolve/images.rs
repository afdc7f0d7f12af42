//! The images that stages start from, with the results of their lookups.

use buildkit_llb::Platform;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::id::IdVec;
use crate::plan::config::ImageConfig;
use crate::plan::context::{ContextFact, ContextSource};
use crate::plan::environment::Environment;
use crate::plan::facts::Facts;
use crate::plan::origin::{ContextId, ImageId};
use crate::plan::platform;
use crate::plan::request::Request;
use crate::plan::select::{ImageQuery, Selection};
use crate::rules::base_image_platform;

/// An image that stages are based on.
pub(super) struct BaseImage {
    pub(super) config: ImageConfig,
    pub(super) environment: Environment,
}

pub(super) fn read_images(
    selection: &Selection<'_>,
    facts: &Facts,
    diagnostics: &mut Diagnostics,
) -> IdVec<ImageId, BaseImage> {
    let mut images = IdVec::with_capacity(selection.images.len());
    for (query, fact) in selection.images.zip(&facts.images) {
        let Some(fact) = fact else {
            images.push(BaseImage::unknown());
            continue;
        };
        let config = fact.triggered.as_ref().map_or(&fact.config, |triggered| &triggered.config);
        images.push(match ImageConfig::parse(config) {
            Ok(config) => {
                check_image_platform(query, &config, selection.request, diagnostics);
                BaseImage::new(config)
            }
            Err(err) => {
                diagnostics.push(Diagnostic::new(
                    Code::InvalidImageConfig,
                    query.span,
                    format!("cannot read the config of {}: {err}", query.reference),
                ));
                BaseImage::unknown()
            }
        });
    }
    images
}

/// Compares the platform of a base image with the requested one.
fn check_image_platform(
    query: &ImageQuery,
    config: &ImageConfig,
    request: &Request,
    diagnostics: &mut Diagnostics,
) {
    // An image without a platform contains nothing to run.
    let Ok(found) = Platform::new(&config.os, &config.architecture, &config.variant) else {
        return;
    };
    // If no platform is requested, the stage has that of its image.
    if query.is_base && platform::of_base(config, request).is_none() {
        let (reference, wanted) = (&query.reference, &query.platform);
        base_image_platform::check(reference, &found, wanted, query.span, diagnostics);
    }
}

pub(super) fn read_contexts(
    selection: &Selection<'_>,
    facts: &Facts,
    diagnostics: &mut Diagnostics,
) -> IdVec<ContextId, Option<BaseImage>> {
    let facts = selection.contexts.zip(&facts.contexts);
    facts
        .map(|(query, fact)| match fact {
            // The client has not built it yet: this is a subrequest about the file.
            Some(_) if matches!(query.source, ContextSource::Target(_)) => {
                Some(BaseImage::unknown())
            }
            Some(ContextFact { config: None, .. }) => None,
            Some(ContextFact { config: Some(config), .. }) => {
                Some(match ImageConfig::parse(config) {
                    Ok(config) => BaseImage::new(config),
                    Err(err) => {
                        let name = &query.name;
                        diagnostics.push(Diagnostic::without_place(
                            Code::InvalidImageConfig,
                            format!("cannot read the config of the build context `{name}`: {err}"),
                        ));
                        BaseImage::unknown()
                    }
                })
            }
            None => Some(BaseImage::unknown()),
        })
        .collect()
}

impl BaseImage {
    fn new(mut config: ImageConfig) -> Self {
        // The environment of the resulting image is set at the end.
        let environment = config.config.environment();
        config.config.env.clear();
        Self { config, environment }
    }

    /// An image whose lookup failed.
    fn unknown() -> Self {
        Self { config: ImageConfig::default(), environment: Environment::unknown() }
    }

    /// True if it has no content: it is equivalent to `scratch`.
    pub(super) fn is_empty(&self) -> bool {
        !self.environment.is_open() && !self.config.has_layers()
    }
}
