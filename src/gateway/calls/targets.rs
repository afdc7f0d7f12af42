//! `--call=targets`: the stages that can be built.

use buildkit_frontend::{Answer, Bridge, Status};

use super::answer_of;
use super::documents::{document_of_dockerfile, of_spec};
use crate::diagnostic::Diagnostics;
use crate::dockerfile::evaluate::Input;
use crate::gateway::build_file::BuildFile;
use crate::gateway::options::Options;
use crate::plan::default_target;
use crate::show::{TARGETS_VERSION, Targets};
use crate::source::SourceMap;
use crate::spec::Spec;

/// The targets of the file.
pub(super) async fn answer(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<Answer, Status> {
    if let Some(document) = document_of_dockerfile(
        options,
        &build_file,
        false,
        |input: &Input<'_>, files: &SourceMap| Some(Targets::of_dockerfile(input, files)),
    )? {
        let text = document.to_text();
        return answer_of(TARGETS_VERSION, &document, Some(text));
    }
    let targets = |spec: &Spec, files: &SourceMap, diagnostics: &mut Diagnostics| {
        let default = default_target(spec, &options.request, diagnostics);
        Some(Targets::new(spec, default, files))
    };
    let document = of_spec(bridge, options, build_file, targets).await?;
    let text = document.to_text();
    answer_of(TARGETS_VERSION, &document, Some(text))
}
