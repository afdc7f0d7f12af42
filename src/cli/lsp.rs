//! `mstage lsp`: the language server, on standard input and output.
#![expect(clippy::disallowed_methods, reason = "an edge: it reads directories")]

use std::fs;
use std::io::{BufReader, stdin, stdout};
use std::path::Path;

use clap::Args;

use super::disk::read_optional;
use super::output::{Failure, Outcome};
use crate::lsp::{Disk, serve};

/// Maximum number of entries of a directory that are looked at.
const MAX_ENTRIES: usize = 2_000;

/// Serve an editor (language server protocol, on standard input and output)
#[derive(Debug, Args)]
pub(super) struct Lsp {
    /// Ignored: many editors pass it to every language server
    #[arg(long, hide = true)]
    stdio: bool,
}

impl Lsp {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let code = serve(BufReader::new(stdin()), stdout().lock(), Box::new(Files))
            .map_err(|err| Failure::new(format!("cannot write to the editor: {err}")))?;
        // An editor that goes away without a word is no failure of a check, but the protocol wants
        // a status other than 0.
        Ok(Outcome::of(code != 0))
    }
}

/// The files on disk.
struct Files;

impl Disk for Files {
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        read_optional(Path::new(path)).ok().flatten()
    }

    fn toml_files(&self, directory: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
        let names = entries
            .take(MAX_ENTRIES)
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut paths: Vec<String> = names
            .filter(|name| name.ends_with(".toml"))
            .map(|name| format!("{directory}/{name}"))
            .collect();
        paths.sort();
        paths
    }
}
