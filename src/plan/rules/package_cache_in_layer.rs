//! `package-cache-in-layer`: what a package manager has downloaded, left in the image.
//!
//! Looked at are run steps whose layers are in an image that the file is for: what a builder leaves in its
//! own file system gets into no image. npm and its kind keep their caches in a home directory, and clean
//! commands vary: they are left alone.

use super::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::path::is_within;
use crate::plan::{Action, Exec, MountKind};
use crate::spec::{Verb, script};
use crate::text::Text;

/// A package manager that keeps what it downloads.
struct Manager {
    /// Its programs.
    programs: &'static [&'static str],
    /// Subcommands that download.
    downloads: &'static [&'static str],
    /// Options with which nothing is kept.
    options: &'static [&'static str],
    /// Variables that do the same.
    variables: &'static [&'static str],
    /// Subcommands that remove what was kept.
    cleans: &'static [&'static [&'static str]],
    /// Where it is kept.
    directories: &'static [&'static str],
    /// What the path of a mount has in it that stands there for another user.
    elsewhere: &'static [&'static str],
    /// What to do.
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
        hint: "mounts = [{ cache = \"/var/lib/apt\", sharing = \"locked\" }, { cache = \"/var/cache/apt\", sharing = \"locked\" }], \
               or rm -rf /var/lib/apt/lists/* in the same step",
    },
    Manager {
        programs: &["apk"],
        downloads: &["add", "update", "upgrade"],
        options: &["--no-cache"],
        variables: &[],
        cleans: &[&["cache", "clean"], &["cache", "purge"]],
        directories: &["/var/cache/apk", "/etc/apk/cache"],
        elsewhere: &[],
        hint: "apk add --no-cache, or mounts = [{ cache = \"/var/cache/apk\", sharing = \"locked\" }]",
    },
    Manager {
        programs: &["dnf", "dnf5", "yum", "microdnf", "tdnf"],
        downloads: &["install", "update", "upgrade", "groupinstall", "makecache"],
        options: &[],
        variables: &[],
        cleans: &[&["clean", "all"]],
        directories: &["/var/cache/dnf", "/var/cache/yum", "/var/cache/libdnf5"],
        elsewhere: &[],
        hint: "mounts = [{ cache = \"/var/cache/dnf\", sharing = \"locked\" }], or dnf clean all in the same step",
    },
    Manager {
        programs: &["zypper"],
        downloads: &["install", "in", "update", "up", "refresh"],
        options: &[],
        variables: &[],
        cleans: &[&["clean"], &["cc"]],
        directories: &["/var/cache/zypp"],
        elsewhere: &[],
        hint: "mounts = [{ cache = \"/var/cache/zypp\", sharing = \"locked\" }], or zypper clean --all in the same step",
    },
    Manager {
        programs: &["pip", "pip3"],
        downloads: &["install", "wheel", "download"],
        options: &["--no-cache-dir", "--no-cache"],
        variables: &["PIP_NO_CACHE_DIR"],
        cleans: &[&["cache", "purge"]],
        directories: &["/root/.cache/pip"],
        elsewhere: &["/.cache", "pip"],
        hint: "pip install --no-cache-dir, or mounts = [{ cache = \"/root/.cache/pip\" }]",
    },
];

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    for at in subject.shipped_layers() {
        for (written, planned) in subject.steps(at) {
            let Action::Exec(exec) = &planned.action else { continue };
            let (commands, text) = match &written.verb {
                Verb::Run(run) if may_install(&run.script.value.0) => {
                    let text = run.script.value.0.as_str();
                    (script::commands(text), text)
                }
                Verb::Exec(_) => (vec![exec.args.iter().map(Text::to_string).collect()], ""),
                _ => continue,
            };
            for manager in &MANAGERS {
                let Some(program) = manager.leaves_cache(&commands, exec, text) else { continue };
                diagnostics.push(
                    Diagnostic::new(
                        Code::PackageCacheInLayer,
                        planned.span,
                        format!("`{program}` leaves what it downloads in the image"),
                    )
                    .hint(manager.hint),
                );
            }
        }
    }
}

/// Whether it is worth while to look at the commands of a text. One for another interpreter has no
/// commands of a shell in it.
fn may_install(text: &str) -> bool {
    let is_for_shells = match text.strip_prefix("#!") {
        None => true,
        Some(rest) => rest.lines().next().unwrap_or_default().trim_end().ends_with("sh"),
    };
    let mut programs = MANAGERS.iter().flat_map(|manager| manager.programs);
    is_for_shells && programs.any(|program| text.contains(program))
}

impl Manager {
    /// The program that downloads something and leaves it.
    fn leaves_cache<'c>(
        &self,
        commands: &'c [Vec<String>],
        exec: &Exec,
        text: &str,
    ) -> Option<&'c str> {
        let program = commands.iter().find_map(|command| {
            let words = self.words(command)?;
            let keeps = !words.iter().any(|word| self.options.contains(&word.as_str()));
            let downloads = words.iter().any(|word| self.downloads.contains(&word.as_str()));
            (keeps && downloads).then_some(command[0].as_str())
        })?;
        let cleaned = commands.iter().any(|command| self.cleans(command));
        let switched_off = self.variables.iter().any(|variable| {
            exec.environment.get(variable).is_some() || text.contains(&format!("{variable}="))
        });
        (!cleaned && !switched_off && !self.is_mounted(exec)).then_some(program)
    }

    /// The words behind the program, where it is one of this manager's.
    fn words<'c>(&self, command: &'c [String]) -> Option<&'c [String]> {
        let (program, words) = command.split_first()?;
        let name = program.rsplit('/').next()?;
        if self.programs.contains(&name) {
            return Some(words);
        }
        // python -m pip
        let is_python = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') == "python";
        match words {
            [flag, module, rest @ ..] if is_python && flag == "-m" => {
                self.programs.contains(&module.as_str()).then_some(rest)
            }
            _ => None,
        }
    }

    /// Whether a command removes what was kept.
    fn cleans(&self, command: &[String]) -> bool {
        if command.first().is_some_and(|program| program == "rm") {
            return command[1..].iter().any(|path| {
                let path = path.split('*').next().unwrap_or_default().trim_end_matches('/');
                self.directories.iter().any(|directory| is_within(directory, path))
            });
        }
        self.words(command).is_some_and(|words| {
            self.cleans
                .iter()
                .any(|wanted| wanted.iter().all(|wanted| words.iter().any(|word| word == wanted)))
        })
    }

    /// Whether the step sees something else where it is kept.
    fn is_mounted(&self, exec: &Exec) -> bool {
        exec.mounts.iter().any(|mount| {
            let path = mount.destination.as_str();
            matches!(mount.kind, MountKind::Cache { .. } | MountKind::Tmpfs { .. })
                && (self.directories.iter().any(|directory| is_within(directory, path))
                    || self.elsewhere.iter().any(|part| path.contains(part)))
        })
    }
}
