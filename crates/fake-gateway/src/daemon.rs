//! A running daemon: the calls that it received, and the returned result.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use buildkit_proto::frontend::{
    EvaluateRequest, InitMessage, NewContainerRequest, ReadDirRequest, ReadFileRequest,
    ResolveImageConfigRequest, ResolveSourceMetaRequest, ReturnRequest, SolveRequest,
    StatFileRequest, WarnRequest,
};

use crate::Files;

/// A running daemon, with the calls it received.
#[derive(Clone)]
pub struct Daemon {
    state: Arc<Mutex<State>>,
}

/// A call with its request.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    Ping,
    Solve(SolveRequest),
    Evaluate(EvaluateRequest),
    ReadFile(ReadFileRequest),
    ReadDir(ReadDirRequest),
    StatFile(StatFileRequest),
    ResolveSourceMeta(ResolveSourceMetaRequest),
    ResolveImageConfig(ResolveImageConfigRequest),
    Inputs,
    Warn(WarnRequest),
    Return(ReturnRequest),
    NewContainer(NewContainerRequest),
    ExecProcess(InitMessage),
    ReleaseContainer(String),
}

/// The methods that the daemon implements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    Ping,
    Solve,
    Evaluate,
    ReadFile,
    ReadDir,
    StatFile,
    ResolveSourceMeta,
    ResolveImageConfig,
    Inputs,
    Warn,
    Return,
    NewContainer,
    ExecProcess,
    ReleaseContainer,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) calls: Vec<Call>,
    pub(crate) received: Vec<u8>,
    /// `Err`: missing, and reading fails with the text.
    pub(crate) refs: BTreeMap<String, Result<Files, String>>,
    pub(crate) returned: Option<ReturnRequest>,
    pub(crate) closed: bool,
}

// === impl Daemon ===

impl Daemon {
    pub(crate) fn new(state: Arc<Mutex<State>>) -> Self {
        Self { state }
    }

    /// The calls, in order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.state).calls.clone()
    }

    /// The methods of the calls.
    pub fn methods(&self) -> Vec<Method> {
        self.calls().iter().map(Call::method).collect()
    }

    /// All solve requests, in order of arrival.
    pub fn solves(&self) -> Vec<SolveRequest> {
        self.calls()
            .into_iter()
            .filter_map(|call| if let Call::Solve(request) = call { Some(request) } else { None })
            .collect()
    }

    /// The frontend's result.
    pub fn returned(&self) -> Option<ReturnRequest> {
        lock(&self.state).returned.clone()
    }

    /// Every byte received over the stream.
    pub fn received(&self) -> Vec<u8> {
        lock(&self.state).received.clone()
    }

    /// True if the connection is closed. A real daemon then cancels the build.
    pub fn closed(&self) -> bool {
        lock(&self.state).closed
    }
}

// === impl Call ===

impl Call {
    pub fn method(&self) -> Method {
        match self {
            Self::Ping => Method::Ping,
            Self::Solve(_) => Method::Solve,
            Self::Evaluate(_) => Method::Evaluate,
            Self::ReadFile(_) => Method::ReadFile,
            Self::ReadDir(_) => Method::ReadDir,
            Self::StatFile(_) => Method::StatFile,
            Self::ResolveSourceMeta(_) => Method::ResolveSourceMeta,
            Self::ResolveImageConfig(_) => Method::ResolveImageConfig,
            Self::Inputs => Method::Inputs,
            Self::Warn(_) => Method::Warn,
            Self::Return(_) => Method::Return,
            Self::NewContainer(_) => Method::NewContainer,
            Self::ExecProcess(_) => Method::ExecProcess,
            Self::ReleaseContainer(_) => Method::ReleaseContainer,
        }
    }
}

// === impl Method ===

impl Method {
    /// The capability that the method needs.
    pub(crate) fn cap(self) -> Option<&'static str> {
        match self {
            Self::Ping | Self::Solve => None,
            Self::Evaluate => Some("gateway.evaluate"),
            Self::ReadFile => Some("readfile"),
            Self::ReadDir => Some("readdir"),
            Self::StatFile => Some("statfile"),
            Self::ResolveSourceMeta => Some("source.metaresolver"),
            Self::ResolveImageConfig => Some("resolveimage"),
            Self::Inputs => Some("frontend.inputs"),
            Self::Warn => Some("gateway.warnings"),
            Self::Return => Some("return"),
            Self::NewContainer | Self::ExecProcess | Self::ReleaseContainer => Some("gateway.exec"),
        }
    }
}

/// A test that panics while it holds a lock has failed already.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
