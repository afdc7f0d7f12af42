//! The errors and findings of a build, for the documents that they are in.
//!
//! Input: a build file in a [`Workspace`]. Output: for each of its files what is wrong, with ranges
//! in its text. Nothing is looked up: what depends on images is not found.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use buildkit_llb::Platform;
use lsp_types::{
    CodeDescription, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location, Uri,
};

use super::document::Document;
use super::workspace::{Workspace, join};
use crate::analysis::{Analysis, BuildFiles};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity};
use crate::lock;
use crate::plan::{Facts, Request, Vcs};
use crate::source::{SourceFile, SourceMap, Span};
use crate::spec::{Absent, MAX_TEXT};
use crate::toml::{self, name_in_header};

/// An error or a finding in a document.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) code: Code,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) range: Range<usize>,
    /// The paths, ranges and messages of other places.
    related: Vec<(String, Range<usize>, String)>,
}

/// Maximum number of findings of a file: nobody reads more, and clients show each of them.
const MAX_FINDINGS: usize = 500;

/// The findings of a build file, by the path of the document. Every file of the build is in it.
pub(super) fn findings(
    workspace: &Workspace,
    main: &Rc<Document>,
) -> BTreeMap<String, Vec<Finding>> {
    if main.is_too_large() {
        return [(main.path.clone(), vec![too_large()])].into_iter().collect();
    }
    let documents = workspace.with_includes(&main.path);
    let mut found: BTreeMap<String, Vec<Finding>> =
        documents.iter().map(|document| (document.path.clone(), Vec::new())).collect();
    let (files, diagnostics) = check(workspace, main);
    for severity in [Severity::Error, Severity::Warning] {
        for diagnostic in diagnostics.of(severity) {
            // An included file of a build context that only the client of a build knows.
            if diagnostic.code == Code::UnknownContext {
                continue;
            }
            let (path, range) = match diagnostic.span {
                Some(span) => place(span, main, &files),
                // What is about no place of a file is shown at its beginning.
                None => (main.path.clone(), 0..0),
            };
            let related = diagnostic.related.iter().map(|(span, message)| {
                let (path, range) = place(*span, main, &files);
                (path, range, message.clone())
            });
            let finding = Finding {
                code: diagnostic.code,
                severity,
                message: diagnostic.message.clone(),
                hint: diagnostic.hint.clone(),
                range,
                related: related.collect(),
            };
            found.entry(path).or_default().push(finding);
        }
    }
    for document in &documents {
        let Some(list) = found.get_mut(&document.path) else { continue };
        list.truncate(MAX_FINDINGS);
        if !document.mended.blanked.is_empty() {
            list.retain(|finding| is_certain(finding, document, &documents));
            list.splice(0..0, syntax_errors(document));
        } else if documents.iter().any(|other| !other.mended.blanked.is_empty()) {
            list.retain(|finding| is_certain(finding, document, &documents));
        }
    }
    found
}

/// The path of the document for a span, and the range in it.
fn place(span: Span, main: &Document, files: &SourceMap) -> (String, Range<usize>) {
    let path = match files.number(span) {
        0 => main.path.clone(),
        // Paths of included files are relative to the directory of the build file.
        _ => join(main.directory(), files.file(span).name()),
    };
    (path, files.file(span).range(span))
}

fn too_large() -> Finding {
    Finding {
        code: Code::TooLarge,
        severity: Severity::Error,
        message: format!("the file is larger than {} MiB", MAX_TEXT >> 20),
        hint: Some("move data and long scripts into files that steps copy".to_owned()),
        range: 0..0,
        related: Vec::new(),
    }
}

/// Checks a build file as `mstage check` does, without look-ups.
fn check(workspace: &Workspace, main: &Rc<Document>) -> (SourceMap, Diagnostics) {
    let name = main.path.rsplit('/').next().unwrap_or_default();
    let own_ignore = beside(main, format!("{name}.dockerignore"), workspace);
    let files = BuildFiles {
        file: SourceFile::new(name, main.valid_text().as_bytes().to_vec()),
        ignore: own_ignore.or_else(|| beside(main, ".dockerignore".to_owned(), workspace)),
        lock: beside(main, lock::file_name(name), workspace),
    };
    let read = |address: &crate::spec::FileAddress| match &address.context {
        Some(_) => Err(Absent::Context),
        None => workspace.content(&join(main.directory(), &address.path)).ok_or(Absent::File),
    };
    let mut diagnostics = Diagnostics::default();
    // The same result on every machine: not that of the editor's own processor.
    let platform = Platform::new("linux", "amd64", "").expect("linux/amd64 is a platform");
    let request = Request { vcs: Vcs::stand_in(), ..Request::new(platform) };
    let analysis = Analysis::new(files, vec![request], read, &mut diagnostics);
    analysis.check(Facts::none, &mut diagnostics);
    (analysis.files, diagnostics)
}

