//! The stable names of all diagnostics. `tests/corpus` has a case for each.
//!
//! A warning is the finding of an advisory rule: its code is the rule's name, and `docs/rules` has its page. The rules
//! are listed in `crate::rules`.

use super::severity::Severity;
use crate::rules::with_rules;

/// The URL of the rules' pages.
const PAGES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/rules/");

macro_rules! codes {
    (
        $($(#[doc = $error_doc:literal])+ $Error:ident $error:literal,)+
        rules:
        $($(#[doc = $rule_doc:literal])+ $Rule:ident $rule:literal $(: $($when:ident($check:path))+)?;)+
    ) => {
        /// The check that reported a diagnostic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $error_doc])+ $Error,)+
            $($(#[doc = $rule_doc])+ $Rule,)+
        }

        impl Code {
            /// Every code, in declaration order.
            pub const ALL: &'static [Code] = &[$(Code::$Error,)+ $(Code::$Rule,)+];

            /// The stable name, in kebab-case.
            pub fn name(self) -> &'static str {
                match self {
                    $(Code::$Error => $error,)+
                    $(Code::$Rule => $rule,)+
                }
            }

            /// The default severity; `check` and `silence` may change that of a rule.
            pub fn severity(self) -> Severity {
                match self {
                    $(Code::$Error => Severity::Error,)+
                    $(Code::$Rule => Severity::Warning,)+
                }
            }

            /// The description of the finding, in a sentence.
            pub fn description(self) -> &'static str {
                match self {
                    $(Code::$Error => concat!($($error_doc),+).trim_start(),)+
                    $(Code::$Rule => concat!($($rule_doc),+).trim_start(),)+
                }
            }
        }
    };
}

impl Code {
    /// Every advisory rule, in declaration order.
    pub fn rules() -> impl Iterator<Item = Code> {
        Self::ALL.iter().copied().filter(|code| code.is_rule())
    }

    /// The rule with that name.
    pub fn rule(name: &str) -> Option<Code> {
        Self::rules().find(|code| code.name() == name)
    }

    /// True for an advisory rule: one that a build file or a client may silence, or turn into an
    /// error.
    pub fn is_rule(self) -> bool {
        self.severity() == Severity::Warning
    }

    /// True if its findings depend on the client or the engine, so that another build of the same
    /// file may have other findings.
    pub fn depends_on_request(self) -> bool {
        matches!(
            self,
            Code::BaseImagePlatform
                | Code::ForeignPlatform
                | Code::IgnoredCopy
                | Code::InvalidDefaultInFrom
                | Code::NearFilterName
                | Code::ParallelInOrder
                | Code::SkippedRequires
                | Code::UndeclaredBuildArg
                | Code::UnlockedReference
        )
    }

    /// The page that lists all rules.
    pub fn rules_url() -> String {
        format!("{PAGES}README.md")
    }

    /// The page about a rule.
    pub fn url(self) -> Option<String> {
        self.is_rule().then(|| format!("{PAGES}{}.md", self.name()))
    }
}

with_rules! { codes! {
    /// The file is not UTF-8 text.
    NotText "not-text",
    /// The file is not TOML.
    InvalidToml "invalid-toml",
    /// A key that its table does not have.
    UnknownKey "unknown-key",
    /// A key that its table must have.
    MissingKey "missing-key",
    /// Two keys of which only one can be.
    ConflictingKeys "conflicting-keys",
    /// A value of a type that its key does not take.
    WrongType "wrong-type",
    /// Dockerfile syntax that has another meaning here, or none.
    DockerfileForm "dockerfile-form",
    /// A value of the right type that its key does not take.
    InvalidValue "invalid-value",
    /// A name that a stage or an arg cannot have.
    InvalidName "invalid-name",
    /// A step without a verb.
    NoVerb "no-verb",
    /// A step with more than one verb.
    SeveralVerbs "several-verbs",
    /// A name that two files of one build declare.
    DuplicateName "duplicate-name",
    /// Files that include each other.
    IncludeCycle "include-cycle",
    /// An included file that does not exist.
    MissingInclude "missing-include",
    /// `${...}` that cannot be parsed.
    InvalidSubstitution "invalid-substitution",
    /// A name that is neither an arg nor in the environment.
    UndefinedName "undefined-name",
    /// An arg that is used but unset.
    UnsetArg "unset-arg",
    /// A required arg that is not given.
    MissingArg "missing-arg",
    /// A `${NAME:?message}` whose name has no value.
    RequiredValue "required-value",
    /// Values that are together more than any build needs.
    TooLarge "too-large",
    /// Values that need each other.
    ValueCycle "value-cycle",
    /// A stage that does not exist.
    UnknownStage "unknown-stage",
    /// A stage that is left out of this build by its `when` or `unless`.
    AbsentStage "absent-stage",
    /// A build context that the client did not give.
    UnknownContext "unknown-context",
    /// A source that is not declared.
    UnknownSource "unknown-source",
    /// A set of mounts that is not declared.
    UnknownMounts "unknown-mounts",
    /// Stages that need each other.
    StageCycle "stage-cycle",
    /// A target that is not a stage.
    UnknownTarget "unknown-target",
    /// No target was named, and none is the obvious one.
    NoDefaultTarget "no-default-target",
    /// Text that is not an image reference.
    InvalidReference "invalid-reference",
    /// Text that is not a platform.
    InvalidPlatform "invalid-platform",
    /// A name that is both an arg and a variable of the file.
    ArgAndVar "arg-and-var",
    /// A value that the arg's declaration does not allow.
    InvalidArg "invalid-arg",
    /// Several sources, and a destination that is not a directory.
    NotADirectory "not-a-directory",
    /// Entries of a table that are copied to one place.
    OverlappingDestinations "overlapping-destinations",
    /// A named owner in a stage without `/etc/passwd`.
    NamedOwnerOnScratch "named-owner-on-scratch",
    /// A process in a stage without files.
    NoProgram "no-program",
    /// A path with more `..` than directories.
    PathOutside "path-outside",
    /// An image whose config is not one.
    InvalidImageConfig "invalid-image-config",
    /// A lock file that is not one.
    InvalidLock "invalid-lock",
    /// A reference that no lock file pins, where all must be.
    NotLocked "not-locked",
    /// An instruction that Dockerfiles do not have.
    UnknownInstruction "unknown-instruction",
    /// An instruction of a Dockerfile whose arguments it does not take.
    InvalidInstruction "invalid-instruction",
    /// A flag that an instruction of a Dockerfile does not have.
    UnknownFlag "unknown-flag",
    /// A parser directive of a Dockerfile that is not supported.
    InvalidDirective "invalid-directive",
    /// A heredoc of a Dockerfile without an end.
    UnterminatedHeredoc "unterminated-heredoc",
    /// A Dockerfile without a stage.
    NoStages "no-stages",
    rules:
} }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_kebab_case() {
        let mut names: Vec<_> = Code::ALL.iter().map(|code| code.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(
            names
                .iter()
                .all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'))
        );
    }
}
