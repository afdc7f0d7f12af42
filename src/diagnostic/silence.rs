//! Comments that silence the findings of rules at one place.

use std::collections::BTreeMap;

use super::code::Code;
use super::problem::Diagnostic;
use crate::source::Span;

/// A comment that silences a rule.
#[derive(Debug, Clone)]
pub struct Silence {
    /// The span of the comment.
    pub place: Span,
    /// The part of the file in which findings are silenced.
    pub about: Span,
    /// The rule; `None` for all.
    pub rule: Option<Code>,
}

/// All comments that silence rules.
#[derive(Debug, Clone, Default)]
pub(super) struct Silences {
    list: Vec<Silence>,
    /// For each rule the silenced parts of the files, sorted: the start of each part, and the
    /// maximum end of it and all parts before it.
    parts: BTreeMap<Option<Code>, Vec<(u32, u32)>>,
}

impl Silences {
    /// Adds the comments of a file. Its spans must follow those of the files added before.
    pub(super) fn add(&mut self, mut silences: Vec<Silence>) {
        silences.sort_by_key(|silence| silence.about);
        for Silence { about, rule, .. } in &silences {
            let parts = self.parts.entry(*rule).or_default();
            let before = parts.last().map_or(0, |&(_, end)| end);
            parts.push((about.start, about.end.max(before)));
        }
        self.list.extend(silences);
    }

    /// Adds the comments of another list.
    pub(super) fn absorb(&mut self, other: Silences) {
        if !other.list.is_empty() {
            self.add(other.list);
        }
    }

    /// True if a finding is silenced.
    pub(super) fn cover(&self, found: &Diagnostic) -> bool {
        let Some(span) = found.span.filter(|_| !self.list.is_empty()) else { return false };
        [Some(found.code), None].iter().any(|rule| {
            let parts = self.parts.get(rule).map_or(&[][..], Vec::as_slice);
            let next = parts.partition_point(|&(start, _)| start <= span.start);
            next.checked_sub(1).is_some_and(|last| span.start < parts[last].1)
        })
    }

    /// The comments that silence none of the findings.
    pub(super) fn unused<'a>(
        &'a self,
        findings: impl Iterator<Item = &'a Diagnostic>,
    ) -> Vec<&'a Silence> {
        let mut places: BTreeMap<Option<Code>, Vec<u32>> = BTreeMap::new();
        for found in findings {
            let Some(span) = found.span else { continue };
            places.entry(Some(found.code)).or_default().push(span.start);
            places.entry(None).or_default().push(span.start);
        }
        places.values_mut().for_each(|places| places.sort_unstable());
        let is_used = |silence: &&Silence| {
            let places = places.get(&silence.rule).map_or(&[][..], Vec::as_slice);
            let next = places.partition_point(|&place| place < silence.about.start);
            places.get(next).is_some_and(|&place| place < silence.about.end)
        };
        self.list.iter().filter(|silence| !is_used(silence)).collect()
    }
}
