//! `VCS_REVISION` and `VCS_SOURCE`: the commit that is built, and its repository.
//!
//! buildx passes the commit and the remote URL of a checkout (`build/git.go`). For a build context
//! from git they are known; its commit is looked up only if the build file uses it.

use buildkit_frontend::{Bridge, Status};

use super::lock::pins::commit_of;
use super::options::Options;
use crate::lock::is_commit;
use crate::lower::{MainContext, MainSource};
use crate::plan::{GitUrl, VCS_REVISION, without_credentials};
use crate::spec::Spec;

/// Adds the values for a context from git to the options, unless the client has set them.
pub(super) async fn find(
    bridge: &Bridge,
    spec: &Spec,
    context: &MainContext,
    options: &mut Options,
) -> Result<(), Status> {
    let MainSource::Git(GitUrl { remote, reference, checksum, .. }) = &context.source else {
        return Ok(());
    };
    let vcs = &mut options.request.vcs;
    if vcs.source.is_none() {
        vcs.source = Some(without_credentials(remote));
    }
    if vcs.revision.is_none() && spec.uses_name(VCS_REVISION) {
        vcs.revision = match [checksum.as_deref(), Some(reference)]
            .into_iter()
            .flatten()
            .find(|of| is_commit(of))
        {
            Some(commit) => Some(commit.to_owned()),
            None => commit_of(bridge, remote, reference).await?,
        };
    }
    Ok(())
}
