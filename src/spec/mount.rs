//! Mounts of run steps.

use super::mount_flag;
use super::read::{Read, Reader, words};
use super::shape::Shape;
use super::stage::From;
use super::table::{Keys, Table, table};
use super::template::{Scalar, Template};
use crate::diagnostic::{Code, Diagnostic, did_you_mean, list};
use crate::source::Spanned;
use crate::toml::{Kind, Value};

/// Something that a run step sees in its file system and that is not a part of it.
#[derive(Debug, Clone)]
pub enum Mount {
    /// A directory that outlives the build.
    Cache(CacheMount),
    /// Files of the build context, a stage or an image.
    Bind(BindMount),
    /// A secret of the client.
    Secret(SecretMount),
    /// An SSH agent of the client.
    Ssh(SshMount),
    /// A file system in memory.
    Tmpfs(TmpfsMount),
}

table! {
    /// A directory that outlives the build.
    pub struct CacheMount as "a cache mount" {
        /// Where the directory stands; relative to the working directory.
        "cache" path: Spanned<Template>,
        /// Mounts with one id share one directory; the path is the default.
        "id" id: Option<Template>,
        /// What happens when two steps want it at once: `shared` (the default), `private` or `locked`.
        "sharing" sharing: Option<Sharing>,
        /// What a new directory begins as: files of a stage or an image. Nothing is the default.
        "from" from: Option<Box<Spanned<From>>>,
        /// The directory of `from` that it begins as; all of it is the default.
        "source" source: Option<Box<Template>>,
        /// The mode of a new directory; "0755" is the default.
        "mode" mode: Option<Box<Template>>,
        /// The owner of a new directory, by number; the user of the step is the default.
        "uid" uid: Option<Box<Scalar>>,
        /// The group of a new directory, by number.
        "gid" gid: Option<Box<Scalar>>,
        /// Whether the step may only read it.
        "read-only" read_only: Option<bool>,
    }

    /// Files of the build context, a stage or an image.
    pub struct BindMount as "a bind mount" {
        /// The file or directory that is shown.
        "bind" source: Spanned<Template>,
        /// Whose it is: a stage or an image; the build context is the default.
        "from" from: Option<Box<Spanned<From>>>,
        /// Where the step sees it: the same path is the default, relative to the working directory.
        "to" to: Option<Spanned<Template>>,
        /// Whether the step may write there; what it writes is lost.
        "writable" writable: Option<bool>,
    }

    /// A secret of the client, from `--secret`; never part of a layer or a cache key.
    pub struct SecretMount as "a secret mount" {
        /// Which secret.
        "secret" id: Spanned<Template>,
        /// The file that has it; "/run/secrets/ID" is the default.
        "to" to: Option<Spanned<Template>>,
        /// The environment variable that has it, in place of a file or besides one that `to` names.
        "env" env: Option<Template>,
        /// The file's mode; "0400" is the default.
        "mode" mode: Option<Box<Template>>,
        /// The file's owner, by number; 0 is the default.
        "uid" uid: Option<Box<Scalar>>,
        /// The file's group, by number; 0 is the default.
        "gid" gid: Option<Box<Scalar>>,
        /// Whether the build fails where the client does not give it.
        "required" required: Option<bool>,
    }

    /// An SSH agent of the client, from `--ssh`.
    pub struct SshMount as "an ssh mount" {
        /// Which agent: "default", or the id that the client gave.
        "ssh" id: Spanned<Template>,
        /// Where its socket stands; `SSH_AUTH_SOCK` names it in any case.
        "to" to: Option<Spanned<Template>>,
        /// The socket's mode; "0600" is the default.
        "mode" mode: Option<Box<Template>>,
        /// The socket's owner, by number; 0 is the default.
        "uid" uid: Option<Box<Scalar>>,
        /// The socket's group, by number; 0 is the default.
        "gid" gid: Option<Box<Scalar>>,
        /// Whether the build fails where the client does not give it.
        "required" required: Option<bool>,
    }

    /// A file system in memory, empty at first and gone afterwards.
    pub struct TmpfsMount as "a tmpfs mount" {
        /// Where it stands.
        "tmpfs" path: Spanned<Template>,
        /// Its size at most: bytes, or a number with `k`, `m` or `g`. No limit is the default.
        "size" size: Option<Spanned<Scalar>>,
    }
}

