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
            /// Steps on a platform that the engine does not report as supported.
            ForeignPlatform "foreign-platform";
            /// A build arg that the file does not declare.
            UndeclaredBuildArg "undeclared-build-arg";
            /// An arg that has no effect.
            UnusedArg "unused-arg": File(unused_arg::check);
            /// A source that no stage uses.
            UnusedSource "unused-source": File(unused_source::check);
            /// A set of mounts that nothing uses.
            UnusedMounts "unused-mounts": File(unused_mounts::check);
            /// An image name that is similar to the name of a stage.
            NearStageName "near-stage-name";
            /// An unknown platform that is similar to a known one.
            NearPlatform "near-platform";
            /// A Dockerfile instruction as the program of a step.
            DockerfileInstruction "dockerfile-instruction": Stage(dockerfile_instruction::check_stage) Script(dockerfile_instruction::check);
            /// Several paths in one string, separated by spaces.
            SeveralPathsInOne "several-paths-in-one": Stage(several_paths_in_one::check);
            /// A file to be unpacked whose name is not that of a tar archive.
            NotAnArchive "not-an-archive": Stage(not_an_archive::check_stage) File(not_an_archive::check_sources);
            /// A substitution in a text in which nothing is substituted.
            LiteralSubstitution "literal-substitution": Stage(literal_substitution::check);
            /// A variable in a script that is similar to an arg.
            UnknownVariable "unknown-variable": Script(unknown_variable::check);
            /// A comment in the middle of a continued command.
            CommentInCommand "comment-in-command": Script(comment_in_command::check);
            /// A key of the language in a table of free names.
            MisplacedKey "misplaced-key";
            /// `$NAME` where only `${NAME}` is substituted.
            BareDollar "bare-dollar": File(bare_dollar::check);
            /// An unknown rule in an option of the client or in a comment.
            UnknownRule "unknown-rule";
            /// A comment that silences a rule that finds nothing there.
            UnusedSilence "unused-silence";
            /// A build without the stages that the target requires.
            SkippedRequires "skipped-requires";
            /// A blank line in the middle of a continued command.
            EmptyContinuation "empty-continuation": Script(empty_continuation::check);
            /// A stage with a name that has another common meaning.
            ReservedStageName "reserved-stage-name": File(reserved_stage_name::check);
            /// A secret, judging by its name, among args, constants or environment variables.
            SecretInEnv "secret-in-env": Stage(secret_in_env::check_stage) File(secret_in_env::check_values);
            /// A user name, a password or a token in the URL of a file or a repository.
            CredentialsInUrl "credentials-in-url": Plan(credentials_in_url::check);
            /// A stage with a constant platform.
            ConstantPlatform "constant-platform": Stage(constant_platform::check);
            /// A mode that makes copied directories inaccessible to everyone but root.
            ModeWithoutSearch "mode-without-search": Plan(mode_without_search::check);
            /// A platform that equals the default.
            RedundantPlatform "redundant-platform": Plan(redundant_platform::check);
            /// A stage that nothing needs, that is not the default and that has no description.
            UnreachedStage "unreached-stage": File(unreached_stage::check);
            /// A container's main program that is run by a shell.
            ShellFormCommand "shell-form-command": Plan(shell_form_command::check);
            /// A working directory that is relative to that of the base image.
            RelativeWorkdir "relative-workdir": Plan(relative_workdir::check);
            /// An arg that is hidden by a variable of the base image.
            ShadowedArg "shadowed-arg";
            /// A tool for cross builds in a step without the target platform in its environment.
            CrossBuildWithoutTarget "cross-build-without-target": Plan(cross_build_without_target::check);
            /// A base that is not a valid image without a build arg.
            InvalidDefaultInFrom "invalid-default-in-from": Selection(invalid_default_in_from::check);
            /// An image without a tag or a digest.
            UntaggedImage "untagged-image": Plan(untagged_image::check);
            /// An image of another platform than the requested one.
            BaseImagePlatform "base-image-platform";
            /// An image for running a program that contains a toolchain.
            ToolchainInImage "toolchain-in-image": Plan(toolchain_in_image::check);
            /// Downloads of a package manager that remain in the image.
            PackageCacheInLayer "package-cache-in-layer": ShippedProcesses(package_cache_in_layer::check);
            /// Linked files in a directory that most images have as a link or with a special mode.
            LinkedIntoSpecial "linked-into-special": Plan(linked_into_special::check);
            /// Files of a stage that are hidden by a cache or tmpfs mount.
            CopyInCacheMount "copy-in-cache-mount": Plan(copy_in_cache_mount::check);
            /// Files written to a directory that a mount hides, so that they are in no layer.
            WriteInMount "write-in-mount": Plan(write_in_mount::check);
            /// A report in a directory that a mount hides.
            ReportInMount "report-in-mount": Plan(report_in_mount::check);
            /// Two branches of a parallel step that change the same system files.
            ClashInParallel "clash-in-parallel": Processes(clash_in_parallel::check);
            /// Branches that run one after the other, because the engine cannot merge them.
            ParallelInOrder "parallel-in-order": Build(parallel_in_order::check);
            /// A copy of files that an ignore file excludes.
            IgnoredCopy "ignored-copy": Build(ignored_copy::check);
            /// A bind mount of files that an ignore file excludes.
            IgnoredMount "ignored-mount": Build(ignored_mount::check);
            /// An `include` or `exclude` of a copy that can match nothing.
            UnmatchedPattern "unmatched-pattern";
            /// A `~` at the start of a path that no shell expands.
            TildeInPath "tilde-in-path": Stage(tilde_in_path::check);
            /// Steps for some values of an arg, but none for another value.
            UncoveredValue "uncovered-value": File(uncovered_value::check);
            /// A reference that is not in the lock file.
            UnlockedReference "unlocked-reference";
            /// An entry of the lock file that the build file does not need.
            UnusedLockEntry "unused-lock-entry": Lock(unused_lock_entry::check);
            /// A container's main program, or a service with a port, that runs as root.
            RunsAsRoot "runs-as-root": Plan(runs_as_root::check);
            /// A pipe whose first program may fail unnoticed.
            PipeHidesFailure "pipe-hides-failure": Processes(pipe_hides_failure::check);
            /// A package manager that asks for confirmation, which a step cannot give.
            UnansweredPrompt "unanswered-prompt": Processes(unanswered_prompt::check);
            /// `sudo` in a run step.
            SudoInStep "sudo-in-step": Processes(sudo_in_step::check);
            /// A command for a shell in an image that has none.
            CommandWithoutShell "command-without-shell": Plan(command_without_shell::check);
            /// A name for `--no-cache-filter` that is similar to the name of a stage.
            NearFilterName "near-filter-name": Plan(near_filter_name::check);
            /// A platform other than that of the base stage.
            ContradictingPlatform "contradicting-platform": Plan(contradicting_platform::check);
            /// An `entrypoint` that drops an inherited `cmd` that may be needed.
            DroppedCmd "dropped-cmd": Plan(dropped_cmd::check);
        }
    };
}

pub(crate) use with_rules;
