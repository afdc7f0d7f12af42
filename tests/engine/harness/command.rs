//! Running a command: bounded in time, and with everything it said in the message when it fails.

#![expect(
    clippy::disallowed_methods,
    reason = "the tests of real engines start processes, and bound their time"
)]

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{self, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The variables that a command gets: these and no others.
pub(crate) type Environment = BTreeMap<OsString, OsString>;

/// A command that has not been run yet.
pub(crate) struct Command {
    words: Vec<OsString>,
    environment: Option<Environment>,
    directory: Option<PathBuf>,
    input: Option<String>,
    limit: Duration,
    shows_stderr: bool,
}

/// A command that has ended, well or not.
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

    /// What it reads from its standard input, which is empty otherwise.
    pub(crate) fn input(mut self, text: impl Into<String>) -> Self {
        self.input = Some(text.into());
        self
    }

    pub(crate) fn minutes(mut self, minutes: u64) -> Self {
        self.limit = Duration::from_secs(60 * minutes);
        self
    }

    /// Lets the person who waits see what the command says meanwhile.
    pub(crate) fn shows_stderr(mut self) -> Self {
        self.shows_stderr = true;
        self
    }

    /// Runs it, whatever its exit status is.
    pub(crate) fn finish(self) -> Result<Finished, String> {
        let line = self.words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        let mut command = process::Command::new(&self.words[0]);
        command.args(&self.words[1..]).stdout(Stdio::piped());
        command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stderr(if self.shows_stderr { Stdio::inherit() } else { Stdio::piped() });
        if let Some(environment) = &self.environment {
            command.env_clear().envs(environment);
        }
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        let mut child = command.spawn().map_err(|err| format!("{line}\ndoes not start: {err}"))?;

        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), self.input) {
            // A command that does not read it all has its reasons.
            std::thread::spawn(move || stdin.write_all(input.as_bytes()));
        }
        let deadline = Instant::now() + self.limit;
        let (closed, both_closed) = channel();
        let stdout = collect(child.stdout.take(), closed.clone());
        let stderr = collect(child.stderr.take(), closed);
        let mut in_time = true;
        for _ in 0..2 {
            // An error that is no timeout cannot be: each reader sends once.
            in_time &= both_closed
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
                .is_ok();
        }
        if !in_time {
            // It may have ended by itself in between.
            let _ = child.kill();
        }
        let status = child.wait().map_err(|err| format!("{line}\ncannot be waited for: {err}"))?;
        let stderr = String::from_utf8_lossy(&taken(&stderr)).into_owned();
        let finished = Finished { status, stdout: taken(&stdout), stderr, line };
        if in_time {
            Ok(finished)
        } else {
            Err(finished
                .report(&format!("took longer than {} s and was ended", self.limit.as_secs())))
        }
    }

    /// Runs it; the error tells what it said if it failed.
    pub(crate) fn attempt(self) -> Result<Finished, String> {
        let finished = self.finish()?;
        if finished.status.success() { Ok(finished) } else { Err(finished.report("failed")) }
    }

    /// Runs it, and fails the test where it fails.
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

    fn report(&self, what: &str) -> String {
        let mut report = format!("{}\n{what} ({})", self.line, self.status);
        for (name, text) in [("output", &self.text()), ("errors", &self.stderr)] {
            if !text.is_empty() {
                let _ = write!(report, "\n--- {name}\n{}", text.trim_end());
            }
        }
        report
    }
}

type Collected = Arc<Mutex<Vec<u8>>>;

/// Reads until the other side has closed, then says so.
fn collect(stream: Option<impl Read + Send + 'static>, closed: Sender<()>) -> Collected {
    let collected = Collected::default();
    let shared = Arc::clone(&collected);
    std::thread::spawn(move || {
        let mut chunk = [0; 1 << 16];
        if let Some(mut stream) = stream {
            while let Ok(count @ 1..) = stream.read(&mut chunk) {
                shared
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(&chunk[..count]);
            }
        }
        // Nobody listens any more if the time was over.
        let _ = closed.send(());
    });
    collected
}

fn taken(collected: &Collected) -> Vec<u8> {
    std::mem::take(&mut collected.lock().unwrap_or_else(PoisonError::into_inner))
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
