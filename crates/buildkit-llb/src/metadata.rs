//! Metadata of ops: passed with each op, sent with the graph.
//!
//! None of it is part of an op's digest or of its cache key.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use buildkit_proto::fields::{export_cache, linux_resources, op_metadata, progress_group};
use buildkit_proto::pb;

use crate::caps::Caps;
use crate::wire::{MAP_KEY, MAP_VALUE, Writer};
use crate::{Cap, Location, visible_line};

/// Metadata of an op.
///
/// ```
/// use buildkit_llb::Metadata;
///
/// let metadata = Metadata::named("[builder 2/3] RUN make").ignore_cache(true);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Metadata<'a> {
    /// The name shown in the progress. Without it, BuildKit makes one from the op. Written in one
    /// line and [visible](crate::visible()), since clients print it unchanged.
    pub name: Option<Cow<'a, str>>,
    /// Further texts, which BuildKit passes on without reading them. The name is stored under
    /// `llb.customname` and replaces an entry with that key.
    pub description: BTreeMap<String, String>,
    /// Run the op even if the cache has its result. For an exec, this also empties its cache
    /// mounts.
    pub ignore_cache: bool,
    /// Force the op into exported caches, or keep it out of them.
    pub export_cache: Option<bool>,
    /// The group that the op is shown in.
    pub progress_group: Option<ProgressGroup<'a>>,
    /// Its locations in the build's source files.
    pub locations: Vec<Location>,
    /// Limits of the container. Ignored for ops without one.
    pub linux_resources: Option<LinuxResources>,
}

impl<'a> Metadata<'a> {
    /// Metadata with only a name.
    pub fn named(name: impl Into<Cow<'a, str>>) -> Metadata<'a> {
        Metadata { name: Some(name.into()), ..Metadata::default() }
    }

    /// Replaces the locations.
    pub fn at(self, locations: impl IntoIterator<Item = Location>) -> Metadata<'a> {
        Metadata { locations: locations.into_iter().collect(), ..self }
    }

    /// Adds metadata of the same op from another place, except for locations. Values that cannot be
    /// combined (name, group, limits, a text with the same key) are kept.
    pub(crate) fn merge(mut self, other: Metadata<'a>) -> Metadata<'a> {
        for (key, value) in other.description {
            self.description.entry(key).or_insert(value);
        }
        Metadata {
            name: self.name.or(other.name),
            ignore_cache: self.ignore_cache | other.ignore_cache,
            export_cache: self.export_cache.max(other.export_cache),
            progress_group: self.progress_group.or(other.progress_group),
            linux_resources: self.linux_resources.or(other.linux_resources),
            ..self
        }
    }

    /// The capabilities that a daemon needs to understand it. The terminal of a definition requires
    /// them.
    pub(crate) fn caps(&self) -> Caps {
        let mut caps = Caps::default();
        let described = self.name.is_some() || !self.description.is_empty();
        caps.insert_if(self.ignore_cache, Cap::META_IGNORE_CACHE);
        caps.insert_if(described, Cap::META_DESCRIPTION);
        caps.insert_if(self.export_cache.is_some(), Cap::META_EXPORT_CACHE);
        caps
    }

    /// Writes it with the capabilities of the op, and without the locations, which a definition
    /// stores elsewhere.
    pub(crate) fn write(&self, caps: Caps, message: &mut Writer) {
        message.flag(op_metadata::IGNORE_CACHE, self.ignore_cache);
        self.write_description(message);
        if let Some(value) = self.export_cache {
            message.message(op_metadata::EXPORT_CACHE, |message| {
                message.flag(export_cache::VALUE, value);
            });
        }
        write_caps(caps, message);
        if let Some(group) = &self.progress_group {
            message.message(op_metadata::PROGRESS_GROUP, |message| {
                message.text(progress_group::ID, &group.id);
                message.text(progress_group::NAME, &visible_line(&group.name));
                message.flag(progress_group::WEAK, group.weak);
            });
        }
        if let Some(resources) = &self.linux_resources {
            message.message(op_metadata::LINUX_RESOURCES, |message| resources.write(message));
        }
    }

    /// Writes the name and the other texts, sorted by key.
    fn write_description(&self, message: &mut Writer) {
        let mut entry = |key: &str, value: &str| {
            message.message(op_metadata::DESCRIPTION, |entry| {
                entry.text(MAP_KEY, key);
                entry.text(MAP_VALUE, value);
            });
        };
        let name = self.name.as_deref().map(visible_line);
        let mut name = name.as_deref();
        for (key, value) in &self.description {
            if key.as_str() >= CUSTOM_NAME
                && let Some(name) = name.take()
            {
                entry(CUSTOM_NAME, name);
                if key == CUSTOM_NAME {
                    continue;
                }
            }
            entry(key, value);
        }
        if let Some(name) = name {
            entry(CUSTOM_NAME, name);
        }
    }

    /// The metadata without locations, which a definition stores elsewhere, and the capabilities.
    /// Unknown capabilities are dropped: their only purpose is to make a daemon without them reject
    /// the graph.
    pub(crate) fn from_proto(proto: pb::OpMetadata) -> (Metadata<'static>, Caps) {
        let mut description = proto.description;
        let metadata = Metadata {
            name: description.remove(CUSTOM_NAME).map(Cow::Owned),
            description,
            ignore_cache: proto.ignore_cache,
            export_cache: proto.export_cache.map(|export_cache| export_cache.value),
            progress_group: proto.progress_group.map(ProgressGroup::from),
            locations: Vec::new(),
            linux_resources: proto.linux_resources.map(LinuxResources::from),
        };
        (metadata, proto.caps.keys().filter_map(|id| Cap::find(id)).collect())
    }
}

setters! { Metadata<'a> {
    name: Option<Cow<'a, str>>,
    description: BTreeMap<String, String>,
    ignore_cache: bool,
    export_cache: Option<bool>,
    progress_group: Option<ProgressGroup<'a>>,
    linux_resources: Option<LinuxResources>,
} }

