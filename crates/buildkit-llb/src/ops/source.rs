//! Source: files from outside the build. Each kind has a file; all are converted to a [`Source`].
//!
//! Nothing is fetched or looked up here, and references must be complete: `golang` is not an image
//! to BuildKit, `docker.io/library/golang:latest` is.

use crate::{Graph, Metadata, Op, State};

mod any;
mod git;
mod http;
mod image;
mod json;
mod local;
mod oci_layout;

pub use self::any::Source;
pub use self::git::{Git, GitBundle, GitMtime, GitSignature};
pub use self::http::{Http, HttpSignature};
pub use self::image::{Image, RecordType, ResolveMode};
pub use self::local::{Differ, Local, LocalSession};
pub use self::oci_layout::OciLayout;

/// Implements `Op` for the typed kinds, and the message with which a daemon resolves one.
macro_rules! kinds {
    ($($kind:ident),*) => {$(
        impl Op for $kind {
            type Handle = State;

            fn add_to(self, graph: &mut Graph, metadata: Metadata<'_>) -> State {
                Source::from(self).add_to(graph, metadata)
            }
        }
    )*};
}

kinds!(Git, Http, Image, Local, OciLayout);
