//! The rules of the Dockerfile frontend, and their findings.
//!
//! Names, pages, descriptions and texts are those of BuildKit's
//! `frontend/dockerfile/linter/ruleset.go`: clients and people search for them. The checks
//! themselves are in [`crate::dockerfile::checks`].

use std::ops::RangeInclusive;

use super::Code;

/// The URL of Docker's pages about the rules.
const PAGES: &str = "https://docs.docker.com/go/dockerfile/rule/";

macro_rules! rules {
    ($($Name:ident $page:expr, $description:literal, $counterpart:expr;)+) => {
        /// A rule of Dockerfiles.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum DockerfileRule { $(#[doc = $description] $Name,)+ }

        impl DockerfileRule {
            /// Every rule, by name.
            pub const ALL: &'static [Self] = &[$(Self::$Name),+];

            /// The name used by clients and comments.
            pub fn name(self) -> &'static str {
                match self { $(Self::$Name => stringify!($Name)),+ }
            }

            /// The description of the finding, in a sentence.
            pub fn description(self) -> &'static str {
                match self { $(Self::$Name => $description),+ }
            }

            /// The corresponding rule for build files. `docs/rules/README.md` explains why some
            /// need none.
            pub fn counterpart(self) -> Option<Code> {
                match self { $(Self::$Name => $counterpart),+ }
            }

            fn page(self) -> Option<&'static str> {
                match self { $(Self::$Name => $page),+ }
            }
        }
    };
}

rules! {
    ConsistentInstructionCasing Some("consistent-instruction-casing"),
        "All commands within the Dockerfile should use the same casing (either upper or lower)", None;
    CopyIgnoredFile Some("copy-ignored-file"),
        "Attempting to Copy file that is excluded by .dockerignore", Some(Code::IgnoredCopy);
    DuplicateStageName Some("duplicate-stage-name"),
        "Stage names should be unique", None;
    ExposeInvalidFormat Some("expose-invalid-format"),
        "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release", None;
    ExposeProtoCasing Some("expose-proto-casing"),
        "Protocol in EXPOSE instruction should be lowercase", None;
    FromAsCasing Some("from-as-casing"),
        "The 'as' keyword should match the case of the 'from' keyword", None;
    FromPlatformFlagConstDisallowed Some("from-platform-flag-const-disallowed"),
        "FROM --platform flag should not use a constant value", Some(Code::ConstantPlatform);
    InvalidBaseImagePlatform None,
        "Base image platform does not match expected target platform", Some(Code::BaseImagePlatform);
    InvalidDefaultArgInFrom Some("invalid-default-arg-in-from"),
        "Default value for global ARG results in an empty or invalid base image name", Some(Code::InvalidDefaultInFrom);
    InvalidDefinitionDescription Some("invalid-definition-description"),
        "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.", None;
    JSONArgsRecommended Some("json-args-recommended"),
        "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals", Some(Code::ShellFormCommand);
    LegacyKeyValueFormat Some("legacy-key-value-format"),
        "Legacy key/value format with whitespace separator should not be used", None;
    MaintainerDeprecated Some("maintainer-deprecated"),
        "The MAINTAINER instruction is deprecated, use a label instead to define an image author", None;
    MultipleInstructionsDisallowed Some("multiple-instructions-disallowed"),
        "Multiple instructions of the same type should not be used in the same stage", None;
    NoEmptyContinuation Some("no-empty-continuation"),
        "Empty continuation lines will become errors in a future release", Some(Code::EmptyContinuation);
    RedundantTargetPlatform Some("redundant-target-platform"),
        "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior", Some(Code::RedundantPlatform);
    ReservedStageName Some("reserved-stage-name"),
        "Reserved words should not be used as stage names", Some(Code::ReservedStageName);
    SecretsUsedInArgOrEnv Some("secrets-used-in-arg-or-env"),
        "Sensitive data should not be used in the ARG or ENV commands", Some(Code::SecretInEnv);
    StageNameCasing Some("stage-name-casing"),
        "Stage names should be lowercase", None;
    UndefinedArgInFrom Some("undefined-arg-in-from"),
        "FROM command must use declared ARGs", None;
    UndefinedVar Some("undefined-var"),
        "Variables should be defined before their use", Some(Code::UnknownVariable);
    WorkdirRelativePath Some("workdir-relative-path"),
        "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes", Some(Code::RelativeWorkdir);
}

impl DockerfileRule {
    /// The rule with that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|rule| rule.name() == name)
    }

    /// The page about it; one rule has none.
    pub fn url(self) -> Option<String> {
        self.page().map(|page| format!("{PAGES}{page}/"))
    }

    /// True if it runs only when named by `experimental=`.
    pub fn is_experimental(self) -> bool {
        self == Self::InvalidDefinitionDescription
    }
}

/// A finding of a Dockerfile rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: DockerfileRule,
    /// The message, in the rule's own words.
    pub detail: String,
    /// The lines of the Dockerfile; `None` if BuildKit reports no location either.
    pub lines: Option<RangeInclusive<u32>>,
}

impl Finding {
    /// The finding in one line, as clients show it during a build (`LintFormatShort` of BuildKit).
    pub fn short(&self) -> String {
        let line = self.lines.as_ref().map(|lines| format!(" (line {})", lines.start()));
        format!("{}: {}{}", self.rule.name(), self.detail, line.unwrap_or_default())
    }
}

/// All findings of Dockerfile rules, in BuildKit's order.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// The findings.
    pub list: Vec<Finding>,
    /// True if findings fail the build.
    pub are_errors: bool,
}

impl Findings {
    /// The error for `error=true`, in BuildKit's words; `None` if the build does not fail.
    pub fn violation(&self) -> Option<String> {
        let mut names: Vec<&str> = self.list.iter().map(|found| found.rule.name()).collect();
        names.sort_unstable();
        names.dedup();
        (self.are_errors && !names.is_empty())
            .then(|| format!("lint violation found for rules: {}", names.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_in_order_and_have_pages() {
        let names: Vec<_> = DockerfileRule::ALL.iter().map(|rule| rule.name()).collect();
        assert!(names.is_sorted(), "{names:?}");
        for rule in DockerfileRule::ALL.iter().filter(|rule| rule.page().is_some()) {
            // `JSONArgs` is `json-args`.
            let words = rule.name().replace("JSON", "Json");
            let mut page = String::new();
            for c in words.chars() {
                if c.is_ascii_uppercase() && !page.is_empty() {
                    page.push('-');
                }
                page.push(c.to_ascii_lowercase());
            }
            assert_eq!(rule.page(), Some(&*page));
        }
    }

    #[test]
    fn findings_that_fail_a_build() {
        let found = |rule| Finding { rule, detail: "x".to_owned(), lines: Some(2..=3) };
        let rules = [
            DockerfileRule::UndefinedVar,
            DockerfileRule::FromAsCasing,
            DockerfileRule::UndefinedVar,
        ];
        let mut findings = Findings { list: rules.map(found).to_vec(), are_errors: false };
        assert_eq!(findings.violation(), None);
        findings.are_errors = true;
        let expected = "lint violation found for rules: FromAsCasing, UndefinedVar";
        assert_eq!(findings.violation().as_deref(), Some(expected));
        assert_eq!(findings.list[0].short(), "UndefinedVar: x (line 2)");
        assert_eq!(Findings { list: Vec::new(), are_errors: true }.violation(), None);
    }
}
