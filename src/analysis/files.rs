//! The files next to a build file: its ignore file and its lock file.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ignore::{InvalidLine, parse_file};
use crate::lock;
use crate::plan::Request;
use crate::rules;
use crate::source::{SourceFile, SourceMap};
use crate::spec::Spec;

/// The patterns of the build context's ignore file. An invalid line is an error; the file is then
/// added to those that errors show.
pub(crate) fn read_ignore(
    file: SourceFile,
    files: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<String> {
    let (patterns, invalid) = parse_file(file.text());
    if !invalid.is_empty() {
        report_invalid(files.add(file), invalid, diagnostics);
    }
    patterns
}

/// Reports the invalid lines of an ignore file.
pub(crate) fn report_invalid(
    file: &SourceFile,
    lines: Vec<InvalidLine>,
    diagnostics: &mut Diagnostics,
) {
    for InvalidLine { range, problem } in lines {
        let line = &file.text()[range.clone()];
        let message = format!("invalid pattern `{line}`: {problem}");
        let diagnostic = Diagnostic::new(Code::InvalidValue, file.span(range), message);
        diagnostics.push(diagnostic.hint(format!("correct the line in {}", file.name())));
    }
}

/// Pins the references of a request to a lock file, if there is one; the lock file is added to the
/// build's files. `None` means that the diagnostics contain errors, and that nothing more can be
/// found.
pub(crate) fn hold(
    request: &mut Request,
    lock: Option<SourceFile>,
    spec: Option<Spec>,
    files: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<Spec> {
    let lock = lock.map(|file| lock::parse(files.add(file), diagnostics)).transpose();
    let (lock, spec) = match lock {
        Ok(lock) => (lock, spec),
        Err(_) => (None, None),
    };
    if let (Some(lock), Some(spec)) = (&lock, spec.as_ref().filter(|spec| spec.is_whole())) {
        rules::check_lock(lock, spec, diagnostics);
    }
    request.hold_to(lock, diagnostics);
    spec
}
