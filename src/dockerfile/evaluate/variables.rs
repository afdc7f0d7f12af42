//! The variables that are set at one place of a Dockerfile.

use std::collections::BTreeMap;

/// Variables with their values, and names that are declared without one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    values: BTreeMap<String, Entry>,
    /// Counts assignments.
    count: usize,
    /// True if there may be more variables: those of an unknown base image.
    pub(crate) may_have_more: bool,
}

#[derive(Debug, Clone)]
struct Entry {
    value: Option<String>,
    /// The count at its last assignment.
    order: usize,
    is_declared: bool,
}

impl Variables {
    /// Sets a variable.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        self.count += 1;
        let order = self.count;
        match self.values.get_mut(name) {
            Some(entry) => (entry.value, entry.order) = (Some(value), order),
            None => {
                let entry = Entry { value: Some(value), order, is_declared: false };
                self.values.insert(name.to_owned(), entry);
            }
        }
    }

    /// Declares a name: using it without a value is then no mistake.
    pub(crate) fn declare(&mut self, name: &str) {
        let entry = Entry { value: None, order: 0, is_declared: false };
        self.values.entry(name.to_owned()).or_insert(entry).is_declared = true;
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.value.as_deref()
    }

    /// True if a name is declared.
    pub(crate) fn is_declared(&self, name: &str) -> bool {
        self.values.get(name).is_some_and(|entry| entry.is_declared)
    }

    /// The variables that are set, in the order of their last assignment.
    pub(crate) fn names(&self) -> Vec<&str> {
        let with_value = self.values.iter().filter(|(_, entry)| entry.value.is_some());
        let mut names: Vec<_> =
            with_value.map(|(name, entry)| (entry.order, name.as_str())).collect();
        names.sort_unstable();
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// The number of names, declared ones included.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_their_last_values() {
        let mut variables = Variables::default();
        for name in ["B", "A", "C", "B"] {
            variables.set(name, name.to_lowercase());
        }
        variables.declare("D");
        variables.declare("A");
        assert_eq!(variables.names(), ["A", "C", "B"]);
        assert_eq!((variables.get("A"), variables.get("D")), (Some("a"), None));
        assert_eq!(["A", "B", "D"].map(|name| variables.is_declared(name)), [true, false, true]);
    }
}
