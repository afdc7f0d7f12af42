//! Documents that need only the files of a build, and no lookups.

use buildkit_frontend::{Bridge, Status};

use crate::analysis::{check_text, input};
use crate::convert::LANGUAGE;
use crate::diagnostic::Diagnostics;
use crate::dockerfile::evaluate::Input;
use crate::dockerfile::{is_dockerfile, parse};
use crate::gateway::build_file::BuildFile;
use crate::gateway::include::read_spec;
use crate::gateway::options::Options;
use crate::gateway::report;
use crate::source::SourceMap;
use crate::spec::Spec;

/// A document about a Dockerfile itself; `None` for other build files, and if it has no such
/// target. `with_values` is true if the document depends on values: then bases must not be empty.
pub(super) fn document_of_dockerfile<T>(
    options: &Options,
    build_file: &BuildFile,
    with_values: bool,
    document: impl FnOnce(&Input<'_>, &SourceMap) -> Option<T>,
) -> Result<Option<T>, Status> {
    if !is_dockerfile(&build_file.file) {
        return Ok(None);
    }
    let files = SourceMap::new(build_file.file.clone().in_language(LANGUAGE));
    let mut diagnostics = Diagnostics::default();
    let dockerfile = parse(files.main(), &mut diagnostics);
    if with_values {
        check_text(files.main(), &dockerfile, &options.request, &mut diagnostics);
    }
    if diagnostics.has_errors() {
        return Err(report::failure(&diagnostics, &files));
    }
    Ok(document(&input(files.main(), &dockerfile, &options.request), &files))
}

/// A document that needs only the build's own files.
pub(super) async fn of_spec<T>(
    bridge: &Bridge,
    options: &Options,
    BuildFile { file, home, .. }: BuildFile,
    document: impl FnOnce(&Spec, &SourceMap, &mut Diagnostics) -> Option<T>,
) -> Result<T, Status> {
    let mut diagnostics = Diagnostics::default();
    let read = read_spec(bridge, options, file, &home, &mut diagnostics).await?;
    let (files, spec) = (read.files, read.spec);
    let document = spec
        .filter(Spec::is_whole)
        .and_then(|spec| document(&spec, &files, &mut diagnostics))
        .filter(|_| !diagnostics.has_errors());
    document.ok_or_else(|| report::failure(&diagnostics, &files))
}
