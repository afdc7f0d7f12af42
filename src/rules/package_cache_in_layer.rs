//! `package-cache-in-layer`: downloads of a package manager that remain in the image.
//!
//! Checks only run steps whose layers are in an image that the file is meant to build: the files of
//! a builder stage are in no image. npm and similar tools keep their caches in a home directory,
//! and their commands for cleaning vary: they are not checked.

use super::process::Process;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::path_pattern::is_within;
use crate::plan::{Exec, MountKind};
use crate::source::Span;
use crate::spec::shell::{Command, Word};

/// A package manager that keeps its downloads.
struct Manager {
    /// Its programs.
    programs: &'static [&'static str],
    /// Subcommands that download.
    downloads: &'static [&'static str],
    /// Options with which nothing is kept.
    options: &'static [&'static str],
    /// Variables with the same effect.
    variables: &'static [&'static str],
    /// Subcommands that remove the downloads.
    cleans: &'static [&'static [&'static str]],
    /// The directories in which they are kept.
    directories: &'static [&'static str],
    /// Parts of mount points that contain them for another user.
    elsewhere: &'static [&'static str],
    /// The hint.
    hint: &'static str,
}

const MANAGERS: [Manager; 5] = [
    Manager {
        programs: &["apt-get", "apt", "aptitude"],
        downloads: &["update", "install"],
        options: &[],
        variables: &[],
        cleans: &[&["dist-clean"], &["distclean"]],
        directories: &["/var/lib/apt/lists"],
        elsewhere: &[],
        hint: "add `mounts = [{ cache = \"/var/lib/apt\", sharing = \"locked\" }, { cache = \"/var/cache/apt\", sharing = \"locked\" }]`, or run `rm -rf /var/lib/apt/lists/*` in the same step",
    },
    Manager {
        programs: &["apk"],
        downloads: &["add", "update", "upgrade"],
        options: &["--no-cache"],
        variables: &[],
        cleans: &[&["cache", "clean"], &["cache", "purge"]],
        directories: &["/var/cache/apk", "/etc/apk/cache"],
        elsewhere: &[],
        hint: "use `apk add --no-cache`, or add `mounts = [{ cache = \"/var/cache/apk\", sharing = \"locked\" }]`",
    },
    Manager {
        programs: &["dnf", "dnf5", "yum", "microdnf", "tdnf"],
        downloads: &["install", "update", "upgrade", "groupinstall", "makecache"],
        options: &[],
        variables: &[],
        cleans: &[&["clean", "all"]],
        directories: &["/var/cache/dnf", "/var/cache/yum", "/var/cache/libdnf5"],
        elsewhere: &[],
        hint: "add `mounts = [{ cache = \"/var/cache/dnf\", sharing = \"locked\" }]`, or run `dnf clean all` in the same step",
    },
    Manager {
        programs: &["zypper"],
        downloads: &["install", "in", "update", "up", "refresh"],
        options: &[],
        variables: &[],
        cleans: &[&["clean"], &["cc"]],
        directories: &["/var/cache/zypp"],
        elsewhere: &[],
        hint: "add `mounts = [{ cache = \"/var/cache/zypp\", sharing = \"locked\" }]`, or run `zypper clean --all` in the same step",
    },
    Manager {
        programs: &["pip", "pip3"],
        downloads: &["install", "wheel", "download"],
        options: &["--no-cache-dir", "--no-cache"],
        variables: &["PIP_NO_CACHE_DIR"],
        cleans: &[&["cache", "purge"]],
        directories: &["/root/.cache/pip"],
        elsewhere: &["/.cache", "pip"],
        hint: "use `pip install --no-cache-dir`, or add `mounts = [{ cache = \"/root/.cache/pip\" }]`",
    },
];

/// Checks the steps of a stage whose layers are in an image.
pub(super) fn check(processes: &[Process<'_>], diagnostics: &mut Diagnostics) {
    for process in processes {
        for manager in &MANAGERS {
            let Some((program, span)) = manager.leaves_cache(process) else { continue };
            let message = format!("`{program}` leaves its download cache in the image");
            diagnostics
                .push(Diagnostic::new(Code::PackageCacheInLayer, span, message).hint(manager.hint));
        }
    }
}

impl Manager {
    /// The program whose downloads remain, and its span.
    fn leaves_cache<'p>(&self, process: &'p Process<'_>) -> Option<(&'p str, Span)> {
        let (command, last) = process.commands().iter().find_map(|command| {
            let words = self.words(command)?;
            let has =
                |options: &[&str]| words.iter().find(|word| options.contains(&word.text.as_ref()));
            let download = has(self.downloads).filter(|_| has(self.options).is_none())?;
            Some((command, download))
        })?;
        let cleaned = process.commands().iter().any(|command| self.cleans(command));
        let switched_off = self.variables.iter().any(|variable| {
            process.exec.environment.get(variable).is_some()
                || process.text().contains(&format!("{variable}="))
        });
        if cleaned || switched_off || self.is_mounted(process.exec) {
            return None;
        }
        let first = command.words.first()?;
        Some((first.text.as_ref(), process.span(first.range.start..last.range.end)))
    }

    /// The words after the program, if it is one of this manager's.
    fn words<'c>(&self, command: &'c Command<'_>) -> Option<&'c [Word<'c>]> {
        let (_, words) = command.words.split_first()?;
        let name = command.program();
        if self.programs.contains(&name) {
            return Some(words);
        }
        // python -m pip
        let is_python = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') == "python";
        match words {
            [flag, module, rest @ ..] if is_python && flag.text == "-m" => {
                self.programs.contains(&module.text.as_ref()).then_some(rest)
            }
            _ => None,
        }
    }

    /// True if a command removes the downloads.
    fn cleans(&self, command: &Command<'_>) -> bool {
        if command.program() == "rm" {
            return command.arguments().any(|path| {
                let path = path.split('*').next().unwrap_or_default().trim_end_matches('/');
                self.directories.iter().any(|directory| is_within(directory, path))
            });
        }
        self.words(command).is_some_and(|words| {
            self.cleans.iter().any(|wanted| {
                wanted.iter().all(|wanted: &&str| words.iter().any(|word| word.text == *wanted))
            })
        })
    }

    /// True if the step has a mount at the place of the downloads.
    fn is_mounted(&self, exec: &Exec) -> bool {
        exec.mounts.iter().any(|mount| {
            let path = mount.destination.as_str();
            matches!(mount.kind, MountKind::Cache { .. } | MountKind::Tmpfs { .. })
                && (self.directories.iter().any(|directory| is_within(directory, path))
                    || self.elsewhere.iter().any(|part| path.contains(part)))
        })
    }
}
