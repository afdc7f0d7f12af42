//! What is said about an op beside what it does: given with each op, sent with the graph.
//!
//! None of it is part of an op's digest or of its cache key.

use std::collections::BTreeMap;

use buildkit_proto::pb;

use crate::{Cap, Location};

/// What is said about an op beside what it does.
///
/// ```
/// use buildkit_llb::Metadata;
///
/// let metadata = Metadata { ignore_cache: true, ..Metadata::named("[builder 2/3] RUN make") };
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// What users see in the progress. Without it BuildKit makes a name of what the op does.
    pub name: Option<String>,
    /// Further texts, which BuildKit passes on and does not read. The name goes into
    /// `llb.customname` here, over an entry of that key.
    pub description: BTreeMap<String, String>,
    /// Run the op even if the cache has its result. On an exec this also empties its cache mounts.
    pub ignore_cache: bool,
    /// Force the op into exported caches, or keep it out of them.
    pub export_cache: Option<bool>,
    /// The group that the op is shown as part of.
    pub progress_group: Option<ProgressGroup>,
    /// The places in the build's source files that it comes from.
    pub locations: Vec<Location>,
    /// Limits of the container. Dropped on ops that run none.
    pub linux_resources: Option<LinuxResources>,
}

impl Metadata {
    /// Metadata with a name and nothing else.
    pub fn named(name: impl Into<String>) -> Metadata {
        Metadata { name: Some(name.into()), ..Metadata::default() }
    }

    /// Metadata with these locations in place of its own.
    pub fn at(self, locations: impl IntoIterator<Item = Location>) -> Metadata {
        Metadata { locations: locations.into_iter().collect(), ..self }
    }

    /// Adds what is said about the same op at another place. What can be united is; of what cannot
    /// (name, group, limits, a text of the same key) the first stays.
    pub(crate) fn merge(&mut self, other: Metadata) {
        self.name = self.name.take().or(other.name);
        for (key, value) in other.description {
            self.description.entry(key).or_insert(value);
        }
        self.ignore_cache |= other.ignore_cache;
        self.export_cache = self.export_cache.max(other.export_cache);
        self.progress_group = self.progress_group.take().or(other.progress_group);
        self.locations.extend(other.locations);
        self.normalize();
        self.linux_resources = self.linux_resources.take().or(other.linux_resources);
    }

    /// Sorts the locations, so that the order in which an op was added does not show.
    pub(crate) fn normalize(&mut self) {
        if self.locations.len() > 1 {
            self.locations.sort();
            self.locations.dedup();
        }
    }

    pub(crate) fn to_proto(&self, caps: &[Cap]) -> pb::OpMetadata {
        let mut description = self.description.clone();
        if let Some(name) = &self.name {
            description.insert(CUSTOM_NAME.to_owned(), name.clone());
        }
        pb::OpMetadata {
            ignore_cache: self.ignore_cache,
            description,
            export_cache: self.export_cache.map(|value| pb::ExportCache { value }),
            caps: caps.iter().map(|cap| (cap.id().to_owned(), true)).collect(),
            progress_group: self.progress_group.clone().map(pb::ProgressGroup::from),
            linux_resources: self.linux_resources.clone().map(pb::LinuxResources::from),
        }
    }

    /// The metadata without locations, which a definition keeps elsewhere, and the caps. Caps that
    /// are not known here are left out: they only ask the daemon whether it knows them.
    pub(crate) fn from_proto(proto: pb::OpMetadata) -> (Metadata, Vec<Cap>) {
        let mut description = proto.description;
        let metadata = Metadata {
            name: description.remove(CUSTOM_NAME),
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

/// A group of ops that is shown as one step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgressGroup {
    /// What the ops of the group have in common.
    pub id: String,
    /// What users see.
    pub name: String,
    /// A group of weak members alone is not shown.
    pub weak: bool,
}

/// Limits of a container's memory and processors. Needs [`Cap::EXEC_META_LINUX_RESOURCES`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinuxResources {
    /// Memory in bytes; 0 is no limit, as for the other numbers.
    pub memory: i64,
    /// Memory and swap together in bytes; -1 lets it swap without limit.
    pub memory_swap: i64,
    /// Weight against other containers.
    pub cpu_shares: u64,
    /// Length of a scheduling period in microseconds.
    pub cpu_period: u64,
    /// Time per period in microseconds.
    pub cpu_quota: i64,
    /// The processors to use, e.g. `0-3`.
    pub cpuset_cpus: String,
    /// The memory nodes to use, e.g. `0,1`.
    pub cpuset_mems: String,
}

/// The key under which BuildKit looks for a vertex's name (`Name` in `solver/llbsolver/vertex.go`).
pub(crate) const CUSTOM_NAME: &str = "llb.customname";

impl From<ProgressGroup> for pb::ProgressGroup {
    fn from(group: ProgressGroup) -> pb::ProgressGroup {
        pb::ProgressGroup { id: group.id, name: group.name, weak: group.weak }
    }
}

impl From<pb::ProgressGroup> for ProgressGroup {
    fn from(group: pb::ProgressGroup) -> ProgressGroup {
        ProgressGroup { id: group.id, name: group.name, weak: group.weak }
    }
}

impl From<LinuxResources> for pb::LinuxResources {
    fn from(resources: LinuxResources) -> pb::LinuxResources {
        pb::LinuxResources {
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

impl From<pb::LinuxResources> for LinuxResources {
    fn from(resources: pb::LinuxResources) -> LinuxResources {
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
