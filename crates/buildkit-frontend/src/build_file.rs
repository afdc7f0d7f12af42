//! The build file of a frontend that reads nothing else.

use buildkit_llb::{Differ, Graph, Local, Metadata, SourceInfo};

use crate::{Bridge, Error, Options, Status};

/// The size up to which a build file is read, in bytes.
const LIMIT: usize = 4 << 20;

impl Bridge {
    /// Reads the build file: the file `filename` in the client's directory `dockerfile`, or in the
    /// one that `dockerfilekey` names. At most 4 MiB.
    ///
    /// The result can be passed to [`Status::with_source`] and [`Graph::add_source`]; its language
    /// is empty.
    ///
    /// Build contexts from git, from a URL or from standard input, which contain their build file,
    /// and results of other builds are not supported. For these, a frontend solves the sources of
    /// [`Options::context`] and [`Bridge::inputs`] itself, as the Dockerfile frontend does
    /// (`frontend/dockerui/context.go`).
    pub async fn read_build_file(&self, options: &Options) -> Result<SourceInfo, Status> {
        let (name, directory) = (options.filename(), options.build_file_directory());
        let directory = directory.unwrap_or("dockerfile");
        let mut local = Local::new(directory, options.sessions().of(directory));
        local.follow_paths = vec![name.to_owned()];
        local.shared_key_hint = directory.to_owned();
        local.differ = Some(Differ::None);
        let mut graph = Graph::new();
        let label = format!("[internal] load build definition from {name}");
        let state = graph.add(local, Metadata::named(label));
        let definition = graph.definition(state);
        let file = match self.connection().open_source(definition.clone()).await? {
            Some(files) => self.read_file(&files, name, LIMIT).await.map_err(|error: Error| {
                Status::from(error).context(format!("cannot read `{name}`"))
            })?,
            None => None,
        };
        let data = file.ok_or_else(|| {
            Status::new(format!("there is no `{name}` in the directory of the build file"))
        })?;
        let definition = Some(definition);
        Ok(SourceInfo::new(name, data).definition(definition))
    }
}
