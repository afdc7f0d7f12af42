//! Mounts of run steps.

use super::from::From;
use super::mount_flag;
use super::read::{Read, words};
use super::reader::Reader;
use super::shape::Shape;
use super::table::{Keys, Table, table};
use super::template::{Scalar, Template};
use crate::diagnostic::{Code, Diagnostic, Reported, did_you_mean, list};
use crate::source::Spanned;
use crate::toml::{Kind, Value};

/// A mount of a run step.
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
        /// The path of the directory; relative to the working directory.
        "cache" path: Spanned<Template>,
        /// The id; mounts with the same id share a directory. By default, the path.
        "id" id: Option<Template>,
        /// Behaviour when two steps use it at once: `shared` (the default), `private` or `locked`.
        "sharing" sharing: Option<Sharing>,
        /// The initial content of a new directory: files of a stage or an image. By default, none.
        "from" from: Option<Box<Spanned<From>>>,
        /// The directory of `from` to use as initial content. By default, all of it.
        "source" source: Option<Box<Template>>,
        /// The mode of a new directory. By default, "0755".
        "mode" mode: Option<Box<Template>>,
        /// The owner of a new directory, by number. By default, the user of the step.
        "uid" uid: Option<Box<Scalar>>,
        /// The group of a new directory, by number.
        "gid" gid: Option<Box<Scalar>>,
        /// Mount it read-only.
        "read-only" read_only: Option<bool>,
    }

    /// Files of the build context, a stage or an image.
    pub struct BindMount as "a bind mount" {
        /// The file or directory to mount.
        "bind" source: Spanned<Template>,
        /// The stage or image that contains it. By default, the build context.
        "from" from: Option<Box<Spanned<From>>>,
        /// The mount point, relative to the working directory. By default, the same path.
        "to" to: Option<Spanned<Template>>,
        /// Allow the step to write; its changes are discarded.
        "writable" writable: Option<bool>,
    }

    /// A secret of the client, from `--secret`; never part of a layer or a cache key.
    pub struct SecretMount as "a secret mount" {
        /// The id of the secret.
        "secret" id: Spanned<Template>,
        /// The path of the file. By default, "/run/secrets/ID".
        "to" to: Option<Spanned<Template>>,
        /// The environment variable for it, instead of a file, or in addition to one that `to`
        /// names.
        "env" env: Option<Template>,
        /// The file's mode. By default, "0400".
        "mode" mode: Option<Box<Template>>,
        /// The file's owner, by number. By default, 0.
        "uid" uid: Option<Box<Scalar>>,
        /// The file's group, by number. By default, 0.
        "gid" gid: Option<Box<Scalar>>,
        /// Fail the build if the client does not provide it.
        "required" required: Option<bool>,
    }

    /// An SSH agent of the client, from `--ssh`.
    pub struct SshMount as "an ssh mount" {
        /// The agent: "default", or an id given by the client.
        "ssh" id: Spanned<Template>,
        /// The path of its socket; `SSH_AUTH_SOCK` is set to it.
        "to" to: Option<Spanned<Template>>,
        /// The socket's mode. By default, "0600".
        "mode" mode: Option<Box<Template>>,
        /// The socket's owner, by number. By default, 0.
        "uid" uid: Option<Box<Scalar>>,
        /// The socket's group, by number. By default, 0.
        "gid" gid: Option<Box<Scalar>>,
        /// Fail the build if the client does not provide it.
        "required" required: Option<bool>,
    }

    /// A file system in memory, initially empty and discarded afterwards.
    pub struct TmpfsMount as "a tmpfs mount" {
        /// The mount point.
        "tmpfs" path: Spanned<Template>,
        /// Its maximum size: bytes, or a number with `k`, `m` or `g`. By default, no limit.
        "size" size: Option<Spanned<Scalar>>,
    }
}

words! {
    /// Behaviour when two steps use one cache directory at once.
    pub enum Sharing as "a way of sharing" {
        /// Both use it.
        "shared" Shared,
        /// The second one gets a new directory.
        "private" Private,
        /// The second one waits.
        "locked" Locked,
    }
}

/// The keys that give the kind of a mount.
pub(super) const KINDS: [&str; 5] = ["cache", "bind", "secret", "ssh", "tmpfs"];

impl Read for Mount {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        let table = Table::new(value, "a mount", reader)?;
        let mut kinds = KINDS.into_iter().filter(|kind| table.has(kind));
        let (kind, another) = (kinds.next(), kinds.next());
        if let (Some(one), Some(other)) = (kind, another) {
            return reader.diagnostics.error(
                Diagnostic::new(
                    Code::ConflictingKeys,
                    span,
                    format!("a mount has both `{one}` and `{other}`"),
                )
                .hint("write a separate table for each mount"),
            );
        }
        if let Some(slip) = kind.and_then(|kind| slip(kind, &table)) {
            return reader.diagnostics.error(slip);
        }
        match kind {
            Some("cache") => table.named(CacheMount::WHAT).read_all(reader).map(Mount::Cache),
            Some("bind") => table.named(BindMount::WHAT).read_all(reader).map(Mount::Bind),
            Some("secret") => table.named(SecretMount::WHAT).read_all(reader).map(Mount::Secret),
            Some("ssh") => table.named(SshMount::WHAT).read_all(reader).map(Mount::Ssh),
            Some(_) => table.named(TmpfsMount::WHAT).read_all(reader).map(Mount::Tmpfs),
            None => {
                let hint = hint_about(&table);
                reader.diagnostics.error(
                    Diagnostic::new(Code::MissingKey, span, "a mount has no kind").hint(hint),
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

/// A mount whose kind is a name or a flag and whose path or id is in another key, as in `--mount`.
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

/// The hint for a mount without a kind.
fn hint_about(table: &Table<'_>) -> String {
    let pairs = table.texts();
    if let Some(kind) = pairs.iter().find(|(name, _)| *name == "type").map(|&(_, kind)| kind) {
        return mount_flag::of_kind(kind, pairs.iter().copied());
    }
    let near = table.keys().find_map(|key| did_you_mean(key, KINDS));
    near.unwrap_or_else(|| format!("add one of {}", list(KINDS)))
}

impl Mount {
    /// The value of `from`, if given.
    pub fn from(&self) -> Option<&Spanned<From>> {
        match self {
            Mount::Cache(mount) => mount.from.as_deref(),
            Mount::Bind(mount) => mount.from.as_deref(),
            Mount::Secret(_) | Mount::Ssh(_) | Mount::Tmpfs(_) => None,
        }
    }
}
