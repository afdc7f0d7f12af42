//! Converts a Dockerfile to a build file at the request of a client.

use buildkit_frontend::{Bridge, SolveRequest, SolveResult, Status};

use super::build_file::BuildFile;
use super::lock::write::file_of;
use super::options::Options;
use super::report;
use crate::convert::{self, Converted, convert};
use crate::diagnostic::Diagnostics;
use crate::dockerfile::{is_dockerfile, parse};
use crate::show::Conversion;
use crate::source::{SourceFile, SourceMap};

/// Converts a Dockerfile at the request of a client. Errors in it fail the request, as in a build.
pub(super) fn conversion(file: SourceFile, options: &Options) -> Result<Conversion, Status> {
    let (file, converted) = converted(file, options)?;
    Ok(Conversion::new(&file, converted))
}

/// Returns the build file for a Dockerfile as the only file of the result.
pub(super) async fn write(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<SolveResult, Status> {
    let document = conversion(build_file.file, options)?;
    if let Some(remark) = document.remarks().iter().find(|remark| remark.is_error) {
        let place = format!("line {}: {}", remark.lines[0], remark.message);
        return Err(Status::new(format!("{place}\n  help: `--call=convert` shows the rest")));
    }
    let request = SolveRequest::new(file_of(convert::TARGET, document.into_text()));
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
