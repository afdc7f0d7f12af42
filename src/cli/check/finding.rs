//! What was found, in one form for all outputs.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::project::Project;
use crate::diagnostic::{Code, Diagnostic, DockerfileRule, Severity, render};
use crate::source::{SourceFile, Span};

/// The files that were checked, and all findings in them.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// The paths of the build files.
    pub(super) files: Vec<PathBuf>,
    pub(super) findings: Vec<Finding>,
    /// For each build file whether it may be left out, and the number of the findings before it.
    parts: Vec<(bool, usize)>,
}

/// An error, or a finding of a rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) rule: Rule,
    pub(super) message: String,
    pub(super) help: Option<String>,
    /// `None` if it is about an option, or the file as a whole.
    pub(super) place: Option<Place>,
    pub(super) related: Vec<(Place, String)>,
    /// The path of the checked build file.
    pub(super) build_file: Arc<Path>,
}

/// The check that reports a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// Of build files, or the reading of Dockerfiles.
    Code(Code),
    /// Of Dockerfiles.
    Dockerfile(DockerfileRule),
}

/// A range in a file.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) path: Arc<Path>,
    pub(super) file: Arc<SourceFile>,
    /// In bytes, from the start of the file.
    pub(super) range: Range<usize>,
    pub(super) start: Position,
    /// After the last character.
    pub(super) end: Position,
}

/// A line and a column, both counted from 1; columns in UTF-16 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: u32,
    pub(super) column: u32,
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, &self.range) == (&other.path, &other.range)
    }
}

impl Rule {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Code(code) => code.name(),
            Self::Dockerfile(rule) => rule.name(),
        }
    }

    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Code(code) => code.description(),
            Self::Dockerfile(rule) => rule.description(),
        }
    }

    /// The page about it, if there is one.
    pub(super) fn url(self) -> Option<String> {
        match self {
            Self::Code(code) => code.url(),
            Self::Dockerfile(rule) => rule.url(),
        }
    }

    /// True if its findings are errors, whatever the options.
    pub(super) fn is_error(self) -> bool {
        matches!(self, Self::Code(code) if !code.is_rule())
    }
}

impl Checked {
    /// Adds the findings of a build file. `is_named` is true if it must not be left out.
    pub(super) fn add(&mut self, project: &Project<'_>, is_named: bool, deny_warnings: bool) {
        self.parts.push((is_named, self.findings.len()));
        let build_file: Arc<Path> = project.path_of(project.files().main()).into();
        self.files.push(build_file.to_path_buf());
        let places = Places::new(project);
        let mut found = Vec::new();
        for severity in [Severity::Error, Severity::Warning] {
            for diagnostic in project.diagnostics.of(severity) {
                let shown = if deny_warnings { Severity::Error } else { severity };
                found.push(of_diagnostic(diagnostic, shown, &places, &build_file));
            }
        }
        let of_dockerfile = project.diagnostics.dockerfile();
        for finding in &of_dockerfile.list {
            let is_error = deny_warnings || of_dockerfile.violation().is_some();
            found.push(Finding {
                severity: if is_error { Severity::Error } else { Severity::Warning },
                rule: Rule::Dockerfile(finding.rule),
                message: buildkit_llb::visible_line(&finding.detail).into_owned(),
                help: None,
                place: finding.lines.clone().map(|lines| {
                    let file = project.files().main();
                    let start = file.line_start(*lines.start());
                    places.of_written(0, Span { start, end: file.line_end(*lines.end()) })
                }),
                related: Vec::new(),
                build_file: build_file.clone(),
            });
        }
        let place = |found: &Finding| {
            found
                .place
                .as_ref()
                .map(|place| (place.path != build_file, place.path.clone(), place.range.start))
        };
        found.sort_by_key(place);
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

fn of_diagnostic(
    found: &Diagnostic,
    severity: Severity,
    places: &Places<'_>,
    build_file: &Arc<Path>,
) -> Finding {
    Finding {
        severity,
        rule: Rule::Code(found.code),
        message: render::cut(&found.message).into_owned(),
        help: found.hint.as_ref().map(|hint| render::cut(hint).into_owned()),
        place: found.span.map(|span| places.of(span)),
        related: (found.related.iter().take(render::MAX_PLACES))
            .map(|(span, message)| (places.of(*span), render::cut(message).into_owned()))
            .collect(),
        build_file: build_file.clone(),
    }
}

/// The files of a project, shared by all findings in them.
struct Places<'p> {
    project: &'p Project<'p>,
    files: Vec<(Arc<Path>, Arc<SourceFile>)>,
}

impl<'p> Places<'p> {
    fn new(project: &'p Project<'p>) -> Self {
        let files = project.files().files();
        let files = files.map(|file| (project.path_of(file).into(), Arc::new(file.clone())));
        Self { project, files: files.collect() }
    }

    fn of(&self, span: Span) -> Place {
        let files = self.project.files();
        self.of_written(files.number(span), files.written_span(span))
    }

    /// A span of the text that the user has written.
    fn of_written(&self, number: usize, span: Span) -> Place {
        let (path, file) = &self.files[number];
        let last = *file.lines(span).end();
        // A span that ends with a newline ends on the line before.
        let end = span.end.min(file.line_end(last)).max(span.start);
        let position = |offset: u32| Position {
            line: file.line(offset).min(last),
            column: file.column(offset) + 1,
        };
        Place {
            path: path.clone(),
            range: file.range(Span { start: span.start, end }),
            start: position(span.start),
            end: position(end),
            file: file.clone(),
        }
    }
}
