//! The client's configuration of advisory rules, in the build arg of Dockerfile builds.

use std::collections::BTreeSet;

use buildkit_frontend::parse_bool;

use super::request::Request;
use crate::diagnostic::{Check, Code, Diagnostic, Diagnostics, DockerfileRule, Rules};
use crate::rules::unknown_rule;

/// The build arg.
const NAME: &str = "BUILDKIT_DOCKERFILE_CHECK";

/// Applies the request's configuration of rules, if any: then the `check` of the file is ignored,
/// as for Dockerfiles.
///
/// The syntax is `skip=a,b;error=true` (BuildKit's `ParseLintOptions` in
/// `frontend/dockerfile/linter`, with which the engine parses it before it starts a frontend).
/// Names of Dockerfile rules are mapped to the corresponding rules here, so that one value serves
/// builds of both.
pub fn check_of(request: &Request, diagnostics: &mut Diagnostics) {
    let Some(text) = request.build_args.get(NAME) else { return };
    let mut check = Check::default();
    for option in text.split(';').map(str::trim).filter(|option| !option.is_empty()) {
        let parsed = match option.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
            Some(("skip", "all")) => Some((&mut check.skip, Rules::All)),
            Some(("skip", names)) => Some((&mut check.skip, rules(names, diagnostics))),
            Some(("error", value)) => parse_bool(value)
                .map(|all| (&mut check.error, if all { Rules::All } else { Rules::default() })),
            // There are no experimental rules here.
            Some(("experimental", _)) => continue,
            Some(_) | None => None,
        };
        match parsed {
            Some((place, rules)) => *place = rules,
            None => diagnostics.push(
                Diagnostic::without_place(
                    Code::InvalidArg,
                    format!("--build-arg {NAME}={text}: unknown option `{option}`"),
                )
                .hint("skip=RULE,RULE;error=true"),
            ),
        }
    }
    diagnostics.follow_client(check);
}

/// The rules in a list. An unknown name is only a warning: it does not make a build wrong.
fn rules(names: &str, diagnostics: &mut Diagnostics) -> Rules {
    let mut found = BTreeSet::new();
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let of_dockerfiles = DockerfileRule::named(name).map(DockerfileRule::counterpart);
        match (Code::rule(name), of_dockerfiles) {
            (Some(rule), _) | (None, Some(Some(rule))) => {
                found.insert(rule);
            }
            (None, Some(None)) => {}
            (None, None) => diagnostics.push(unknown_rule::in_build_arg(name, NAME)),
        }
    }
    Rules::These(found)
}
