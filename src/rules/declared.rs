//! The names that a build file declares, and those that always exist.

use std::collections::BTreeSet;

use crate::diagnostic::Known;
use crate::spec::{Mount, MountList, Spec, Stage, Verb};

/// Variables of shells, of user sessions or of every build, which need no declaration.
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
    /// Those of args and constants, to which misspelt names are compared.
    pub(super) known: Known<'s>,
    /// All names that may be in the environment of a step.
    pub(super) names: BTreeSet<&'s str>,
}

impl<'s> Declared<'s> {
    pub(super) fn new(spec: &'s Spec) -> Self {
        let args = spec.args.0.keys().chain(spec.vars.0.keys()).map(|name| name.as_str());
        let args: BTreeSet<&str> = args.collect();
        let known = Known::new(args.iter().copied());
        let mut names = args;
        names.extend(USUAL);
        // Stages based on a stage inherit its variables.
        for stage in spec.stages.values() {
            add_environment(stage, &mut names);
        }
        Self { known, names }
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

/// Adds the variables that contain secrets.
fn add_secrets<'s>(mounts: &'s MountList, names: &mut BTreeSet<&'s str>) {
    for mount in mounts.iter() {
        if let Mount::Secret(secret) = mount {
            names.extend(secret.env.as_ref().and_then(|env| env.as_literal()));
        }
    }
}
