//! Advisory rules: they find parts of a build file that are valid, but probably not intended.
//!
//! A rule is a file here, a line in `table.rs` and a page in `docs/rules`, which is its test. Input:
//! the results of the stages of the compiler, from the parsed build file to the plan. Output:
//! warnings. Each function here is called when its input is available, and runs the rules that need
//! nothing more.
//!
//! A few rules need facts that exist only for a moment, such as a name while it is resolved. The
//! code that has them calls these rules; to avoid circular dependencies, such a rule must not
//! depend on the parser in `spec` or on `plan`.

mod bare_dollar;
pub(crate) mod base_image_platform;
mod clash_in_parallel;
mod command_without_shell;
mod comment_in_command;
mod constant_platform;
mod contradicting_platform;
mod copy_in_cache_mount;
mod credentials_in_url;
mod cross_build_without_target;
mod declared;
mod dockerfile_instruction;
mod dropped_cmd;
mod empty_continuation;
pub(crate) mod foreign_platform;
mod ignored_copy;
mod ignored_mount;
mod invalid_default_in_from;
pub(crate) mod linked_into_special;
mod literal_substitution;
pub(crate) mod misplaced_key;
mod mode_without_search;
mod near_filter_name;
pub(crate) mod near_platform;
pub(crate) mod near_stage_name;
mod not_an_archive;
mod package_cache_in_layer;
mod parallel_in_order;
mod pipe_hides_failure;
mod process;
mod redundant_platform;
mod relative_workdir;
mod report_in_mount;
mod reserved_stage_name;
mod runs_as_root;
mod script;
mod secret_in_env;
mod several_paths_in_one;
pub(crate) mod shadowed_arg;
mod shell_form_command;
pub(crate) mod skipped_requires;
mod subject;
mod sudo_in_step;
mod table;
mod tilde_in_path;
mod toolchain_in_image;
mod unanswered_prompt;
mod uncovered_value;
pub(crate) mod undeclared_build_arg;
pub(crate) mod unknown_rule;
mod unknown_variable;
pub(crate) mod unlocked_reference;
pub(crate) mod unmatched_pattern;
mod unreached_stage;
mod untagged_image;
mod unused_arg;
mod unused_lock_entry;
mod unused_mounts;
mod unused_silence;
mod unused_source;
mod write_in_mount;

use self::declared::Declared;
use self::process::Process;
use self::script::{Script, Shells};
use self::subject::Subject;
pub(crate) use self::table::with_rules;
use crate::diagnostic::{Code, Diagnostics};
use crate::lock::Lock;
use crate::lower::Engine;
use crate::plan::{Plan, Selection};
use crate::spec::{Spec, Stage, StageName, Verb};

/// The moment at which a rule runs, and its function.
enum When {
    /// After the build file has been read.
    File(fn(&Spec, &mut Diagnostics)),
    /// The same, for each stage.
    Stage(fn(&StageName, &Stage, &mut Diagnostics)),
    /// The same, for the text of each run step.
    Script(fn(&Script<'_>, &mut Diagnostics)),
    /// After the stages of the build have been selected.
    Selection(fn(&Selection<'_>, &mut Diagnostics)),
    /// After all values are known.
    Plan(fn(&Subject<'_>, &mut Diagnostics)),
    /// The same, for the processes of each stage that has any.
    Processes(fn(&[Process<'_>], &mut Diagnostics)),
    /// The same, for stages whose layers are in an image that the file is meant to build.
    ShippedProcesses(fn(&[Process<'_>], &mut Diagnostics)),
    /// After the transfers of the build context and the engine's features are known.
    Build(fn(&Build<'_>, &mut Diagnostics)),
    /// After the lock file has also been read.
    Lock(fn(&Lock, &Spec, &mut Diagnostics)),
}

/// A plan with the client's and the engine's data.
struct Build<'a> {
    plan: &'a Plan,
    /// The patterns of the ignore file and of the build file. Empty if the context is not a
    /// directory of the client.
    ignore: &'a [String],
    engine: &'a Engine,
}

macro_rules! rules {
    ($(
        $(#[doc = $doc:literal])+
        $Rule:ident $name:literal $(: $($when:ident($check:path))+)?;
    )+) => {
        /// The functions of every rule.
        const RULES: &[(Code, &[When])] =
            &[$((Code::$Rule, &[$($(When::$when($check)),+)?])),+];
    };
}

with_rules! { rules! {} }

/// All functions, in the order of the table.
fn all() -> impl Iterator<Item = &'static When> {
    RULES.iter().flat_map(|(_, checks)| *checks)
}

/// Runs the rules that need only the build file. Rules about a single stage run stage by stage,
/// because a large file exceeds a processor's cache. A file with errors is not checked.
pub fn check_file(spec: &Spec, diagnostics: &mut Diagnostics) {
    if !spec.is_whole() {
        return;
    }
    let declared = Declared::new(spec);
    let shells = Shells::new(spec);
    for (name, stage) in &spec.stages {
        for step in stage.all_steps() {
            let Verb::Run(run) = &step.verb else { continue };
            let script = Script::new(run, shells.is_posix(name, run), &declared);
            for when in all() {
                if let When::Script(check) = when {
                    check(&script, diagnostics);
                }
            }
        }
        for when in all() {
            if let When::Stage(check) = when {
                check(name, stage, diagnostics);
            }
        }
    }
    for when in all() {
        if let When::File(check) = when {
            check(spec, diagnostics);
        }
    }
}

/// Runs the rules about a lock file.
pub fn check_lock(lock: &Lock, spec: &Spec, diagnostics: &mut Diagnostics) {
    for when in all() {
        if let When::Lock(check) = when {
            check(lock, spec, diagnostics);
        }
    }
}

/// Runs the rules about the selected stages, before any lookups.
pub fn check_selection(selection: &Selection<'_>, diagnostics: &mut Diagnostics) {
    for when in all() {
        if let When::Selection(check) = when {
            check(selection, diagnostics);
        }
    }
}

/// Runs the rules about values: meanings of names, configs of images, destinations of files.
pub fn check_plan(selection: &Selection<'_>, plan: &Plan, diagnostics: &mut Diagnostics) {
    let subject = Subject { selection, plan };
    for when in all() {
        if let When::Plan(check) = when {
            check(&subject, diagnostics);
        }
    }
    let shipped = subject.shipped_layers();
    for (at, _) in subject.stages() {
        // Each script is parsed once for all rules about it.
        let processes: Vec<Process<'_>> = subject.processes(at).collect();
        if processes.is_empty() {
            continue;
        }
        for when in all() {
            match when {
                When::Processes(check) => check(&processes, diagnostics),
                When::ShippedProcesses(check) if shipped.contains(&at) => {
                    check(&processes, diagnostics);
                }
                _ => {}
            }
        }
    }
}

/// Runs the rules about the transfer of the build context, and about the engine's features.
/// `ignore` are the patterns of the ignore file and of the build file; empty if the context is not
/// a directory of the client.
pub fn check_build(plan: &Plan, ignore: &[String], engine: &Engine, diagnostics: &mut Diagnostics) {
    let build = Build { plan, ignore, engine };
    for when in all() {
        if let When::Build(check) = when {
            check(&build, diagnostics);
        }
    }
}

/// Warns about comments that silence nothing. Must run after all other rules.
pub fn check_silences(diagnostics: &mut Diagnostics, is_own: impl Fn(crate::source::Span) -> bool) {
    unused_silence::check(diagnostics, is_own);
}
