//! Sources of any kind, in BuildKit's form.

use std::collections::BTreeMap;

use buildkit_proto::fields::{op, source_op};
use buildkit_proto::pb;

use crate::wire::{MAP_KEY, MAP_VALUE};
use crate::{Cap, Graph, Metadata, Op, Platform, State};

/// A source in BuildKit's form: an identifier whose scheme gives the kind, and attributes.
///
/// [`Image`](crate::Image), [`Local`](crate::Local), [`Git`](crate::Git), [`Http`](crate::Http) and
/// [`OciLayout`](crate::OciLayout) are typed forms that are converted to
/// this. Use it directly for kinds that have no type here, and for sources that the daemon returned
/// when it resolved one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Source {
    /// The identifier, e.g. `docker-image://docker.io/library/alpine:3`.
    pub identifier: String,
    /// The attributes. BuildKit ignores unknown keys. Empty values are equivalent to absent ones
    /// and are not sent.
    pub attrs: BTreeMap<String, String>,
    /// The platform, for images and OCI layouts; not sent for other kinds. `None` is the daemon's
    /// own.
    pub platform: Option<Platform>,
    /// The capabilities that the daemon needs.
    pub caps: Vec<Cap>,
}

impl Source {
    /// A source without attributes.
    pub fn new(identifier: impl Into<String>) -> Source {
        Source { identifier: identifier.into(), ..Source::default() }
    }

    /// Sets an attribute; an empty one is omitted.
    pub fn attr(mut self, key: &str, value: impl Into<String>) -> Source {
        let value = value.into();
        if !value.is_empty() {
            self.attrs.insert(key.to_owned(), value);
        }
        self
    }

    /// Sets an attribute and requires a capability, unless the value is empty.
    pub(super) fn attr_with(self, cap: Cap, key: &str, value: impl Into<String>) -> Source {
        let value = value.into();
        if value.is_empty() { self } else { self.attr(key, value).cap(cap) }
    }

    /// Sets an attribute to `true` and requires a capability, if `flag` is set.
    pub(super) fn flag(self, cap: Cap, key: &str, flag: bool) -> Source {
        self.attr_with(cap, key, if flag { "true" } else { "" })
    }

    pub(super) fn cap(mut self, cap: Cap) -> Source {
        self.caps.push(cap);
        self
    }
}

setters! { Source {
    platform: Option<Platform>,
} }

impl Op for Source {
    type Handle = State;

    fn add_to(mut self, graph: &mut Graph, metadata: Metadata<'_>) -> State {
        let draft = graph.draft();
        draft.caps = self.caps.iter().copied().collect();
        // Other kinds do not depend on the platform; with one they would be several vertices in a
        // build for several platforms (`platformSpecificSource` in `client/llb/source.go`).
        draft.platform = self.platform.take().filter(|_| {
            ["docker-image://", "oci-layout://"].iter().any(|s| self.identifier.starts_with(s))
        });
        let pb::SourceOp { identifier, attrs } = self.into();
        draft.kind.message(op::SOURCE, |source| {
            source.text(source_op::IDENTIFIER, &identifier);
            for (key, value) in &attrs {
                source.message(source_op::ATTRS, |entry| {
                    entry.text(MAP_KEY, key);
                    entry.text(MAP_VALUE, value);
                });
            }
        });
        graph.insert(metadata).output(0)
    }
}

impl From<Source> for pb::SourceOp {
    fn from(source: Source) -> pb::SourceOp {
        let mut attrs = source.attrs;
        // In a map, prost omits an empty value and Go does not: the digests would differ.
        attrs.retain(|key, value| !key.is_empty() && !value.is_empty());
        pb::SourceOp { identifier: source.identifier, attrs }
    }
}

impl From<pb::SourceOp> for Source {
    fn from(op: pb::SourceOp) -> Source {
        Source { attrs: op.attrs, ..Source::new(op.identifier) }
    }
}
