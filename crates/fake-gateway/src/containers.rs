//! Processes outside the graph, as the fake daemon simulates them.

use buildkit_proto::frontend::exec_message::Input;
use buildkit_proto::frontend::{
    DoneMessage, ExecMessage, ExitMessage, FdMessage, InitMessage, StartedMessage,
};
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use tonic::{Request, Status, Streaming};

/// The result of the processes of a daemon.
#[derive(Debug, Clone, Default)]
pub struct Exit {
    pub code: u32,
    /// Their standard error.
    pub stderr: &'static str,
    /// Their standard output. Processes that print something do not end.
    pub stdout: &'static str,
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
pub fn messages(process_id: String, exit: &Exit) -> impl Stream<Item = ExecMessage> + Send + use<> {
    let messages = if exit.stdout.is_empty() {
        vec![
            Input::Started(StartedMessage {}),
            Input::Exit(ExitMessage { code: exit.code, error: None }),
            Input::File(output(2, exit.stderr.as_bytes(), false)),
            Input::File(output(2, b"", true)),
            Input::Done(DoneMessage {}),
        ]
    } else {
        vec![
            Input::Started(StartedMessage {}),
            Input::File(output(1, exit.stdout.as_bytes(), false)),
        ]
    };
    let stays: BoxStream<'_, Input> =
        if exit.stdout.is_empty() { stream::empty().boxed() } else { stream::pending().boxed() };
    stream::iter(messages)
        .chain(stays)
        .map(move |input| ExecMessage { process_id: process_id.clone(), input: Some(input) })
}

fn output(fd: u32, data: &[u8], eof: bool) -> FdMessage {
    FdMessage { fd, eof, data: data.to_vec() }
}
