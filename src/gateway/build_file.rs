//! Locates and reads the build file, the ignore file and the build context.
//!
//! Follows `frontend/dockerui/context.go` of BuildKit: the context is a directory of the client, a
//! git repository, an archive or a file at a URL, or the result of another build of the client; the
//! build file is in it, or in a directory of the client.

use buildkit_frontend::{Bridge, Connection, Error, FileKind, Ref, Stat, Status};
use buildkit_llb::{Definition, Differ, Digest, Graph, Local, Metadata, State};
use futures_util::future::{join3, try_join3};

use super::archive;
use super::options::Options;
use super::options::invalid;
use crate::analysis::IGNORE_FILE;
use crate::credentials::redacted;
use crate::dockerfile::is_dockerfile;
use crate::lock;
use crate::lower::{MainContext, MainSource, main_context};
use crate::path_pattern::exactly;
use crate::plan::{GitUrl, HTTP_FILE};
use crate::source::SourceFile;
use crate::spec::MAX_TEXT;

/// The build file and its related files.
pub(super) struct BuildFile {
    pub(super) file: SourceFile,
    /// Its location.
    pub(super) home: Home,
    /// The ignore file; empty if there is none, and if the build context is not a directory of the
    /// client.
    pub(super) ignore: SourceFile,
    /// The lock file next to it, if there is one.
    pub(super) lock: Option<SourceFile>,
    /// The main build context.
    pub(super) context: MainContext,
    /// The op that loads the build file, as the op of this build to which warnings are attached.
    pub(super) digest: Digest,
}

/// The location of the build file and its includes.
pub(super) enum Home {
    /// A directory of the client.
    Client {
        /// The name in it.
        name: String,
    },
    /// Files that are available in full.
    Files {
        /// The files.
        of: MainContext,
        /// The name in them.
        name: String,
    },
}

impl BuildFile {
    /// Locates and reads it.
    pub(super) async fn read(connection: &Connection, options: &Options) -> Result<Self, Status> {
        let subdir = options.context_subdir.clone();
        let Some(address) = &options.context else { return local(connection, options).await };
        let (source, name) = remote(connection, options, address).await?;
        let context = MainContext { source, subdir };
        if options.build_file_local.is_some() {
            let found = Home::client(options).read(connection, options).await?;
            return found.into_build_file(Vec::new(), context);
        }
        let whole = MainContext { subdir: String::new(), ..context.clone() };
        let home = Home::Files { of: whole, name: name.to_owned() };
        home.read(connection, options).await?.into_build_file(Vec::new(), context)
    }
}

/// Reads it if the build context is a directory of the client, or the result of another build,
/// which takes precedence. No option shows whether there is such a build, so this is requested
/// concurrently.
async fn local(connection: &Connection, options: &Options) -> Result<BuildFile, Status> {
    let build_file = Home::client(options).read(connection, options);
    let context_ignore = async {
        let directory = Directory::local(
            Local::new("context", options.sessions.of("context"))
                .follow_paths(vec![IGNORE_FILE.to_owned()])
                .shared_key_hint(format!("context-{IGNORE_FILE}"))
                .differ(Some(Differ::None)),
            &format!("[internal] load {IGNORE_FILE}"),
        );
        directory.open(connection).await?.read(connection, IGNORE_FILE).await
    };
    let (build_file, context_ignore, inputs) =
        join3(build_file, context_ignore, connection.inputs()).await;
    let inputs = inputs?;
    let context = match inputs.get("context") {
        Some(context) => MainContext {
            source: MainSource::Input(context.clone()),
            subdir: options.context_subdir.clone(),
        },
        None => MainContext::default(),
    };
    let found = match inputs.get("dockerfile").filter(|_| options.build_file_local.is_none()) {
        Some(files) => {
            let source = MainSource::Input(files.clone());
            let of = MainContext { source, subdir: String::new() };
            Home::Files { of, name: options.filename.clone() }.read(connection, options).await?
        }
        None => build_file?,
    };
    // An ignore file that cannot be read counts as empty, as with Dockerfiles.
    let ignore = context_ignore.unwrap_or_default().unwrap_or_default();
    found.into_build_file(ignore, context)
}

/// Resolves the URL of a build context, and the build file's name in it.
async fn remote<'o>(
    connection: &Connection,
    options: &'o Options,
    address: &str,
) -> Result<(MainSource, &'o str), Status> {
    if let Some(url) = GitUrl::parse(address) {
        let url = url.map_err(|err| invalid_context(format!("`{}`: {err}", redacted(address))))?;
        let keep_git_dir = Some(url.keep_git_dir == Some(true) || options.keep_git_dir);
        return Ok((MainSource::Git(GitUrl { keep_git_dir, ..url }), &options.filename));
    }
    if !address.starts_with("http://") && !address.starts_with("https://") {
        let shown = redacted(address);
        return Err(invalid_context(format!(
            "expected a git repository or a URL, found `{shown}`"
        )));
    }
    let source = web_source(connection, address.to_owned()).await?;
    let is_archive = matches!(source, MainSource::Http { is_archive: true, .. });
    Ok((source, if is_archive { &options.filename } else { HTTP_FILE.as_str() }))
}

