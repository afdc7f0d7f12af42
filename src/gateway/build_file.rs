//! The build file and the ignore file, read from the client.

use buildkit_llb::{Differ, Digest, Graph, Local, Metadata};
use futures_util::future::{join, try_join};

use super::bridge::{Bridge, Ref, Refs, SolveRequest, Status};
use super::{Options, ignore};
use crate::source::SourceFile;

/// The build file, and what its ignore file says.
pub(super) struct BuildFile {
    pub(super) file: SourceFile,
    /// Patterns of the ignore file.
    pub(super) ignore: Vec<String>,
    /// The op that loads the build file: something of this build that warnings can be about.
    pub(super) digest: Digest,
}

impl BuildFile {
    /// Reads both at once.
    pub(super) async fn read(bridge: &Bridge, options: &Options) -> Result<Self, Status> {
        let name = &options.filename;
        let own_ignore = format!("{name}.dockerignore");
        let directory = Directory::new(
            Local {
                follow_paths: vec![name.clone(), own_ignore.clone()],
                shared_key_hint: options.build_file_local.clone(),
                differ: Some(Differ::None),
                ..Local::new(&options.build_file_local, &options.session_id)
            },
            &format!("[internal] load build definition from {name}"),
        );
        let context = Directory::new(
            Local {
                follow_paths: vec![".dockerignore".to_owned()],
                shared_key_hint: "context-.dockerignore".to_owned(),
                differ: Some(Differ::None),
                ..Local::new("context", &options.session_id)
            },
            "[internal] load .dockerignore",
        );
        let digest = directory.digest;
        let build_files = async {
            let directory = directory.open(bridge).await?;
            try_join(directory.read(bridge, name), directory.read(bridge, &own_ignore)).await
        };
        let context_ignore =
            async { context.open(bridge).await?.read(bridge, ".dockerignore").await };
        let (build_files, context_ignore) = join(build_files, context_ignore).await;
        let (bytes, own_ignore) = build_files?;
        let Some(bytes) = bytes else {
            return Err(Status::new(format!("there is no `{name}` in the build file's directory")));
        };
        // An ignore file that cannot be read counts as none, as it does for Dockerfiles.
        let ignore = own_ignore.or(context_ignore.unwrap_or_default()).unwrap_or_default();
        Ok(Self {
            file: SourceFile::new(name, bytes),
            ignore: ignore::patterns(&String::from_utf8_lossy(&ignore)),
            digest,
        })
    }
}

/// A directory of the client.
struct Directory {
    graph: Graph,
    state: buildkit_llb::State,
    digest: Digest,
}

/// A directory of the client that can be read.
struct OpenDirectory(Option<Ref>);

impl Directory {
    fn new(local: Local, label: &str) -> Self {
        let mut graph = Graph::new();
        let state = graph.add(local, Metadata::named(label));
        let digest = graph.digest(state).expect("a local source is not scratch");
        Self { graph, state, digest }
    }

    async fn open(self, bridge: &Bridge) -> Result<OpenDirectory, Status> {
        let definition = self.graph.definition(self.state).into_proto();
        let solved = bridge.solve(SolveRequest::new(definition)).await?;
        match solved.refs {
            Refs::Single(directory) => Ok(OpenDirectory(directory)),
            Refs::ByPlatform(_) => {
                Err(Status::new("BuildKit gave several results for one directory"))
            }
        }
    }
}

impl OpenDirectory {
    /// Reads a file; `None` where there is none.
    async fn read(&self, bridge: &Bridge, path: &str) -> Result<Option<Vec<u8>>, Status> {
        match &self.0 {
            Some(directory) => Ok(bridge.read_file(directory, path).await?),
            None => Ok(None),
        }
    }
}
