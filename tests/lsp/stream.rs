//! The program `mstage lsp` as a process.
#![expect(clippy::unwrap_used, reason = "a test that cannot start the program has failed")]

use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use lsp_server::Message;
use serde_json::{Value, json};

/// The time after which the program counts as hanging.
const LONGEST: Duration = Duration::from_secs(60);

/// A running server.
pub(super) struct Server {
    child: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
}

impl Server {
    /// Starts it.
    pub(super) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mstage"))
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take();
        let output = child.stdout.take().map(BufReader::new);
        Self { child, input, output }
    }

    /// Starts it, and begins the session.
    pub(super) fn initialized() -> Self {
        let mut server = Self::start();
        let params = json!({ "capabilities": {} });
        server
            .send(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params }));
        assert!(matches!(server.receive(), Some(Message::Response(_))));
        server
    }

    /// Sends bytes as they are.
    pub(super) fn send_raw(&mut self, bytes: &[u8]) {
        // The server may be gone already.
        let _ = self.input.as_mut().unwrap().write_all(bytes);
    }

    /// Sends a message.
    pub(super) fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.send_raw(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    /// The next message. `None` at the end of the stream.
    pub(super) fn receive(&mut self) -> Option<Message> {
        let mut output = self.output.take().unwrap();
        let (sender, receiver) = channel();
        thread::spawn(move || {
            let message = Message::read(&mut output);
            let _ = sender.send((message, output));
        });
        match receiver.recv_timeout(LONGEST) {
            Ok((message, output)) => {
                self.output = Some(output);
                message.unwrap()
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                panic!("the server does not answer")
            }
        }
    }

    /// The next message as JSON, which also may have no id.
    pub(super) fn receive_json(&mut self) -> Value {
        let output = self.output.as_mut().unwrap();
        let mut length = 0;
        loop {
            let mut line = Vec::new();
            std::io::BufRead::read_until(output, b'\n', &mut line).unwrap();
            let line = String::from_utf8(line).unwrap();
            match line.trim().split_once(": ") {
                Some((_, value)) => length = value.parse().unwrap(),
                None => break,
            }
        }
        let mut body = vec![0; length];
        output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// Ends the input, and returns the exit status and what the program wrote to standard error.
    pub(super) fn end(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        let (sender, receiver) = channel();
        let mut child = self.child;
        let mut stderr = child.stderr.take().unwrap();
        // What is still in the pipe must not block the program.
        let output = self.output.take();
        let drain = thread::spawn(move || {
            if let Some(mut output) = output {
                let _ = std::io::copy(&mut output, &mut std::io::sink());
            }
        });
        thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            let _ = sender.send((child.wait().unwrap().code(), text));
        });
        let ended = receiver.recv_timeout(LONGEST).expect("the program hangs");
        drain.join().unwrap();
        ended
    }
}