fn invalid_context(problem: String) -> Status {
    Status::from(invalid("context", problem))
}

/// The file at a URL, after reading its beginning to see whether it is an archive.
pub(super) async fn web_source(connection: &Connection, url: String) -> Result<MainSource, Status> {
    let source = MainSource::Http { url: url.clone(), is_archive: false };
    let file =
        Directory::of(&MainContext { source, subdir: String::new() })?.open(connection).await?;
    let start = match &file.0 {
        Some(files) => connection.read_part(files, HTTP_FILE.as_str(), 0, archive::HEADER).await?,
        None => None,
    };
    let is_archive = archive::is_archive(&start.unwrap_or_default());
    Ok(MainSource::Http { url, is_archive })
}

/// The error for a file that cannot be read.
fn unreadable(error: Error) -> Status {
    match error {
        Error::TooLarge { limit } => Status::new(format!(
            "it is larger than {} MiB; move data into files that steps copy",
            limit >> 20
        )),
        error => error.into(),
    }
}

/// The name of the build file's own ignore file.
fn own_ignore_file(name: &str) -> String {
    format!("{name}{IGNORE_FILE}")
}

/// The alternative name of a file called `Dockerfile` (`ReadEntrypoint` in BuildKit's
/// `frontend/dockerui/config.go`).
fn in_lower_case(name: &str) -> Option<String> {
    const DOCKERFILE: &str = "Dockerfile";
    let directory = name.strip_suffix(DOCKERFILE)?;
    (directory.is_empty() || directory.ends_with('/'))
        .then(|| format!("{directory}{}", DOCKERFILE.to_lowercase()))
}

/// The build file with its own ignore file and lock file.
struct Found {
    home: Home,
    bytes: Option<Vec<u8>>,
    ignore: Option<Vec<u8>>,
    lock: Option<Vec<u8>>,
    digest: Digest,
    /// The graph of the directory, unless it is large.
    definition: Option<Definition>,
}

/// Maximum size in bytes of the directory's graph, which is sent with each location in the file.
/// The source of a directory has a few hundred.
const MAX_ORIGIN: usize = 16 << 10;

impl Found {
    /// `ignore` is the content of the context's own ignore file.
    fn into_build_file(self, ignore: Vec<u8>, context: MainContext) -> Result<BuildFile, Status> {
        let name = self.home.name();
        let Some(bytes) = self.bytes else {
            return Err(Status::new(format!(
                "there is no `{name}` in the directory of the build file"
            )));
        };
        let mut file = SourceFile::new(name, bytes);
        // With an empty one, BuildKit reads that of the context (`DockerIgnorePatterns` in
        // `frontend/dockerui/config.go`).
        let own = self.ignore.filter(|own| !own.is_empty() || !is_dockerfile(&file));
        // Files that are not on the client's disk need not be excluded from the transfer.
        let ignore = match (&context.source, own) {
            (MainSource::Local, Some(own)) => SourceFile::new(own_ignore_file(name), own),
            (MainSource::Local, None) => SourceFile::new(IGNORE_FILE, ignore),
            (MainSource::Git(_) | MainSource::Http { .. } | MainSource::Input(_), _) => {
                SourceFile::new(IGNORE_FILE, Vec::new())
            }
        };
        if let Some(definition) = self.definition {
            file = file.with_definition(definition);
        }
        Ok(BuildFile {
            file,
            lock: self.lock.map(|bytes| SourceFile::new(lock::file_name(name), bytes)),
            home: self.home,
            ignore,
            context,
            digest: self.digest,
        })
    }
}

impl Home {
    fn client(options: &Options) -> Self {
        Self::Client { name: options.filename.clone() }
    }

    /// The build file's name.
    fn name(&self) -> &str {
        match self {
            Self::Client { name } | Self::Files { name, .. } => name,
        }
    }

