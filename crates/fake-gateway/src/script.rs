//! The scripted behaviour of a call, before or instead of its answer.

use std::sync::Arc;

use buildkit_proto::rpc;
use tokio::sync::Semaphore;
use tonic::Code;

/// The scripted behaviour of a call.
#[derive(Clone)]
pub enum Do {
    /// Answers, as without a script.
    Answer,
    /// Answers with this message, as encoded. Bytes that are not the method's response make the call
    /// fail.
    Reply(Vec<u8>),
    /// Fails.
    Fail(rpc::Status),
    /// Closes the connection.
    HangUp,
    /// Waits at a gate, then answers.
    Wait(Gate),
}

/// A gate at which a call waits until the test opens it.
#[derive(Clone)]
pub struct Gate {
    reached: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

// === impl Gate ===

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// A closed gate.
    pub fn new() -> Self {
        Self { reached: Arc::new(Semaphore::new(0)), open: Arc::new(Semaphore::new(0)) }
    }

    /// Waits until a call is at the gate.
    pub async fn reached(&self) {
        self.reached.acquire().await.expect("nobody closes the semaphore").forget();
    }

    /// Lets one call continue.
    pub fn open(&self) {
        self.open.add_permits(1);
    }

    pub(crate) async fn pass(&self) {
        self.reached.add_permits(1);
        self.open.acquire().await.expect("nobody closes the semaphore").forget();
    }
}

/// A failure as reported by a daemon.
pub fn failure(message: &str) -> rpc::Status {
    rpc::Status { code: Code::Unknown.into(), message: message.to_owned(), details: Vec::new() }
}
