//! `clash-in-parallel`: two branches of a `parallel` step that change the same files of the system.
//!
//! Branches are merged file by file, and the last one wins: of two that install packages, or that make
//! users, the list of one is lost, without an error.

use std::collections::BTreeMap;

use super::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::{Action, Exec};
use crate::source::Span;
use crate::spec::{Verb, script};

/// Programs that write the same file, and what is lost of it.
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

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    let branching = |&(at, _): &(usize, _)| !subject.plan.stages[at].forks.is_empty();
    for (at, _) in subject.stages().filter(branching) {
        // Who was the first to write each file, by the fork that it is in.
        let mut first: BTreeMap<(usize, usize), (usize, Span)> = BTreeMap::new();
        for (written, planned) in subject.steps(at) {
            let (Some(branch), Action::Exec(exec)) = (planned.branch, &planned.action) else {
                continue;
            };
            for (kind, program) in programs(&written.verb, exec) {
                let entry =
                    first.entry((branch.fork, kind)).or_insert((branch.number, planned.span));
                if entry.0 == branch.number {
                    continue;
                }
                diagnostics.push(
                    Diagnostic::new(
                        Code::ClashInParallel,
                        planned.span,
                        format!("`{program}` changes {}, and so does another branch: only the last is kept", CLASHES[kind].1),
                    )
                    .hint("do it in one branch, or before the branches")
                    .related(entry.1, "the other branch"),
                );
            }
        }
    }
}

/// The programs of a step that write such a file, each kind once.
fn programs(verb: &Verb, exec: &Exec) -> BTreeMap<usize, String> {
    let commands = match verb {
        Verb::Run(run) => script::commands(&run.script.value.0),
        Verb::Exec(_) => vec![exec.args.iter().take(1).map(|word| word.to_string()).collect()],
        _ => Vec::new(),
    };
    let mut found = BTreeMap::new();
    for program in commands.iter().filter_map(|command| command.first()) {
        let name = program.rsplit('/').next().unwrap_or(program);
        if let Some(kind) = CLASHES.iter().position(|(programs, _)| programs.contains(&name)) {
            found.entry(kind).or_insert_with(|| name.to_owned());
        }
    }
    found
}
