//! What could not be read of a file, so that nobody who uses it is blamed.
//!
//! Comes in: keys and names that have been reported. Goes out: the names that they would have declared. Knows
//! nothing of what uses them.

use std::collections::BTreeSet;

use crate::toml::{Kind, Value};

/// What could not be read, and has been reported. Nothing can be said of those who use it.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread {
    /// What would have been declared under these names.
    pub(super) names: BTreeSet<String>,
    /// Whether it could have declared any name.
    pub(super) any: bool,
}

impl Unread {
    /// Adds a key that cannot be read. Its header may be misspelt: then what it holds is what was declared.
    pub(super) fn add_key(&mut self, key: &str, value: &Value<'_>) {
        self.add(key);
        if let Kind::Table(entries) = &value.kind {
            entries.iter().for_each(|entry| self.add(&entry.key.name));
        }
    }

    /// Adds a name. It may be wrong for being in upper case.
    pub(super) fn add(&mut self, name: &str) {
        self.names.insert(name.to_ascii_lowercase());
        self.names.insert(name.to_owned());
    }
}