/// A file in the directory of the build file, if it exists.
fn beside(main: &Document, name: String, workspace: &Workspace) -> Option<SourceFile> {
    let content = workspace.content(&join(main.directory(), &name))?;
    Some(SourceFile::new(name, content))
}

/// The errors that prevent the document from being parsed.
fn syntax_errors(document: &Document) -> Vec<Finding> {
    let file = SourceFile::new("", document.text.as_bytes().to_vec());
    let mut diagnostics = Diagnostics::default();
    toml::parse(&file, &mut diagnostics);
    let errors = diagnostics.errors().into_iter();
    errors
        .map(|error: &Diagnostic| Finding {
            code: error.code,
            severity: Severity::Error,
            message: error.message.clone(),
            hint: error.hint.clone(),
            range: error.span.map_or(0..0, |span| file.range(span)),
            related: Vec::new(),
        })
        .take(MAX_FINDINGS)
        .collect()
}

/// False for a finding that may be a consequence of lines that are left out: it is about something
/// that is missing, or about a name that these lines have.
fn is_certain(finding: &Finding, document: &Document, documents: &[Rc<Document>]) -> bool {
    let is_about_missing = matches!(
        finding.code,
        Code::MissingKey | Code::NoVerb | Code::NoDefaultTarget | Code::ConflictingKeys
    );
    // The rest of the table, which has a key less.
    let is_near = document.mended.blanked.iter().any(|blanked| {
        let between = match finding.range.start <= blanked.start {
            true => document.text.get(finding.range.start..blanked.start),
            false => document.text.get(blanked.end..finding.range.start),
        };
        between.is_some_and(|between| !between.contains("\n["))
    });
    // A comment may silence a finding of a line that is left out.
    if is_about_missing && is_near
        || matches!(finding.code, Code::NoDefaultTarget | Code::UnusedSilence)
    {
        return false;
    }
    let blanked = documents.iter().flat_map(|document| {
        document.mended.blanked.iter().filter_map(|range| document.text.get(range.clone()))
    });
    let mut names = finding.message.split('`').skip(1).step_by(2);
    let blanked: Vec<&str> = blanked.collect();
    !names.any(|name| !name.is_empty() && blanked.iter().any(|text| text.contains(name)))
}

impl Finding {
    /// The finding in the protocol's form.
    pub(super) fn to_diagnostic(
        &self,
        document: &Document,
        workspace: &Workspace,
    ) -> lsp_types::Diagnostic {
        let mut message = self.message.clone();
        if let Some(hint) = &self.hint {
            message.push_str("\nhelp: ");
            message.push_str(hint);
        }
        let related = self.related.iter().filter_map(|(path, range, message)| {
            let document = workspace.document(path)?;
            let location =
                Location { uri: document.uri.clone(), range: document.range(range.clone()) };
            Some(DiagnosticRelatedInformation { location, message: message.clone() })
        });
        let related: Vec<_> = related.collect();
        let url = self.code.url();
        let is_unused = self.code.name().starts_with("unused-");
        lsp_types::Diagnostic {
            range: document.range(self.marked(document)),
            severity: Some(match self.severity {
                Severity::Error => DiagnosticSeverity::Error,
                Severity::Warning => DiagnosticSeverity::Warning,
            }),
            code: Some(self.code.name().into()),
            code_description: url.map(|url| CodeDescription { href: Uri(url) }),
            source: Some("mstage".to_owned()),
            message: message.into(),
            tags: is_unused.then(|| vec![DiagnosticTag::Unnecessary]),
            related_information: (!related.is_empty()).then_some(related),
            data: None,
        }
    }

    /// The marked range: of several lines the first, since a whole step in red helps nobody, and
    /// of a header the name.
    pub(super) fn marked(&self, document: &Document) -> Range<usize> {
        let text = &document.text;
        let start = self.range.start.min(text.len());
        let line = document.lines.range(text, document.lines.line(start));
        let end = self.range.end.clamp(start, line.end.max(start));
        if let Some(name) = text.get(start..end).and_then(name_in_header) {
            return start + name.start..start + name.end;
        }
        if start < end {
            return start..end;
        }
        // An empty range would be invisible.
        match text[start..line.end.max(start)].chars().next() {
            Some(next) => start..start + next.len_utf8(),
            None => match text[line.start.min(start)..start].char_indices().next_back() {
                Some((at, _)) => line.start + at..end,
                None => start..end,
            },
        }
    }
}
