//! What a build file or a client says of advisory rules: which are silent, and which fail the build.

use std::collections::BTreeSet;

use super::{Code, DockerfileRule, nearest};

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

/// What is wrong with a name that is no rule's, and what may be meant by it.
pub fn unknown_rule(name: &str) -> (String, String) {
    let dockerfile = DockerfileRule::named(name).map(DockerfileRule::counterpart);
    let hint = match (dockerfile, nearest(name, Code::rules().map(Code::name))) {
        (Some(Some(code)), _) => format!("a rule of Dockerfiles; here it is `{}`", code.name()),
        (Some(None), _) => "a rule of Dockerfiles; none is needed here".to_owned(),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("the rules are listed in {}", Code::rules_url()),
    };
    (format!("there is no rule `{name}`"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_rules() {
        for (name, start) in [
            ("unused-args", "did you mean `unused-arg`?"),
            ("UndefinedVar", "a rule of Dockerfiles; here it is `unknown-variable`"),
            ("FromAsCasing", "a rule of Dockerfiles; none is needed"),
            ("nothing-of-the-kind", "the rules are listed in https://"),
        ] {
            let (message, hint) = unknown_rule(name);
            assert_eq!(message, format!("there is no rule `{name}`"));
            assert!(hint.starts_with(start), "{hint}");
        }
    }
}