words! {
    /// What happens when two steps want one cache directory at once.
    pub enum Sharing as "a way of sharing" {
        /// Both get it.
        "shared" Shared,
        /// The second gets a new one.
        "private" Private,
        /// The second waits.
        "locked" Locked,
    }
}

/// The keys that say which kind of mount a table is.
pub(super) const KINDS: [&str; 5] = ["cache", "bind", "secret", "ssh", "tmpfs"];

impl Read for Mount {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        let table = Table::new(value, "a mount", reader)?;
        let mut kinds = KINDS.into_iter().filter(|kind| table.has(kind));
        let (kind, another) = (kinds.next(), kinds.next());
        if let (Some(one), Some(other)) = (kind, another) {
            return reader.diagnostics.fail(
                Diagnostic::new(
                    Code::ConflictingKeys,
                    span,
                    format!("a mount has both `{one}` and `{other}`"),
                )
                .hint("write one table for each mount"),
            );
        }
        if let Some(slip) = kind.and_then(|kind| slip(kind, &table)) {
            return reader.diagnostics.fail(slip);
        }
        match kind {
            Some("cache") => table.named(CacheMount::WHAT).read_all(reader).map(Mount::Cache),
            Some("bind") => table.named(BindMount::WHAT).read_all(reader).map(Mount::Bind),
            Some("secret") => table.named(SecretMount::WHAT).read_all(reader).map(Mount::Secret),
            Some("ssh") => table.named(SshMount::WHAT).read_all(reader).map(Mount::Ssh),
            Some(_) => table.named(TmpfsMount::WHAT).read_all(reader).map(Mount::Tmpfs),
            None => {
                let hint = hint_about(&table);
                reader.diagnostics.fail(
                    Diagnostic::new(Code::MissingKey, span, "a mount does not say what it is")
                        .hint(hint),
                )
            }
        }
    }

    fn shape() -> Shape {
        Shape::Any(vec![
            CacheMount::shape(),
            BindMount::shape(),
            SecretMount::shape(),
            SshMount::shape(),
            TmpfsMount::shape(),
        ])
    }
}

/// A mount whose kind is a name or a flag and whose path or id is said by another key, as `--mount` says it.
fn slip(kind: &str, table: &Table<'_>) -> Option<Diagnostic> {
    let value = table.value(kind)?;
    let texts = table.texts();
    let own = mount_flag::own_key(kind, &texts);
    let others = texts.iter().copied().filter(|(name, _)| *name != kind);
    match (&value.kind, own) {
        (Kind::Boolean(_), _) => {
            let message = format!("expected a string, found {}", value.kind.what());
            Some(
                Diagnostic::new(Code::WrongType, value.span, message)
                    .hint(mount_flag::of_kind(kind, others)),
            )
        }
        (Kind::String(name), Some(key)) if kind == "cache" && !name.contains('/') => {
            let name = name.as_ref();
            let id = [("id", name)].into_iter().filter(|_| !table.has("id"));
            let message = format!("unknown key `{key}` in {}", CacheMount::WHAT);
            Some(
                Diagnostic::new(Code::UnknownKey, table.key_span(key)?, message)
                    .hint(mount_flag::of_kind(kind, others.chain(id))),
            )
        }
        _ => None,
    }
}

/// What to write for a mount without a kind.
fn hint_about(table: &Table<'_>) -> String {
    let pairs = table.texts();
    if let Some(kind) = pairs.iter().find(|(name, _)| *name == "type").map(|&(_, kind)| kind) {
        return mount_flag::of_kind(kind, pairs.iter().copied());
    }
    let near = table.keys().find_map(|key| did_you_mean(key, KINDS));
    near.unwrap_or_else(|| format!("it needs one of {}", list(KINDS)))
}

impl Mount {
    /// Whose files it shows, where it says so.
    pub fn from(&self) -> Option<&Spanned<From>> {
        match self {
            Mount::Cache(mount) => mount.from.as_deref(),
            Mount::Bind(mount) => mount.from.as_deref(),
            Mount::Secret(_) | Mount::Ssh(_) | Mount::Tmpfs(_) => None,
        }
    }
}
