//! The `ONBUILD` triggers of a base image: the args and stages of the file that they use.
//!
//! The engine's own Dockerfile frontend runs them. Their text is analysed here only to decide which
//! values and stages to pass, and for rules.

use std::collections::BTreeSet;

use super::request::Request;
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostics};
use crate::spec::Spec;
use crate::text::Text;

/// The names after `from=`, in a `COPY` or a mount: stages, if the file has them.
pub fn froms_of(triggers: &[String]) -> BTreeSet<&str> {
    let names = triggers.iter().flat_map(|trigger| trigger.split("from=").skip(1));
    let names = names.map(|rest| {
        let end = rest.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(rest.len());
        rest[..end].trim_matches('"')
    });
    names.collect()
}

/// The names that `ARG` declares in triggers.
fn args_of(triggers: &[String]) -> BTreeSet<&str> {
    let instructions = triggers.iter().filter_map(|trigger| {
        let (instruction, rest) = trigger.trim_start().split_once(char::is_whitespace)?;
        instruction.eq_ignore_ascii_case("arg").then_some(rest)
    });
    let names = instructions.flat_map(str::split_whitespace);
    names.filter_map(|declared| declared.split('=').next()).collect()
}

/// The args of the file that triggers declare, with their values in the file. If the client gives a
/// value, it takes precedence: it is passed to the triggers anyway.
pub fn args_for_triggers(
    triggers: &[String],
    spec: &Spec,
    request: &Request,
) -> Vec<(String, Text)> {
    let names = args_of(triggers);
    if names.is_empty() {
        return Vec::new();
    }
    let scope = Scope::unreported(spec, request);
    let declared = names
        .into_iter()
        .filter(|name| spec.args.0.contains_key(*name) && !request.build_args.contains_key(*name));
    declared.filter_map(|name| Some((name.to_owned(), scope.lookup(name).ok()??))).collect()
}

/// Withdraws the findings about args and stages that triggers use.
pub(super) fn withdraw_findings(triggers: &[String], diagnostics: &mut Diagnostics) {
    for name in args_of(triggers) {
        diagnostics.withdraw(Code::UnusedArg, name);
        diagnostics.withdraw(Code::UndeclaredBuildArg, name);
    }
    for name in froms_of(triggers) {
        diagnostics.withdraw(Code::UnreachedStage, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_triggers() {
        let triggers = [
            "ARG A B=\"x y\" C",
            "arg D=${A}",
            "COPY --from=one --chown=1 a b",
            "RUN --mount=type=bind,from=two,target=/x echo ARG E",
            "COPY --from=\"three\" a b",
            "ARGH F",
        ]
        .map(str::to_owned);
        assert_eq!(froms_of(&triggers).into_iter().collect::<Vec<_>>(), ["one", "three", "two"]);
        let args = args_of(&triggers);
        assert!(["A", "B", "C", "D"].iter().all(|name| args.contains(name)), "{args:?}");
        assert!(!args.contains("E") && !args.contains("F"));
    }
}
