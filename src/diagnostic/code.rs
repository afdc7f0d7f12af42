//! The stable names of all diagnostics. `tests/corpus` has a case for each.
//!
//! A warning is the finding of an advisory rule: its code is the rule's name, and `docs/rules` has its page.

use super::Severity;

/// Where the pages of the rules are.
const PAGES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/rules/");

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $Name:ident $severity:ident $text:literal,)+) => {
        /// Which check speaks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code { $($(#[doc = $doc])+ $Name,)+ }

        impl Code {
            /// Every code, in the order of their declaration.
            pub const ALL: &'static [Code] = &[$(Code::$Name),+];

            /// The stable name, in kebab-case.
            pub fn name(self) -> &'static str {
                match self { $(Code::$Name => $text),+ }
            }

            /// Whether it stops the build.
            pub fn severity(self) -> Severity {
                match self { $(Code::$Name => Severity::$severity),+ }
            }

            /// What it finds, in a sentence.
            pub fn description(self) -> &'static str {
                match self { $(Code::$Name => concat!($($doc),+).trim_start()),+ }
            }
        }
    };
}

impl Code {
    /// Every advisory rule, in the order of their declaration.
    pub fn rules() -> impl Iterator<Item = Code> {
        Self::ALL.iter().copied().filter(|code| code.is_rule())
    }

    /// The rule of that name.
    pub fn rule(name: &str) -> Option<Code> {
        Self::rules().find(|code| code.name() == name)
    }

    /// Whether it is an advisory rule: one that a build file or a client may silence, or make an error.
    pub fn is_rule(self) -> bool {
        self.severity() == Severity::Warning
    }

