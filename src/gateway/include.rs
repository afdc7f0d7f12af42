//! The includes of a build file, read from its own directory and from named build contexts.
//!
//! A build file without includes needs no calls. Others are read in waves: all includes of the
//! files known so far are read concurrently.

use std::collections::BTreeMap;

use buildkit_frontend::{Bridge, Status};
use buildkit_llb::{Differ, Graph, Image, Local, Metadata};
use futures_util::future::join_all;

use super::build_file::{Directory, Home, OpenDirectory};
use super::options::Options;
use super::report;
use crate::analysis::check_text;
use crate::collect::collect_map;
use crate::convert::{self, ReadDockerfile};
use crate::credentials::redacted;
use crate::diagnostic::Diagnostics;
use crate::lower::git_source;
use crate::plan::ContextSource;
use crate::rules;
use crate::source::{SourceFile, SourceMap};
use crate::spec::{Absent, Reading, Spec, Wanted};

/// All files of a build, and the resulting spec.
pub(super) struct ReadSpec {
    pub(super) files: SourceMap,
    /// `None` if it cannot be read at all.
    pub(super) spec: Option<Spec>,
    /// The Dockerfile that it was converted from, if any.
    pub(super) dockerfile: Option<ReadDockerfile>,
}

/// Reads all files of a build, and the resulting spec, as far as possible: see
/// [`crate::spec::parse`]. A Dockerfile is converted to a build file.
pub(super) async fn read_spec(
    bridge: &Bridge,
    options: &Options,
    file: SourceFile,
    home: &Home,
    diagnostics: &mut Diagnostics,
) -> Result<ReadSpec, Status> {
    let request = &options.request;
    let as_build_file = convert::as_build_file(
        file,
        &request.build_args,
        |file, dockerfile, diagnostics| check_text(file, dockerfile, request, diagnostics),
        diagnostics,
    );
    let (file, dockerfile) = match as_build_file {
        Ok(read) => read,
        Err(file) => {
            return Ok(ReadSpec { files: SourceMap::new(*file), spec: None, dockerfile: None });
        }
    };
    let mut reading = Reading::new(file, diagnostics);
    while !reading.wanted().is_empty() {
        let contents = read(bridge, options, home, &reading).await?;
        reading.add(contents, diagnostics);
    }
    let (files, mut spec) = reading.finish(diagnostics);
    if let (Some(spec), Some(dockerfile)) = (&mut spec, &dockerfile) {
        spec.hide_stages(|name| dockerfile.names_stage(name));
    }
    if let Some(spec) = &spec {
        rules::check_file(spec, diagnostics);
    }
    Ok(ReadSpec { files, spec, dockerfile })
}

/// The contents of wanted files in a build context, by path.
type Contents<'a> = BTreeMap<&'a str, Option<Vec<u8>>>;

/// Reads one wave, in its order.
async fn read(
    bridge: &Bridge,
    options: &Options,
    home: &Home,
    reading: &Reading,
) -> Result<Vec<Result<Vec<u8>, Absent>>, Status> {
    let mut by_context: BTreeMap<Option<&str>, Vec<&Wanted>> = BTreeMap::new();
    for wanted in reading.wanted() {
        by_context.entry(wanted.address.context.as_deref()).or_default().push(wanted);
    }
    let reads = by_context.iter().map(|(&context, wanted)| async move {
        let found = read_in(bridge, options, home, context, wanted).await;
        found.map(|found| (context, found)).map_err(|status| match wanted.first() {
            Some(first) => report::at_place(status, reading.files(), first.span),
            None => status,
        })
    });
    let mut found = collect_map(report::all(join_all(reads).await)?);
    let contents = reading.wanted().iter().map(|Wanted { address, .. }| {
        let files = found.get_mut(&address.context.as_deref()).and_then(Option::as_mut);
        let content = files.ok_or(Absent::Context)?.remove(address.path.as_str()).flatten();
        content.ok_or(Absent::File)
    });
    Ok(contents.collect())
}

/// Reads files of one directory concurrently. `None` if the client has not given the build context.
async fn read_in<'w>(
    bridge: &Bridge,
    options: &Options,
    home: &Home,
    context: Option<&str>,
    wanted: &[&'w Wanted],
) -> Result<Option<Contents<'w>>, Status> {
    let connection = bridge.connection();
    let paths: Vec<&'w str> = wanted.iter().map(|wanted| wanted.address.path.as_str()).collect();
    let files = match context {
        None => home.open(connection, options, &paths).await?,
        Some(name) => {
            let platform = &options.request.build_platform;
            match options.request.contexts.find(name, platform) {
                Some((key, source)) => open(bridge, options, key, source, &paths).await?,
                None => return Ok(None),
            }
        }
    };
    let files = &files;
    let home = context.is_none().then_some(home);
    let reads = paths.into_iter().map(|path| async move {
        let in_directory = home.map_or_else(|| path.to_owned(), |home| home.path(path));
        Ok((path, files.read(connection, &in_directory).await?))
    });
    Ok(Some(collect_map(report::all(join_all(reads).await)?)))
}

/// Opens a build context of the client.
async fn open(
    bridge: &Bridge,
    options: &Options,
    name: &str,
    source: &ContextSource,
    paths: &[&str],
) -> Result<OpenDirectory, Status> {
    let mut graph = Graph::new();
    let state = match source {
        ContextSource::Local(directory) => {
            let local = Local::new(directory, options.sessions.of(directory))
                .follow_paths(paths.iter().map(|&path| path.to_owned()).collect())
                .shared_key_hint(format!("context:{name}-include"))
                .differ(Some(Differ::None));
            graph.add(local, label(name, "included files"))
        }
        ContextSource::Git(url) => graph
            .add(git_source(url), label(name, &format!("git source {}", redacted(&url.remote)))),
        ContextSource::Image(reference) => {
            let platform = Some(options.request.build_platform.clone());
            let image =
                Image::new(reference.clone()).platform(platform).resolve_mode(options.resolve_mode);
            graph.add(image, label(name, &reference.to_string()))
        }
        ContextSource::Input(input) => {
            let definition = bridge
                .inputs()
                .await?
                .get(input)
                .ok_or_else(|| Status::new(format!("the client did not send `{input}`")))?;
            graph.import(definition.clone()).map_err(|err| Status::new(err.to_string()))?
        }
        ContextSource::Target(_) => {
            return Err(Status::new(format!(
                "the build context `{name}` is a bake target, which is available only to builds: `--call` does not work for a file that includes from it"
            )));
        }
        ContextSource::Http(_)
        | ContextSource::OciLayout { .. }
        | ContextSource::Scratch
        | ContextSource::Dockerfile(_) => {
            return Err(Status::new(format!(
                "cannot include files from the build context `{name}`: it is not a directory, a git repository, an image or a target"
            )));
        }
    };
    Directory::new(graph, state)?.open(bridge.connection()).await
}

fn label(name: &str, what: &str) -> Metadata<'static> {
    Metadata::named(format!("[context {name}] load {what}"))
}
