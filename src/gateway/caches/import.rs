//! The build context `mstage.caches`: new caches begin as what an export has for them.
//!
//! The source of the caches is no input of any step, so it changes no cache key, and is not read if
//! all steps with caches are cached. A step that runs waits for [`wait`](super::meeting): the
//! frontend then looks which caches are new, and fills those from the source.

use std::pin::pin;
use std::time::Duration;

use buildkit_frontend::{Bridge, Container, ContainerMount, Refs, SolveRequest, Status, Warning};
use buildkit_llb::{Definition, Digest, Graph, Image, Local, Metadata, OciLayout, State};
use futures_util::future::{Either, join_all, select};
use tokio::time::timeout;

use super::export::shown;
use super::name::{INDEX, Index, MAX_INDEX, directory};
use super::{files, meeting};
use crate::gateway::options::Options;
use crate::gateway::{options, own_image, report};
use crate::lower::{CACHE, Cache, MEETING, MEETING_ID, OUTPUT, Program, SOURCE};
use crate::plan::{CACHES, ContextSource};
use crate::reference::Reference;

/// The file that tells that a cache is new.
const NEW: &str = "new";

/// Maximum time to find out whether a cache is new. A step of another build may hold the cache. Or
/// the steps that wait may take all places of an engine with `max-parallelism`, so that nothing else
/// runs: without a limit they would wait forever.
const CHECK_TIME: Duration = Duration::from_secs(60);

/// Maximum time to read the source and to fill the caches, for the same reason.
const FILL_TIME: Duration = Duration::from_secs(15 * 60);

/// All that is needed to fill the new caches of a build.
pub(in crate::gateway) struct Import {
    program: Program,
    /// The graph of the frontend's image.
    image: Definition,
    /// The name of the source in messages.
    name: String,
    /// The graph of the file that lists the caches of the source.
    index: Definition,
    caches: Vec<Fillable>,
    /// The op to which warnings are attached.
    about: Digest,
}

/// A cache that can be filled.
struct Fillable {
    cache: Cache,
    /// The graph of the process that checks whether it is new.
    check: Definition,
    /// The graph of the process that fills it.
    fill: Definition,
}

/// The program that steps wait for, if the client has given a source of caches.
pub(in crate::gateway) fn program(
    bridge: &Bridge,
    options: &Options,
    graph: &mut Graph,
) -> Result<Option<Program>, Status> {
    if options.caches.is_none() || !bridge.runs_containers() {
        return Ok(None);
    }
    let nonce = Digest::of(options.sessions.id.as_bytes()).to_string();
    Ok(Some(Program {
        image: own_image::add(graph, options)?,
        path: own_image::program()?,
        platform: options.request.build_platform.clone(),
        nonce: nonce.replace("sha256:", ""),
    }))
}

impl Import {
    /// Prepares to fill these caches.
    pub(in crate::gateway) fn new(
        options: &Options,
        program: Program,
        caches: Vec<Cache>,
        graph: &mut Graph,
        about: Digest,
    ) -> Result<Self, Status> {
        let (source, index, name) = source(options, graph)?;
        let is_local = matches!(options.caches, Some(ContextSource::Local(_)));
        let mut fillable = Vec::with_capacity(caches.len());
        for cache in caches {
            let name = shown(&cache);
            let args = [files::CHECK, &name, CACHE, &format!("{OUTPUT}/{NEW}")];
            let label = format!("[caches] check {name}");
            let check = program.read(graph, &cache, State::SCRATCH, &args, &label);
            // Clients send the files of a directory without their owners.
            let verb = if is_local { files::FILL_OWNED } else { files::FILL };
            let from = format!("{SOURCE}/{}", directory(&cache));
            let args = [verb, &name, &from, CACHE];
            let label = format!("[caches] import {name}");
            let fill = program.fill(graph, &cache, source, &args, &label);
            let (check, fill) = (graph.definition(check), graph.definition(fill));
            fillable.push(Fillable { cache, check, fill });
        }
        let image = graph.definition(program.image);
        let index = graph.definition(index);
        Ok(Self { program, image, name, index, caches: fillable, about })
    }

    async fn serve(&self, bridge: &Bridge) -> Result<std::convert::Infallible, Status> {
        let image = SolveRequest::new(self.image.clone());
        let Refs::Single(Some(image)) = bridge.solve(image).await?.refs else {
            return Err(Status::new("the frontend's own image is empty"));
        };
        let mounts = vec![
            ContainerMount::Built { path: "/".to_owned(), files: image },
            ContainerMount::Cache { path: MEETING.to_owned(), id: MEETING_ID.to_owned() },
        ];
        let Program { path, nonce, .. } = &self.program;
        let args = [path, meeting::SERVE, MEETING, nonce].map(str::to_owned);
        let container = Container::new(format!("mstagecaches{nonce}"), mounts, args.into());
        let mut process = bridge.start(container).await?;
        while process.line().await? != meeting::ASKED {}
        self.fill(bridge).await?;
        process.tell(meeting::FILLED);
        // Further steps need not wait, and the process tells them so.
        loop {
            process.line().await?;
        }
    }

    /// Fills the new caches that the source has, unless that takes too long.
    async fn fill(&self, bridge: &Bridge) -> Result<(), Status> {
        let checks = self.caches.iter().map(|one| one.is_new(bridge));
        let checked: Vec<Option<bool>> = report::all(join_all(checks).await)?;
        let checked = self.caches.iter().zip(checked);
        let (mut new, mut late) = (Vec::new(), Vec::new());
        for (one, is_new) in checked {
            match is_new {
                Some(true) => new.push(one),
                Some(false) => {}
                None => late.push(shown(&one.cache)),
            }
        }
        if !late.is_empty() {
            let seconds = CHECK_TIME.as_secs();
            let short = format!("caches are not imported: not free within {seconds} seconds");
            self.warn(bridge, short, [&late[..], &[LATE.to_owned()]].concat()).await;
        }
        if new.is_empty() {
            return Ok(());
        }
        match timeout(FILL_TIME, self.fill_new(bridge, &new)).await {
            Ok(filled) => filled,
            Err(_) => {
                let minutes = FILL_TIME.as_secs() / 60;
                let short =
                    format!("caches are not imported: not finished within {minutes} minutes");
                self.warn(bridge, short, vec![LATE.to_owned()]).await;
                Ok(())
            }
        }
    }

