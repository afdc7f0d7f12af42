//! A process in a separate container, outside the graph. It can read the files of a failed op,
//! which a graph cannot.

use buildkit_proto::frontend::exec_message::Input;
use buildkit_proto::{frontend, pb};
use futures_util::stream;
use tokio::sync::mpsc;

use crate::client::{Answers, Call};
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

/// The standard input of a process.
const STDIN: u32 = 0;

/// The standard output of a process.
const STDOUT: u32 = 1;

/// The standard error of a process.
const STDERR: u32 = 2;

/// A running process, which ends when this is dropped: see [`Bridge::start`].
#[derive(Debug)]
pub struct Process {
    id: String,
    answers: Answers,
    input: mpsc::UnboundedSender<frontend::ExecMessage>,
    /// The output that has arrived and is not read yet.
    output: Vec<u8>,
}

impl Bridge {
    /// Returns true if the daemon can run a process outside the graph.
    pub fn runs_containers(&self) -> bool {
        self.capabilities().gateway.supports(gateway::EXEC)
    }

    /// Starts a process, to talk with over its standard input and output. The engine releases its
    /// container at the end of the build.
    pub async fn start(&self, container: Container) -> Result<Process, Error> {
        let (id, args) = self.create(container).await?;
        let (input, mut further) = mpsc::unbounded_channel();
        let further = stream::poll_fn(move |cx| further.poll_recv(cx));
        let init = init(&id, args, vec![STDIN, STDOUT, STDERR]);
        let answers = self.client().exec_process(init, further).await?;
        Ok(Process { id, answers, input, output: Vec::new() })
    }

    /// Runs a process to completion. Failing to release the container is not an error.
    pub async fn run(&self, container: Container) -> Result<Exit, Error> {
        let (id, args) = self.create(container).await?;
        let exit = self.process(&id, args).await;
        let request = frontend::ReleaseContainerRequest { container_id: id };
        // The process has finished its work, and the engine releases all containers at the end of
        // the build (`llbBridgeForwarder.Discard` in BuildKit's frontend/gateway/gateway.go).
        let _ = self.client().tell(Call::ReleaseContainer, request).await;
        exit
    }

    /// Creates a container, and returns its id and the arguments of its process.
    async fn create(&self, container: Container) -> Result<(String, Vec<String>), Error> {
        self.capabilities().gateway.require(gateway::EXEC)?;
        let Container { id, mounts, args } = container;
        let request = frontend::NewContainerRequest {
            container_id: id.clone(),
            mounts: mounts.into_iter().map(ContainerMount::into_wire).collect(),
            network: pb::NetMode::None.into(),
            ..Default::default()
        };
        self.client().tell(Call::NewContainer, request).await?;
        Ok((id, args))
    }

    async fn process(&self, container: &str, args: Vec<String>) -> Result<Exit, Error> {
        let init = init(container, args, vec![STDERR]);
        let mut answers = self.client().exec_process(init, stream::pending()).await?;
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

/// The message that starts a process in a container.
fn init(container: &str, args: Vec<String>, fds: Vec<u32>) -> frontend::ExecMessage {
    let init = frontend::InitMessage {
        container_id: container.to_owned(),
        meta: Some(pb::Meta { args, cwd: "/".to_owned(), ..Default::default() }),
        fds,
        ..Default::default()
    };
    frontend::ExecMessage { process_id: container.to_owned(), input: Some(Input::Init(init)) }
}

impl Process {
    /// Reads the next line of its standard output. Fails if the process ends, with its standard
    /// error.
    pub async fn line(&mut self) -> Result<String, Error> {
        let mut printed = Vec::new();
        loop {
            if let Some(end) = self.output.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.output.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            let Some(answer) = self.answers.next::<frontend::ExecMessage>().await? else {
                break;
            };
            match answer.input {
                Some(Input::File(file)) if file.fd == STDOUT => self.output.extend(file.data),
                Some(Input::File(file)) if file.fd == STDERR => printed.extend(file.data),
                Some(Input::Done(_)) => break,
                Some(
                    Input::File(_)
                    | Input::Exit(_)
                    | Input::Started(_)
                    | Input::Init(_)
                    | Input::Resize(_)
                    | Input::Signal(_),
                )
                | None => {}
            }
        }
        let printed = String::from_utf8_lossy(&printed);
        Err(Error::Reply(format!("a process ended early: {}", printed.trim())))
    }

    /// Writes a line to its standard input. If the process has ended, nothing happens.
    pub fn tell(&self, line: &str) {
        let data = format!("{line}\n").into_bytes();
        let file = frontend::FdMessage { fd: STDIN, eof: false, data };
        let (process_id, input) = (self.id.clone(), Some(Input::File(file)));
        let _ = self.input.send(frontend::ExecMessage { process_id, input });
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
