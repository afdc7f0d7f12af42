//! The images that stages start from, with the results of their lookups.

use buildkit_llb::Platform;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::id::IdVec;
use crate::plan::config::ImageConfig;
use crate::plan::context::{ContextFact, ContextQuery, ContextSource};
use crate::plan::environment::Environment;
use crate::plan::facts::{Facts, ImageFact};
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
    let mut read = |query: &ImageQuery, fact: &ImageFact| {
        let config = fact.triggered.as_ref().map_or(&fact.config, |triggered| &triggered.config);
        match ImageConfig::parse(config) {
            Ok(config) => {
                check_image_platform(query, &config, selection.request, diagnostics);
                Some(BaseImage::new(config))
            }
            Err(err) => diagnostics.fail(Diagnostic::new(
                Code::InvalidImageConfig,
                query.span,
                format!("cannot read the config of {}: {err}", query.reference),
            )),
        }
    };
    let facts = selection.images.zip(&facts.images);
    let images = facts.map(|(query, fact)| fact.as_ref().and_then(|fact| read(query, fact)));
    images.map(|image| image.unwrap_or_else(BaseImage::unknown)).collect()
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
    let mut read = |query: &ContextQuery, config: &[u8]| match ImageConfig::parse(config) {
        Ok(config) => Some(BaseImage::new(config)),
        Err(err) => diagnostics.fail(Diagnostic::without_place(
            Code::InvalidImageConfig,
            format!("cannot read the config of the build context `{}`: {err}", query.name),
        )),
    };
    let facts = selection.contexts.zip(&facts.contexts);
    facts
        .map(|(query, fact)| match fact {
            // The client has not built it yet: this is a subrequest about the file.
            Some(_) if matches!(query.source, ContextSource::Target(_)) => {
                Some(BaseImage::unknown())
            }
            Some(ContextFact { config: None, .. }) => None,
            Some(ContextFact { config: Some(config), .. }) => {
                Some(read(query, config).unwrap_or_else(BaseImage::unknown))
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
