//! A running command.

#![expect(
    clippy::disallowed_methods,
    reason = "how long to wait for a process is a matter of the clock"
)]

use std::io::{Read, Write as _};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::command::{self, Finished};

/// A process and its output so far.
pub(crate) struct Running {
    child: Child,
    line: String,
    stdout: Collected,
    stderr: Collected,
    /// Gets one message from each of the two streams when it is closed.
    closed: Receiver<()>,
    limit: Duration,
    deadline: Instant,
}

impl Running {
    pub(super) fn start(
        mut command: Command,
        line: String,
        input: Option<String>,
        limit: Duration,
    ) -> Result<Self, String> {
        let mut child = command.spawn().map_err(|err| format!("{line}\ndoes not start: {err}"))?;
        if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
            // A command need not read all of it.
            thread::spawn(move || stdin.write_all(input.as_bytes()));
        }
        let (sender, closed) = channel();
        let stdout = collect(child.stdout.take(), sender.clone());
        let stderr = collect(child.stderr.take(), sender);
        let deadline = Instant::now() + limit;
        Ok(Self { child, line, stdout, stderr, closed, limit, deadline })
    }

    /// Waits until its standard error contains a text.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) {
        loop {
            let said = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
            let said = String::from_utf8_lossy(&said).into_owned();
            if said.contains(text) {
                return;
            }
            assert!(Instant::now() < self.deadline, "{}\ndid not say `{text}`:\n{said}", self.line);
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Sends a signal such as `INT` to it and all its processes. It must run [in a group].
    ///
    /// [in a group]: command::Command::in_group
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let group = format!("-{}", self.child.id());
        command::Command::new("bash")
            .args(["-c", r#"kill -s "$1" -- "$2""#, "kill", name, &group])
            .run();
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Result<Finished, String> {
        let mut in_time = true;
        for _ in 0..2 {
            let left = self.deadline.saturating_duration_since(Instant::now());
            // An error other than a timeout is impossible: each reader sends once.
            in_time &= self.closed.recv_timeout(left).is_ok();
        }
        if !in_time {
            // It may have ended by itself in the meantime.
            let _ = self.child.kill();
        }
        let line = self.line;
        let status =
            self.child.wait().map_err(|err| format!("{line}\ncannot be waited for: {err}"))?;
        let stderr = String::from_utf8_lossy(&taken(&self.stderr)).into_owned();
        let finished = Finished { status, stdout: taken(&self.stdout), stderr, line };
        if in_time {
            Ok(finished)
        } else {
            let seconds = self.limit.as_secs();
            Err(finished.report(&format!("took longer than {seconds} s and was ended")))
        }
    }
}

type Collected = Arc<Mutex<Vec<u8>>>;

/// Reads until the other side has closed the stream, then sends a message.
fn collect(stream: Option<impl Read + Send + 'static>, closed: Sender<()>) -> Collected {
    let collected = Collected::default();
    let shared = Arc::clone(&collected);
    std::thread::spawn(move || {
        let mut chunk = [0; 1 << 16];
        if let Some(mut stream) = stream {
            while let Ok(count @ 1..) = stream.read(&mut chunk) {
                shared
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(&chunk[..count]);
            }
        }
        // After a timeout, there is no receiver.
        let _ = closed.send(());
    });
    collected
}

fn taken(collected: &Collected) -> Vec<u8> {
    std::mem::take(&mut collected.lock().unwrap_or_else(PoisonError::into_inner))
}
