//! Ignore files: the files of a directory of the client that are not transferred.

use buildkit_frontend::Status;

use super::report;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::ignore::{InvalidLine, parse_file};
use crate::source::{SourceFile, SourceMap};

/// The patterns of the build context's ignore file. An invalid line is an error; the file is then
/// added to those that errors show.
pub(super) fn read(
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

/// The patterns of the ignore file of a named context.
pub(super) fn read_alone(file: SourceFile) -> Result<Vec<String>, Status> {
    let (patterns, invalid) = parse_file(file.text());
    if invalid.is_empty() {
        return Ok(patterns);
    }
    let files = SourceMap::new(file);
    let mut diagnostics = Diagnostics::default();
    report_invalid(files.main(), invalid, &mut diagnostics);
    Err(report::failure(&diagnostics, &files))
}

fn report_invalid(file: &SourceFile, lines: Vec<InvalidLine>, diagnostics: &mut Diagnostics) {
    for InvalidLine { range, problem } in lines {
        let line = &file.text()[range.clone()];
        let message = format!("invalid pattern `{line}`: {problem}");
        let diagnostic = Diagnostic::new(Code::InvalidValue, file.span(range), message);
        diagnostics.push(diagnostic.hint(format!("correct the line in {}", file.name())));
    }
}
