//! The files of a run, and the findings in all of them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::cli::finding::Finding;
use crate::cli::project::Project;

/// The files that were checked, and all findings in them.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// The paths of the build files.
    pub(super) files: Vec<PathBuf>,
    pub(super) findings: Vec<Finding>,
    /// For each build file whether it may be left out, and the number of the findings before it.
    parts: Vec<(bool, usize)>,
}

impl Checked {
    /// Adds the findings of a build file. `is_named` is true if it must not be left out.
    pub(super) fn add(&mut self, project: &Project<'_>, is_named: bool, deny_warnings: bool) {
        self.parts.push((is_named, self.findings.len()));
        self.files.push(project.path_of(project.files().main()).to_owned());
        let found = project.findings(deny_warnings);
        self.findings.extend(found);
    }

    /// Leaves out the build files that were found only by a search and that others include, and the
    /// findings that several build files have in a file that they include.
    pub(super) fn leave_out(&mut self, included: &BTreeSet<PathBuf>) {
        let is_left_out: Vec<bool> = (self.files.iter().zip(&self.parts))
            .map(|(file, (is_named, _))| {
                !is_named && file.canonicalize().is_ok_and(|file| included.contains(&file))
            })
            .collect();
        let gone: BTreeSet<PathBuf> = (self.files.iter().zip(&is_left_out))
            .filter(|(_, is_left_out)| **is_left_out)
            .map(|(file, _)| file.clone())
            .collect();
        self.files.retain(|file| !gone.contains(file));
        let mut seen = BTreeSet::new();
        self.findings.retain(|found| {
            let place = found
                .place
                .as_ref()
                .map(|place| (place.path.clone(), place.range.start, place.range.end));
            let is_elsewhere = place.as_ref().is_some_and(|(path, ..)| *path != found.build_file);
            !gone.contains(&*found.build_file)
                && (!is_elsewhere || seen.insert((found.rule, place, found.message.clone())))
        });
    }
}
