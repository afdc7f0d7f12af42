//! The values of one instruction.
//!
//! Follows the `Expand` methods in `frontend/dockerfile/instructions/commands.go` of BuildKit,
//! which define the words that are expanded and their order.

use std::collections::BTreeSet;

use super::expand::{Expansion, expand_text, expand_word};
use super::globals::Globals;
use super::variables::Variables;
use super::{Input, Near};
use crate::dockerfile::{
    ArgPair, FileAdd, FileCopy, Heredoc, Instruction, Kind, MountFlag, MountKind, Pair, Transfer,
    Word,
};

/// The values of an instruction that the checks and outlines use.
#[derive(Debug)]
pub(crate) enum Values {
    /// `ENV` and `LABEL`: names and values.
    Pairs(Vec<(String, String)>),
    /// `ARG`.
    Args(Vec<ArgValue>),
    /// `COPY` and `ADD`: the sources.
    Sources(Vec<String>),
    /// `EXPOSE`, `VOLUME`, `WORKDIR`, `USER` and `STOPSIGNAL`.
    Words(Vec<String>),
    /// `RUN`.
    Mounts(Vec<MountValue>),
    /// Other instructions, whose words are not expanded.
    None,
}

/// An arg of a stage.
#[derive(Debug)]
pub(crate) struct ArgValue {
    pub(crate) name: String,
    /// `None` if it is unset.
    pub(crate) value: Option<String>,
    /// True if the value comes from the arg of the same name before the first `FROM`, which then
    /// also describes it.
    pub(crate) is_global: bool,
}

/// A mount of a step.
#[derive(Debug)]
pub(crate) struct MountValue {
    pub(crate) kind: MountKind,
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) target: String,
    pub(crate) required: bool,
}

/// An unset variable, and the similar name that may be meant.
pub(super) type Undefined = (String, Option<String>);

impl MountValue {
    /// A mount that could not be parsed.
    fn nothing() -> Self {
        let (id, source, target) = (String::new(), String::new(), String::new());
        Self { kind: MountKind::Bind, id, source, target, required: false }
    }
}

/// The result of evaluating an instruction.
pub(super) struct Evaluated {
    pub(super) values: Values,
    /// The unset variables of each word, each with the similar name that may be meant.
    pub(super) undefined: Vec<Undefined>,
    /// True if a word failed to expand: then the build ends here.
    pub(super) has_failed: bool,
}

/// Expands words one after the other.
struct Words<'w> {
    input: &'w Input<'w>,
    variables: &'w Variables,
    near: &'w Near,
    undefined: Vec<Undefined>,
    has_failed: bool,
}

impl Words<'_> {
    fn word(&mut self, text: &str) -> String {
        // After a word that failed to expand, nothing is evaluated.
        if self.has_failed {
            return String::new();
        }
        let found = expand_word(text, self.input.escape(), self.variables, &self.input.allowance);
        self.take(found)
    }

    fn take(&mut self, found: Expansion) -> String {
        self.has_failed |= found.error.is_some();
        self.undefined.extend(undefined(found.unmatched, self.variables, self.near));
        found.text
    }

    fn words(&mut self, words: &[Word]) -> Vec<String> {
        words.iter().map(|word| self.word(&word.value)).collect()
    }

    fn optional(&mut self, text: Option<&String>) -> String {
        text.map(|text| self.word(text)).unwrap_or_default()
    }

    fn pairs(&mut self, pairs: &[Pair]) -> Values {
        let pairs = pairs.iter();
        Values::Pairs(
            pairs.map(|pair| (self.word(&pair.name.value), self.word(&pair.value.value))).collect(),
        )
    }

    fn transfer(&mut self, transfer: &Transfer, checksum: Option<&Word>) -> Values {
        for flag in [transfer.chown.as_ref(), transfer.chmod.as_ref(), checksum] {
            self.optional(flag.map(|flag| &flag.value));
        }
        let sources = self.words(&transfer.sources);
        self.word(&transfer.destination.value);
        transfer.heredocs.iter().for_each(|heredoc| self.heredoc(heredoc));
        Values::Sources(sources)
    }

    fn heredoc(&mut self, heredoc: &Heredoc) {
        if heredoc.expand && !self.has_failed {
            let found = expand_text(&heredoc.text(), self.variables, &self.input.allowance);
            self.take(found);
        }
    }

    fn mount(&mut self, mount: &MountFlag) -> MountValue {
        if let Some(open) = &mount.open {
            let kind = self.word(&open.kind);
            return match mount.of_type(open, &kind) {
                Ok(mount) if mount.open.is_none() => self.mount(&mount),
                _ => MountValue::nothing(),
            };
        }
        let source = self.optional(mount.source.as_ref());
        let target = self.optional(mount.target.as_ref());
        let id = self.optional(mount.id.as_ref());
        let others = [&mount.sharing, &mount.size, &mount.mode, &mount.uid, &mount.gid, &mount.env];
        for other in others {
            self.optional(other.as_ref());
        }
        MountValue { kind: mount.kind, id, source, target, required: mount.required }
    }
}

