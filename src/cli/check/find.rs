//! The build files in directories.
#![expect(clippy::disallowed_methods, reason = "an edge: it reads directories")]

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::cli::output::Failure;
use crate::dockerfile::is_named_like_dockerfile;

/// The number of bytes in which a `# syntax=` line must begin.
const HEAD: u64 = 4096;

/// Directories that are not searched, besides hidden ones: they contain the files of others.
const SKIPPED: [&str; 2] = ["node_modules", "target"];

/// A search for build files.
pub(super) struct Search {
    /// True to find all Dockerfiles.
    pub(super) dockerfiles: bool,
}

/// A file to check.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) path: PathBuf,
    /// True if the command line names it.
    pub(super) is_named: bool,
}

impl Search {
    /// Returns the files that are named, and the build files in directories, in order; and the
    /// directories that cannot be read. Fails if there are no files at all.
    pub(super) fn files(&self, paths: &[PathBuf]) -> Result<(Vec<Target>, Vec<Failure>), Failure> {
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for path in paths {
            if path.is_dir() {
                let before = found.len();
                self.search(path.clone(), &mut found, &mut failures);
                found[before..].sort();
            } else {
                found.push(Target { path: path.clone(), is_named: true });
            }
        }
        if found.is_empty() && failures.is_empty() {
            let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
            let paths = crate::diagnostic::list(paths);
            return Err(Failure::new(match self.dockerfiles {
                true => format!("there are no build files or Dockerfiles in {paths}"),
                false => format!(
                    "there are no build files in {paths}; pass --dockerfiles to check Dockerfiles"
                ),
            }));
        }
        Ok((without_repeats(found), failures))
    }

    /// Searches a directory. Links to directories are not followed, so there are no loops.
    fn search(&self, directory: PathBuf, found: &mut Vec<Target>, failures: &mut Vec<Failure>) {
        let mut open = vec![directory];
        while let Some(directory) = open.pop() {
            let entries = match fs::read_dir(&directory) {
                Ok(entries) => entries,
                Err(err) => {
                    failures.push(Failure::of_file("read", directory.display(), &err));
                    continue;
                }
            };
            for entry in entries.filter_map(Result::ok) {
                let path = entry.path();
                let name = entry.file_name();
                let name = name.to_string_lossy();
                let Ok(kind) = entry.file_type() else { continue };
                // Without the `./` of the current directory, which services do not expect.
                let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
                if kind.is_dir() {
                    if !name.starts_with('.') && !SKIPPED.contains(&&*name) {
                        open.push(path);
                    }
                } else if path.is_file() && self.is_build_file(&path, &name) {
                    found.push(Target { path, is_named: false });
                }
            }
        }
    }

    fn is_build_file(&self, path: &Path, name: &str) -> bool {
        let is_dockerfile = is_named_like_dockerfile(name) && !name.ends_with(".dockerignore");
        name == "mstage.toml"
            || name.ends_with(".mstage.toml")
            || self.dockerfiles && is_dockerfile
            || (name.ends_with(".toml") || is_dockerfile) && names_mstage(path)
    }
}

/// Each file once, under its first path: a file may be named twice, or named and found.
fn without_repeats(found: Vec<Target>) -> Vec<Target> {
    let mut places: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let mut targets: Vec<Target> = Vec::new();
    for target in found {
        match places.entry(location(&target.path)) {
            Entry::Occupied(place) => targets[*place.get()].is_named |= target.is_named,
            Entry::Vacant(place) => {
                place.insert(targets.len());
                targets.push(target);
            }
        }
    }
    targets
}

/// The absolute path of a file. A link to a file stays: its includes are relative to its own
/// directory.
fn location(path: &Path) -> PathBuf {
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new(".")).canonicalize();
    match (directory, path.file_name()) {
        (Ok(directory), Some(name)) => directory.join(name),
        _ => path.to_owned(),
    }
}

/// True if the `# syntax=` line of a file names an image of mstage.
fn names_mstage(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    let text = String::from_utf8_lossy(&head);
    read.is_ok() && syntax_of(&text).is_some_and(is_mstage)
}

/// The value of the `# syntax=` line in the comments at the start of a text.
fn syntax_of(text: &str) -> Option<&str> {
    let comments = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    let mut comments = comments.map_while(|line| line.strip_prefix('#'));
    comments.find_map(|comment| {
        let (key, value) = comment.split_once('=')?;
        key.trim().eq_ignore_ascii_case("syntax").then_some(value.trim())
    })
}

/// True if the last part of an image's name contains `mstage`.
fn is_mstage(image: &str) -> bool {
    let image = image.split(' ').next().unwrap_or_default();
    let image = image.split('@').next().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    name.split(':').next().unwrap_or_default().contains("mstage")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_lines() {
        let is = |text| syntax_of(text).is_some_and(is_mstage);
        assert!(is("# syntax=myorg/mstage\n"));
        assert!(is("\u{feff}#!/usr/bin/env x\n# Syntax = ghcr.io/o/mstage:1@sha256:00\r\n"));
        assert!(is("# about\n# check=skip=all\n#syntax=localhost:5000/mstage-next:2 x\n"));
        assert!(!is("# syntax=docker/dockerfile:1\n"));
        assert!(!is("# syntax=mstage/dockerfile:1\n"));
        assert!(!is("\n# syntax=myorg/mstage\n"));
        assert!(!is("a = 1 # syntax=myorg/mstage\n"));
    }
}
