//! `write-in-mount`: files written to a directory that a mount hides.
//!
//! Files that a run step writes to a cache or a tmpfs are in no layer. There are two findings: a
//! file that is copied from a directory of a stage in which its run steps have such a mount, and a
//! file that a step writes to a mount that its stage has inherited, so that it is not visible in
//! the step. A file that the same text uses later is left alone, because losing it is intended.

use std::collections::BTreeMap;

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::path_pattern::is_within;
use crate::plan::Origin;
use crate::plan::{Action, Copy, Exec, MountKind, PlannedMount, StageId, join};
use crate::source::Span;
use crate::spec::{Verb, script};
use crate::text::Text;

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    for (at, selected) in subject.stages() {
        if selected.stage.mounts.is_none() && matches!(subject.base(at), Origin::Stage(_)) {
            check_writes(subject, at, diagnostics);
        }
    }
    check_copies(subject, diagnostics);
}

/// True if files written to it are in no layer.
fn is_lost(mount: &PlannedMount) -> bool {
    matches!(mount.kind, MountKind::Cache { .. } | MountKind::Tmpfs { .. })
}

// === Written files ===

fn check_writes(subject: &Subject<'_>, at: StageId, diagnostics: &mut Diagnostics) {
    let inherited = &subject.plan.stages[at].mounts;
    if !inherited.iter().any(is_lost) {
        return;
    }
    let texts: Vec<(Span, &str)> = subject
        .steps(at)
        .filter_map(|(written, planned)| match &written.verb {
            Verb::Run(run) => Some((planned.span, run.script.value.0.as_str())),
            _ => None,
        })
        .collect();
    for (written, planned) in subject.steps(at) {
        let (Action::Exec(exec), Verb::Run(run)) = (&planned.action, &written.verb) else {
            continue;
        };
        let text = run.script.value.0.as_str();
        if text.starts_with("#!") {
            continue;
        }
        let commands = script::commands(text);
        let paths = all_paths(&commands, &exec.workdir);
        // A cache may also be meant for other steps.
        let in_others = |path: &str| {
            let mut others = texts.iter().filter(|(span, _)| *span != planned.span);
            others.any(|(_, text)| text.contains(path))
        };
        let found = commands.iter().flat_map(|command| written_by(command)).find_map(|word| {
            let path = path_of(word, &exec.workdir)?;
            let mount = exec.mounts.iter().find(|mount| {
                is_lost(mount) && mount.destination != path && is_within(&path, &mount.destination)
            })?;
            let is_inherited = inherited.iter().any(|known| known.destination == mount.destination);
            // A path that occurs again, itself or below a directory, is used here.
            let uses = paths.iter().filter(|other| {
                is_within(other, &path)
                    || is_within(&path, other) && is_within(other, &mount.destination)
            });
            let is_cache = matches!(mount.kind, MountKind::Cache { .. });
            let is_used = uses.count() > 1 || is_cache && in_others(&path);
            (is_inherited && !is_used).then_some((path, mount))
        });
        let Some((path, mount)) = found else { continue };
        let kind = if matches!(mount.kind, MountKind::Tmpfs { .. }) { "tmpfs" } else { "cache" };
        let message = format!(
            "`{path}` is written to the inherited {kind} at `{}`: it is not part of any layer",
            mount.destination
        );
        diagnostics.push(
            Diagnostic::new(Code::WriteInMount, planned.span, message)
                .hint("write to another path, or set the stage's own mounts: `mounts = []` removes the inherited ones"),
        );
    }
}

/// The words of a command that name files which it writes.
fn written_by(command: &[String]) -> Vec<&str> {
    let mut found = Vec::new();
    let program =
        command.first().map_or("", |program| program.rsplit('/').next().unwrap_or(program));
    let mut words = command.iter().map(String::as_str).peekable();
    while let Some(word) = words.next() {
        let redirected = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix('>');
        if let Some(target) = redirected {
            let target = target.trim_start_matches(['>', '|']);
            found.extend(if target.is_empty() { words.peek().copied() } else { Some(target) });
        } else if matches!(word, "--output" | "--output-document") || is_output(program, word) {
            found.extend(words.peek().copied());
        } else {
            let values = ["--output=", "--prefix=", "DESTDIR="];
            found.extend(values.iter().find_map(|option| word.strip_prefix(option)));
        }
    }
    let mut names =
        command.iter().skip(1).map(String::as_str).filter(|word| !word.starts_with(['-', '>']));
    match program {
        "touch" | "tee" | "mkdir" => found.extend(names),
        "cp" | "mv" | "install" | "ln" => found.extend(names.next_back()),
        _ => {}
    }
    found
}

