//! Build contexts: the main one and the named ones.

use buildkit_llb::{
    CopyAction, FileName, FileOp, Git, Graph, Http, ImportError, Local, Metadata, State,
};

use super::Lowering;
use super::settings::{MainContext, MainSource, Settings};
use crate::credentials::redacted;
use crate::plan::{
    ContextPaths, ContextSource, GitUrl, HTTP_FILE, HttpFile, LinksInKeys, PlannedContext,
};

impl Lowering<'_> {
    pub(super) fn add_context(&mut self, settings: &Settings) -> Result<State, ImportError> {
        if !matches!(settings.context.source, MainSource::Local) {
            return main_context(&settings.context, self.graph);
        }
        let context = Local::new("context", settings.sessions.of("context"))
            .exclude_patterns(self.excluded(&settings.ignore, &self.plan.context, settings))
            .follow_paths(only(&self.plan.context))
            .shared_key_hint("context".to_owned());
        Ok(self.graph.add(context, Metadata::named("[internal] load build context")))
    }

    /// The patterns of files that are not transferred. Those that all uses exclude come last, so
    /// that no exception of an ignore file applies to them.
    fn excluded(
        &self,
        ignore: &[String],
        paths: &ContextPaths,
        settings: &Settings,
    ) -> Vec<String> {
        // See `selection` in copy.rs. BuildKit follows links below the copied directory too, up to
        // v0.24. No capability was new in v0.25; the one for required paths came after it.
        let links = LinksInKeys {
            of_roots: self.plan.is_from_dockerfile,
            of_directories: !settings.engine.required_paths,
        };
        let unused = paths.excluded(links);
        ignore.iter().cloned().chain(unused.map(str::to_owned)).collect()
    }

    pub(super) fn add_named_context(
        &mut self,
        context: &PlannedContext,
        settings: &Settings,
    ) -> Result<State, ImportError> {
        let PlannedContext { name, source, declared, fact, paths } = context;
        let location = declared.map(|span| self.location(span));
        let kind = if declared.is_some() { "source" } else { "context" };
        let label =
            |what: &str| Metadata::named(format!("[{kind} {name}] {what}")).at(location.clone());
        match source {
            ContextSource::Local(directory) => {
                let key = settings.sessions.shared_keys.get(name).map_or("", String::as_str);
                let local = Local::new(directory, settings.sessions.of(directory))
                    .exclude_patterns(self.excluded(&fact.ignore, paths, settings))
                    .follow_paths(only(paths))
                    .shared_key_hint(format!("context:{name}-{key}"));
                Ok(self.graph.add(local, label("load from client")))
            }
            ContextSource::Git(url) => {
                let what = format!("load git source {}", redacted(&url.remote));
                Ok(self.graph.add(git_source(url), label(&what)))
            }
            ContextSource::Http(file) => {
                let fetched = self.graph.add(http(file), label(&redacted(&file.url)));
                if !file.extract {
                    return Ok(fetched);
                }
                let what = format!("unpack {}", file.name);
                Ok(self.graph.add(unpacked(fetched, &file.name), label(&what)))
            }
            ContextSource::Input(_) | ContextSource::Dockerfile(_) => match &fact.definition {
                Some(definition) => self.graph.import(definition.clone()),
                None => Ok(State::SCRATCH),
            },
            // Those are images of the plan, empty, or unknown and then not built.
            ContextSource::Target(_)
            | ContextSource::Image(_)
            | ContextSource::OciLayout { .. }
            | ContextSource::Scratch => Ok(State::SCRATCH),
        }
    }
}

/// The files of a main context that is not a directory of the client. A client's directory is empty
/// here: it is loaded later, with only the paths that a plan uses.
pub fn main_context(context: &MainContext, graph: &mut Graph) -> Result<State, ImportError> {
    let state = match &context.source {
        MainSource::Local => State::SCRATCH,
        MainSource::Git(url) => {
            let label = format!("[internal] load git source {}", redacted(&url.remote));
            graph.add(git_source(url), Metadata::named(label))
        }
        MainSource::Http { url, is_archive } => {
            let file = graph.add(
                http(&HttpFile::offered(url)),
                Metadata::named("[internal] load remote build context"),
            );
            if *is_archive {
                let label = Metadata::named("[internal] unpack remote build context");
                graph.add(unpacked(file, &HTTP_FILE), label)
            } else {
                file
            }
        }
        MainSource::Input(definition) => graph.import(definition.clone())?,
    };
    if context.subdir.is_empty() {
        return Ok(state);
    }
    let copy = CopyAction::new(state, format!("/{}", context.subdir.trim_start_matches('/')), "/")
        .dir_copy_contents(true);
    let label = format!("[internal] take {} of the build context", context.subdir);
    Ok(graph.add(FileOp::new(State::SCRATCH).then(copy), Metadata::named(label)))
}

/// The source for a repository's URL.
pub fn git_source(url: &GitUrl) -> Git {
    Git::new(&url.remote)
        .reference(url.reference.clone())
        .subdir(url.subdir.clone())
        .checksum(url.checksum.clone())
        .keep_git_dir(url.keep_git_dir.unwrap_or(false))
        .skip_submodules(url.skip_submodules)
        .fetch_by_commit(url.fetch_by_commit)
        .mtime(url.mtime)
}

fn http(HttpFile { url, name, checksum, .. }: &HttpFile) -> Http {
    Http::new(url).filename(Some(name.clone())).checksum(checksum.clone())
}

/// Unpacks an archive.
fn unpacked(file: State, name: &FileName) -> FileOp<'static> {
    let unpack = CopyAction::new(file, format!("/{name}"), "/").attempt_unpack(true);
    FileOp::new(State::SCRATCH).then(unpack)
}

/// The paths to transfer; empty for all.
fn only(paths: &ContextPaths) -> Vec<String> {
    paths.only().map_or_else(Vec::new, |paths| paths.map(str::to_owned).collect())
}