/// Writes the capabilities of an op's metadata.
pub(crate) fn write_caps(caps: Caps, message: &mut Writer) {
    /// The encoded entry of each capability: every op has several, and they are always the same.
    static ENTRIES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| Cap::all().map(encoded).collect());
    for cap in caps.iter() {
        message.bytes.extend_from_slice(&ENTRIES[cap.number()]);
    }
}

fn encoded(cap: Cap) -> Vec<u8> {
    let mut message = Writer::default();
    message.message(op_metadata::CAPS, |entry| {
        entry.text(MAP_KEY, cap.id());
        entry.flag(MAP_VALUE, true);
    });
    message.bytes
}

/// A group of ops that is shown as one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgressGroup<'a> {
    /// The id that the ops of the group share.
    pub id: Cow<'a, str>,
    /// The name shown in the progress.
    pub name: Cow<'a, str>,
    /// A group whose members are all weak is hidden.
    pub weak: bool,
}

impl<'a> ProgressGroup<'a> {
    /// A group by its id and its name.
    pub fn new(id: impl Into<Cow<'a, str>>, name: impl Into<Cow<'a, str>>) -> ProgressGroup<'a> {
        ProgressGroup { id: id.into(), name: name.into(), weak: false }
    }
}

setters! { ProgressGroup<'a> {
    weak: bool,
} }

/// Limits of a container's memory and processors. Needs [`Cap::EXEC_META_LINUX_RESOURCES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinuxResources {
    /// Memory in bytes; 0 means no limit, also for the other numbers.
    pub memory: i64,
    /// Memory and swap together in bytes; -1 means unlimited swap.
    pub memory_swap: i64,
    /// Weight relative to other containers.
    pub cpu_shares: u64,
    /// Length of a scheduling period in microseconds.
    pub cpu_period: u64,
    /// Processor time per period in microseconds.
    pub cpu_quota: i64,
    /// The processors to use, e.g. `0-3`.
    pub cpuset_cpus: String,
    /// The memory nodes to use, e.g. `0,1`.
    pub cpuset_mems: String,
}

impl LinuxResources {
    fn write(&self, message: &mut Writer) {
        message.number(linux_resources::MEMORY, self.memory);
        message.number(linux_resources::MEMORY_SWAP, self.memory_swap);
        message.number(linux_resources::CPU_SHARES, self.cpu_shares.cast_signed());
        message.number(linux_resources::CPU_PERIOD, self.cpu_period.cast_signed());
        message.number(linux_resources::CPU_QUOTA, self.cpu_quota);
        message.text(linux_resources::CPUSET_CPUS, &self.cpuset_cpus);
        message.text(linux_resources::CPUSET_MEMS, &self.cpuset_mems);
    }
}

setters! { LinuxResources {
    memory: i64,
    memory_swap: i64,
    cpu_shares: u64,
    cpu_period: u64,
    cpu_quota: i64,
    cpuset_cpus: impl Into<String>,
    cpuset_mems: impl Into<String>,
} }

/// The key of a vertex's name in BuildKit (`Name` in `solver/llbsolver/vertex.go`).
pub(crate) const CUSTOM_NAME: &str = "llb.customname";

impl From<pb::ProgressGroup> for ProgressGroup<'_> {
    fn from(group: pb::ProgressGroup) -> Self {
        ProgressGroup { id: group.id.into(), name: group.name.into(), weak: group.weak }
    }
}

impl From<pb::LinuxResources> for LinuxResources {
    fn from(resources: pb::LinuxResources) -> Self {
        LinuxResources {
            memory: resources.memory,
            memory_swap: resources.memory_swap,
            cpu_shares: resources.cpu_shares,
            cpu_period: resources.cpu_period,
            cpu_quota: resources.cpu_quota,
            cpuset_cpus: resources.cpuset_cpus,
            cpuset_mems: resources.cpuset_mems,
        }
    }
}
