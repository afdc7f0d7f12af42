//! Ignore files of named build contexts.

use buildkit_frontend::Status;

use super::report;
use crate::analysis::report_invalid;
use crate::diagnostic::Diagnostics;
use crate::ignore::parse_file;
use crate::source::{SourceFile, SourceMap};

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
