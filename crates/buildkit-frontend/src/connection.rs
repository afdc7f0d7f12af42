//! The connection to the daemon, and the calls that every daemon answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use buildkit_llb::Definition;
use buildkit_proto::frontend;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;

use crate::client::{Call, Client};
use crate::{Error, Ref, SolveRequest, SolveResult};

/// Maximum size of a read in bytes. Daemons before v0.14 do not report how much they can send, and
/// received data is briefly in memory twice.
const READ_SIZE: usize = 4 << 20;

/// A connection to the daemon, with the calls that need no capabilities. Clones share it.
///
/// A frontend can use it to read files while it waits for [`Connection::ping`], which saves a round
/// trip. Otherwise, [`Bridge::connect`](crate::Bridge::connect) is sufficient.
#[derive(Debug, Clone)]
pub struct Connection {
    client: Client,
    /// The client's graphs, after the first request for them.
    inputs: Arc<OnceCell<BTreeMap<String, Definition>>>,
}

impl Connection {
    /// Connects to the daemon. Must be called inside a tokio runtime; a task of it drives the connection from here on.
    pub async fn open<IO>(io: IO) -> Result<Self, Error>
    where
        IO: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let client = Client::open(Box::new(io)).await?;
        Ok(Self { client, inputs: Arc::default() })
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Solves a graph that consists of a source, to read its files. `None` is the empty file
    /// system.
    pub async fn open_source(&self, definition: Definition) -> Result<Option<Ref>, Error> {
        let request = SolveRequest::new(definition).into_wire();
        let response = self.client.call(Call::Solve, request).await?;
        SolveResult::from_wire(response)?.refs.single()
    }

    /// Reads a whole file. `None` if there is no such file.
    ///
    /// A file of more than `limit` bytes fails with [`Error::TooLarge`], and is not read further: a
    /// download may be mistaken for a build file.
    pub async fn read_file(
        &self,
        reference: &Ref,
        path: &str,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, Error> {
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
            if file.len() > limit {
                return Err(Error::TooLarge { limit });
            }
            if last {
                return Ok(Some(file));
            }
        }
    }

    /// Reads `length` bytes of a file from `offset` on; fewer if the file ends before. `None` if
    /// there is no such file.
    ///
    /// `length` must be at most 4 MiB: daemons before v0.14 send no more.
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
        let response =
            self.client.call::<frontend::ReadFileResponse>(Call::ReadFile, request).await;
        let Some(response) = found(response)? else { return Ok(None) };
        if response.data.len() > length {
            return Err(Error::Reply(format!("more data of {path} than requested")));
        }
        Ok(Some(response.data))
    }

    /// Returns the graphs that the client passed to this frontend, by name; requested only once.
    ///
    /// Empty if the daemon lacks this call: then it accepted none from the client.
    pub async fn inputs(&self) -> Result<&BTreeMap<String, Definition>, Error> {
        self.inputs.get_or_try_init(|| self.ask_for_inputs()).await
    }

    async fn ask_for_inputs(&self) -> Result<BTreeMap<String, Definition>, Error> {
        let response = self.client.call(Call::Inputs, frontend::InputsRequest {}).await;
        let response: frontend::InputsResponse = match response {
            Err(Error::Status(status)) if status.is_unimplemented() => return Ok(BTreeMap::new()),
            response => response?,
        };
        let mut inputs = BTreeMap::new();
        for (name, definition) in response.definitions {
            let definition = Definition::try_from(definition)
                .map_err(|err| Error::Reply(format!("no graph for the input {name}: {err}")))?;
            inputs.insert(name, definition);
        }
        Ok(inputs)
    }
}

/// Turns the daemon's "no such file" into `None`.
pub(crate) fn found<T>(response: Result<T, Error>) -> Result<Option<T>, Error> {
    match response {
        Ok(response) => Ok(Some(response)),
        Err(Error::Status(status)) if status.is_no_such_file() => Ok(None),
        Err(error) => Err(error),
    }
}