    async fn fill_new(&self, bridge: &Bridge, new: &[&Fillable]) -> Result<(), Status> {
        let Some(index) = self.index(bridge).await? else { return Ok(()) };
        let fills = new.iter().filter(|one| index.has(&one.cache)).map(|one| async move {
            let request = SolveRequest::new(one.fill.clone()).evaluate(true);
            bridge.solve(request).await.map(drop).map_err(Status::from)
        });
        report::all(join_all(fills).await)?;
        Ok(())
    }

    async fn warn(&self, bridge: &Bridge, short: String, detail: Vec<String>) {
        let warning = Warning::new(self.about.to_string(), short).detail(detail);
        // A warning that cannot be sent must not fail the build.
        let _ = bridge.warn(warning).await;
    }

    /// Reads which caches the source has. A source that cannot be read is no error: the first build
    /// of a project has none.
    async fn index(&self, bridge: &Bridge) -> Result<Option<Index>, Status> {
        let Self { name, .. } = self;
        let request = SolveRequest::new(self.index.clone()).evaluate(true);
        let files = match bridge.solve(request).await {
            Ok(result) => result.refs.single()?,
            Err(err) => {
                let short = format!("no caches are imported: {name} cannot be read");
                let detail = vec![Status::from(err).message().to_owned()];
                self.warn(bridge, short, detail).await;
                return Ok(None);
            }
        };
        let text = match &files {
            Some(files) => bridge.read_file(files, INDEX, MAX_INDEX).await?,
            None => None,
        };
        let Some(text) = text else {
            let message = format!("{name} is not an export of caches: it has no file {INDEX}");
            return Err(Status::new(message).help(HELP));
        };
        let index = Index::parse(&text);
        index.map(Some).map_err(|why| {
            Status::new(format!("{name} is not an export of caches: {INDEX} {why}")).help(HELP)
        })
    }
}

impl Fillable {
    /// True if nothing has used the cache yet; `None` if that cannot be found out in time.
    async fn is_new(&self, bridge: &Bridge) -> Result<Option<bool>, Status> {
        let request = SolveRequest::new(self.check.clone()).evaluate(true);
        let Ok(solved) = timeout(CHECK_TIME, bridge.solve(request)).await else { return Ok(None) };
        let Some(files) = solved?.refs.single()? else { return Ok(Some(false)) };
        Ok(Some(bridge.read_file(&files, NEW, 1).await?.is_some()))
    }
}

/// Runs a build, and fills its caches as soon as one of its steps waits for them.
pub(in crate::gateway) async fn with_import<T>(
    bridge: &Bridge,
    import: Option<Import>,
    build: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    let Some(import) = import else { return build.await };
    match select(pin!(build), pin!(import.serve(bridge))).await {
        Either::Left((built, _)) => built,
        Either::Right((Ok(never), _)) => match never {},
        Either::Right((Err(status), _)) => Err(status),
    }
}

/// The reasons for an import that takes too long, and the way out.
const LATE: &str = "another build holds the caches, or the engine runs too few steps at once: raise `max-parallelism` in its configuration, or build without the build context `mstage.caches`";

/// The way out of a source that has no caches.
const HELP: &str = "export caches with `--target mstage.caches`, and give that image or directory as the build context `mstage.caches`";

/// Adds the source of caches to a graph. Returns its files, those that contain the list of its
/// caches, and its name in messages.
fn source(options: &Options, graph: &mut Graph) -> Result<(State, State, String), Status> {
    let platform = Some(options.request.build_platform.clone());
    let label = |what: &str| Metadata::named(format!("[caches] load {what}"));
    match &options.caches {
        Some(ContextSource::Image(reference)) => {
            let image =
                Image::new(reference.clone()).platform(platform).resolve_mode(options.resolve_mode);
            let name = format!("the image {}", reference.familiar());
            let state = graph.add(image, label(&name));
            Ok((state, state, name))
        }
        Some(ContextSource::OciLayout { store, digest }) => {
            // The name is only a description; the digest identifies the image.
            let reference = Reference::parse(CACHES).map_err(|err| invalid(&err.to_string()))?;
            let reference = reference.pinned(Some(digest.clone()));
            let layout = OciLayout::new(reference.to_string())
                .platform(platform)
                .session_id(options.sessions.id.clone())
                .store_id(store.clone());
            let name = "the OCI layout of the client".to_owned();
            let state = graph.add(layout, label(&name));
            Ok((state, state, name))
        }
        Some(ContextSource::Local(directory)) => {
            let name = "the directory of the client".to_owned();
            let local = || Local::new(directory, options.sessions.of(directory));
            let all = local().shared_key_hint(CACHES.to_owned());
            let all = graph.add(all, label(&name));
            let index = local()
                .follow_paths(vec![INDEX.to_owned()])
                .shared_key_hint(format!("{CACHES}-{INDEX}"));
            let index = graph.add(index, label(&format!("{INDEX} of {name}")));
            Ok((all, index, name))
        }
        _ => Err(invalid("expected an image, a directory or an OCI layout")),
    }
}

fn invalid(problem: &str) -> Status {
    options::invalid(&format!("context:{CACHES}"), problem).into()
}