    /// Reads the build file, its own ignore file and its lock file.
    async fn read(self, connection: &Connection, options: &Options) -> Result<Found, Status> {
        let name = self.name();
        let (own_ignore, lock) = (own_ignore_file(name), lock::file_name(name));
        let label = format!("[internal] load build definition from {name}");
        let mut paths = vec![name.to_owned(), own_ignore.clone(), lock.clone()];
        let in_lower_case = in_lower_case(name);
        paths.extend(in_lower_case.clone());
        let directory = self.directory(options, paths, &label)?;
        let digest = directory.digest;
        let definition = Some(directory.graph.definition(directory.state))
            .filter(|definition| definition.encoded_len() <= MAX_ORIGIN);
        let files = directory.open(connection).await?;
        let (bytes, ignore, lock) = try_join3(
            files.read(connection, name),
            files.read(connection, &own_ignore),
            files.read(connection, &lock),
        )
        .await?;
        let bytes = match (bytes, &in_lower_case) {
            (None, Some(name)) => files.read(connection, name).await?,
            (bytes, _) => bytes,
        };
        Ok(Found { home: self, bytes, ignore, lock, digest, definition })
    }

    /// Opens the directory of the build file, to read further files.
    pub(super) async fn open(
        &self,
        connection: &Connection,
        options: &Options,
        paths: &[&str],
    ) -> Result<OpenDirectory, Status> {
        let paths = paths.iter().map(|path| self.path(path)).collect();
        self.directory(options, paths, "[internal] load included files")?.open(connection).await
    }

    /// The path of another file, given relative to the build file.
    pub(super) fn path(&self, seen_from_build_file: &str) -> String {
        match self.name().rsplit_once('/') {
            Some((directory, _)) => format!("{directory}/{seen_from_build_file}"),
            None => seen_from_build_file.to_owned(),
        }
    }

    /// The directory of the build file; from a client only the requested files are transferred.
    fn directory(
        &self,
        options: &Options,
        paths: Vec<String>,
        label: &str,
    ) -> Result<Directory, Status> {
        match self {
            Self::Files { of, .. } => Directory::of(of),
            Self::Client { .. } => {
                let local = options.build_file_local.as_deref().unwrap_or("dockerfile");
                let local = Local::new(local, options.sessions.of(local))
                    .follow_paths(paths)
                    .shared_key_hint(local.to_owned())
                    .differ(Some(Differ::None));
                Ok(Directory::local(local, label))
            }
        }
    }
}

/// A directory that can be opened.
pub(super) struct Directory {
    graph: Graph,
    state: State,
    digest: Digest,
}

/// An opened directory; empty if it has no files.
pub(super) struct OpenDirectory(Option<Ref>);

impl Directory {
    /// A directory of the client.
    pub(super) fn local(local: Local, label: &str) -> Self {
        let mut graph = Graph::new();
        let state = graph.add(local, Metadata::named(label));
        let digest = graph.digest(state).expect("a local source is not scratch");
        Self { graph, state, digest }
    }

    /// A build context that is not a directory of the client.
    fn of(context: &MainContext) -> Result<Self, Status> {
        let mut graph = Graph::new();
        let state =
            main_context(context, &mut graph).map_err(|err| Status::new(err.to_string()))?;
        Self::new(graph, state)
    }

    /// The result of an op in a graph.
    pub(super) fn new(graph: Graph, state: State) -> Result<Self, Status> {
        match graph.digest(state) {
            Some(digest) => Ok(Self { graph, state, digest }),
            None => Err(Status::new(
                "invalid nil input definition to definition op: there are no files in an empty build context",
            )),
        }
    }

    pub(super) async fn open(self, connection: &Connection) -> Result<OpenDirectory, Status> {
        let definition = self.graph.definition(self.state);
        Ok(OpenDirectory(connection.open_source(definition).await?))
    }
}

impl OpenDirectory {
    /// True if a path is a link to a missing file.
    pub(super) async fn is_dangling(&self, bridge: &Bridge, path: &str) -> Result<bool, Error> {
        let Some(directory) = &self.0 else { return Ok(false) };
        // Links are followed (`StatFile` in BuildKit's `cache/util/fsutil.go`).
        if bridge.stat(directory, path).await?.is_some() {
            return Ok(false);
        }
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = if parent.is_empty() { "/" } else { parent };
        let entries = bridge.read_dir(directory, parent, &exactly(name)).await?.unwrap_or_default();
        Ok(entries.iter().any(|entry| entry.path == name && is_link(entry)))
    }

    /// Reads a file; `None` if it does not exist.
    pub(super) async fn read(
        &self,
        connection: &Connection,
        path: &str,
    ) -> Result<Option<Vec<u8>>, Status> {
        match &self.0 {
            Some(directory) => {
                let read = connection.read_file(directory, path, MAX_TEXT).await;
                read.map_err(|err| unreadable(err).context(format!("cannot read `{path}`")))
            }
            None => Ok(None),
        }
    }
}

fn is_link(entry: &Stat) -> bool {
    matches!(entry.kind, FileKind::Symlink { .. })
}
