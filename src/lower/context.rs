//! Build contexts: the main one and those with names.

use buildkit_llb::{CopyAction, FileOp, Git, Graph, Http, ImportError, Local, Metadata, State};

use super::Lowering;
use super::settings::{MainContext, MainSource, Settings};
use crate::plan::{ContextPaths, ContextSource, GitUrl, PlannedContext};

/// The name of a file from the web that is a build context (`DetectHTTPContext` in
/// `frontend/dockerui/context.go` of BuildKit).
pub const HTTP_FILE: &str = "context";

impl Lowering<'_> {
    pub(super) fn add_context(&mut self, settings: &Settings) -> Result<State, ImportError> {
        if !matches!(settings.context.source, MainSource::Local) {
            return main_context(&settings.context, self.graph);
        }
        let context = Local {
            exclude_patterns: settings.ignore.clone(),
            follow_paths: only(&self.plan.context),
            shared_key_hint: "context".to_owned(),
            ..Local::new("context", settings.sessions.of("context"))
        };
        Ok(self.graph.add(context, Metadata::named("[internal] load build context")))
    }

    pub(super) fn add_named_context(
        &mut self,
        context: &PlannedContext,
        settings: &Settings,
    ) -> Result<State, ImportError> {
        let PlannedContext { name, source, fact, paths } = context;
        match source {
            ContextSource::Local(directory) => {
                let key = settings.sessions.shared_keys.get(name).map_or("", String::as_str);
                let local = Local {
                    exclude_patterns: fact.ignore.clone(),
                    follow_paths: only(paths),
                    shared_key_hint: format!("context:{name}-{key}"),
                    ..Local::new(directory, settings.sessions.of(directory))
                };
                let label = format!("[context {name}] load from client");
                Ok(self.graph.add(local, Metadata::named(label)))
            }
            ContextSource::Git(url) => {
                let label = format!("[context {name}] load git source {}", url.remote);
                Ok(self.graph.add(git_source(url), Metadata::named(label)))
            }
            ContextSource::Http(url) => {
                Ok(self.graph.add(http(url), Metadata::named(format!("[context {name}] {url}"))))
            }
            ContextSource::Input(_) | ContextSource::Dockerfile(_) => match &fact.definition {
                Some(definition) => self.graph.import(definition.clone()),
                None => Ok(State::SCRATCH),
            },
            // Those are images of the plan, or nothing.
            ContextSource::Image(_) | ContextSource::OciLayout { .. } | ContextSource::Scratch => {
                Ok(State::SCRATCH)
            }
        }
    }
}

/// The files of a main context that is not a directory of the client. Those are loaded with what is
/// read of them, which only a plan knows: here they are nothing.
pub fn main_context(context: &MainContext, graph: &mut Graph) -> Result<State, ImportError> {
    let state = match &context.source {
        MainSource::Local => State::SCRATCH,
        MainSource::Git(url) => {
            let label = format!("[internal] load git source {}", url.remote);
            graph.add(git_source(url), Metadata::named(label))
        }
        MainSource::Http { url, is_archive } => {
            let file =
                graph.add(http(url), Metadata::named("[internal] load remote build context"));
            if *is_archive {
                let unpack = CopyAction {
                    attempt_unpack: true,
                    ..CopyAction::new(file, format!("/{HTTP_FILE}"), "/")
                };
                let label = Metadata::named("[internal] unpack remote build context");
                graph.add(FileOp::new(State::SCRATCH).then(unpack), label)
            } else {
                file
            }
        }
        MainSource::Input(definition) => graph.import(definition.clone())?,
    };
    if context.subdir.is_empty() {
        return Ok(state);
    }
    let copy = CopyAction {
        dir_copy_contents: true,
        ..CopyAction::new(state, format!("/{}", context.subdir.trim_start_matches('/')), "/")
    };
    let label = format!("[internal] take {} of the build context", context.subdir);
    Ok(graph.add(FileOp::new(State::SCRATCH).then(copy), Metadata::named(label)))
}

/// The source that an address of a repository means.
pub fn git_source(url: &GitUrl) -> Git {
    Git {
        reference: url.reference.clone(),
        subdir: url.subdir.clone(),
        checksum: url.checksum.clone(),
        keep_git_dir: url.keep_git_dir,
        skip_submodules: url.skip_submodules,
        fetch_by_commit: url.fetch_by_commit,
        mtime: url.mtime,
        ..Git::new(&url.remote)
    }
}

fn http(url: &str) -> Http {
    Http { filename: Some(HTTP_FILE.to_owned()), ..Http::new(url) }
}

/// The paths to send; none where all are sent.
fn only(paths: &ContextPaths) -> Vec<String> {
    paths.only().map_or_else(Vec::new, |paths| paths.map(str::to_owned).collect())
}
