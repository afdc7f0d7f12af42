//! A process in a separate container, outside the graph. It can read the files of a failed op,
//! which a graph cannot.

use buildkit_proto::{frontend, pb};

use crate::client::Call;
use crate::{Bridge, Error, Ref, gateway};

/// A container for one process, without network: see [`Bridge::run`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Container {
    /// A name of ASCII letters and digits that no other container of this build has.
    pub id: String,
    /// Its mounts. One at `/` is its root.
    pub mounts: Vec<ContainerMount>,
    /// The program and its arguments.
    pub args: Vec<String>,
}

impl Container {
    /// A container by its name, for a program and its arguments.
    pub fn new(id: impl Into<String>, mounts: Vec<ContainerMount>, args: Vec<String>) -> Container {
        Container { id: id.into(), mounts, args }
    }
}

/// A mount of a container.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ContainerMount {
    /// A file system that was built. Changes are discarded.
    Built {
        /// The path of the mount.
        path: String,
        /// The file system.
        files: Ref,
    },
    /// A mount of a failed op, as the op left it. Changes are discarded.
    Left {
        /// The path of the mount.
        path: String,
        /// The id of what is left: see [`FailedProcess::mounts`](crate::FailedProcess::mounts).
        id: String,
    },
    /// A cache directory, which outlives the build.
    Cache {
        /// The path of the mount.
        path: String,
        /// The id of the cache.
        id: String,
    },
}

/// The end of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exit {
    /// The exit code.
    pub code: u32,
    /// Its standard error, or the daemon's error if it could not be run.
    pub message: String,
}

/// The standard error of a process.
const STDERR: u32 = 2;

impl Bridge {
    /// Returns true if the daemon can run a process outside the graph.
    pub fn runs_containers(&self) -> bool {
        self.capabilities().gateway.supports(gateway::EXEC)
    }

    /// Runs a process to completion. Failing to release the container is not an error.
    pub async fn run(&self, container: Container) -> Result<Exit, Error> {
        self.capabilities().gateway.require(gateway::EXEC)?;
        let Container { id, mounts, args } = container;
        let request = frontend::NewContainerRequest {
            container_id: id.clone(),
            mounts: mounts.into_iter().map(ContainerMount::into_wire).collect(),
            network: pb::NetMode::None.into(),
            ..Default::default()
        };
        self.client().tell(Call::NewContainer, request).await?;
        let exit = self.process(&id, args).await;
        let request = frontend::ReleaseContainerRequest { container_id: id };
        // The process has finished its work, and the engine releases all containers at the end of
        // the build (`llbBridgeForwarder.Discard` in BuildKit's frontend/gateway/gateway.go).
        let _ = self.client().tell(Call::ReleaseContainer, request).await;
        exit
    }

    async fn process(&self, container: &str, args: Vec<String>) -> Result<Exit, Error> {
        use frontend::exec_message::Input;
        let init = frontend::InitMessage {
            container_id: container.to_owned(),
            meta: Some(pb::Meta { args, cwd: "/".to_owned(), ..Default::default() }),
            fds: vec![STDERR],
            ..Default::default()
        };
        let init = frontend::ExecMessage {
            process_id: container.to_owned(),
            input: Some(Input::Init(init)),
        };
        let mut answers = self.client().exec_process(init).await?;
        let mut exit = None;
        let mut printed = Vec::new();
        while let Some(answer) = answers.next::<frontend::ExecMessage>().await? {
            match answer.input {
                Some(Input::File(file)) if file.fd == STDERR => printed.extend(file.data),
                Some(Input::Exit(message)) => exit = Some(message),
                Some(Input::Done(_)) => break,
                Some(
                    Input::File(_)
                    | Input::Started(_)
                    | Input::Init(_)
                    | Input::Resize(_)
                    | Input::Signal(_),
                )
                | None => {}
            }
        }
        let exit = exit.ok_or_else(|| Error::Reply("no exit code of a process".to_owned()))?;
        let mut message = String::from_utf8_lossy(&printed).trim().to_owned();
        if message.is_empty() {
            message = exit.error.map(|error| error.message).unwrap_or_default();
        }
        Ok(Exit { code: exit.code, message })
    }
}

impl ContainerMount {
    fn into_wire(self) -> pb::Mount {
        match self {
            Self::Built { path, files } => bind(path, files.id().to_owned()),
            Self::Left { path, id } => bind(path, id),
            Self::Cache { path, id } => pb::Mount {
                dest: path,
                mount_type: pb::MountType::Cache.into(),
                cache_opt: Some(pb::CacheOpt { id, sharing: pb::CacheSharingOpt::Shared.into() }),
                ..Default::default()
            },
        }
    }
}

fn bind(dest: String, result_id: String) -> pb::Mount {
    pb::Mount {
        // Only the root must be writable: mounts below it need directories there.
        readonly: dest != "/",
        dest,
        result_id,
        mount_type: pb::MountType::Bind.into(),
        ..Default::default()
    }
}
