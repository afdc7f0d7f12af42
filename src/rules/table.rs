//! The table of all advisory rules: for each the first sentence of its page in `docs/rules`, its
//! code, its name, and its functions with the moment at which they run ([`super::When`]). A rule
//! without functions is found by other code, which calls the rule with the facts that it has.
//!
//! Findings at the same location are reported in the order of this table.

/// Passes the table to a macro, after its other arguments.
macro_rules! with_rules {
    ($then:ident! { $($before:tt)* }) => {
        $then! {
            $($before)*
            /// Steps on a platform that the engine does not say it can run.
            ForeignPlatform "foreign-platform";
            /// A build arg that the file does not declare.
            UndeclaredBuildArg "undeclared-build-arg";
            /// An arg that reaches nothing.
            UnusedArg "unused-arg": File(unused_arg::check);
            /// A source that nothing starts from or takes files from.
            UnusedSource "unused-source": File(unused_source::check);
            /// A set of mounts that nothing uses.
            UnusedMounts "unused-mounts": File(unused_mounts::check);
            /// A name that is nearly that of a stage, and is taken for an image.
            NearStageName "near-stage-name";
            /// A platform that is not known, and is nearly one that is.
            NearPlatform "near-platform";
            /// An instruction of Dockerfiles as a program that a step runs.
            DockerfileInstruction "dockerfile-instruction": Stage(dockerfile_instruction::check_stage) Script(dockerfile_instruction::check);
            /// One text with spaces where paths are expected.
            SeveralPathsInOne "several-paths-in-one": Stage(several_paths_in_one::check);
            /// A file to be unpacked that by its name is no tar archive.
            NotAnArchive "not-an-archive": Stage(not_an_archive::check_stage) File(not_an_archive::check_sources);
            /// A substitution where nothing replaces it.
            LiteralSubstitution "literal-substitution": Stage(literal_substitution::check);
            /// A variable in run text that is nearly an arg.
            UnknownVariable "unknown-variable": Script(unknown_variable::check);
            /// A comment in the middle of a command that goes on.
            CommentInCommand "comment-in-command": Script(comment_in_command::check);
            /// A key of the language in a table of free names.
            MisplacedKey "misplaced-key";
            /// `$NAME` where only `${NAME}` is replaced.
            BareDollar "bare-dollar": File(bare_dollar::check);
            /// A rule that the client or a comment names and that there is not.
            UnknownRule "unknown-rule";
            /// A comment that silences a rule where it finds nothing.
            UnusedSilence "unused-silence";
            /// A build without the stages that the target requires.
            SkippedRequires "skipped-requires";
            /// A blank line in the middle of a command that goes on.
            EmptyContinuation "empty-continuation": Script(empty_continuation::check);
            /// A stage with a name that means something else to everybody.
            ReservedStageName "reserved-stage-name": File(reserved_stage_name::check);
            /// A secret, by its name, among args, constants or environment variables.
            SecretInEnv "secret-in-env": Stage(secret_in_env::check_stage) File(secret_in_env::check_values);
            /// A user name, a password or a token in the URL of a file or a repository.
            CredentialsInUrl "credentials-in-url": Plan(credentials_in_url::check);
            /// A stage that runs on one platform, whatever is asked for.
            ConstantPlatform "constant-platform": Stage(constant_platform::check);
            /// A mode that makes directories of a copy such that nobody but root can enter them.
            ModeWithoutSearch "mode-without-search": Plan(mode_without_search::check);
            /// A platform that a stage or an image has anyway.
            RedundantPlatform "redundant-platform": Plan(redundant_platform::check);
            /// A stage that nothing needs, that is not the default and that does not say what it is for.
            UnreachedStage "unreached-stage": File(unreached_stage::check);
            /// A container's main program that is run by a shell.
            ShellFormCommand "shell-form-command": Plan(shell_form_command::check);
            /// A working directory that depends on the one of the base image.
            RelativeWorkdir "relative-workdir": Plan(relative_workdir::check);
            /// An arg that is used where the base image has a variable of the same name.
            ShadowedArg "shadowed-arg";
            /// A tool for cross builds in a step that does not have the target platform in its environment.
            CrossBuildWithoutTarget "cross-build-without-target": Plan(cross_build_without_target::check);
            /// A base that is no image unless a build arg is given.
            InvalidDefaultInFrom "invalid-default-in-from": Selection(invalid_default_in_from::check);
            /// An image without a tag or a digest.
            UntaggedImage "untagged-image": Plan(untagged_image::check);
            /// An image of another platform than the one that is asked for.
            BaseImagePlatform "base-image-platform";
            /// An image to run that has everything in it that builds.
            ToolchainInImage "toolchain-in-image": Plan(toolchain_in_image::check);
            /// What a package manager has downloaded, left in the image.
            PackageCacheInLayer "package-cache-in-layer": ShippedProcesses(package_cache_in_layer::check);
            /// Linked files in a directory that is a link, or a special one, in most images.
            LinkedIntoSpecial "linked-into-special": Plan(linked_into_special::check);
            /// Files of a stage where a cache or tmpfs mount hides them.
            CopyInCacheMount "copy-in-cache-mount": Plan(copy_in_cache_mount::check);
            /// Files that are written where a mount hides the stage's own: they get into no layer.
            WriteInMount "write-in-mount": Plan(write_in_mount::check);
            /// A report where a mount hides the stage's own files.
            ReportInMount "report-in-mount": Plan(report_in_mount::check);
            /// Two branches of a parallel step that change the same files of the system.
            ClashInParallel "clash-in-parallel": Processes(clash_in_parallel::check);
            /// Branches that are done one after the other, since the engine cannot merge them.
            ParallelInOrder "parallel-in-order": Build(parallel_in_order::check);
            /// A copy of files that an ignore file keeps out.
            IgnoredCopy "ignored-copy": Build(ignored_copy::check);
            /// A bind mount of files that an ignore file keeps out.
            IgnoredMount "ignored-mount": Build(ignored_mount::check);
            /// An `include` or `exclude` of a copy that can match nothing.
            UnmatchedPattern "unmatched-pattern";
            /// A `~` at the start of a path that no shell reads.
            TildeInPath "tilde-in-path": Stage(tilde_in_path::check);
            /// Steps for some values of an arg, and none for another.
            UncoveredValue "uncovered-value": File(uncovered_value::check);
            /// A reference that the lock file does not have.
            UnlockedReference "unlocked-reference";
            /// An entry of the lock file that nothing in the build file needs.
            UnusedLockEntry "unused-lock-entry": Lock(unused_lock_entry::check);
            /// A container's main program, or a service with a port, that runs as root.
            RunsAsRoot "runs-as-root": Plan(runs_as_root::check);
            /// A pipe whose first program may fail unseen.
            PipeHidesFailure "pipe-hides-failure": Processes(pipe_hides_failure::check);
            /// A package manager that asks before it goes on, where nobody answers.
            UnansweredPrompt "unanswered-prompt": Processes(unanswered_prompt::check);
            /// `sudo` in a run step.
            SudoInStep "sudo-in-step": Processes(sudo_in_step::check);
            /// A command for a shell in an image that has none.
            CommandWithoutShell "command-without-shell": Plan(command_without_shell::check);
            /// A name for `--no-cache-filter` that is nearly that of a stage.
            NearFilterName "near-filter-name": Plan(near_filter_name::check);
            /// A platform other than that of the stage it is built from.
            ContradictingPlatform "contradicting-platform": Plan(contradicting_platform::check);
            /// An `entrypoint` that drops an inherited `cmd` somebody may count on.
            DroppedCmd "dropped-cmd": Plan(dropped_cmd::check);
        }
    };
}

pub(crate) use with_rules;
