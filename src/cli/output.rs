//! Standard output and the exit status.

use std::fmt::{self, Display};
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use serde::Serialize;

/// The result of a subcommand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was found: exit status 0.
    Clean,
    /// There are findings or errors in a build file: exit status 1.
    Findings,
    /// Something could not be done, and the user knows: exit status 2.
    Failed,
}

/// The use of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Colour {
    /// True if standard output gets colours.
    pub(super) fn is_on(self) -> bool {
        match self {
            Self::Auto => is_coloured(&io::stdout()),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

impl Outcome {
    /// The result of a subcommand that has found something, or nothing.
    pub(super) fn of(has_findings: bool) -> Self {
        if has_findings { Self::Findings } else { Self::Clean }
    }
}

/// The reason why a subcommand cannot do its work: exit status 2.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with a message.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// A failed operation on a file.
    pub fn of_file(doing: &str, file: impl Display, err: &io::Error) -> Self {
        Self(format!("cannot {doing} `{file}`: {}", reason(err)))
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The operating system's message, without its number.
fn reason(err: &io::Error) -> String {
    let text = err.to_string();
    match text.split_once(" (os error") {
        Some((reason, _)) => reason.to_lowercase(),
        None => text,
    }
}

/// True if a stream gets colours by default: it is a terminal, and no variable such as NO_COLOR
/// says otherwise.
pub(super) fn is_coloured(stream: &impl RawStream) -> bool {
    AutoStream::choice(stream) != ColorChoice::Never
}

/// Writes a text to standard output. A closed pipe is no failure: the reader has seen enough.
pub(super) fn print(text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_ref()).and_then(|()| stdout.flush()) {
        Err(err) if err.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(err) => Err(Failure::of_file("write", "standard output", &err)),
        Ok(()) => Ok(()),
    }
}

/// A document as JSON, with a newline at the end.
pub(super) fn to_json(document: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(document);
    let text = text.map_err(|err| Failure::new(format!("cannot write JSON: {err}")))?;
    Ok(text + "\n")
}

/// Writes a line about the run to standard error.
pub(super) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes a failure to standard error.
pub(super) fn complain(failure: &Failure) {
    // Standard error may be closed, too; `eprintln!` would panic.
    let _ = writeln!(io::stderr(), "mstage: {failure}");
}

/// The exit status of the program.
pub(super) fn exit(result: Result<Outcome, Failure>) -> ExitCode {
    match result {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::FAILURE,
        Ok(Outcome::Failed) => ExitCode::from(2),
        Err(failure) => {
            complain(&failure);
            ExitCode::from(2)
        }
    }
}
