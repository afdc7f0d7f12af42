//! The args before the first `FROM`, and the predefined ones.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::expand::expand_word;
use super::variables::Variables;
use super::{Input, description};
use crate::dockerfile::Kind;

/// The variables that a `FROM` may use.
#[derive(Debug, Default)]
pub(crate) struct Globals {
    /// Their values.
    pub(crate) variables: Variables,
    /// The declared args by name; the last declaration of a name counts.
    pub(crate) args: BTreeMap<String, GlobalArg>,
    /// True if a default could not be expanded: then the build ends here.
    pub(crate) has_failed: bool,
}

/// A declared arg.
#[derive(Debug, Clone)]
pub(crate) struct GlobalArg {
    /// Its value; empty if unset.
    pub(crate) value: String,
    /// The variables that its default refers to.
    pub(crate) names: BTreeSet<String>,
    /// Its description from a comment.
    pub(crate) description: String,
    /// The lines of its declaration.
    pub(crate) lines: RangeInclusive<u32>,
}

impl Globals {
    /// Evaluates the args with the client's build args.
    pub(crate) fn new(input: &Input<'_>) -> Self {
        Self::with(input, input.build_args)
    }

    /// Evaluates the args without any build args.
    pub(crate) fn of_defaults(input: &Input<'_>) -> Self {
        Self::with(input, &BTreeMap::new())
    }

    /// Follows `buildMetaArgs` of BuildKit.
    fn with(input: &Input<'_>, build_args: &BTreeMap<String, String>) -> Self {
        let mut globals = Self::default();
        for (name, value) in &input.predefined {
            let value = input.build_args.get(*name).unwrap_or(value);
            globals.variables.set(name, value.clone());
        }
        for instruction in &input.dockerfile.global_args {
            let Kind::Arg(pairs) = &instruction.kind else { continue };
            let comments = input.comments(instruction);
            for pair in pairs {
                let name = &pair.name.value;
                let mut names = BTreeSet::new();
                let value = match (build_args.get(name), &pair.default) {
                    (Some(given), _) => Some(given.clone()),
                    (None, None) => None,
                    (None, Some(default)) => {
                        let variables = &globals.variables;
                        let (default, escape) = (&default.value, input.escape());
                        let found = expand_word(default, escape, variables, &input.allowance);
                        if found.error.is_some() {
                            globals.has_failed = true;
                            return globals;
                        }
                        names = found.matched;
                        if names.remove(name)
                            && let Some(before) = globals.args.get(name)
                        {
                            names.extend(before.names.iter().cloned());
                        }
                        Some(found.text)
                    }
                };
                if let Some(value) = &value {
                    globals.variables.set(name, value.clone());
                }
                let arg = GlobalArg {
                    value: value.unwrap_or_default(),
                    names,
                    description: description(&comments, name).to_owned(),
                    lines: input.lines(instruction),
                };
                globals.args.insert(name.clone(), arg);
            }
        }
        globals
    }

    /// True if a `FROM` may use a name: it is declared or predefined.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.args.contains_key(name) || self.variables.get(name).is_some()
    }
}
