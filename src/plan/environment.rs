//! Environment variables in the order in which they were first set, as in image configs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::inherited::InheritedMap;
use crate::text::Text;

/// The default `PATH`, if an image sets none (BuildKit's `util/system/path.go`).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Environment variables. Extended copies share the common part.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: InheritedMap<Text>,
    /// The variables of a base image that hide args or constants of the same name, until a stage
    /// sets them.
    shadowing: Arc<BTreeSet<Text>>,
    /// Inherited variables that are hidden by args, because a stage lists these.
    yielding: Arc<BTreeSet<Text>>,
    /// The args that a stage does not see.
    hidden: Arc<BTreeSet<Text>>,
    /// True if there may be others: those of an image whose lookup failed.
    is_open: bool,
}

impl Environment {
    /// Parses `NAME=value` entries; the last value of a name wins, at the position of the first.
    pub fn from_entries<'e>(entries: impl IntoIterator<Item = &'e str>) -> Self {
        let mut environment = Self::default();
        environment.extend(entries.into_iter().map(|entry| {
            let entry = Text::from(entry);
            let (name, value) = entry.split_once('=').unwrap_or((&entry, ""));
            (entry.piece(name), entry.piece(value))
        }));
        environment
    }

    /// The environment of an image whose lookup failed.
    pub fn unknown() -> Self {
        Self { is_open: true, ..Self::default() }
    }

    /// True if there may be unknown variables.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Adds the `PATH` that every process gets.
    pub fn with_path(mut self, os: &str) -> Self {
        // Windows has a PATH of its own (moby/buildkit#5445).
        if self.get("PATH").is_none() && os != "windows" {
            self.extend([("PATH".into(), DEFAULT_PATH.into())]);
        }
        self
    }

    /// Marks the variables that hide an arg: those for which `differs(name, value)` is true.
    pub(super) fn shadowing(mut self, differs: impl Fn(&str, &str) -> bool) -> Self {
        let shadowing = self.variables.iter().filter(|(name, value)| differs(name, value));
        self.shadowing = Arc::new(shadowing.map(|(name, _)| name.clone()).collect());
        self
    }

    /// True if a variable of the base image hides an arg with that name.
    pub(super) fn shadows(&self, name: &str) -> bool {
        self.shadowing.contains(name)
    }

    /// Sets the args that a stage lists, replacing the inherited list, and those that it does not
    /// see.
    pub(super) fn set_args(
        &mut self,
        listed: Option<&[Text]>,
        hidden: impl IntoIterator<Item = Text>,
    ) {
        if let Some(listed) = listed {
            let yielding = listed.iter().filter(|name| self.get(name).is_some());
            self.yielding = Arc::new(yielding.cloned().collect());
        }
        self.hidden = Arc::new(hidden.into_iter().collect());
    }

    /// True if no stage has listed or hidden an arg.
    pub(super) fn sees_all_args(&self) -> bool {
        self.yielding.is_empty() && self.hidden.is_empty()
    }

    /// True if an arg takes precedence over the variable with its name.
    pub(super) fn yields(&self, name: &str) -> bool {
        self.yielding.contains(name)
    }

    /// True if a stage does not see an arg.
    pub(super) fn hides(&self, arg: &str) -> bool {
        self.hidden.contains(arg)
    }

    /// Sets variables. Existing ones keep their position.
    pub fn extend(&mut self, variables: impl IntoIterator<Item = (Text, Text)>) {
        let Self { variables: own, shadowing, yielding, .. } = self;
        own.extend(variables.into_iter().inspect(|(name, _)| {
            for names in [&mut *shadowing, &mut *yielding] {
                if names.contains(name.as_str()) {
                    Arc::make_mut(names).remove(name.as_str());
                }
            }
        }));
    }

    /// Removes all variables for which `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.variables.retain(keep);
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&Text> {
        self.variables.get(name)
    }

    /// All variables.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All variables as `NAME=value`.
    pub fn to_entries(&self) -> Vec<String> {
        self.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }
}
