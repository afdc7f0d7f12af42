//! `clash-in-parallel`: two branches of a `parallel` step that change the same system files.
//!
//! Branches are merged file by file, and the last one wins: of two branches that install packages,
//! or that create users, the list of one is silently lost.

use std::collections::BTreeMap;

use super::process::Process;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;

/// Programs that write the same file, and the data that is lost.
const CLASHES: [(&[&str], &str); 5] = [
    (&["apt-get", "apt", "aptitude", "dpkg"], "the list of installed packages"),
    (&["apk"], "the list of installed packages"),
    (
        &["dnf", "dnf5", "yum", "microdnf", "tdnf", "zypper", "rpm"],
        "the list of installed packages",
    ),
    (&["pacman"], "the list of installed packages"),
    (
        &["useradd", "adduser", "usermod", "groupadd", "addgroup", "groupmod"],
        "the list of users and groups",
    ),
];

pub(super) fn check(processes: &[Process<'_>], diagnostics: &mut Diagnostics) {
    // The first branch to write each file, by fork.
    let mut first: BTreeMap<(usize, usize), (usize, Span)> = BTreeMap::new();
    for process in processes {
        let Some(branch) = process.planned.branch else { continue };
        for (kind, program, span) in programs(process) {
            let entry = first.entry((branch.fork, kind)).or_insert((branch.number, span));
            if entry.0 == branch.number {
                continue;
            }
            let what = CLASHES[kind].1;
            diagnostics.push(
                Diagnostic::new(
                    Code::ClashInParallel,
                    span,
                    format!("`{program}` changes {what}, but so does another branch: only the last change is kept"),
                )
                .hint("move both into one branch, or before the parallel step")
                .related(entry.1, "the other branch"),
            );
        }
    }
}

/// The programs of a step that write such a file, one of each kind.
fn programs<'p>(process: &'p Process<'_>) -> Vec<(usize, &'p str, Span)> {
    let mut found: Vec<(usize, &str, Span)> = Vec::new();
    for command in process.commands() {
        let program = command.program();
        let Some(kind) = CLASHES.iter().position(|(programs, _)| programs.contains(&program))
        else {
            continue;
        };
        if found.iter().all(|&(known, ..)| known != kind) {
            found.push((kind, program, process.span_of_program(command)));
        }
    }
    found
}
