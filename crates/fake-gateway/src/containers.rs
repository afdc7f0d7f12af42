//! Processes outside the graph, as the fake daemon simulates them.

use buildkit_proto::frontend::exec_message::Input;
use buildkit_proto::frontend::{
    DoneMessage, ExecMessage, ExitMessage, FdMessage, InitMessage, StartedMessage,
};
use tonic::{Request, Status, Streaming};

/// The result of the processes of a daemon.
#[derive(Debug, Clone, Default)]
pub struct Exit {
    pub code: u32,
    /// Their standard error.
    pub stderr: &'static str,
}

/// The process that a client starts: the first message of its stream.
pub async fn init(
    request: Request<Streaming<ExecMessage>>,
) -> Result<(String, InitMessage), Status> {
    let first = request.into_inner().message().await?;
    match first {
        Some(ExecMessage { process_id, input: Some(Input::Init(init)) }) => Ok((process_id, init)),
        other => Err(Status::invalid_argument(format!("not the start of a process: {other:?}"))),
    }
}

/// The daemon's answers. The exit may precede the last output, as here.
pub fn messages(process_id: &str, exit: &Exit) -> Vec<ExecMessage> {
    let messages = [
        Input::Started(StartedMessage {}),
        Input::Exit(ExitMessage { code: exit.code, error: None }),
        Input::File(stderr(exit.stderr.as_bytes(), false)),
        Input::File(stderr(b"", true)),
        Input::Done(DoneMessage {}),
    ];
    messages
        .map(|input| ExecMessage { process_id: process_id.to_owned(), input: Some(input) })
        .into()
}

fn stderr(data: &[u8], eof: bool) -> FdMessage {
    FdMessage { fd: 2, eof, data: data.to_vec() }
}
