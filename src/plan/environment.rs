//! Environment variables in the order in which they were first set, as images record them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::inherited::InheritedMap;
use crate::text::Text;

/// What a `PATH` is where an image has none (BuildKit's `util/system/path.go`).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Environment variables. One that has another's and more shares what they have in common.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    variables: InheritedMap<Text>,
    /// The variables of a base image that are used in place of args or constants of the same name. They are no more so
    /// once a stage sets them.
    shadowing: Arc<BTreeSet<Text>>,
    /// Inherited variables in whose place a stage wants the arg: it lists it.
    yielding: Arc<BTreeSet<Text>>,
    /// The args that a stage does not see.
    hidden: Arc<BTreeSet<Text>>,
    /// Whether there may be others: those of an image that could not be looked up.
    is_open: bool,
}

impl Environment {
    /// Reads `NAME=value` entries; the last of a name wins, at the place of the first.
    pub fn from_entries<'e>(entries: impl IntoIterator<Item = &'e str>) -> Self {
        let mut environment = Self::default();
        environment.extend(entries.into_iter().map(|entry| {
            let entry = Text::from(entry);
            let (name, value) = entry.split_once('=').unwrap_or((&entry, ""));
            (entry.piece(name), entry.piece(value))
        }));
        environment
    }

    /// That of an image that could not be looked up.
    pub fn unknown() -> Self {
        Self { is_open: true, ..Self::default() }
    }

    /// Whether there may be variables that are not known.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// With the `PATH` that every process gets.
    pub fn with_path(mut self, os: &str) -> Self {
        // Windows has a PATH of its own (moby/buildkit#5445).
        if self.get("PATH").is_none() && os != "windows" {
            self.extend([("PATH".into(), DEFAULT_PATH.into())]);
        }
        self
    }

    /// With a note of which variables are used in place of an arg: those of which `differs(name, value)` is true.
    pub(super) fn shadowing(mut self, differs: impl Fn(&str, &str) -> bool) -> Self {
        let shadowing = self.variables.iter().filter(|(name, value)| differs(name, value));
        self.shadowing = Arc::new(shadowing.map(|(name, _)| name.clone()).collect());
        self
    }

    /// Whether a variable is the base image's and used in place of an arg of that name.
    pub(super) fn shadows(&self, name: &str) -> bool {
        self.shadowing.contains(name)
    }

    /// Sets which args a stage lists itself, in place of what it inherits, and which it does not see.
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

    /// Whether no stage has listed or hidden an arg.
    pub(super) fn sees_all_args(&self) -> bool {
        self.yielding.is_empty() && self.hidden.is_empty()
    }

    /// Whether an arg goes before the variable of its name.
    pub(super) fn yields(&self, name: &str) -> bool {
        self.yielding.contains(name)
    }

    /// Whether a stage does not see an arg.
    pub(super) fn hides(&self, arg: &str) -> bool {
        self.hidden.contains(arg)
    }

    /// Sets variables. One that is there already keeps its place.
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

    /// Removes all variables but those to keep.
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
