//! `SOURCE_DATE_EPOCH`: the timestamp of everything that a build creates.
//!
//! A number of seconds since 1970, or a keyword for its source: `context`, the name of a build
//! context, or the name of a stage that only fetches from a URL or from git. Follows
//! `frontend/dockerfile/dockerfile2llb/epoch.go` of BuildKit.

use buildkit_frontend::{Bridge, FileKind, Ref, SourceRequest, Status};
use buildkit_llb::{Cap, Git, GitMtime, Graph, Http, Source};
use futures_util::future::try_join_all;

use super::options::Options;
use super::options::invalid;
use super::{build_file, report};
use crate::diagnostic::Diagnostics;
use crate::lower::{MainContext, MainSource, git_source, main_context};
use crate::plan::{
    Action, ContextSource, Facts, GitUrl, Plan, Request, epoch_wanted, resolve, select,
};
use crate::source::SourceMap;
use crate::spec::{EPOCH_ARG as ARG, Spec};

/// Maximum number of directories of an archive that are searched for its newest file. Each is a
/// call.
const MAX_DIRECTORIES: usize = 4096;

/// Number of concurrent calls.
const AT_ONCE: usize = 64;

/// The source that a keyword refers to.
struct Timed {
    /// The source whose time is requested.
    source: Source,
    /// The URL of a file: if it is an archive and its server reports no time, the time of its
    /// newest file is used.
    url: Option<String>,
}

/// Resolves the time and sets it in the options, for this build and for nested ones: other
/// frontends do not support keywords. If the file has errors, no time is set. Files of a context
/// from git then have their commit's time, unless its URL sets another one.
pub(super) async fn find(
    bridge: &Bridge,
    spec: &Spec,
    files: &SourceMap,
    context: &mut MainContext,
    options: &mut Options,
) -> Result<(), Status> {
    let Some(text) = epoch_wanted(spec, &options.request) else { return Ok(()) };
    if let MainSource::Git(GitUrl { mtime: mtime @ None, .. }) = &mut context.source
        && bridge.capabilities().llb.supports(Cap::SOURCE_GIT_MTIME.id())
    {
        *mtime = Some(GitMtime::Commit);
    }
    let request = &mut options.request;
    request.epoch = match text.parse::<i64>() {
        Ok(seconds) => Some(seconds),
        Err(_) if !spec.is_whole() => None,
        Err(_) => match timed(&text, spec, files, context, request)? {
            Some(timed) => time_of(bridge, timed, &text).await?,
            None => None,
        },
    };
    let value = request.epoch.map(|seconds| seconds.to_string()).unwrap_or_default();
    options.raw.set(format!("build-arg:{ARG}"), value.clone());
    request.epoch_value = Some(value);
    Ok(())
}

/// The source for a keyword; `None` for files of the client, which have no time of their own.
fn timed(
    word: &str,
    spec: &Spec,
    files: &SourceMap,
    context: &MainContext,
    request: &Request,
) -> Result<Option<Timed>, Status> {
    if word == "context" {
        return Ok(match &context.source {
            MainSource::Git(url) => Some(Timed::git(url)),
            MainSource::Http { url, .. } => Some(Timed::http(url)),
            MainSource::Local | MainSource::Input(_) => None,
        });
    }
    if let Some((_, source)) = request.contexts.find(word, &request.target_platform) {
        return Ok(match source {
            ContextSource::Git(url) => Some(Timed::git(url)),
            ContextSource::Http(file) => Some(Timed::http(&file.url)),
            ContextSource::Local(_)
            | ContextSource::Input(_)
            | ContextSource::Target(_)
            | ContextSource::Dockerfile(_)
            | ContextSource::Image(_)
            | ContextSource::OciLayout { .. }
            | ContextSource::Scratch => None,
        });
    }
    if let Some(timed) = of_stage(word, spec, request) {
        return Ok(Some(timed));
    }
    let is_stage = spec.stages.iter().any(|(name, _)| name.as_str() == word);
    let problem = match is_stage {
        true => format!(
            "SOURCE_DATE_EPOCH stage does not meet source-only requirements: `{word}` is not a stage from `scratch` with \
             a single `git` or `fetch` step"
        ),
        false => format!(
            "invalid SOURCE_DATE_EPOCH: {word}: expected a number of seconds, `context`, a build context, or a stage from `scratch` with a single `git` or `fetch` step"
        ),
    };
    let default = spec.args.0.get(ARG).filter(|_| !request.build_args.contains_key(ARG));
    Err(match default {
        Some(arg) => report::at_place(Status::new(problem), files, arg.span),
        None => Status::from(invalid(&format!("build-arg:{ARG}"), problem)),
    })
}

impl Timed {
    fn git(url: &GitUrl) -> Self {
        Self { source: git_source(url).into(), url: None }
    }

    fn http(url: &str) -> Self {
        Self { source: Http::new(url).into(), url: Some(url.to_owned()) }
    }
}