    /// Whether what it finds in a file depends on the client or the engine, so that the next build may have other
    /// findings.
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

codes! {
    /// The file is not UTF-8 text.
    NotText Error "not-text",
    /// The file is not TOML.
    InvalidToml Error "invalid-toml",
    /// A key that its table does not have.
    UnknownKey Error "unknown-key",
    /// A key that its table must have.
    MissingKey Error "missing-key",
    /// Two keys of which only one can be.
    ConflictingKeys Error "conflicting-keys",
    /// A value of a type that its key does not take.
    WrongType Error "wrong-type",
    /// A form of Dockerfiles that means something else, or nothing, where it stands.
    DockerfileForm Error "dockerfile-form",
    /// A value of the right type that its key does not take.
    InvalidValue Error "invalid-value",
    /// A name that a stage or an arg cannot have.
    InvalidName Error "invalid-name",
    /// A step without a verb.
    NoVerb Error "no-verb",
    /// A step with more than one verb.
    SeveralVerbs Error "several-verbs",
    /// A name that two files of one build declare.
    DuplicateName Error "duplicate-name",
    /// Files that include each other.
    IncludeCycle Error "include-cycle",
    /// An included file that is not there.
    MissingInclude Error "missing-include",
    /// `${...}` that cannot be read.
    InvalidSubstitution Error "invalid-substitution",
    /// A name that is neither an arg nor in the environment.
    UndefinedName Error "undefined-name",
    /// An arg that is used and has no value.
    UnsetArg Error "unset-arg",
    /// An arg that must be given and is not.
    MissingArg Error "missing-arg",
    /// A `${NAME:?message}` whose name has no value.
    RequiredValue Error "required-value",
    /// Values that are together more than any build needs.
    TooLarge Error "too-large",
    /// Values that need each other.
    ValueCycle Error "value-cycle",
    /// A stage that does not exist.
    UnknownStage Error "unknown-stage",
    /// A stage that does not exist in this build, by its `when` or `unless`.
    AbsentStage Error "absent-stage",
    /// A build context that the client did not give.
    UnknownContext Error "unknown-context",
    /// A source that is not declared.
    UnknownSource Error "unknown-source",
    /// A set of mounts that is not declared.
    UnknownMounts Error "unknown-mounts",
    /// Stages that need each other.
    StageCycle Error "stage-cycle",
    /// A target that is not a stage.
    UnknownTarget Error "unknown-target",
    /// No target was named, and none is the obvious one.
    NoDefaultTarget Error "no-default-target",
    /// Text that is not an image reference.
    InvalidReference Error "invalid-reference",
    /// Text that is not a platform.
    InvalidPlatform Error "invalid-platform",
    /// A name that is both an arg and a variable of the file.
    ArgAndVar Error "arg-and-var",
    /// A value that the arg's declaration does not allow.
    InvalidArg Error "invalid-arg",
    /// Several sources, and a destination that is not a directory.
    NotADirectory Error "not-a-directory",
    /// Entries of a table that are copied to one place.
    OverlappingDestinations Error "overlapping-destinations",
    /// A named owner where there is no file of user names.
    NamedOwnerOnScratch Error "named-owner-on-scratch",
    /// A process in a stage without files.
    NoProgram Error "no-program",
    /// A path with more `..` than directories.
    PathOutside Error "path-outside",
    /// An image whose config is not one.
    InvalidImageConfig Error "invalid-image-config",
    /// A lock file that is not one.
    InvalidLock Error "invalid-lock",
    /// A reference that no lock file pins, where all must be.
    NotLocked Error "not-locked",
    /// An instruction that Dockerfiles do not have.
    UnknownInstruction Error "unknown-instruction",
    /// An instruction of a Dockerfile whose arguments it does not take.
    InvalidInstruction Error "invalid-instruction",
    /// A flag that an instruction of a Dockerfile does not have.
    UnknownFlag Error "unknown-flag",
    /// A parser directive of a Dockerfile that cannot be followed.
    InvalidDirective Error "invalid-directive",
    /// A heredoc of a Dockerfile that the file ends in.
    UnterminatedHeredoc Error "unterminated-heredoc",
    /// A Dockerfile without a stage.
    NoStages Error "no-stages",
    /// Steps on a platform that the engine does not say it can run.
    ForeignPlatform Warning "foreign-platform",
    /// A build arg that the file does not declare.
    UndeclaredBuildArg Warning "undeclared-build-arg",
    /// An arg that reaches nothing.
    UnusedArg Warning "unused-arg",
    /// A source that nothing starts from or takes files from.
    UnusedSource Warning "unused-source",
    /// A set of mounts that nothing uses.
    UnusedMounts Warning "unused-mounts",
    /// A name that is nearly that of a stage, and is taken for an image.
    NearStageName Warning "near-stage-name",
    /// A platform that is not known, and is nearly one that is.
    NearPlatform Warning "near-platform",
    /// An instruction of Dockerfiles as a program that a step runs.
    DockerfileInstruction Warning "dockerfile-instruction",
    /// One text with spaces where paths are expected.
    SeveralPathsInOne Warning "several-paths-in-one",
    /// A file to be unpacked that by its name is no tar archive.
    NotAnArchive Warning "not-an-archive",
    /// A substitution where nothing replaces it.
    LiteralSubstitution Warning "literal-substitution",
    /// A variable in run text that is nearly an arg.
    UnknownVariable Warning "unknown-variable",
    /// A comment in the middle of a command that goes on.
    CommentInCommand Warning "comment-in-command",
    /// A key of the language in a table of free names.
    MisplacedKey Warning "misplaced-key",
    /// `$NAME` where only `${NAME}` is replaced.
    BareDollar Warning "bare-dollar",
    /// A rule that the client or a comment names and that there is not.
    UnknownRule Warning "unknown-rule",
    /// A comment that silences a rule where it finds nothing.
    UnusedSilence Warning "unused-silence",
    /// A build without the stages that the target requires.
    SkippedRequires Warning "skipped-requires",
    /// A blank line in the middle of a command that goes on.
    EmptyContinuation Warning "empty-continuation",
    /// A stage with a name that means something else to everybody.
    ReservedStageName Warning "reserved-stage-name",
    /// A secret, by its name, among args, constants or environment variables.
    SecretInEnv Warning "secret-in-env",
    /// A user name, a password or a token in the URL of a file or a repository.
    CredentialsInUrl Warning "credentials-in-url",
    /// A stage that runs on one platform, whatever is asked for.
    ConstantPlatform Warning "constant-platform",
    /// A mode that makes directories of a copy such that nobody but root can enter them.
    ModeWithoutSearch Warning "mode-without-search",
    /// A platform that a stage or an image has anyway.
    RedundantPlatform Warning "redundant-platform",
    /// A stage that nothing needs, that is not the default and that does not say what it is for.
    UnreachedStage Warning "unreached-stage",
    /// A container's main program that is run by a shell.
    ShellFormCommand Warning "shell-form-command",
    /// A working directory that depends on the one of the base image.
    RelativeWorkdir Warning "relative-workdir",
    /// An arg that is used where the base image has a variable of the same name.
    ShadowedArg Warning "shadowed-arg",
    /// A tool for cross builds in a step that does not have the target platform in its environment.
    CrossBuildWithoutTarget Warning "cross-build-without-target",
    /// A base that is no image unless a build arg is given.
    InvalidDefaultInFrom Warning "invalid-default-in-from",
    /// An image without a tag or a digest.
    UntaggedImage Warning "untagged-image",
    /// An image of another platform than the one that is asked for.
    BaseImagePlatform Warning "base-image-platform",
    /// An image to run that has everything in it that builds.
    ToolchainInImage Warning "toolchain-in-image",
    /// What a package manager has downloaded, left in the image.
    PackageCacheInLayer Warning "package-cache-in-layer",
    /// Linked files in a directory that is a link, or a special one, in most images.
    LinkedIntoSpecial Warning "linked-into-special",
    /// Files of a stage where a cache or tmpfs mount hides them.
    CopyInCacheMount Warning "copy-in-cache-mount",
    /// Files that are written where a mount hides the stage's own: they get into no layer.
    WriteInMount Warning "write-in-mount",
    /// A report where a mount hides the stage's own files.
    ReportInMount Warning "report-in-mount",
    /// Two branches of a parallel step that change the same files of the system.
    ClashInParallel Warning "clash-in-parallel",
    /// Branches that are done one after the other, since the engine cannot merge them.
    ParallelInOrder Warning "parallel-in-order",
    /// A copy of files that an ignore file keeps out.
    IgnoredCopy Warning "ignored-copy",
    /// A bind mount of files that an ignore file keeps out.
    IgnoredMount Warning "ignored-mount",
    /// An `include` or `exclude` of a copy that can match nothing.
    UnmatchedPattern Warning "unmatched-pattern",
    /// A `~` at the start of a path that no shell reads.
    TildeInPath Warning "tilde-in-path",
    /// Steps for some values of an arg, and none for another.
    UncoveredValue Warning "uncovered-value",
    /// A reference that the lock file does not have.
    UnlockedReference Warning "unlocked-reference",
    /// An entry of the lock file that nothing in the build file needs.
    UnusedLockEntry Warning "unused-lock-entry",
    /// A container's main program, or a service with a port, that runs as root.
    RunsAsRoot Warning "runs-as-root",
    /// A pipe whose first program may fail unseen.
    PipeHidesFailure Warning "pipe-hides-failure",
    /// A package manager that asks before it goes on, where nobody answers.
    UnansweredPrompt Warning "unanswered-prompt",
    /// `sudo` in a run step.
    SudoInStep Warning "sudo-in-step",
    /// A command for a shell in an image that has none.
    CommandWithoutShell Warning "command-without-shell",
    /// A name for `--no-cache-filter` that is nearly that of a stage.
    NearFilterName Warning "near-filter-name",
    /// A platform other than that of the stage it is built from.
    ContradictingPlatform Warning "contradicting-platform",
    /// An `entrypoint` that drops an inherited `cmd` somebody may count on.
    DroppedCmd Warning "dropped-cmd",
}

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
