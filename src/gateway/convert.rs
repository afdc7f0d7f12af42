//! Converts a Dockerfile to a build file at the request of a client.

use std::ops::RangeInclusive;

use buildkit_frontend::{Bridge, SolveRequest, SolveResult, Status};
use serde::Serialize;

use super::build_file::BuildFile;
use super::lock::write::file_of;
use super::options::Options;
use super::report;
use crate::convert::{self, Converted, convert};
use crate::diagnostic::Diagnostics;
use crate::dockerfile::{is_dockerfile, parse};
use crate::source::{SourceFile, SourceMap};

/// The version of the document.
pub(super) const VERSION: &str = "1.0.0";

/// The build file of a Dockerfile, the origins of its pieces, and the parts that cannot be
/// converted.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    /// The build file.
    pub(super) text: String,
    map: Vec<Mapped>,
    remarks: Vec<RemarkDocument>,
}

/// Lines of the build file, and their origin in the Dockerfile, both from 1.
#[derive(Debug, Serialize)]
struct Mapped {
    lines: [u32; 2],
    from: [u32; 2],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RemarkDocument {
    lines: [u32; 2],
    message: String,
    is_error: bool,
}

impl Document {
    /// Converts a Dockerfile. Errors in it fail the request, as in a build.
    pub(super) fn new(file: SourceFile, options: &Options) -> Result<Self, Status> {
        let (file, converted) = converted(file, options)?;
        let text = SourceFile::new(convert::TARGET, converted.text.clone().into_bytes());
        let map = converted.origins.iter().map(|piece| Mapped {
            lines: ends(text.lines(text.span(piece.start..piece.end))),
            from: ends(file.lines(piece.span)),
        });
        let remarks = converted.remarks.into_iter().map(|remark| RemarkDocument {
            lines: ends(file.lines(remark.span)),
            message: remark.message,
            is_error: remark.is_error,
        });
        Ok(Self { map: map.collect(), remarks: remarks.collect(), text: converted.text })
    }

    /// True if the build file has another meaning.
    pub(super) fn is_different(&self) -> bool {
        self.remarks.iter().any(|remark| remark.is_error)
    }
}

fn ends(lines: RangeInclusive<u32>) -> [u32; 2] {
    [*lines.start(), *lines.end()]
}

/// Returns the build file for a Dockerfile as the only file of the result.
pub(super) async fn write(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<SolveResult, Status> {
    let document = Document::new(build_file.file, options)?;
    if let Some(remark) = document.remarks.iter().find(|remark| remark.is_error) {
        let place = format!("line {}: {}", remark.lines[0], remark.message);
        return Err(Status::new(format!("{place}\n  help: `--call=convert` shows the rest")));
    }
    let request = SolveRequest::new(file_of(convert::TARGET, document.text));
    let refs = bridge.solve(request).await.map_err(Status::from)?.refs;
    Ok(SolveResult::new(refs))
}

fn converted(file: SourceFile, options: &Options) -> Result<(SourceFile, Converted), Status> {
    if !is_dockerfile(&file) {
        let name = file.name();
        return Err(Status::new(format!(
            "`{name}` is not a Dockerfile: there is nothing to convert"
        )));
    }
    let mut diagnostics = Diagnostics::default();
    let dockerfile = parse(&file, &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(report::failure(&diagnostics, &SourceMap::new(file)));
    }
    // The client passes the name of this frontend's image.
    let syntax = options.raw.get("source").unwrap_or(convert::SYNTAX);
    let converted = convert(&dockerfile, syntax, &options.request.build_args);
    Ok((file, converted))
}
