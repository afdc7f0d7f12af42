//! `SOURCE_DATE_EPOCH`: the time that everything which is made gets.
//!
//! A number of seconds since 1970, or a word for where to find it: `context`, the name of a build
//! context, or the name of a stage that takes one thing from the web or from git. Follows
//! `frontend/dockerfile/dockerfile2llb/epoch.go` of BuildKit.

use buildkit_llb::{Git, Http, Source};
use buildkit_proto::pb;

use super::Options;
use super::bridge::{Bridge, ResolveMode, SourceRequest, Status};
use super::options::invalid;
use crate::diagnostic::Diagnostics;
use crate::lower::{MainContext, MainSource, git_source};
use crate::plan::{Action, ContextSource, Facts, Plan, Request, resolve, select};
use crate::spec::Spec;

/// The build arg that says it.
const ARG: &str = "SOURCE_DATE_EPOCH";

/// Whether the client wants one time for everything.
pub(super) fn is_wanted(options: &Options) -> bool {
    options.request.build_args.get(ARG).is_some_and(|text| !text.is_empty())
}

/// Finds the time and sets it in the options, for this build and for those that are started from it: other
/// frontends know no words. A file with errors has none.
pub(super) async fn find(
    bridge: &Bridge,
    spec: &Spec,
    context: &MainContext,
    options: &mut Options,
) -> Result<(), Status> {
    let request = &mut options.request;
    let Some(text) = request.build_args.get(ARG).filter(|text| !text.is_empty()).cloned() else {
        return Ok(());
    };
    request.epoch = match text.parse::<i64>() {
        Ok(seconds) => Some(seconds),
        Err(_) if !spec.is_whole() => None,
        Err(_) => match source(&text, spec, context, request)? {
            Some(source) => Some(time_of(bridge, source, &text).await?),
            None => None,
        },
    };
    let value = request.epoch.map(|seconds| seconds.to_string()).unwrap_or_default();
    request.build_args.insert(ARG.to_owned(), value.clone());
    options.raw.insert(format!("build-arg:{ARG}"), value);
    Ok(())
}

/// What a word stands for; `None` for files of the client, which have no time of their own.
fn source(
    word: &str,
    spec: &Spec,
    context: &MainContext,
    request: &Request,
) -> Result<Option<Source>, Status> {
    if word == "context" {
        return Ok(match &context.source {
            MainSource::Git(url) => Some(git_source(url).into()),
            MainSource::Http { url, .. } => Some(Http::new(url).into()),
            MainSource::Local | MainSource::Input(_) => None,
        });
    }
    if let Some((_, source)) = request.contexts.find(word, &request.target_platform) {
        return Ok(match source {
            ContextSource::Git(url) => Some(git_source(url).into()),
            ContextSource::Http(file) => Some(Http::new(&file.url).into()),
            ContextSource::Local(_)
            | ContextSource::Input(_)
            | ContextSource::Target(_)
            | ContextSource::Dockerfile(_)
            | ContextSource::Image(_)
            | ContextSource::OciLayout { .. }
            | ContextSource::Scratch => None,
        });
    }
    match source_of_stage(word, spec, request) {
        Some(source) => Ok(Some(source)),
        None => Err(Status::from(invalid(
            &format!("build-arg:{ARG}"),
            format!(
                "`{word}` is neither a number of seconds nor `context`, nor a build context, nor a stage from `scratch` \
                 with a single `git` or `fetch` step"
            ),
        ))),
    }
}

/// The one thing that a stage takes from elsewhere, where it does nothing else.
fn source_of_stage(name: &str, spec: &Spec, request: &Request) -> Option<Source> {
    let mut request = request.clone();
    request.stage = Some(name.to_owned());
    request.build_args.remove(ARG);
    // Only commits are looked up there: of files their checksums are not asked for.
    let locking = std::mem::take(&mut request.locking);
    // What is wrong with the file is reported when the target itself is planned.
    let mut diagnostics = Diagnostics::default();
    let selection = select(spec, &request, &mut diagnostics)?;
    if !selection.images().is_empty() || !selection.contexts().is_empty() {
        return None;
    }
    let Plan { stages, .. } = resolve(&selection, Facts::default(), &mut diagnostics)?;
    let [stage] = &stages[..] else { return None };
    let [step] = &stage.steps[..] else { return None };
    match &step.action {
        // An engine that is told a file's checksum asks nobody, and knows no time.
        Action::Fetch(fetch) => Some(Http::new(&fetch.url).into()),
        Action::Git(git) => Some(
            Git {
                reference: match &git.checksum {
                    Some(_) => None,
                    None => locking.commit(&git.url, &git.reference, step.span, &mut diagnostics),
                }
                .unwrap_or_else(|| git.reference.clone()),
                subdir: git.subdir.clone(),
                checksum: git.checksum.clone(),
                ..Git::new(&git.url)
            }
            .into(),
        ),
        Action::Exec(_)
        | Action::Copy(_)
        | Action::Unpack(_)
        | Action::Write(_)
        | Action::Mkdir { .. }
        | Action::Remove { .. }
        | Action::Symlink { .. } => None,
    }
}

/// When a commit was made, or a file of the web was changed.
async fn time_of(bridge: &Bridge, source: Source, word: &str) -> Result<i64, Status> {
    let request = SourceRequest {
        source: pb::SourceOp { identifier: source.identifier, attrs: source.attrs },
        platform: None,
        mode: ResolveMode::Default,
        log_name: format!("[internal] look up the time of {word}"),
        with_commit: true,
    };
    let meta = bridge.resolve_source(request).await?;
    let commit = meta.git.as_ref().and_then(|git| git.commit_object.as_deref());
    let time = match (commit, &meta.http) {
        (Some(commit), _) => commit_time(commit),
        (None, Some(http)) => http.last_modified,
        (None, None) => None,
    };
    time.ok_or_else(|| {
        Status::new(format!(
            "{ARG}={word}: there is no time for {}; an engine tells it from BuildKit 0.26 on, of a file only if its server does",
            meta.source.identifier
        ))
    })
}

/// The committer's time in a commit as git stores it.
fn commit_time(commit: &[u8]) -> Option<i64> {
    let text = String::from_utf8_lossy(commit);
    let header = text.split("\n\n").next()?;
    let committer = header.lines().find_map(|line| line.strip_prefix("committer "))?;
    let (_, time) = committer.rsplit_once("> ")?;
    time.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_commits() {
        let commit = b"tree 1\nauthor A <a@b> 1 +0000\ncommitter C D <c@d> 1700000000 +0100\n\ncommitter x <y> 5 +0\n";
        assert_eq!(commit_time(commit), Some(1_700_000_000));
        assert_eq!(commit_time(b"tree 1\n\ntext"), None);
    }
}
