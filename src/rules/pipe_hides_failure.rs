//! `pipe-hides-failure`: a pipe whose first program may fail unnoticed.
//!
//! In a shell without `pipefail`, the status of a pipe is that of its last program. The rule
//! reports programs that are likely to fail before a last program that accepts empty input:
//! downloads, and programs that are piped into `tee` or a shell. If the reader fails on empty input
//! (`tar`, `gpg`, `grep`), so does the pipe.

use super::process::Process;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::shell::{self, Command, End};

/// Programs that download.
const DOWNLOADS: [&str; 6] = ["curl", "wget", "aria2c", "axel", "http", "https"];

/// Programs that fail on empty or invalid input.
const PARTICULAR: [&str; 34] = [
    "apt-key",
    "bsdtar",
    "bunzip2",
    "bzcat",
    "bzip2",
    "cksum",
    "cpio",
    "docker",
    "dpkg",
    "egrep",
    "fgrep",
    "gpg",
    "gpg2",
    "grep",
    "gunzip",
    "gzip",
    "md5sum",
    "pacman-key",
    "rg",
    "rpm",
    "rpm2cpio",
    "rpmkeys",
    "sha1sum",
    "sha256sum",
    "sha512sum",
    "shasum",
    "tar",
    "unxz",
    "unzip",
    "unzstd",
    "xz",
    "xzcat",
    "zcat",
    "zstd",
];

/// Programs that copy their input.
const COPIES: [&str; 3] = ["tee", "cat", "ts"];

/// Programs that rarely fail, or whose failure is unimportant.
const HARMLESS: [&str; 46] = [
    ":",
    "[",
    "arch",
    "awk",
    "basename",
    "cat",
    "cut",
    "date",
    "dirname",
    "dpkg",
    "dpkg-architecture",
    "dpkg-query",
    "echo",
    "env",
    "envsubst",
    "find",
    "gawk",
    "getconf",
    "getent",
    "grep",
    "head",
    "hostname",
    "id",
    "jq",
    "ldconfig",
    "locale",
    "ls",
    "lsb_release",
    "nproc",
    "openssl",
    "printenv",
    "printf",
    "pwd",
    "readlink",
    "realpath",
    "sed",
    "seq",
    "sort",
    "stat",
    "tail",
    "test",
    "tr",
    "true",
    "uname",
    "uniq",
    "yes",
];

pub(super) fn check(processes: &[Process<'_>], diagnostics: &mut Diagnostics) {
    for process in processes {
        let commands = process.commands();
        let has_pipe = commands.iter().any(|command| command.end == End::Pipe);
        if !has_pipe || process.has_pipefail() {
            continue;
        }
        for (at, last) in shell::ends_of_pipes(commands) {
            let (command, last) = (&commands[at], &commands[last]);
            if command.is_test || last.end == End::Or || !hides(command, last) {
                continue;
            }
            let (program, last) = (command.program(), last.program());
            let message = format!(
                "a failure of `{program}` is ignored: the pipe has the exit status of `{last}`"
            );
            diagnostics.push(
                Diagnostic::new(Code::PipeHidesFailure, process.span_of_program(command), message)
                    .hint("set `shell = \"bash\"`, which runs with `set -o pipefail`, or write to a file first in a separate command"),
            );
        }
    }
}

/// True if the end of a pipe ignores the failure of a program before it.
fn hides(command: &Command<'_>, last: &Command<'_>) -> bool {
    let (program, reader) = (command.program(), last.program());
    if program.is_empty() || reader.is_empty() {
        return false;
    }
    if DOWNLOADS.contains(&program) {
        return !PARTICULAR.contains(&reader);
    }
    (COPIES.contains(&reader) || shell::is_posix(reader)) && !HARMLESS.contains(&program)
}
