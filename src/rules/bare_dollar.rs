//! `bare-dollar`: `$NAME` where only `${NAME}` is substituted.
//!
//! Text for another program may contain dollars of its own: the words of a `shell`, or an `exec`
//! list with text for a shell. Elsewhere, the rule reports a name that the file declares, or one in
//! upper case; `Outer$Inner.class` is neither.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Spanned;
use crate::spec::{Shell, Spec, Verb, shell};

pub(super) fn check(spec: &Spec, diagnostics: &mut Diagnostics) {
    let found = spec.bare_dollars();
    if found.is_empty() {
        return;
    }
    let declared = declared(spec);
    let foreign = foreign(spec);
    for Spanned { value: name, span } in found {
        let next = foreign.partition_point(|range| range.start <= span.start);
        let is_foreign = next.checked_sub(1).is_some_and(|at| span.start < foreign[at].end);
        let is_upper = !name.contains(|c: char| c.is_ascii_lowercase());
        if is_foreign || !(is_upper || declared.contains(name.as_str())) {
            continue;
        }
        let message = format!("`${name}` is not replaced here");
        diagnostics.push(
            Diagnostic::new(Code::BareDollar, *span, message)
                .hint(format!("write `${{{name}}}` to insert the value of {name}")),
        );
    }
}

/// The names of args, constants and variables.
fn declared(spec: &Spec) -> BTreeSet<&str> {
    let values = spec.args.0.keys().chain(spec.vars.0.keys()).map(|name| name.as_str());
    let variables = spec.stages.values().flat_map(|stage| {
        let image = stage.image.iter().flat_map(|image| image.env.0.keys());
        stage.env.0.keys().chain(image).map(|name| name.as_str())
    });
    values.chain(variables).collect()
}

/// The ranges of texts for other programs, in order.
fn foreign(spec: &Spec) -> Vec<Range<u32>> {
    let mut ranges = Vec::new();
    let mut shells = Vec::new();
    for stage in spec.stages.values() {
        shells.extend(&stage.shell);
        for step in stage.all_steps() {
            match &step.verb {
                Verb::Run(run) => shells.extend(&run.shell),
                Verb::Exec(exec) => {
                    let mut words = exec.command.iter().filter_map(|word| word.as_literal());
                    if words.any(shell::is_shell) {
                        ranges.push(exec.command.span.start..exec.command.span.end);
                    }
                }
                _ => {}
            }
        }
    }
    let words = shells.into_iter().flat_map(|Shell(words)| words);
    ranges.extend(words.map(|word| word.span.start..word.span.end));
    ranges.sort_by_key(|range| range.start);
    ranges
}
