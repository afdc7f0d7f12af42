//! Runs a command with a time limit, and includes all its output in the message if it fails.

#![expect(clippy::disallowed_methods, reason = "the tests of real engines start processes")]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{self, ExitStatus, Stdio};
use std::time::Duration;

use super::running::Running;

/// The complete environment of a command.
pub(crate) type Environment = BTreeMap<OsString, OsString>;

/// A command that has not been run yet.
pub(crate) struct Command {
    words: Vec<OsString>,
    environment: Option<Environment>,
    directory: Option<PathBuf>,
    input: Option<String>,
    limit: Duration,
    shows_stderr: bool,
    is_group: bool,
}

/// A command that has ended, successfully or not.
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    /// The command as a person would type it.
    pub(crate) line: String,
}

impl Command {
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Self {
            words: vec![program.into()],
            environment: None,
            directory: None,
            input: None,
            limit: Duration::from_secs(120),
            shows_stderr: false,
            is_group: false,
        }
    }

    pub(crate) fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.words.push(arg.into());
        self
    }

    pub(crate) fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.words.extend(args.into_iter().map(Into::into));
        self
    }

    pub(crate) fn environment(mut self, environment: &Environment) -> Self {
        self.environment = Some(environment.clone());
        self
    }

    pub(crate) fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Sets its standard input, which is empty by default.
    pub(crate) fn input(mut self, text: impl Into<String>) -> Self {
        self.input = Some(text.into());
        self
    }

    pub(crate) fn minutes(mut self, minutes: u64) -> Self {
        self.limit = Duration::from_secs(60 * minutes);
        self
    }

    /// Shows its standard error while it runs.
    pub(crate) fn shows_stderr(mut self) -> Self {
        self.shows_stderr = true;
        self
    }

    /// Runs it in a process group, so that [`Running::signal`] reaches all its processes but an
    /// interrupt from the keyboard does not.
    pub(crate) fn in_group(mut self) -> Self {
        self.is_group = true;
        self
    }

    /// Runs it, with any exit status.
    pub(crate) fn finish(self) -> Result<Finished, String> {
        self.start()?.finish()
    }

    /// Starts it.
    pub(crate) fn start(self) -> Result<Running, String> {
        let line = self.words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        let mut command = process::Command::new(self.program());
        command.args(&self.words[1..]).stdout(Stdio::piped());
        command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stderr(if self.shows_stderr { Stdio::inherit() } else { Stdio::piped() });
        if self.is_group {
            command.process_group(0);
        }
        if let Some(environment) = &self.environment {
            command.env_clear().envs(environment);
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        Running::start(command, line, self.input, self.limit)
    }

    /// The program. Its name alone, together with a `PATH` for it, would make the standard library
    /// copy this process for each command, which takes long once it has the files of many images.
    fn program(&self) -> OsString {
        let name = &self.words[0];
        let path = self.environment.as_ref().and_then(|of| of.get(OsStr::new("PATH")));
        let has_directory = Path::new(name).components().count() > 1;
        let places = path.iter().flat_map(std::env::split_paths).map(|place| place.join(name));
        let found = places.filter(|_| !has_directory).find(|place| place.is_file());
        found.map_or_else(|| name.clone(), PathBuf::into_os_string)
    }

    /// Runs it; the error contains its output if it failed.
    pub(crate) fn attempt(self) -> Result<Finished, String> {
        let finished = self.finish()?;
        if finished.status.success() { Ok(finished) } else { Err(finished.report("failed")) }
    }

    /// Runs it, and fails the test if it fails.
    #[track_caller]
    pub(crate) fn run(self) -> Finished {
        match self.attempt() {
            Ok(finished) => finished,
            Err(report) => panic!("{report}"),
        }
    }
}

impl Finished {
    /// Its standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    pub(super) fn report(&self, what: &str) -> String {
        let mut report = format!("{}\n{what} ({})", self.line, self.status);
        for (name, text) in [("output", &self.text()), ("errors", &self.stderr)] {
            if !text.is_empty() {
                let _ = write!(report, "\n--- {name}\n{}", text.trim_end());
            }
        }
        report
    }
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.into_owned()
    } else {
        format!("'{word}'")
    }
}
