//! Lists of mounts, and `[mounts]`: named sets of mounts that lists refer to.
//!
//! Input: lists as written. Output: lists in which references to sets are expanded. Must not depend
//! on values: a mount of a set is planned in each stage that uses it, as if it were written there.

use super::mount::Mount;
use super::mount_flag;
use super::name::is_plain;
use super::names::Names;
use super::read::{Read, items};
use super::reader::Reader;
use super::shape::Shape;
use super::table::{Field, Table};
use crate::diagnostic::{Code, Diagnostic, Reported};
use crate::source::Spanned;
use crate::text::Text;
use crate::toml::{Kind, Value};

/// Mounts in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct MountList(pub(super) Vec<MountEntry>);

/// An entry of a list of mounts.
#[derive(Debug, Clone)]
pub(super) enum MountEntry {
    Mount(Box<Mount>),
    /// The name of a set. It stays in the list before the mounts of the set, so that rules see that
    /// the set is used.
    Set(Spanned<Text>),
}

impl MountList {
    /// The mounts, including those of sets after expansion.
    pub fn iter(&self) -> impl Iterator<Item = &Mount> {
        self.0.iter().filter_map(|entry| match entry {
            MountEntry::Mount(mount) => Some(&**mount),
            MountEntry::Set(_) => None,
        })
    }

    /// The number of entries, an upper bound of the number of mounts.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if the list is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of the sets that it uses.
    pub(crate) fn sets(&self) -> impl Iterator<Item = &Spanned<Text>> {
        self.0.iter().filter_map(|entry| match entry {
            MountEntry::Mount(_) => None,
            MountEntry::Set(name) => Some(name),
        })
    }
}

// === Reading ===

impl Read for MountEntry {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        let Kind::String(_) = value.kind else {
            return Mount::read(value, reader).map(|mount| Self::Mount(Box::new(mount)));
        };
        let name = Text::read(value, reader)?;
        if is_plain(&name) {
            return Ok(Self::Set(Spanned { value: name, span }));
        }
        let message = format!("invalid name of a set of mounts: `{name}`");
        let hint = mount_flag::as_table(&name);
        reader.diagnostics.error(Diagnostic::new(Code::InvalidName, span, message).hint(hint))
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Text, Mount::shape()])
    }
}

/// A list, or a single entry. An error in one entry does not hide errors in others.
impl Read for MountList {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        match value.kind {
            Kind::Array(_) => items(value, reader).map(|read| Self(read.part)),
            _ => MountEntry::read(value, reader).map(|entry| Self(vec![entry])),
        }
    }

    fn shape() -> Shape {
        MountEntry::shape().or_list()
    }
}

impl Field for MountList {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        <Self as Read>::shape()
    }

    fn take(
        table: &mut Table<'_>,
        key: &'static str,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Reported> {
        match table.remove(key) {
            Some(value) => Self::read(value, reader),
            None => Ok(Self::default()),
        }
    }
}

impl Names for MountList {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.iter().for_each(|mount| mount.visit_names(visit));
    }
}
