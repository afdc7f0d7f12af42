//! A finding, in one form for all outputs.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use buildkit_llb::visible_line;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, DockerfileRule, Severity, render};
use crate::source::{SourceFile, SourceMap, Span};

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

/// The errors and findings of a build file, in the order of their places. Findings of rules are
/// errors if `deny_warnings` is true.
pub(super) fn findings(
    files: &SourceMap,
    diagnostics: &Diagnostics,
    path_of: impl Fn(&SourceFile) -> PathBuf,
    deny_warnings: bool,
) -> Vec<Finding> {
    let places = Places::new(files, path_of);
    let mut found = Vec::new();
    for severity in [Severity::Error, Severity::Warning] {
        let shown = if deny_warnings { Severity::Error } else { severity };
        let of_file = diagnostics.of(severity).into_iter();
        found.extend(of_file.map(|diagnostic| of_diagnostic(diagnostic, shown, &places)));
    }
    let of_dockerfile = diagnostics.dockerfile();
    let is_error = deny_warnings || of_dockerfile.violation().is_some();
    let severity = if is_error { Severity::Error } else { Severity::Warning };
    let of_dockerfile = of_dockerfile.list.iter();
    found.extend(of_dockerfile.map(|finding| Finding {
        severity,
        rule: Rule::Dockerfile(finding.rule),
        message: visible_line(&finding.detail).into_owned(),
        help: None,
        place: finding.lines.clone().map(|lines| {
            let file = files.main();
            let start = file.line_start(*lines.start());
            places.of_written(0, Span { start, end: file.line_end(*lines.end()) })
        }),
        related: Vec::new(),
        build_file: places.build_file(),
    }));
    let build_file = places.build_file();
    found.sort_by_key(|found| {
        found
            .place
            .as_ref()
            .map(|place| (place.path != build_file, place.path.clone(), place.range.start))
    });
    found
}

fn of_diagnostic(found: &Diagnostic, severity: Severity, places: &Places<'_>) -> Finding {
    Finding {
        severity,
        rule: Rule::Code(found.code),
        message: render::cut(&found.message).into_owned(),
        help: found.hint.as_ref().map(|hint| render::cut(hint).into_owned()),
        place: found.span.map(|span| places.of(span)),
        related: (found.related.iter().take(render::MAX_PLACES))
            .map(|(span, message)| (places.of(*span), render::cut(message).into_owned()))
            .collect(),
        build_file: places.build_file(),
    }
}

/// The files of a build, shared by all findings in them.
struct Places<'m> {
    map: &'m SourceMap,
    files: Vec<(Arc<Path>, Arc<SourceFile>)>,
}

impl<'m> Places<'m> {
    fn new(map: &'m SourceMap, path_of: impl Fn(&SourceFile) -> PathBuf) -> Self {
        let files = map.files().map(|file| (path_of(file).into(), Arc::new(file.clone())));
        Self { map, files: files.collect() }
    }

    fn build_file(&self) -> Arc<Path> {
        self.files[0].0.clone()
    }

    fn of(&self, span: Span) -> Place {
        self.of_written(self.map.number(span), self.map.written_span(span))
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