/// The unset variables that are worth a finding. Follows `reportUnmatchedVariables` of BuildKit.
fn undefined(unmatched: BTreeSet<String>, variables: &Variables, near: &Near) -> Vec<Undefined> {
    if variables.may_have_more {
        return Vec::new();
    }
    let mut undefined = Vec::new();
    for name in unmatched {
        if !variables.is_declared(&name) && !NOT_IN_THE_ENVIRONMENT.contains(&name.as_str()) {
            let near = near.find_in(&name, variables);
            undefined.push((name, near));
        }
    }
    undefined
}

/// Evaluates an instruction with the current `variables`, and updates them.
pub(super) fn evaluate(
    instruction: &Instruction,
    variables: &mut Variables,
    globals: &Globals,
    input: &Input<'_>,
    near: &Near,
) -> Evaluated {
    if let Kind::Arg(pairs) = &instruction.kind {
        return evaluate_args(pairs, variables, globals, input, near);
    }
    let mut words = Words { input, variables, near, undefined: Vec::new(), has_failed: false };
    let values = match &instruction.kind {
        Kind::Env(pairs) | Kind::Label(pairs) => words.pairs(pairs),
        Kind::Copy(copy) => {
            let FileCopy { transfer, .. } = &**copy;
            words.transfer(transfer, None)
        }
        Kind::Add(add) => {
            let FileAdd { transfer, checksum, .. } = &**add;
            words.transfer(transfer, checksum.as_ref())
        }
        Kind::Run(run) => Values::Mounts(run.mounts.iter().map(|m| words.mount(m)).collect()),
        Kind::Volume(paths) => Values::Words(words.words(paths)),
        Kind::Workdir(word) | Kind::User(word) | Kind::StopSignal(word) => {
            Values::Words(vec![words.word(&word.value)])
        }
        Kind::Expose(ports) => {
            let found = words.words(ports);
            // BuildKit reports no unset variables here.
            words.undefined.clear();
            let ports = found.iter().flat_map(|ports| ports.split_whitespace());
            Values::Words(ports.map(str::to_owned).collect())
        }
        Kind::From(_)
        | Kind::Arg(_)
        | Kind::Cmd(_)
        | Kind::Entrypoint(_)
        | Kind::Shell(_)
        | Kind::Healthcheck(_)
        | Kind::Maintainer(_)
        | Kind::Onbuild(_) => Values::None,
    };
    let Words { undefined, has_failed, .. } = words;
    if let (Kind::Env(_), Values::Pairs(pairs)) = (&instruction.kind, &values) {
        for (name, value) in pairs {
            variables.set(name, value.clone());
        }
    }
    Evaluated { values, undefined, has_failed }
}

/// Args that are not in the environment of any process.
const NOT_IN_THE_ENVIRONMENT: [&str; 2] =
    ["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"];

/// Follows `dispatchArg` of BuildKit.
fn evaluate_args(
    pairs: &[ArgPair],
    variables: &mut Variables,
    globals: &Globals,
    input: &Input<'_>,
    near: &Near,
) -> Evaluated {
    let mut args = Vec::new();
    let mut found_undefined = Vec::new();
    for ArgPair { name, default } in pairs {
        let name = &name.value;
        let mut is_global = false;
        let value = match (input.build_args.get(name), default) {
            (Some(given), _) => Some(given.clone()),
            (None, Some(default)) => {
                let (escape, allowance) = (input.escape(), &input.allowance);
                let found = expand_word(&default.value, escape, variables, allowance);
                found_undefined.extend(undefined(found.unmatched, variables, near));
                if found.error.is_some() {
                    let (values, undefined) = (Values::Args(args), found_undefined);
                    return Evaluated { values, undefined, has_failed: true };
                }
                Some(found.text)
            }
            (None, None) => {
                let global = globals.variables.get(name).map(str::to_owned);
                is_global = global.is_some();
                global
            }
        };
        if let Some(value) = &value
            && !NOT_IN_THE_ENVIRONMENT.contains(&name.as_str())
        {
            variables.set(name, value.clone());
        }
        variables.declare(name);
        args.push(ArgValue { name: name.clone(), value, is_global });
    }
    Evaluated { values: Values::Args(args), undefined: found_undefined, has_failed: false }
}
