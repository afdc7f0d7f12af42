//! `--call=convert`: the build file of a Dockerfile.

use buildkit_frontend::{Answer, Status};

use super::answer_of;
use crate::gateway::build_file::BuildFile;
use crate::gateway::convert::conversion;
use crate::gateway::options::Options;
use crate::show::CONVERSION_VERSION;

/// The converted build file of a Dockerfile.
pub(super) fn answer(options: &Options, build_file: BuildFile) -> Result<Answer, Status> {
    let document = conversion(build_file.file, options)?;
    let answer = answer_of(CONVERSION_VERSION, &document, Some(document.text().to_owned()))?;
    Ok(answer.exit_status(u8::from(document.is_different())))
}
