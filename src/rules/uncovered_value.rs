//! `uncovered-value`: steps for some values of an arg, but none for another value.
//!
//! The rule is about steps with conditions on an arg with `values`, none of which is for all of
//! them. A single step for one value is only an addition, and leaves nothing out.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use crate::collect::collect_map;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, list};
use crate::source::Span;
use crate::spec::{ArgName, Condition, Conditions, Operand, Spec, Stage};

/// The numbers of values for which the rule makes sense: one of two may be the default case, and
/// for very many nobody writes a step each.
const VALUES: RangeInclusive<usize> = 3..=100;

pub(super) fn check(spec: &Spec, diagnostics: &mut Diagnostics) {
    let declared = spec.args.0.iter().filter_map(|(name, arg)| {
        let values = arg.values.iter().flatten().map(|value| value.value.0.as_literal());
        // A computed value may be any.
        Some((name, values.collect::<Option<BTreeSet<&str>>>()?))
    });
    let declared = collect_map(declared.filter(|(_, values)| VALUES.contains(&values.len())));
    if declared.is_empty() {
        return;
    }
    for (name, stage) in &spec.stages {
        for (arg, split) in splits(stage, &declared) {
            let Some((span, missing)) = split.and_then(Split::left_out) else { continue };
            let message = format!("no step of stage `{name}` covers {} for `{arg}`", list(missing));
            diagnostics.push(
                Diagnostic::new(Code::UncoveredValue, span, message)
                    .hint("add a step for it, or a step with `unless` for all other values"),
            );
        }
    }
}

/// The values of an arg that the steps of a stage cover.
struct Split<'v> {
    /// The values that no step covers so far.
    missing: BTreeSet<&'v str>,
    /// The span of the first `when`, and the values that are common to all steps.
    wanted: Option<(Span, BTreeSet<&'v str>)>,
}

impl<'v> Split<'v> {
    /// Adds a step with these conditions. `None` if one of their values is computed.
    fn with(
        mut self,
        when: Option<&'v Condition>,
        unless: Option<&'v Condition>,
        arg: &ArgName,
    ) -> Option<Self> {
        match (when, values_of(when, arg), values_of(unless, arg)) {
            (_, Tested::Computed, _) | (_, _, Tested::Computed) => return None,
            (Some(when), Tested::Values(with), _) => {
                self.missing.retain(|value| !with.contains(value));
                self.wanted = Some(match self.wanted {
                    None => (when.span, with),
                    Some((span, common)) => (span, &common & &with),
                });
            }
            (None, _, Tested::Values(without)) => {
                self.missing.retain(|value| without.contains(value));
            }
            (_, Tested::No | Tested::Values(_), Tested::No | Tested::Values(_)) => {}
        }
        Some(self)
    }

    /// The first span, and the uncovered values, if steps differ in their values.
    fn left_out(self) -> Option<(Span, BTreeSet<&'v str>)> {
        let (span, _) = self.wanted.filter(|(_, common)| common.is_empty())?;
        Some((span, self.missing)).filter(|(_, missing)| !missing.is_empty())
    }
}

/// The coverage of each declared arg in a condition. `None` for an arg that is compared with a
/// computed value.
fn splits<'v>(
    stage: &'v Stage,
    declared: &BTreeMap<&'v ArgName, BTreeSet<&'v str>>,
) -> BTreeMap<&'v ArgName, Option<Split<'v>>> {
    let mut splits = BTreeMap::new();
    for step in stage.all_steps() {
        let Conditions { when, unless } = &step.verb.keys().conditions;
        let names =
            [when, unless].into_iter().flatten().flat_map(|condition| condition.tests.keys());
        for arg in names.collect::<BTreeSet<_>>() {
            let Some((&arg, values)) = declared.get_key_value(arg) else { continue };
            let split = splits
                .entry(arg)
                .or_insert_with(|| Some(Split { missing: values.clone(), wanted: None }));
            *split =
                split.take().and_then(|split| split.with(when.as_deref(), unless.as_deref(), arg));
        }
    }
    splits
}

/// The test of an arg in a condition.
enum Tested<'c> {
    /// It is not tested.
    No,
    /// It is compared with these values.
    Values(BTreeSet<&'c str>),
    /// It is compared with a computed value.
    Computed,
}

fn values_of<'c>(condition: Option<&'c Condition>, arg: &ArgName) -> Tested<'c> {
    let Some(values) = condition.and_then(|condition| condition.tests.get(arg.as_str())) else {
        return Tested::No;
    };
    let values = values.as_slice().iter().map(|Operand(value)| value.as_literal());
    values.collect::<Option<_>>().map_or(Tested::Computed, Tested::Values)
}
