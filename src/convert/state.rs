//! The state at a place of a stage, and the meaning of names there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::args::{ArgTable, PREDEFINED};
use super::part::{Part, VisibleArg};
use super::script;
use super::words::{self, Known, Meaning, Names};
use crate::dockerfile::Instruction;

/// The shell for `RUN`s of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shell {
    /// The default, or the base image's: a build file's default stops at the first failing command.
    Default,
    /// The Dockerfile sets one.
    Set {
        /// True for a POSIX shell.
        is_posix: bool,
    },
}

/// The state at the end of a stage, for the stages that are based on it.
#[derive(Debug, Default, Clone)]
pub(super) struct State {
    /// The visible args. Once declared, an arg is visible to the rest of the stage.
    pub(super) visible: BTreeMap<String, VisibleArg>,
    /// Those of them that programs read without being told to.
    pub(super) read_by_tools: BTreeSet<String>,
    /// The variables that are set.
    pub(super) env: BTreeSet<String>,
    /// The values of variables and args, as far as they are known.
    pub(super) values: BTreeMap<String, String>,
    /// The values of variables that no build arg and no base image changes.
    pub(super) fixed: BTreeMap<String, String>,
    /// The visible args whose default is fixed in the same way, with its value.
    pub(super) fixed_defaults: BTreeMap<String, String>,
    /// The visible args whose default depends on a variable that has another value by now.
    pub(super) lost: BTreeSet<String>,
    /// True if it is not based on an image: a variable without a value here is unset.
    pub(super) is_from_scratch: bool,
    pub(super) user: Option<String>,
    /// The user, if it is set only in the image's config: a stage that runs something repeats it.
    pub(super) image_user: Option<String>,
    pub(super) shell: Option<Shell>,
    /// The `args` of the last part.
    pub(super) listed: BTreeSet<String>,
    /// The `ONBUILD` instructions, with which stages based on this one begin.
    pub(super) triggers: Vec<Instruction>,
}

/// The meaning of names at a place of a stage.
pub(super) struct Here<'h> {
    pub(super) table: &'h ArgTable,
    pub(super) state: &'h State,
    pub(super) part: Option<&'h Part>,
    pub(super) own: Option<&'h str>,
    /// Collects the args that are named but not visible here in the Dockerfile.
    pub(super) hidden: &'h RefCell<BTreeSet<String>>,
    /// Collects the args whose default cannot be written where they are used.
    pub(super) lost: &'h RefCell<BTreeSet<String>>,
}

impl Names for Here<'_> {
    fn meaning(&self, name: &str) -> Meaning {
        if !words::is_name(name) {
            return Meaning::Never;
        }
        if self.state.env.contains(name) || name == "PATH" {
            return Meaning::Set;
        }
        let is_visible = self.state.visible.contains_key(name);
        if !is_visible && self.table.is_known(name) {
            self.hidden.borrow_mut().insert(name.to_owned());
            return Meaning::Maybe;
        }
        match is_visible {
            true if self.table.get(name).is_some_and(|arg| arg.default.is_some()) => Meaning::Set,
            true if PREDEFINED.contains(&name) => Meaning::Set,
            _ => Meaning::Maybe,
        }
    }

    fn replacement(&self, name: &str) -> Option<String> {
        if self.own == Some(name)
            && let Some(so_far) = self.part.and_then(|part| part.env.get(name))
        {
            return Some(so_far.value.clone());
        }
        if self.state.env.contains(name) {
            return None;
        }
        let default = self.state.visible.get(name)?.default.as_ref()?;
        let itself = format!("${{{name}:-}}");
        Some(if *default == itself { itself } else { format!("${{{name}-{default}}}") })
    }

    fn constant(&self, name: &str) -> Option<String> {
        if self.own == Some(name) || self.state.env.contains(name) {
            return None;
        }
        let default = self.state.visible.get(name)?.default.as_ref()?;
        // A constant can refer to args of the file, but not to anything of a stage.
        if self.state.is_of_args(default) {
            return Some(self.table.constant(name, default));
        }
        let value = match (self.state.fixed_defaults.get(name), self.state.values.get(name)) {
            (Some(value), _) => Some(value),
            // The value with the given build args, if it is known.
            (None, value) => {
                self.lost.borrow_mut().insert(name.to_owned());
                value
            }
        };
        value.map(|value| self.table.constant(name, &words::literal(value)))
    }

    fn known(&self, name: &str) -> Known<'_> {
        self.state.known(name)
    }
}

impl State {
    /// Makes an arg visible, with a default of the stage's own if it has one.
    pub(super) fn declare(&mut self, name: String, default: Option<String>) {
        if script::is_read_by_tools(&name) {
            self.read_by_tools.insert(name.clone());
        }
        let number = self.visible.get(&name).map_or(self.visible.len(), |arg| arg.number);
        self.visible.insert(name, VisibleArg { default, number });
    }

    /// Keeps the defaults of other args that depend on a name, before its value changes.
    pub(super) fn keep_defaults(&mut self, variable: &str, table: &ArgTable) {
        let mut depending = Vec::new();
        for (name, arg) in &self.visible {
            let Some(default) = &arg.default else { continue };
            // Most defaults do not even contain the variable, and need not be parsed.
            if name != variable
                && default.contains(variable)
                && words::names_of_template(default).contains(variable)
            {
                depending.push((name.clone(), default.clone()));
            }
        }
        for (name, default) in depending {
            let kept = match self.fixed_defaults.get(&name) {
                Some(value) => words::literal(value).into_owned(),
                None if self.is_of_args(&default) => {
                    format!("${{{}}}", table.constant(&name, &default))
                }
                None => {
                    let value = self.values.get(&name).cloned();
                    self.lost.insert(name.clone());
                    // The value with the given build args, if it is known.
                    let Some(value) = value else { continue };
                    words::literal(&value).into_owned()
                }
            };
            self.declare(name, Some(kept));
        }
    }

    /// True if a default depends only on visible args.
    fn is_of_args(&self, default: &str) -> bool {
        words::names_of_template(default)
            .iter()
            .all(|used| self.visible.contains_key(used) && !self.env.contains(used))
    }

    /// The value of a name that no build arg and no base image changes.
    pub(super) fn fixed(&self, name: &str) -> Known<'_> {
        match self.fixed.get(name) {
            Some(value) => Known::Value(value),
            None if self.visible.contains_key(name) => Known::Unknown,
            None => match self.known(name) {
                Known::Unset => Known::Unset,
                Known::Value(_) | Known::Unknown => Known::Unknown,
            },
        }
    }

    /// The value of a name, as far as it is known.
    pub(super) fn known(&self, name: &str) -> Known<'_> {
        if let Some(value) = self.values.get(name) {
            return Known::Value(value);
        }
        let may_be_set = !self.is_from_scratch
            || self.env.contains(name)
            || name == "PATH"
            || PREDEFINED.contains(&name);
        if may_be_set { Known::Unknown } else { Known::Unset }
    }
}