/// The single source that a stage fetches, if it does nothing else.
fn of_stage(name: &str, spec: &Spec, request: &Request) -> Option<Timed> {
    let mut request = request.clone();
    request.stage = Some(name.to_owned());
    request.build_args.remove(ARG);
    // Only commits are resolved there, not checksums of files.
    let locking = std::mem::take(&mut request.locking);
    // Errors in the file are reported when the target itself is planned.
    let mut diagnostics = Diagnostics::default();
    let selection = select(spec, &request, &mut diagnostics)?;
    if !selection.images().is_empty() || !selection.contexts().is_empty() {
        return None;
    }
    let Plan { stages, .. } = resolve(&selection, Facts::default(), &mut diagnostics)?;
    let [stage] = stages.as_slice() else { return None };
    let [step] = &stage.steps[..] else { return None };
    match &step.action {
        // If the engine has a file's checksum, it sends no request and knows no time.
        Action::Fetch(fetch) => Some(Timed::http(&fetch.url)),
        Action::Git(git) => {
            let locked = match &git.checksum {
                Some(_) => None,
                None => locking.commit(&git.url, &git.reference, step.span, &mut diagnostics),
            };
            let source = Git::new(&git.url)
                .reference(locked.unwrap_or_else(|| git.reference.clone()))
                .subdir(git.subdir.clone())
                .checksum(git.checksum.clone());
            Some(Timed { source: source.into(), url: None })
        }
        Action::Exec(_)
        | Action::Copy(_)
        | Action::Unpack(_)
        | Action::Write(_)
        | Action::Mkdir { .. }
        | Action::Remove { .. }
        | Action::Symlink { .. } => None,
    }
}

/// The time of a commit, or of the last change of a file at a URL. If its server does not report
/// it, the time of the newest file in an archive; any other file has no time.
async fn time_of(bridge: &Bridge, timed: Timed, word: &str) -> Result<Option<i64>, Status> {
    let Timed { source, url } = timed;
    let log_name = format!("[internal] look up the time of {word}");
    let request = SourceRequest::new(source, log_name).with_commit();
    let meta = bridge.resolve_source(request).await?;
    let commit = meta.git.as_ref().and_then(|git| git.commit_object.as_deref());
    let modified = meta.http.as_ref().and_then(|http| http.last_modified);
    if let Some(time) = commit.and_then(commit_time).or(modified) {
        return Ok(Some(time));
    }
    if let Some(url) = url {
        let newest = newest_in(bridge, url, word).await?;
        // A server without dates is reported by new engines; old ones report nothing.
        if newest.is_some() || meta.http.is_some() {
            return Ok(newest);
        }
    }
    Err(Status::new(format!(
        "{ARG}={word}: the engine reports no time for {}; this needs BuildKit 0.26 or later",
        meta.source.identifier
    )))
}

/// The time of the newest file in an archive from a URL; `None` for a file that is not an archive.
///
/// BuildKit's frontend reads the archive itself (`archiveMaxTimeFromRef`). Here, the engine unpacks
/// it, as it does for a build context, with any compression.
async fn newest_in(bridge: &Bridge, url: String, word: &str) -> Result<Option<i64>, Status> {
    let source = build_file::web_source(bridge.connection(), url).await?;
    if !matches!(source, MainSource::Http { is_archive: true, .. }) {
        return Ok(None);
    }
    let mut graph = Graph::new();
    let context = MainContext { source, subdir: String::new() };
    let state = main_context(&context, &mut graph).map_err(|err| Status::new(err.to_string()))?;
    let files = bridge.connection().open_source(graph.definition(state)).await?;
    match files {
        Some(files) => newest_of(bridge, &files, word).await,
        None => Ok(None),
    }
}

/// The time of the newest file in a tree.
async fn newest_of(bridge: &Bridge, files: &Ref, word: &str) -> Result<Option<i64>, Status> {
    let mut newest = None;
    let mut directories = vec![".".to_owned()];
    let mut next = 0;
    while next < directories.len() {
        let end = directories.len().min(next + AT_ONCE);
        let lists = directories[next..end].iter().map(|path| bridge.read_dir(files, path, ""));
        let lists = try_join_all(lists).await?;
        for (at, list) in (next..end).zip(lists) {
            for entry in list.into_iter().flatten() {
                match entry.kind {
                    FileKind::File => newest = newest.max(Some(entry.mod_time)),
                    FileKind::Directory => {
                        directories.push(format!("{}/{}", directories[at], entry.path));
                    }
                    FileKind::Symlink { .. } | FileKind::Other => {}
                }
            }
        }
        next = end;
        if directories.len() > MAX_DIRECTORIES {
            return Err(Status::new(format!(
                "{ARG}={word}: the archive has more than {MAX_DIRECTORIES} directories, too many to find its newest file; give a number of seconds"
            )));
        }
    }
    Ok(newest.map(|nanoseconds: i64| nanoseconds.div_euclid(1_000_000_000)))
}

/// The committer's time in a raw git commit.
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
