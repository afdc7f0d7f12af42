//! Advisory rules: what a build says that is not wrong, and very likely not meant.
//!
//! A rule is a file here, a line in [`table`] and a page in `docs/rules`, which is its test. Input: what a stage of the
//! compiler has made, from the build file as it is written to the plan. Output: warnings. Each function here is called
//! when that is there, and runs the rules that need no more.
//!
//! A few rules need what is known for a moment only, such as a name while it is resolved. The code that has it calls
//! them; so that no two files need each other, such a rule must not depend on `spec`'s reading or on `plan`.

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

/// The moment at which a rule runs, and the function that looks.
enum When {
    /// Once the build file is read.
    File(fn(&Spec, &mut Diagnostics)),
    /// The same, for each stage.
    Stage(fn(&StageName, &Stage, &mut Diagnostics)),
    /// The same, for the text of each run step.
    Script(fn(&Script<'_>, &mut Diagnostics)),
    /// Once it is known which stages are built.
    Selection(fn(&Selection<'_>, &mut Diagnostics)),
    /// Once all values are known.
    Plan(fn(&Subject<'_>, &mut Diagnostics)),
    /// The same, for the processes of each stage that has any.
    Processes(fn(&[Process<'_>], &mut Diagnostics)),
    /// The same, for stages whose layers are in an image that the file is for.
    ShippedProcesses(fn(&[Process<'_>], &mut Diagnostics)),
    /// Once it is known what is sent of the build context and what the engine can do.
    Build(fn(&Build<'_>, &mut Diagnostics)),
    /// Once the lock file is read, too.
    Lock(fn(&Lock, &Spec, &mut Diagnostics)),
}

/// A plan with what the client and the engine do with it.
struct Build<'a> {
    plan: &'a Plan,
    /// The patterns of the ignore file and of the build file. None where the context is no directory of the client.
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

/// Everything that runs, in the order of the table.
fn all() -> impl Iterator<Item = &'static When> {
    RULES.iter().flat_map(|(_, checks)| *checks)
}

/// Runs the rules that need nothing but the build file. What looks at one stage alone does so stage by stage: a large
/// file is more than a processor has at hand. A file with errors is left alone.
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

/// Runs the rules that look at a lock file.
pub fn check_lock(lock: &Lock, spec: &Spec, diagnostics: &mut Diagnostics) {
    for when in all() {
        if let When::Lock(check) = when {
            check(lock, spec, diagnostics);
        }
    }
}

/// Runs the rules that look at what is built, before anything is looked up.
pub fn check_selection(selection: &Selection<'_>, diagnostics: &mut Diagnostics) {
    for when in all() {
        if let When::Selection(check) = when {
            check(selection, diagnostics);
        }
    }
}

/// Runs the rules that look at values: what a name means, what an image is, where a file ends up.
pub fn check_plan(selection: &Selection<'_>, plan: &Plan, diagnostics: &mut Diagnostics) {
    let subject = Subject { selection, plan };
    for when in all() {
        if let When::Plan(check) = when {
            check(&subject, diagnostics);
        }
    }
    let shipped = subject.shipped_layers();
    for (at, _) in subject.stages() {
        // Each script is read once for all rules that look into it.
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

/// Runs the rules that look at what is sent of the build context, and at what the engine can do. `ignore` are the
/// patterns of the ignore file and of the build file, and none where the context is no directory of the client.
pub fn check_build(plan: &Plan, ignore: &[String], engine: &Engine, diagnostics: &mut Diagnostics) {
    let build = Build { plan, ignore, engine };
    for when in all() {
        if let When::Build(check) = when {
            check(&build, diagnostics);
        }
    }
}

/// Tells which comments silence nothing, after everything that rules can find was looked for.
pub fn check_silences(diagnostics: &mut Diagnostics, is_own: impl Fn(crate::source::Span) -> bool) {
    unused_silence::check(diagnostics, is_own);
}
