//! The differences between the reasons of a step in two explanations.

use std::collections::{BTreeMap, BTreeSet};

use super::masked::MASK;
use super::notes::{FILES_COUNT, IN_KEYS, NO_CACHE, OF_CLIENT};
use super::text::Differing;
use super::{Kind, Reason, Step};

/// A changed reason.
pub(super) struct Change {
    /// True if it certainly makes the step run again. Otherwise it does so only if files differ.
    pub(super) is_certain: bool,
    pub(super) text: String,
}

impl Change {
    fn certain(text: String) -> Self {
        Self { is_certain: true, text }
    }
}

/// The reasons with one kind, name and origin.
type ByName<'a> = BTreeMap<(Kind, &'a str, &'a str), Vec<&'a Reason>>;

/// The changed reasons of a step.
pub(super) fn changes(now: &Step, before: &Step) -> Vec<Change> {
    let old = by_name(before);
    let new = by_name(now);
    let mut differences = Differences::default();
    let none = Vec::new();
    let keys: BTreeSet<_> = new.keys().chain(old.keys()).collect();
    for key in keys {
        let (old, new) = (old.get(key).unwrap_or(&none), new.get(key).unwrap_or(&none));
        differences.compare(now, old, new);
    }
    if differences.is_empty() && order(now).ne(order(before)) {
        differences.changes.push(Change::certain("another order".to_owned()));
    }
    differences.of_kinds(now);
    // An arg that only keys use is a cause only if one of these keys differs.
    if differences.changes.is_empty() {
        return Vec::new();
    }
    let certain = differences.changes.iter().any(|change| change.is_certain);
    let mut changes: Vec<Change> =
        differences.causes.into_iter().map(|text| Change { is_certain: certain, text }).collect();
    changes.append(&mut differences.changes);
    changes
}

/// The names of args and variables whose values are secret, and thus not compared.
pub(super) fn hidden_names(step: &Step) -> impl Iterator<Item = &str> {
    let hidden = step.reasons.iter().filter(|reason| {
        reason.kind.is_variable() && reason.value.as_ref().is_some_and(|value| value.contains(MASK))
    });
    hidden.map(|reason| reason.name.as_str())
}

fn by_name(step: &Step) -> ByName<'_> {
    let mut by_name = ByName::new();
    for reason in &step.reasons {
        let key = (reason.kind, reason.name.as_str(), reason.from.as_str());
        by_name.entry(key).or_default().push(reason);
    }
    by_name
}

/// The reasons whose order is part of the cache key.
fn order(step: &Step) -> impl Iterator<Item = (Kind, &str, Option<&str>)> {
    let ordered = step.reasons.iter().filter(|reason| {
        matches!(reason.kind, Kind::Command | Kind::Stage | Kind::Files)
            || reason.kind == Kind::Setting && reason.note != OF_CLIENT
    });
    ordered.map(|reason| (reason.kind, reason.name.as_str(), reason.value.as_deref()))
}

#[derive(Default)]
struct Differences<'a> {
    changes: Vec<Change>,
    /// Changed args and constants that only keys of the step use.
    causes: Vec<String>,
    added: BTreeMap<Kind, Vec<&'a Reason>>,
    removed: BTreeMap<Kind, Vec<&'a Reason>>,
}

impl<'a> Differences<'a> {
    fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.added.is_empty() && self.removed.is_empty()
    }

    /// Compares the reasons with one kind, name and origin.
    fn compare(&mut self, step: &Step, old: &[&'a Reason], new: &[&'a Reason]) {
        if let Some(reason) = new.first()
            && reason.kind == Kind::NoCache
        {
            self.changes.push(Change::certain("runs in every build".to_owned()));
            return;
        }
        let mut gone: Vec<&Reason> = old.to_vec();
        let mut unknown: Vec<&Reason> = Vec::new();
        for reason in new {
            match gone.iter().position(|known| is_same(known, reason)) {
                Some(at) => drop(gone.remove(at)),
                None => unknown.push(reason),
            }
        }
        let pairs = gone.len().min(unknown.len());
        for (before, now) in gone.drain(..pairs).zip(unknown.drain(..pairs)) {
            let text = Differing { before, now }.to_string();
            if is_only_cause(now) && is_only_cause(before) {
                self.causes.push(text);
            } else {
                self.changes.push(Change { is_certain: !step.copies_from(now), text });
            }
        }
        for reason in unknown {
            if !is_only_cause(reason) {
                self.added.entry(reason.kind).or_default().push(reason);
            }
        }
        for reason in gone {
            if !is_only_cause(reason) && !may_be_unknown(reason) {
                self.removed.entry(reason.kind).or_default().push(reason);
            }
        }
    }

    /// Adds the reasons that are new or gone.
    fn of_kinds(&mut self, step: &Step) {
        let kinds: BTreeSet<Kind> = self.added.keys().chain(self.removed.keys()).copied().collect();
        for kind in kinds {
            let added = self.added.remove(&kind).unwrap_or_default();
            let removed = self.removed.remove(&kind).unwrap_or_default();
            if let ([new], [old]) = (&added[..], &removed[..])
                && !kind.is_variable()
                && kind != Kind::Setting
            {
                let is_certain = match kind {
                    Kind::Files => new.name != old.name,
                    _ => !step.copies_from(new),
                };
                let text = format!("{} {old} -> {new}", kind.word());
                self.changes.push(Change { is_certain, text });
                continue;
            }
            for new in added {
                self.changes.push(Change::certain(format!("{} {new} is new", kind.word())));
            }
            for old in removed {
                self.changes.push(Change::certain(format!("{} {} is gone", kind.word(), old.name)));
            }
        }
    }
}

impl Step {
    /// True if an image or a download is only the origin of some files.
    fn copies_from(&self, reason: &Reason) -> bool {
        reason.note == FILES_COUNT
            || matches!(reason.kind, Kind::Git | Kind::Url)
                && self.reasons.iter().any(|other| other.kind == Kind::Files)
    }
}

fn is_same(before: &Reason, now: &Reason) -> bool {
    // An image may have been looked up for one of them only.
    let is_unknown = matches!(now.kind, Kind::Image | Kind::Git | Kind::Url)
        && (before.value.is_none() || now.value.is_none());
    before.value == now.value || is_unknown
}

fn is_only_cause(reason: &Reason) -> bool {
    reason.note == IN_KEYS
}

/// True if the reason may be missing only because the program, which has fewer options than Docker,
/// made one of the explanations.
fn may_be_unknown(reason: &Reason) -> bool {
    reason.note == OF_CLIENT
        || reason.kind == Kind::NoCache && reason.value.as_deref() == Some(NO_CACHE)
}
