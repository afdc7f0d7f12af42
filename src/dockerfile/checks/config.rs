//! Configuration of the checks: skipped rules, and whether findings fail the build.
//!
//! Follows `ParseLintOptions` and `WithMergedConfigFromComments` in
//! `frontend/dockerfile/linter/linter.go` of BuildKit.

use std::collections::BTreeSet;

use buildkit_frontend::parse_bool;

use crate::diagnostic::DockerfileRule;

/// The configuration in a directive, a comment or a client's option.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    skip: Rules,
    experimental: Rules,
    are_errors: bool,
}

/// Some rules, or all. Unknown names are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Rules {
    all: bool,
    named: BTreeSet<DockerfileRule>,
}

impl Rules {
    fn read(text: &str) -> Self {
        let names = text.split(',').map(str::trim);
        Self { all: text.trim() == "all", named: names.filter_map(DockerfileRule::named).collect() }
    }

    fn contains(&self, rule: DockerfileRule) -> bool {
        self.all || self.named.contains(&rule)
    }
}

impl Config {
    /// Reads `skip=RULE,RULE;error=true;experimental=RULE`. The error is BuildKit's text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut config = Self::default();
        if text.trim().is_empty() {
            return Ok(config);
        }
        for option in text.trim().splitn(3, ';') {
            let Some((key, value)) = option.split_once('=') else {
                return Err(format!("invalid check option {option:?}"));
            };
            match key.trim() {
                "skip" => config.skip = Rules::read(value),
                "experimental" => config.experimental = Rules::read(value),
                "error" => match parse_bool(value.trim()) {
                    Some(value) => config.are_errors = value,
                    None => return Err(format!("failed to parse check option {option:?}")),
                },
                other => return Err(format!("invalid check option {other:?}")),
            }
        }
        Ok(config)
    }

    /// True if findings fail the build.
    pub(super) fn are_errors(&self) -> bool {
        self.are_errors
    }

    /// True if the rule is enabled for an instruction with these comments.
    pub(super) fn allows(&self, rule: DockerfileRule, comments: &[&str]) -> bool {
        let local = comments.iter().find_map(|comment| check_of(comment));
        // A comment that cannot be parsed is ignored.
        let local = local.and_then(|text| Self::parse(text).ok()).unwrap_or_default();
        match rule.is_experimental() {
            true => [self, &local].iter().any(|config| config.experimental.contains(rule)),
            false => [self, &local].iter().all(|config| !config.skip.contains(rule)),
        }
    }
}

/// The value of a `check=` comment, up to its first space.
fn check_of(comment: &str) -> Option<&str> {
    let (name, value) = comment.split_once('=')?;
    let value = value.trim().split(' ').next().filter(|value| !value.is_empty())?;
    name.trim_end().eq_ignore_ascii_case("check").then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VAR: DockerfileRule = DockerfileRule::UndefinedVar;
    const CASING: DockerfileRule = DockerfileRule::FromAsCasing;
    const DESCRIPTION: DockerfileRule = DockerfileRule::InvalidDefinitionDescription;

    #[test]
    fn options() {
        let config = Config::parse("skip=UndefinedVar, Nothing;error=true").unwrap();
        assert!(config.are_errors() && !config.allows(VAR, &[]) && config.allows(CASING, &[]));
        let all = Config::parse("skip=all;experimental=InvalidDefinitionDescription").unwrap();
        assert!(!all.allows(VAR, &[]) && all.allows(DESCRIPTION, &[]));
        assert!(!Config::default().allows(DESCRIPTION, &[]));
        assert!(Config::parse("experimental=all").unwrap().allows(DESCRIPTION, &[]));
        for (text, error) in [
            ("skip", "invalid check option \"skip\""),
            ("skpi=x", "invalid check option \"skpi\""),
            ("error=x", "failed to parse check option \"error=x\""),
        ] {
            assert_eq!(Config::parse(text), Err(error.to_owned()), "{text}");
        }
    }

    #[test]
    fn comments() {
        let config = Config::default();
        for (comments, allows) in [
            (&["check=skip=UndefinedVar // why"][..], false),
            (&["text", "Check = skip=all"], false),
            (&["check=skip=FromAsCasing", "check=skip=UndefinedVar"], true),
            (&["check=skip"], true),
            (&["# check=skip=all"], true),
        ] {
            assert_eq!(config.allows(VAR, comments), allows, "{comments:?}");
        }
        let comment = ["check=experimental=InvalidDefinitionDescription"];
        assert!(config.allows(DESCRIPTION, &comment));
    }
}
