//! The images and build contexts that stages use, without duplicates.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use buildkit_llb::Platform;

use super::from::Outside;
use super::selection::ImageQuery;
use crate::id::IdVec;
use crate::plan::context::{ContextQuery, ContextSource};
use crate::plan::origin::{ContextId, ImageId, Origin};
use crate::reference::{Reference, placeholder};
use crate::source::Span;

/// The images and build contexts that stages use, without duplicates.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) images: IdVec<ImageId, ImageQuery>,
    pub(super) contexts: IdVec<ContextId, ContextQuery>,
    image_places: BTreeMap<(Reference, Platform, Option<String>), ImageId>,
    context_places: BTreeMap<(String, ContextSource), ContextId>,
}

impl Sources {
    /// Returns the origin of the files of a `from` that does not name a stage. `is_base` is true if a
    /// stage starts from it.
    pub(super) fn origin(&mut self, outside: Outside, span: Span, is_base: bool) -> Origin {
        match outside {
            Outside::Scratch => Origin::Scratch,
            Outside::Image(reference, platform) => self.image(ImageQuery {
                is_plain_name: true,
                ..ImageQuery::new(reference, platform, span, is_base)
            }),
            Outside::DeclaredImage(reference, platform, declared) => {
                self.image(ImageQuery::new(reference, platform, declared, is_base))
            }
            Outside::Context(name, source, platform) => {
                self.context(name, source, platform, span, is_base)
            }
            Outside::Source(name, source, declared) => {
                self.files(name, source, Some(declared), span)
            }
        }
    }

    fn image(&mut self, query: ImageQuery) -> Origin {
        let key = (query.reference.clone(), query.platform.clone(), query.layout.clone());
        let place = match self.image_places.entry(key) {
            Entry::Vacant(new) => *new.insert(self.images.push(query)),
            Entry::Occupied(place) => {
                let known = &mut self.images[*place.get()];
                let is_base = known.is_base || query.is_base;
                let is_plain_name = known.is_plain_name || query.is_plain_name;
                // A mention in the file takes precedence over other ones.
                if known.context.is_some() && query.context.is_none() {
                    *known = query;
                }
                (known.is_base, known.is_plain_name) = (is_base, is_plain_name);
                *place.get()
            }
        };
        Origin::Image(place)
    }

    fn context(
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
    fn files(
        &mut self,
        name: String,
        source: ContextSource,
        declared: Option<Span>,
        span: Span,
    ) -> Origin {
        let key = (name.clone(), source.clone());
        let place = *self
            .context_places
            .entry(key)
            .or_insert_with(|| self.contexts.push(ContextQuery { name, source, declared, span }));
        Origin::Named(place)
    }
}
