//! The files of a run, and the findings in all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::finding::Finding;
use crate::cli::project::Project;

/// The build files that were checked, and all findings in them.
#[derive(Debug, Default)]
pub(super) struct Checked {
    builds: Vec<Build>,
    pub(super) findings: Vec<Finding>,
}

/// A build file, and the files that it includes.
#[derive(Debug)]
struct Build {
    path: PathBuf,
    /// The path after all links.
    location: PathBuf,
    /// The locations of the included files.
    includes: BTreeSet<PathBuf>,
    /// True if the command line names it.
    is_named: bool,
}

impl Checked {
    /// Adds the findings of a build file. `is_named` is true if the command line names it.
    pub(super) fn add(&mut self, project: &Project<'_>, is_named: bool, deny_warnings: bool) {
        let path = project.path_of(project.files().main()).to_owned();
        self.builds.push(Build {
            location: location(&path),
            path,
            includes: project.included().map(location).collect(),
            is_named,
        });
        self.findings.extend(project.findings(deny_warnings));
    }

    /// The paths of the build files.
    pub(super) fn files(&self) -> Vec<&Path> {
        self.builds.iter().map(|build| &*build.path).collect()
    }

    /// Leaves out the build files that were found only by a search and that others include, and all
    /// but the first of equal findings: those in a file that several build files include, or that
    /// is itself named.
    pub(super) fn leave_out(&mut self) {
        let gone = self.only_included();
        self.builds.retain(|build| !gone.contains(&build.path));
        let mut seen = BTreeSet::new();
        self.findings.retain(|found| {
            let place = found.place.as_ref();
            let place = place.map(|place| (place.path.clone(), place.range.start, place.range.end));
            !gone.contains(&*found.build_file)
                && (place.is_none() || seen.insert((found.rule, place, found.message.clone())))
        });
    }

    /// The paths of the build files that were found only by a search and that others include. Of
    /// files that include each other, all stay: otherwise, nobody would see the error.
    fn only_included(&self) -> BTreeSet<PathBuf> {
        let by_location: BTreeMap<&Path, &Build> =
            self.builds.iter().map(|build| (&*build.location, build)).collect();
        let mut paths = BTreeSet::new();
        for outer in &self.builds {
            let included = outer.includes.iter().filter_map(|path| by_location.get(&**path));
            for inner in included {
                if !inner.is_named && !inner.includes.contains(&outer.location) {
                    paths.insert(inner.path.clone());
                }
            }
        }
        paths
    }
}

/// The path of a file after all links.
fn location(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
