//! The connection to the daemon, and the calls that need no look at what it can do.
//!
//! Every daemon answers them, so that a build can begin to read files while it asks for the daemon's
//! capabilities.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use buildkit_llb::Definition;
use buildkit_proto::frontend;
use buildkit_proto::frontend::llb_bridge_client::LlbBridgeClient;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tonic::Code;
use tonic::codegen::http::Uri;

use super::{Bridge, Error, Ref, SolveRequest, SolveResult};
use crate::gateway::transport::{self, Channel, MAX_MESSAGE};
use crate::spec::MAX_TEXT;

/// How long the daemon may take to answer the first call; what BuildKit's own client allows.
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// How much of a file is asked for at once. Daemons before v0.14 do not say how much they can send,
/// and what arrives is held in memory twice for a moment.
const READ_SIZE: usize = 4 << 20;

/// How large a file may be that is read whole, in bytes. What is read is written by people, and a build file takes a
/// hundred times its size in memory.
const MAX_FILE: usize = MAX_TEXT;

/// A connection to the daemon. Clones share it.
#[derive(Debug, Clone)]
pub struct Connection {
    client: LlbBridgeClient<Channel>,
    /// The client's graphs, once they have been asked for.
    inputs: Arc<OnceCell<BTreeMap<String, Definition>>>,
}

impl Connection {
    /// Connects to the daemon.
    pub async fn open<IO>(io: IO) -> Result<Self, Error>
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let channel = transport::connect(io).await.map_err(|error| Error::connection(&error))?;
        // HTTP/2 wants some authority; the daemon does not look at it.
        let origin = Uri::from_static("http://localhost");
        let client = LlbBridgeClient::with_origin(channel, origin)
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(MAX_MESSAGE);
        Ok(Self { client, inputs: Arc::default() })
    }

    /// Asks the daemon what it can do.
    pub async fn ping(&self) -> Result<Bridge, Error> {
        let mut client = self.client();
        let pong = tokio::time::timeout(PING_TIMEOUT, client.ping(frontend::PingRequest {})).await;
        let no_answer = |_| Error::Connection(format!("no answer within {PING_TIMEOUT:?}"));
        let capabilities = pong.map_err(no_answer)??.into_inner().into();
        Ok(Bridge { connection: self.clone(), capabilities })
    }

    /// Something to call the daemon with.
    pub(super) fn client(&self) -> LlbBridgeClient<Channel> {
        self.client.clone()
    }

    /// The files that a graph of one source makes, to read some of. `None` is the empty file system.
    pub async fn open_source(&self, definition: Definition) -> Result<Option<Ref>, Error> {
        let request = SolveRequest::new(definition).into_wire();
        let response = self.client().solve(request).await?.into_inner();
        SolveResult::from_wire(response)?.refs.single()
    }

    /// Reads a file. `None` if there is no such file. One of more than 4 MiB is an error, and no more of it
    /// is read: a download may be taken for a build file.
    pub async fn read_file(&self, reference: &Ref, path: &str) -> Result<Option<Vec<u8>>, Error> {
        let mut file = Vec::new();
        loop {
            let Some(part) = self.read_part(reference, path, file.len(), READ_SIZE).await? else {
                return Ok(None);
            };
            let last = part.len() < READ_SIZE;
            if file.is_empty() {
                file = part;
            } else {
                file.extend_from_slice(&part);
            }
            if file.len() > MAX_FILE {
                return Err(Error::TooLarge { limit: MAX_FILE });
            }
            if last {
                return Ok(Some(file));
            }
        }
    }

    /// Reads some bytes of a file; fewer where it ends before. `None` if there is no such file.
    pub async fn read_part(
        &self,
        reference: &Ref,
        path: &str,
        offset: usize,
        length: usize,
    ) -> Result<Option<Vec<u8>>, Error> {
        let range = frontend::FileRange {
            offset: i64::try_from(offset).unwrap_or(i64::MAX),
            length: i64::try_from(length).unwrap_or(i64::MAX),
        };
        let request = frontend::ReadFileRequest {
            r#ref: reference.id().to_owned(),
            file_path: path.to_owned(),
            range: Some(range),
            mount_index: 0,
        };
        let Some(response) = found(self.client().read_file(request).await)? else {
            return Ok(None);
        };
        if response.data.len() > length {
            return Err(Error::Reply(format!("more of {path} than was asked for")));
        }
        Ok(Some(response.data))
    }

    /// The graphs that the client handed to this frontend, by name; asked for once. A daemon that does not
    /// know of such graphs took none from the client, and says that it has no such call.
    pub async fn inputs(&self) -> Result<&BTreeMap<String, Definition>, Error> {
        self.inputs.get_or_try_init(|| self.ask_for_inputs()).await
    }

    async fn ask_for_inputs(&self) -> Result<BTreeMap<String, Definition>, Error> {
        let response = match self.client().inputs(frontend::InputsRequest {}).await {
            Err(status) if status.code() == Code::Unimplemented => return Ok(BTreeMap::new()),
            response => response?.into_inner(),
        };
        let definition = |(name, definition)| match Definition::try_from(definition) {
            Ok(definition) => Ok((name, definition)),
            Err(err) => Err(Error::Reply(format!("no graph for the input {name}: {err}"))),
        };
        response.definitions.into_iter().map(definition).collect()
    }
}

/// Turns the daemon's "no such file" into `None`.
pub(super) fn found<T>(
    response: Result<tonic::Response<T>, tonic::Status>,
) -> Result<Option<T>, Error> {
    match response.map_err(Error::from) {
        Ok(response) => Ok(Some(response.into_inner())),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
