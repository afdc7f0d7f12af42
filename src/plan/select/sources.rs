//! The images and build contexts that stages use, without duplicates.

use std::collections::BTreeMap;

use buildkit_llb::Platform;

use super::{ImageQuery, Origin};
use crate::plan::context::{ContextQuery, ContextSource};
use crate::reference::{Reference, placeholder};
use crate::source::Span;

/// The images and build contexts that stages use, without duplicates.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) images: Vec<ImageQuery>,
    pub(super) contexts: Vec<ContextQuery>,
    image_places: BTreeMap<(Reference, Platform, Option<String>), usize>,
    context_places: BTreeMap<(String, ContextSource), usize>,
}

impl Sources {
    pub(super) fn image(&mut self, query: ImageQuery) -> Origin {
        let key = (query.reference.clone(), query.platform.clone(), query.layout.clone());
        let next = self.images.len();
        let place = *self.image_places.entry(key).or_insert(next);
        match self.images.get_mut(place) {
            None => self.images.push(query),
            Some(known) => {
                let is_base = known.is_base || query.is_base;
                let is_plain_name = known.is_plain_name || query.is_plain_name;
                // A mention in the file takes precedence over other ones.
                if known.context.is_some() && query.context.is_none() {
                    *known = query;
                }
                (known.is_base, known.is_plain_name) = (is_base, is_plain_name);
            }
        }
        Origin::Image(place)
    }

    pub(super) fn context(
        &mut self,
        name: String,
        source: ContextSource,
        platform: Platform,
        span: Span,
        is_base: bool,
    ) -> Origin {
        let (reference, layout) = match source {
            ContextSource::Scratch => return Origin::Scratch,
            ContextSource::Image(reference) => (reference, None),
            ContextSource::OciLayout { store, digest } => {
                // The name is only a description; the digest identifies the image.
                let reference = Reference::parse(name.split("::").next().unwrap_or_default())
                    .unwrap_or_else(|_| placeholder("context"));
                (reference.pinned(Some(digest)), Some(store))
            }
            source @ (ContextSource::Local(_)
            | ContextSource::Git(_)
            | ContextSource::Http(_)
            | ContextSource::Input(_)
            | ContextSource::Target(_)
            | ContextSource::Dockerfile(_)) => {
                return self.files(name, source, None, span);
            }
        };
        let query = ImageQuery::new(reference, platform, span, is_base);
        self.image(ImageQuery { layout, context: Some(name), ..query })
    }

    /// Adds a context that is not an image. `declared` is the span of its declaration in the spec,
    /// if the client does not offer it.
    pub(super) fn files(
        &mut self,
        name: String,
        source: ContextSource,
        declared: Option<Span>,
        span: Span,
    ) -> Origin {
        let key = (name.clone(), source.clone());
        let place = *self.context_places.entry(key).or_insert_with(|| {
            self.contexts.push(ContextQuery { name, source, declared, span });
            self.contexts.len() - 1
        });
        Origin::Named(place)
    }
}
