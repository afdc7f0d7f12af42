//! Mounts of run steps.

use super::read::{Keys, Read, Reader, Table, Value, table, word};
use super::stage::From;
use super::template::Template;
use crate::diagnostic::{Code, Diagnostic, list};
use crate::source::{Span, Spanned};

/// Something that a run step sees in its file system and that is not a part of it.
#[derive(Debug, Clone)]
pub enum Mount {
    /// A directory that outlives the build.
    Cache(CacheMount),
    /// Files of the build context, a stage or an image.
    Bind(BindMount),
}

table! {
    /// A directory that outlives the build.
    pub struct CacheMount as "a cache mount" {
        /// Where the directory stands; relative to the working directory.
        "cache" path: Spanned<Template>,
        /// Mounts with one id share one directory; the path is the default.
        "id" id: Option<Template>,
        /// What happens when two steps want it at once: `shared`, `private` or `locked`.
        "sharing" sharing: Option<Sharing>,
        /// Whether the step may only read it.
        "read-only" read_only: Option<bool>,
    }

    /// Files of the build context, a stage or an image.
    pub struct BindMount as "a bind mount" {
        /// The file or directory that is shown.
        "bind" source: Spanned<Template>,
        /// Whose it is: a stage or an image; the build context is the default.
        "from" from: Option<Spanned<From>>,
        /// Where the step sees it: the same path is the default, relative to the working directory.
        "to" to: Option<Spanned<Template>>,
        /// Whether the step may write there; what it writes is lost.
        "writable" writable: Option<bool>,
    }
}

/// What happens when two steps want one cache directory at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Both get it.
    Shared,
    /// The second gets a new one.
    Private,
    /// The second waits.
    Locked,
}

impl Read for Sharing {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let words = [
            ("shared", Sharing::Shared),
            ("private", Sharing::Private),
            ("locked", Sharing::Locked),
        ];
        word(value, "a way of sharing", &words, reader)
    }
}

/// The keys that say which kind of mount a table is.
const KINDS: [&str; 2] = ["cache", "bind"];

impl Read for Mount {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span: Span = value.span().into();
        let table = Table::new(value, "a mount", reader)?;
        let mut kinds = KINDS.into_iter().filter(|kind| table.key_span(kind).is_some());
        match (kinds.next(), kinds.next()) {
            (Some("cache"), None) => {
                table.named(CacheMount::WHAT).read_all(reader).map(Mount::Cache)
            }
            (Some(_), None) => table.named(BindMount::WHAT).read_all(reader).map(Mount::Bind),
            (Some(one), Some(other)) => reader.diagnostics.fail(
                Diagnostic::new(
                    Code::ConflictingKeys,
                    span,
                    format!("a mount has both `{one}` and `{other}`"),
                )
                .hint("write one table for each mount"),
            ),
            (None, _) => reader.diagnostics.fail(
                Diagnostic::new(Code::MissingKey, span, "a mount does not say what it is")
                    .hint(format!("it needs one of {}", list(KINDS))),
            ),
        }
    }
}
