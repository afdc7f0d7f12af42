//! `pipe-hides-failure`: a pipe whose first program may fail unseen.
//!
//! A shell without `pipefail` takes the status of the last program for that of the pipe. Told is what is likely to
//! fail and has a last program that does not mind: a download whose reader is content with nothing, and what is
//! piped into `tee` or a shell. A reader that fails for want of input (`tar`, `gpg`, `grep`) makes the pipe fail.

use super::process::Process;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::shell::{self, Command, End};

/// Programs that download.
const DOWNLOADS: [&str; 6] = ["curl", "wget", "aria2c", "axel", "http", "https"];

/// Programs that fail where there is nothing to read, or nothing that they know.
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

/// Programs that pass on what they read.
const COPIES: [&str; 3] = ["tee", "cat", "ts"];

/// Programs that hardly fail, or whose failure leaves nothing to read that matters.
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
            let message =
                format!("`{last}` ends this pipe, and nothing tells when `{program}` fails");
            diagnostics.push(
                Diagnostic::new(Code::PipeHidesFailure, process.span_of_program(command), message)
                    .hint("shell = \"bash\" makes the pipe fail, too (`set -o pipefail`); or write to a file first, in a command of its own"),
            );
        }
    }
}

/// Whether the end of a pipe does not mind that a program before it fails.
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
