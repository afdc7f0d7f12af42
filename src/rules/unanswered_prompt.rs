//! `unanswered-prompt`: a package manager that asks for confirmation.
//!
//! A step has no terminal and empty input: the package manager interprets that as a no, and the
//! build fails as soon as there is something to confirm.

use super::process::Process;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::shell::{Command, End};

/// A package manager that asks for confirmation.
struct Manager {
    programs: &'static [&'static str],
    /// Subcommands that ask.
    asking: &'static [&'static str],
    /// Options that answer.
    options: &'static [&'static str],
    /// Letters of short options with the same effect.
    letters: &'static str,
    /// The hint.
    hint: &'static str,
}

const MANAGERS: [Manager; 5] = [
    Manager {
        programs: &["apt-get", "apt", "aptitude"],
        asking: &[
            "install",
            "reinstall",
            "upgrade",
            "dist-upgrade",
            "full-upgrade",
            "remove",
            "purge",
            "autoremove",
            "build-dep",
            "satisfy",
        ],
        options: &[
            "--yes",
            "--assume-yes",
            "--force-yes",
            "--assume-no",
            "--simulate",
            "--dry-run",
            "--just-print",
            "--no-act",
            "--print-uris",
            "--help",
            "-q=2",
        ],
        letters: "ysh",
        hint: "apt-get install -y",
    },
    Manager {
        programs: &["dnf", "dnf5", "yum", "tdnf"],
        asking: &[
            "install",
            "reinstall",
            "localinstall",
            "groupinstall",
            "update",
            "upgrade",
            "downgrade",
            "remove",
            "erase",
            "autoremove",
            "builddep",
            "swap",
            "distro-sync",
        ],
        options: &["--assumeyes", "--assumeno", "--help"],
        letters: "yh",
        hint: "dnf install -y",
    },
    Manager {
        programs: &["zypper"],
        asking: &["install", "in", "update", "up", "dist-upgrade", "dup", "patch", "remove", "rm"],
        options: &["--non-interactive", "--no-confirm", "--dry-run", "--help"],
        letters: "nyh",
        hint: "zypper --non-interactive install",
    },
    Manager {
        programs: &["pacman"],
        asking: &[
            "-S", "-Sy", "-Syu", "-Su", "-Syyu", "-R", "-Rs", "-Rns", "-U", "--sync", "--remove",
        ],
        options: &["--noconfirm", "--help", "--print"],
        letters: "",
        hint: "pacman --noconfirm -S",
    },
    Manager {
        programs: &["conda", "mamba"],
        asking: &["install", "create", "update", "upgrade", "remove", "uninstall"],
        options: &["--yes", "--dry-run", "--help"],
        letters: "ydh",
        hint: "conda install -y",
    },
];

pub(super) fn check(processes: &[Process<'_>], diagnostics: &mut Diagnostics) {
    // A setting that answers all later questions.
    if processes.iter().any(|process| process.text().contains("Assume-Yes")) {
        return;
    }
    for process in processes {
        let mut is_fed = false;
        for command in process.commands() {
            let is_answered = std::mem::replace(&mut is_fed, command.end == End::Pipe);
            let Some(manager) = Manager::that_asks(command).filter(|_| !is_answered) else {
                continue;
            };
            let message =
                format!("`{}` asks for confirmation, but a build cannot answer", command.program());
            diagnostics.push(
                Diagnostic::new(Code::UnansweredPrompt, process.span_of_program(command), message)
                    .hint(manager.hint),
            );
        }
    }
}

impl Manager {
    fn that_asks(command: &Command<'_>) -> Option<&'static Manager> {
        let program = command.program();
        let manager = MANAGERS.iter().find(|manager| manager.programs.contains(&program))?;
        let asks = command.arguments().any(|word| manager.asking.contains(&word));
        // `conda env create` does not ask.
        let is_other = command.arguments().next() == Some("env");
        let answers = |word: &str| {
            let is_short = word.starts_with('-') && !word.starts_with("--");
            manager.options.contains(&word)
                || manager.letters.chars().any(|letter: char| is_short && word.contains(letter))
                || is_short && word.contains("qq")
        };
        (asks && !is_other && !command.arguments().any(answers)).then_some(manager)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::shell;

    #[test]
    fn who_asks() {
        for (text, asks) in [
            ("apt-get install curl", true),
            ("apt-get -q install curl", true),
            ("sudo apt upgrade", true),
            ("apt-get install -yq curl", false),
            ("apt-get -qq install curl", false),
            ("apt-get --assume-yes install curl", false),
            ("apt-get update", false),
            ("yum install gcc", true),
            ("dnf -y install gcc", false),
            ("zypper -n in gcc", false),
            ("zypper in gcc", true),
            ("pacman -Syu gcc", true),
            ("pacman -S --noconfirm gcc", false),
            ("conda env create -f x", false),
            ("conda install x", true),
            ("apk add x", false),
        ] {
            let commands = shell::read(text).commands;
            assert_eq!(Manager::that_asks(&commands[0]).is_some(), asks, "{text}");
        }
    }
}
