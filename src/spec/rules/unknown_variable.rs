//! `unknown-variable`: run text names a variable that is nearly an arg, and is none.
//!
//! A shell takes a variable that it does not know for an empty string. Any name may be one that the
//! image or the script itself sets, so that only a slip of a declared name is worth a warning.

use std::collections::{BTreeMap, BTreeSet};

use super::Script;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Known};
use crate::spec::{Mount, MountList, Spec, Stage, Verb, script};

/// The shortest name that may be misspelt: of shorter ones any two are near each other.
const SHORTEST: usize = 4;

/// Variables that a shell, a user's session or every build has, whatever the file says.
const USUAL: [&str; 22] = [
    "BASH_SOURCE",
    "BUILDARCH",
    "BUILDOS",
    "BUILDPLATFORM",
    "BUILDVARIANT",
    "EUID",
    "FUNCNAME",
    "HOME",
    "HOSTNAME",
    "LANG",
    "LINENO",
    "LOGNAME",
    "OLDPWD",
    "PATH",
    "RANDOM",
    "SECONDS",
    "SHELL",
    "TARGETARCH",
    "TARGETOS",
    "TARGETPLATFORM",
    "TARGETSTAGE",
    "TARGETVARIANT",
];

/// The names that a file declares.
pub(super) struct Declared<'s> {
    /// Those of args and constants: what is nearly one of them may be meant as it.
    known: Known<'s>,
    /// All that may be in the environment of a step.
    names: BTreeSet<&'s str>,
}

impl<'s> Declared<'s> {
    pub(super) fn new(spec: &'s Spec) -> Self {
        let args = spec.args.0.keys().chain(spec.vars.0.keys()).map(|name| name.as_str());
        let args: BTreeSet<&str> = args.collect();
        let known = Known::new(args.iter().copied());
        let mut names = args;
        names.extend(USUAL);
        // What a stage has it hands on to those built from it.
        for stage in spec.stages.values() {
            add_environment(stage, &mut names);
        }
        Self { known, names }
    }

    pub(super) fn check(&self, script: &Script<'_>, diagnostics: &mut Diagnostics) {
        let text = script.text();
        let mut unknown: BTreeMap<&str, usize> = BTreeMap::new();
        script::visit_names(text, &mut |name| {
            if !self.names.contains(name) && name.len() >= SHORTEST {
                let at = name.as_ptr().addr() - text.as_ptr().addr();
                unknown.entry(name).or_insert(at);
            }
        });
        unknown.retain(|name, _| self.known.one_slip(name).is_some());
        if unknown.is_empty() {
            return;
        }
        script::visit_plain(text, &mut |name| {
            unknown.remove(name);
        });
        for (name, at) in unknown {
            let Some(near) = self.known.one_slip(name) else { continue };
            let message = format!("`${name}` is not an arg, and is nearly `{near}`");
            diagnostics.push(
                Diagnostic::new(Code::UnknownVariable, script.span(at..at + name.len()), message)
                    .hint(format!(
                        "write `${near}`; a shell takes what it does not know for nothing"
                    )),
            );
        }
    }
}

/// Adds the variables that a stage or one of its steps sets.
fn add_environment<'s>(stage: &'s Stage, names: &mut BTreeSet<&'s str>) {
    names.extend(stage.env.0.keys().map(|name| name.as_str()));
    stage.mounts.iter().for_each(|mounts| add_secrets(mounts, names));
    for step in stage.all_steps() {
        if let Verb::Run(run) = &step.verb {
            names.extend(run.process.env.0.keys().map(|name| name.as_str()));
            add_secrets(&run.process.mounts, names);
        }
    }
}

/// Adds the variables that secrets are in.
fn add_secrets<'s>(mounts: &'s MountList, names: &mut BTreeSet<&'s str>) {
    for mount in mounts.iter() {
        if let Mount::Secret(secret) = mount {
            names.extend(secret.env.as_ref().and_then(|env| env.as_literal()));
        }
    }
}
