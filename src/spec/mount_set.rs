//! Lists of mounts, and `[mounts]`: named sets of mounts that lists refer to.
//!
//! Input: lists as written. Output: lists in which references to sets are expanded. Must not depend
//! on values: a mount of a set is planned in each stage that uses it, as if it were written there.

use std::collections::BTreeMap;

use super::Spec;
use super::mount::Mount;
use super::mount_flag;
use super::name::{MountSetName, is_plain};
use super::names::Names;
use super::read::{Read, items};
use super::reader::Reader;
use super::shape::Shape;
use super::step::{Step, Verb};
use super::table::{Field, Table};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Known};
use crate::order::dependencies_first;
use crate::source::Spanned;
use crate::text::Text;
use crate::toml::{Kind, Value};

/// Maximum number of mounts that all lists of a build may take from sets together. Sets of sets of
/// sets could exhaust the memory.
const MAX_FROM_SETS: usize = 100_000;

/// Mounts in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct MountList(Vec<MountEntry>);

/// An entry of a list of mounts.
#[derive(Debug, Clone)]
enum MountEntry {
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
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        let Kind::String(_) = value.kind else {
            return Mount::read(value, reader).map(|mount| Self::Mount(Box::new(mount)));
        };
        let name = Text::read(value, reader)?;
        if is_plain(&name) {
            return Some(Self::Set(Spanned { value: name, span }));
        }
        let message = format!("invalid name of a set of mounts: `{name}`");
        let hint = mount_flag::as_table(&name);
        reader.diagnostics.fail(Diagnostic::new(Code::InvalidName, span, message).hint(hint))
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Text, Mount::shape()])
    }
}

/// A list, or a single entry. An error in one entry does not hide errors in others.
impl Read for MountList {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.kind {
            Kind::Array(_) => items(value, reader).map(|(read, _)| Self(read)),
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

    fn take(table: &mut Table<'_>, key: &'static str, reader: &mut Reader<'_>) -> Option<Self> {
        match table.remove(key) {
            Some(value) => Self::read(value, reader),
            None => Some(Self::default()),
        }
    }
}

impl Names for MountList {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.iter().for_each(|mount| mount.visit_names(visit));
    }
}

// === Expanding sets ===

/// Expands the sets in every list. Unknown names are reported.
pub(super) fn expand(spec: &mut Spec, diagnostics: &mut Diagnostics) {
    let mut expander = Expander { sets: BTreeMap::new(), taken: 0, is_full: false, diagnostics };
    let order = order_of_sets(spec, expander.diagnostics);
    // A set is expanded before it is used, because sets may refer to sets.
    for name in order {
        let Some(mut set) = spec.mounts.get(&name).cloned() else { continue };
        expander.expand(&mut set.value, spec);
        expander.sets.insert(name, set.value);
    }
    // Taken out, so that the rest of the spec can be read while they change.
    let mut stages = std::mem::take(&mut spec.stages);
    for stage in stages.values_mut() {
        let stage = &mut stage.value;
        stage.mounts.iter_mut().for_each(|mounts| expander.expand(mounts, spec));
        for step in &mut stage.steps {
            step.change_mounts(&mut |mounts| expander.expand(mounts, spec));
        }
    }
    spec.stages = stages;
}

impl Step {
    /// Calls `change` with each list of mounts of the step and of its branches.
    fn change_mounts(&mut self, change: &mut dyn FnMut(&mut MountList)) {
        match &mut self.verb {
            Verb::Run(run) => change(&mut run.process.mounts),
            Verb::Exec(exec) => change(&mut exec.process.mounts),
            Verb::Parallel(parallel) => {
                let branches = parallel.branches.value.iter_mut();
                for step in branches.flat_map(|branch| &mut branch.steps) {
                    step.change_mounts(change);
                }
            }
            Verb::Copy(_)
            | Verb::Fetch(_)
            | Verb::Git(_)
            | Verb::Unpack(_)
            | Verb::Write(_)
            | Verb::Mkdir(_)
            | Verb::Remove(_)
            | Verb::Symlink(_) => {}
        }
    }
}

/// The sets, each after those that it uses. Cycles are reported.
fn order_of_sets(spec: &Spec, diagnostics: &mut Diagnostics) -> Vec<MountSetName> {
    let sets: Vec<(&MountSetName, &Spanned<MountList>)> = spec.mounts.iter().collect();
    let find = |name: &str| sets.binary_search_by_key(&name, |(known, _)| known.as_str()).ok();
    let order = dependencies_first(sets.len(), 0..sets.len(), |at: usize| {
        sets[at].1.sets().filter_map(|name| find(name)).collect()
    });
    for cycle in &order.cycles {
        let names: Vec<&str> = cycle.iter().map(|&at| sets[at].0.as_str()).collect();
        let message =
            format!("sets of mounts form a cycle: {} -> {}", names.join(" -> "), names[0]);
        let hint = "move the shared mounts into another set";
        diagnostics
            .push(Diagnostic::new(Code::ValueCycle, sets[cycle[0]].1.span, message).hint(hint));
    }
    order.nodes.into_iter().map(|at| sets[at].0.clone()).collect()
}

struct Expander<'d> {
    /// The expanded sets.
    sets: BTreeMap<MountSetName, MountList>,
    /// The number of mounts taken from sets so far.
    taken: usize,
    /// True once there are too many, which is reported only once.
    is_full: bool,
    diagnostics: &'d mut Diagnostics,
}

impl Expander<'_> {
    fn expand(&mut self, list: &mut MountList, spec: &Spec) {
        if list.sets().next().is_none() {
            return;
        }
        let mut expanded = Vec::with_capacity(list.0.len());
        for entry in std::mem::take(&mut list.0) {
            let MountEntry::Set(name) = &entry else {
                expanded.push(entry);
                continue;
            };
            let set = self.sets.get(name.as_str());
            match set {
                Some(set) => self.taken = self.taken.saturating_add(set.len()),
                // A set in a cycle may not be expanded yet; the cycle is reported.
                None if spec.mounts.contains_key(name.as_str()) => {}
                None if spec.is_unread(name) => {}
                None => self.diagnostics.push(unknown(name, spec)),
            }
            if self.taken > MAX_FROM_SETS {
                if !std::mem::replace(&mut self.is_full, true) {
                    let message = format!("sets expand to more than {MAX_FROM_SETS} mounts");
                    self.diagnostics.push(Diagnostic::new(Code::TooLarge, name.span, message));
                }
                continue;
            }
            let of_set: Vec<MountEntry> = set
                .iter()
                .flat_map(|set| set.iter())
                .map(|mount| MountEntry::Mount(Box::new(mount.clone())))
                .collect();
            expanded.push(entry);
            expanded.extend(of_set);
        }
        list.0 = expanded;
    }
}

fn unknown(name: &Spanned<Text>, spec: &Spec) -> Diagnostic {
    let known = Known::new(spec.mounts.keys().map(MountSetName::as_str));
    let hint = known.did_you_mean(name, []).unwrap_or_else(|| match spec.mounts.is_empty() {
        true => format!("declare it in [mounts]: `{} = [{{ cache = \"/path\" }}]`", name.value),
        false => format!("the sets are {}", known.list()),
    });
    let message = format!("there is no set of mounts `{}`", name.value);
    Diagnostic::new(Code::UnknownMounts, name.span, message).hint(hint)
}
