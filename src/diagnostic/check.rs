//! Configuration of advisory rules by the build file or the client: which to skip, and which fail
//! the build.

use std::collections::BTreeSet;

use super::Code;

/// The rules to skip, and those that fail the build. Skipping takes precedence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    /// Rules that are skipped.
    pub skip: Rules,
    /// Rules whose findings are errors.
    pub error: Rules,
}

/// Some of the rules, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rules {
    /// All rules, including those of later versions.
    All,
    /// These.
    These(BTreeSet<Code>),
}

impl Default for Rules {
    fn default() -> Self {
        Rules::These(BTreeSet::new())
    }
}

impl Rules {
    /// True if a rule is included.
    pub fn contains(&self, rule: Code) -> bool {
        match self {
            Rules::All => true,
            Rules::These(rules) => rules.contains(&rule),
        }
    }
}
