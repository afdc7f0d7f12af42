//! The expansion of sets of mounts in the lists that refer to them.

use std::collections::BTreeMap;

use super::Spec;
use super::mount_set::{MountEntry, MountList};
use super::name::MountSetName;
use super::step::{Step, Verb};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Known};
use crate::order::dependencies_first;
use crate::source::Spanned;
use crate::text::Text;

/// Maximum number of mounts that all lists of a build may take from sets together. Sets of sets of
/// sets could exhaust the memory.
const MAX_FROM_SETS: usize = 100_000;

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
