//! A build file and the files next to it, read from disk as BuildKit's frontend reads them.
//!
//! Input: a path and [`BuildOptions`]. Output: an [`Analysis`] with its diagnostics, the path of each
//! of its files, and the facts about images that the options give. Asks no network.
#![expect(clippy::disallowed_methods, reason = "an edge: it reads files and the environment")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::excerpt::report_errors;
use super::finding::{Finding, findings};
use super::options::BuildOptions;
use super::output::Failure;
use crate::analysis::{Analysis, BuildFiles, IGNORE_FILE};
use crate::diagnostic::Diagnostics;
use crate::lock;
use crate::plan::{ContextFact, ContextQuery, ContextSource, Facts, Request, Selection};
use crate::source::{SourceFile, SourceMap};
use crate::spec::{Absent, FileAddress};

use super::disk::{read_bounded, read_in, read_optional};
use super::images::Images;

/// The options of a run, parsed once for all build files.
#[derive(Debug)]
pub struct Settings {
    requests: Vec<Request>,
    images: Images,
    directories: BTreeMap<String, PathBuf>,
    context: Option<PathBuf>,
}

impl Settings {
    /// Parses options, and reads the configs of images.
    pub fn new(options: &BuildOptions) -> Result<Self, Failure> {
        Ok(Self {
            requests: options.requests(environment)?,
            images: Images::read(&options.images)?,
            directories: options.directories(),
            context: options.context.clone(),
        })
    }
}

/// The value of an environment variable, unless it is not UTF-8.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The build file of a command: the one that is named, else `mstage.toml` or `Dockerfile`.
pub(super) fn build_file(named: Option<PathBuf>) -> PathBuf {
    named.unwrap_or_else(|| {
        let names = ["mstage.toml", "Dockerfile"].map(PathBuf::from);
        names.iter().find(|name| name.exists()).unwrap_or(&names[0]).clone()
    })
}

/// A build file with everything known about it.
#[derive(Debug)]
pub struct Project<'s> {
    /// The files, the spec and the requests.
    pub analysis: Analysis,
    /// The findings so far.
    pub diagnostics: Diagnostics,
    /// The path of each file, by its name in the [`SourceMap`].
    paths: BTreeMap<String, PathBuf>,
    settings: &'s Settings,
}

impl<'s> Project<'s> {
    /// Reads a build file or a Dockerfile, with its includes, ignore file and lock file. `Err` means
    /// that a file cannot be read; mistakes in a file are diagnostics.
    pub fn read(path: &Path, settings: &'s Settings) -> Result<Self, Failure> {
        let bytes = read_bounded(path).map_err(|err| err.of_file(path))?;
        Self::of_text(path, bytes, settings)
    }

    /// Like [`Self::read`], with a text that may differ from that on disk.
    pub fn of_text(path: &Path, bytes: Vec<u8>, settings: &'s Settings) -> Result<Self, Failure> {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
        let directory = path.parent().unwrap_or(Path::new(""));
        let mut paths = BTreeMap::from([(name.clone(), path.to_owned())]);
        let mut optional = |name: String, path: PathBuf| {
            let bytes = read_optional(&path).map_err(|err| err.of_file(&path))?;
            Ok::<_, Failure>(bytes.map(|bytes| {
                paths.insert(name.clone(), path);
                SourceFile::new(name, bytes)
            }))
        };
        let own_ignore = format!("{name}{IGNORE_FILE}");
        let own_ignore = optional(own_ignore.clone(), directory.join(own_ignore))?;
        let ignore = match own_ignore {
            Some(ignore) => Some(ignore),
            None => {
                let context = settings.context.as_deref().unwrap_or(directory);
                optional(IGNORE_FILE.to_owned(), context.join(IGNORE_FILE))?
            }
        };
        let lock = lock::file_name(&name);
        let lock = optional(lock.clone(), directory.join(lock))?;
        let files = BuildFiles { file: SourceFile::new(name, bytes), ignore, lock };
        let mut failure = None;
        let read = |address: &FileAddress| {
            let root = match &address.context {
                None => directory,
                Some(name) => settings.directories.get(name).ok_or(Absent::Context)?.as_path(),
            };
            match read_in(root, &address.path) {
                Ok(Some((path, bytes))) => {
                    paths.insert(address.to_string(), path);
                    Ok(bytes)
                }
                Ok(None) => Err(Absent::File),
                Err(err) => {
                    failure.get_or_insert(err.of_file(&root.join(&address.path)));
                    Err(Absent::File)
                }
            }
        };
        let mut diagnostics = Diagnostics::default();
        let analysis = Analysis::new(files, settings.requests.clone(), read, &mut diagnostics);
        match failure {
            Some(failure) => Err(failure),
            None => Ok(Self { analysis, diagnostics, paths, settings }),
        }
    }

    /// The build file and all further files.
    pub fn files(&self) -> &SourceMap {
        &self.analysis.files
    }

    /// The path of a file, as far as it was given on the command line.
    pub fn path_of<'f>(&'f self, file: &'f SourceFile) -> &'f Path {
        self.paths.get(file.name()).map_or(Path::new(file.name()), PathBuf::as_path)
    }

    /// The paths of all files but the build file.
    pub fn included(&self) -> impl Iterator<Item = &Path> {
        self.files().files().skip(1).map(|file| self.path_of(file))
    }

    /// The errors and findings so far. Findings of rules are errors if `deny_warnings` is true.
    pub(super) fn findings(&self, deny_warnings: bool) -> Vec<Finding> {
        let path_of = |file: &SourceFile| self.path_of(file).to_owned();
        findings(self.files(), &self.diagnostics, path_of, deny_warnings)
    }

    /// Writes all errors to standard error.
    pub(super) fn report_errors(&self) {
        report_errors(&self.findings(false));
    }

    /// Checks all stages: see [`Analysis::check`].
    pub fn check(&mut self) {
        let Self { analysis, diagnostics, settings, .. } = self;
        analysis.check(|selection| settings.facts(selection), diagnostics);
    }
}

impl Settings {
    /// The facts about the images and build contexts of a selection, as far as the options give
    /// them.
    pub fn facts(&self, selection: &Selection<'_>) -> Facts {
        Facts {
            images: selection.images().map(|query| self.images.fact(query)),
            contexts: selection.contexts().map(|query| self.context(query)),
        }
    }

    fn context(&self, query: &ContextQuery) -> Option<ContextFact> {
        match &query.source {
            ContextSource::Local(_) => {
                let directory = self.directories.get(&query.name);
                let text = directory.and_then(|directory| {
                    read_optional(&directory.join(IGNORE_FILE)).ok().flatten()
                });
                let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
                let (ignore, _) = crate::ignore::parse_file(&text);
                Some(ContextFact { ignore, ..ContextFact::default() })
            }
            ContextSource::Git(_) | ContextSource::Http(_) | ContextSource::Scratch => {
                Some(ContextFact::default())
            }
            ContextSource::Input(_)
            | ContextSource::Target(_)
            | ContextSource::Dockerfile(_)
            | ContextSource::Image(_)
            | ContextSource::OciLayout { .. } => None,
        }
    }
}
