//! `--call=outline`: the args, secrets and ssh agents of a build.

use buildkit_frontend::{Answer, Bridge, Status};

use super::answer_of;
use super::documents::{document_of_dockerfile, of_spec};
use crate::diagnostic::Diagnostics;
use crate::dockerfile::evaluate::{Input, NoImages};
use crate::dockerfile::outline as outline_of;
use crate::gateway::build_file::BuildFile;
use crate::gateway::options::Options;
use crate::plan::select_outline;
use crate::show::{OUTLINE_VERSION, Outline};
use crate::source::SourceMap;
use crate::spec::Spec;

/// The inputs of a build of the target. No image is looked up.
pub(super) async fn answer(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<Answer, Status> {
    if let Some(document) = document_of_dockerfile(
        options,
        &build_file,
        true,
        |input: &Input<'_>, files: &SourceMap| {
            Some(Outline::of_dockerfile(outline_of(input, &NoImages)?, files))
        },
    )? {
        let text = document.to_text();
        return answer_of(OUTLINE_VERSION, &document, Some(text));
    }
    let outline = |spec: &Spec, files: &SourceMap, diagnostics: &mut Diagnostics| {
        let selection = select_outline(spec, &options.request, diagnostics)?;
        Some(Outline::new(selection.parameters(|span| files.written(span).to_owned()), files))
    };
    let document = of_spec(bridge, options, build_file, outline).await?;
    let text = document.to_text();
    answer_of(OUTLINE_VERSION, &document, Some(text))
}