/// True if an option of a program, alone or the last of several in one word, is followed by the
/// name of an output file.
fn is_output(program: &str, word: &str) -> bool {
    let option = match program {
        // For curl, `-O` takes no name.
        "wget" => 'O',
        "tar" => 'C',
        "unzip" => 'd',
        _ => 'o',
    };
    word.starts_with('-') && !word.starts_with("--") && word.ends_with(option)
}

/// All words of a text that are paths.
fn all_paths(commands: &[Vec<String>], workdir: &Text) -> Vec<Text> {
    let words = commands.iter().flatten();
    words
        .filter_map(|word| {
            let word = word
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .trim_start_matches(['>', '<', '|']);
            let word = word.split_once('=').map_or(word, |(_, value)| value);
            path_of(word, workdir)
        })
        .collect()
}

/// The absolute path for a word. `None` for an option, and if it depends on the shell.
fn path_of(word: &str, workdir: &Text) -> Option<Text> {
    let is_computed = word.contains(['$', '*', '?', '`', '~', '{']);
    (!word.is_empty() && !word.starts_with('-') && !is_computed)
        .then(|| join(workdir, &Text::from(word)))
}

// === Copied files ===

fn check_copies(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    // For each stage, the mount points in its run steps, with the first of these steps.
    let mut hidden: BTreeMap<StageId, BTreeMap<&str, Span>> = BTreeMap::new();
    for (at, stage) in subject.plan.stages.enumerate() {
        let execs = stage.steps.iter().filter_map(|step| match &step.action {
            Action::Exec(exec) => Some((step.span, exec)),
            _ => None,
        });
        for (span, exec) in execs {
            for mount in exec.mounts.iter().filter(|mount| is_lost(mount)) {
                hidden.entry(at).or_default().entry(&mount.destination).or_insert(span);
            }
        }
    }
    if hidden.is_empty() {
        return;
    }
    for stage in &subject.plan.stages {
        for step in &stage.steps {
            let Action::Copy(copy) = &step.action else { continue };
            let Origin::Stage(from) = copy.origin else { continue };
            let Some(mounts) = hidden.get(&from) else { continue };
            let found = copy.items.iter().find_map(|item| {
                let (mount, span) =
                    mounts.iter().find(|(mount, _)| is_within(&item.source, mount))?;
                (!is_made_otherwise(subject, from, &item.source, mount))
                    .then_some((item, mount, span))
            });
            let Some((item, _, &span)) = found else { continue };
            let message = format!(
                "`{}` is a mount in run steps of `{}`: files written there are not part of any layer",
                item.source,
                subject.name(from)
            );
            diagnostics.push(
                Diagnostic::new(Code::WriteInMount, step.span, message)
                    .hint("copy the file out of the mount in the step that writes it, for example `cp FILE /out/`, and copy it from there")
                    .related(span, "a step with the mount"),
            );
        }
    }
}

/// True if anything other than a step with the mount may have created the path: a copy, or a
/// process without the mount that names it.
fn is_made_otherwise(subject: &Subject<'_>, at: StageId, path: &str, mount: &str) -> bool {
    let mut stage = Some(at);
    while let Some(at) = stage {
        for (written, planned) in subject.steps(at) {
            let makes = match &planned.action {
                Action::Exec(exec) => {
                    let sees_mount = exec.mounts.iter().any(|other| other.destination == mount);
                    !sees_mount && may_write(exec, &written.verb, mount)
                }
                action => {
                    // The build context probably does not contain build results.
                    let from_context = matches!(action, Action::Copy(copy) if is_own(copy));
                    action
                        .destinations()
                        .any(|to| is_within(to, mount) || !from_context && is_within(path, to))
                }
            };
            if makes {
                return true;
            }
        }
        stage = match subject.base(at) {
            Origin::Stage(below) => Some(below),
            // The files of an image are unknown.
            Origin::Image(_) | Origin::Named(_) | Origin::Context | Origin::Scratch => None,
        };
    }
    false
}

fn is_own(copy: &Copy) -> bool {
    matches!(copy.origin, Origin::Context)
}

/// True if a process may write to a directory: it runs there, or its text names it.
fn may_write(exec: &Exec, verb: &Verb, directory: &str) -> bool {
    let by_text = match verb {
        Verb::Run(run) => names(&run.script.value.0, directory),
        _ => exec.args.iter().any(|word| names(word, directory)),
    };
    by_text || is_within(&exec.workdir, directory)
}

fn names(text: &str, directory: &str) -> bool {
    text.contains(directory)
}
