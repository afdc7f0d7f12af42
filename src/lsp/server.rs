//! The transport: messages on two streams.
//!
//! A message that is not valid JSON is answered with an error, and the session goes on. The reader
//! is a thread, so that a client that sends much before it reads never waits for an answer to be
//! read.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read, Write};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;

use lsp_server::{ErrorCode, Message, Request, RequestId};
use serde_json::{Value, json};

use super::session::{Session, error};
use super::workspace::Disk;

/// Maximum size of a message in bytes: far more than any file that can be opened.
const MAX_MESSAGE: usize = 64 << 20;

/// Something that arrives from a client.
enum Incoming {
    Message(Box<Message>),
    /// The body of a message that is none.
    Malformed(Vec<u8>),
}

/// Serves a client until it ends the session or its stream. Returns the exit code: 0 after an
/// orderly shutdown.
pub fn serve(
    input: impl BufRead + Send + 'static,
    mut output: impl Write,
    disk: Box<dyn Disk>,
) -> io::Result<u8> {
    let (sender, receiver) = channel();
    thread::Builder::new().name("client".to_owned()).spawn(move || {
        let mut input = input;
        while let Some(incoming) = read(&mut input) {
            if sender.send(incoming).is_err() {
                break;
            }
        }
    })?;
    let mut session = Session::new(disk);
    let mut waiting: VecDeque<Incoming> = VecDeque::new();
    loop {
        let is_open = fill(&receiver, &mut waiting);
        let Some(incoming) = waiting.pop_front() else {
            for message in session.publish() {
                Message::Notification(message).write(&mut output)?;
            }
            if !is_open {
                return Ok(1);
            }
            match receiver.recv() {
                Ok(incoming) => waiting.push_back(incoming),
                // The client is gone without a word.
                Err(_) => return Ok(1),
            }
            continue;
        };
        match incoming {
            Incoming::Malformed(body) => write_raw(&mut output, &malformed(&body))?,
            Incoming::Message(message) => {
                let answer = match *message {
                    Message::Request(request) if is_cancelled(&request.id, &waiting) => {
                        let Request { id, .. } = request;
                        Some(error(id, ErrorCode::RequestCanceled, "cancelled by the client"))
                    }
                    message => session.handle(message),
                };
                if let Some(answer) = answer {
                    Message::Response(answer).write(&mut output)?;
                }
            }
        }
        if let Some(code) = session.exit_code() {
            return Ok(code);
        }
    }
}

/// Takes what has arrived. False after the end of the stream.
fn fill(receiver: &Receiver<Incoming>, waiting: &mut VecDeque<Incoming>) -> bool {
    loop {
        match receiver.try_recv() {
            Ok(incoming) => waiting.push_back(incoming),
            Err(TryRecvError::Empty) => return true,
            Err(TryRecvError::Disconnected) => return false,
        }
    }
}

/// True if one of the next messages cancels a request.
fn is_cancelled(id: &RequestId, waiting: &VecDeque<Incoming>) -> bool {
    let id = serde_json::to_value(id).unwrap_or_default();
    waiting.iter().any(|incoming| match incoming {
        Incoming::Message(message) => match &**message {
            Message::Notification(notification) => {
                notification.method == "$/cancelRequest" && notification.params["id"] == id
            }
            Message::Request(_) | Message::Response(_) => false,
        },
        Incoming::Malformed(_) => false,
    })
}

/// Reads one message. `None` at the end of the stream, and if it is not clear where the next
/// message begins.
fn read(input: &mut impl BufRead) -> Option<Incoming> {
    const MAX_HEADER: u64 = 4 << 10;
    let mut length = None;
    loop {
        let mut line = Vec::new();
        let count = input.by_ref().take(MAX_HEADER).read_until(b'\n', &mut line).ok()?;
        if count == 0 || line.last() != Some(&b'\n') {
            return None;
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            // Blank lines between messages are ignored.
            if length.is_some() {
                break;
            }
            continue;
        }
        let (name, value) = line.split_once(':')?;
        if name.trim().eq_ignore_ascii_case("Content-Length") {
            length = Some(value.trim().parse::<usize>().ok()?);
        }
    }
    let length = length.filter(|&length| length <= MAX_MESSAGE)?;
    let mut body = vec![0; length];
    input.read_exact(&mut body).ok()?;
    Some(match serde_json::from_slice(&body) {
        // A request whose id cannot be one: it would wait for its answer for ever.
        Ok(Message::Notification(_)) if has_id(&body) => Incoming::Malformed(body),
        Ok(message) => Incoming::Message(Box::new(message)),
        Err(_) => Incoming::Malformed(body),
    })
}

fn has_id(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct WithId {
        id: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<WithId>(body).is_ok_and(|found| found.id.is_some())
}

/// The error about a message that is none.
fn malformed(body: &[u8]) -> Value {
    let (code, message, id) = match serde_json::from_slice::<Value>(body) {
        Err(_) => (ErrorCode::ParseError, "the message is not JSON", Value::Null),
        Ok(value) => {
            let id = value.get("id").filter(|id| id.is_number() || id.is_string());
            (
                ErrorCode::InvalidRequest,
                "the message is not one of JSON-RPC",
                id.cloned().unwrap_or_default(),
            )
        }
    };
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code as i32, "message": message } })
}

fn write_raw(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}
