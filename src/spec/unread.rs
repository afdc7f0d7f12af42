//! The declarations of a file that could not be read, so that using them is not reported as an
//! error.
//!
//! Input: keys and names that have been reported. Output: the names that they would have declared.
//! Must not depend on their uses.

use std::collections::BTreeSet;

use crate::diagnostic::Reported;
use crate::toml::{Kind, Value};

/// Declarations that could not be read, and have been reported. Their uses cannot be checked.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread {
    /// The names of these declarations.
    pub(super) names: BTreeSet<String>,
    /// The error because of which any name may have been declared.
    pub(super) any: Option<Reported>,
}

impl Unread {
    /// Adds an unknown key. If it is a misspelt header, its entries are the declarations.
    pub(super) fn add_key(&mut self, key: &str, value: &Value<'_>) {
        self.add(key);
        if let Kind::Table(entries) = &value.kind {
            entries.iter().for_each(|entry| self.add(&entry.key.name));
        }
    }

    /// Adds a name. Its lower-case form is added too, since the upper case may be the mistake.
    pub(super) fn add(&mut self, name: &str) {
        self.names.insert(name.to_ascii_lowercase());
        self.names.insert(name.to_owned());
    }
}
