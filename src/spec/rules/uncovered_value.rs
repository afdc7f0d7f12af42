//! `uncovered-value`: steps for some values of an arg, and none for another.
//!
//! Steps split on an arg with `values` where none of these has them all. A single step that exists for one
//! value only is an addition, and leaves nothing out.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Diagnostic, Diagnostics, list};
use crate::source::Span;
use crate::spec::{ArgName, Condition, Conditions, Operand, Spec, Stage};

pub(super) fn check(spec: &Spec, diagnostics: &mut Diagnostics) {
    let declared = spec.args.0.iter().filter_map(|(name, arg)| {
        let values = arg.values.iter().flatten().map(|value| value.value.0.as_literal());
        // A value that is computed may be any.
        Some((name, values.collect::<Option<BTreeSet<&str>>>()?))
    });
    let declared: BTreeMap<&ArgName, BTreeSet<&str>> =
        declared.filter(|(_, values)| values.len() > 2).collect();
    for (arg, values) in declared {
        for (name, stage) in &spec.stages {
            let Some((span, missing)) = left_out(stage, arg, &values) else { continue };
            let message = format!(
                "steps of stage `{name}` split on `{arg}`, and none is for {}",
                list(missing)
            );
            diagnostics.push(
                Diagnostic::new(Code::UncoveredValue, span, message)
                    .hint("add a step for it, or a step with `unless` for all others"),
            );
        }
    }
}

/// The first condition of the steps that split on an arg, and the values that none of them is for.
fn left_out<'v>(
    stage: &Stage,
    arg: &ArgName,
    values: &BTreeSet<&'v str>,
) -> Option<(Span, Vec<&'v str>)> {
    let mut covered = BTreeSet::new();
    // The first place, and the values that all of them are for.
    let mut wanted: Option<(Span, BTreeSet<&str>)> = None;
    for step in stage.all_steps() {
        let Conditions { when, unless } = &step.verb.keys().conditions;
        let without = match unless {
            Some(unless) => values_of(unless, arg)?,
            None => None,
        };
        match (when, without) {
            (Some(when), _) => {
                if let Some(with) = values_of(when, arg)? {
                    covered.extend(with.iter().copied());
                    wanted = Some(match wanted {
                        None => (when.span, with),
                        Some((span, common)) => (span, &common & &with),
                    });
                }
            }
            (None, Some(without)) => {
                covered.extend(values.iter().filter(|value| !without.contains(*value)));
            }
            (None, None) => {}
        }
    }
    let (span, _) = wanted.filter(|(_, common)| common.is_empty())?;
    let missing: Vec<&str> =
        values.iter().copied().filter(|value| !covered.contains(value)).collect();
    (!missing.is_empty()).then_some((span, missing))
}

/// The values that a condition has for an arg, if any. The outer `None` is a value that is computed.
fn values_of<'c>(condition: &'c Condition, arg: &ArgName) -> Option<Option<BTreeSet<&'c str>>> {
    let Some(values) = condition.tests.get(arg.as_str()) else { return Some(None) };
    let values = values.as_slice().iter().map(|Operand(value)| value.as_literal());
    values.collect::<Option<BTreeSet<&str>>>().map(Some)
}
