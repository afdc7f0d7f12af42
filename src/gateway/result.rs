//! The returned result: the files for each platform, and the metadata for exporters and clients.

use buildkit_frontend::{ImageResult, Ref, Refs, SolveResult, Status, keys};

use crate::plan::Plan;

/// The result of plans whose files are `refs`. With `several`, it has the form of an image for
/// several platforms, even if there is one.
pub(super) fn assemble(
    plans: &[Plan],
    refs: Vec<Refs>,
    several: bool,
) -> Result<SolveResult, Status> {
    let mut result = ImageResult::new(several);
    for (plan, refs) in plans.iter().zip(refs) {
        let mut image = result.add(&plan.platform, refs.single()?);
        image.config(plan.config.to_json());
        if let Some(base) = &plan.base_config {
            image.base_config(base.clone());
        }
        if let Some(epoch) = plan.epoch {
            image.epoch(epoch);
        }
        for (name, value) in &plan.annotations {
            image.annotation(name, value.clone());
        }
    }
    Ok(result.finish())
}

/// The result of plans whose files, `refs`, are not images: without configs.
pub(super) fn of_files(plans: &[Plan], refs: Vec<Option<Ref>>, several: bool) -> SolveResult {
    let mut result = ImageResult::new(several);
    for (plan, files) in plans.iter().zip(refs) {
        let mut platform = result.add(&plan.platform, files);
        if let Some(epoch) = plan.epoch {
            platform.epoch(epoch);
        }
    }
    result.finish()
}

/// Adds a text that buildx prints at the end of the build.
///
/// It prints the text to its standard output, after the image's id with `--quiet`
/// (`commands/build.go` of buildx). Scripts read that id, so a build of an image must have none.
pub(super) fn with_message(result: SolveResult, message: Option<String>) -> SolveResult {
    match message {
        Some(message) => result.with_metadata(keys::INLINE_MESSAGE, message),
        None => result,
    }
}
