//! What a build file or a client says of advisory rules: which are silent, and which fail the build.

use std::collections::BTreeSet;

use super::Code;

/// Which rules are silent, and which fail the build. A rule that is both is silent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    /// Rules that say nothing.
    pub skip: Rules,
    /// Rules whose findings are errors.
    pub error: Rules,
}

/// Some of the rules, or all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rules {
    /// All of them, also those of later versions.
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
    /// Whether a rule is one of them.
    pub fn contains(&self, rule: Code) -> bool {
        match self {
            Rules::All => true,
            Rules::These(rules) => rules.contains(&rule),
        }
    }
}
