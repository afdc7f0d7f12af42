//! A session of a client: its messages, and the answers.
//!
//! Input: messages, in order. Output: messages. Must not depend on how they are transported: see
//! [`super::server`].

mod answers;
mod capabilities;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response, ResponseError};
use lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    InitializeParams, PublishDiagnosticsParams,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::document::Document;
use super::findings::{Finding, findings};
use super::position::Encoding;
use super::workspace::{Disk, Workspace};

/// A client and its documents.
pub struct Session {
    pub(super) workspace: Workspace,
    state: State,
    /// The findings of each document, as they were last sent.
    findings: BTreeMap<String, Vec<Finding>>,
    /// The last message about each document.
    published: BTreeMap<String, PublishDiagnosticsParams>,
    /// True if documents have changed since then.
    is_stale: bool,
    /// True if the client knows tab stops in completions.
    snippets: bool,
    /// True if the client runs the commands of code lenses.
    lenses: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before `initialize`.
    New,
    Running,
    /// After `shutdown`.
    ShutDown,
    /// After `exit`, with the exit code.
    Ended(u8),
}

impl Session {
    /// A session that has not begun.
    pub fn new(disk: Box<dyn Disk>) -> Self {
        Self {
            workspace: Workspace::new(disk),
            state: State::New,
            findings: BTreeMap::new(),
            published: BTreeMap::new(),
            is_stale: false,
            snippets: false,
            lenses: false,
        }
    }

    /// The exit code, once the client has ended the session.
    pub fn exit_code(&self) -> Option<u8> {
        match self.state {
            State::Ended(code) => Some(code),
            State::New | State::Running | State::ShutDown => None,
        }
    }

    /// Handles a message, and returns the answer to a request.
    pub fn handle(&mut self, message: Message) -> Option<Response> {
        match message {
            Message::Request(request) => Some(self.request(request)),
            Message::Notification(notification) => {
                self.notification(notification);
                None
            }
            // The server asks the client nothing.
            Message::Response(_) => None,
        }
    }

    /// The findings that have changed. Called when no message is waiting, so that a client that
    /// sends many changes is not slowed down.
    pub fn publish(&mut self) -> Vec<Notification> {
        if !std::mem::take(&mut self.is_stale) || self.state != State::Running {
            return Vec::new();
        }
        let found = catch_unwind(AssertUnwindSafe(|| self.find()));
        let Ok(found) = found else { return Vec::new() };
        self.findings = found;
        let mut paths: BTreeSet<String> = self.findings.keys().cloned().collect();
        paths.extend(self.published.keys().cloned());
        let mut messages = Vec::new();
        for path in paths {
            let params = self.to_publish(&path);
            if params.as_ref() == self.published.get(&path) {
                continue;
            }
            let last = self.published.remove(&path);
            let cleared = last.map(|last| PublishDiagnosticsParams {
                diagnostics: Vec::new(),
                version: None,
                ..last
            });
            let Some(params) = params.or(cleared) else { continue };
            messages.push(Notification::new("textDocument/publishDiagnostics".to_owned(), &params));
            if self.findings.contains_key(&path) {
                self.published.insert(path, params);
            }
        }
        messages
    }

    fn to_publish(&self, path: &str) -> Option<PublishDiagnosticsParams> {
        let found = self.findings.get(path)?;
        let document = self.workspace.document(path)?;
        let diagnostics = found.iter().map(|found| found.to_diagnostic(&document, &self.workspace));
        Some(PublishDiagnosticsParams {
            uri: document.uri.clone(),
            version: document.version,
            diagnostics: diagnostics.collect(),
        })
    }

    /// The findings of all builds with an open document.
    fn find(&self) -> BTreeMap<String, Vec<Finding>> {
        let mut mains: BTreeMap<String, Rc<Document>> = BTreeMap::new();
        for document in self.workspace.all_open() {
            for main in self.mains_of(document) {
                mains.insert(main.path.clone(), main);
            }
        }
        let mut all: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
        for main in mains.values() {
            for (path, found) in findings(&self.workspace, main) {
                let list = all.entry(path).or_default();
                for finding in found {
                    let is_known = list.iter().any(|known: &Finding| {
                        known.code == finding.code
                            && known.range == finding.range
                            && known.message == finding.message
                    });
                    if !is_known {
                        list.push(finding);
                    }
                }
            }
        }
        all
    }

    /// The build files that a document is a part of. None for a TOML file of something else.
    fn mains_of(&self, document: &Rc<Document>) -> Vec<Rc<Document>> {
        let mains = self.workspace.mains_of(document);
        let is_alone = mains.iter().all(|main| main.path == document.path);
        if is_alone && !document.is_build_file() { Vec::new() } else { mains }
    }

    fn notification(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        if method == "exit" {
            let is_orderly = self.state == State::ShutDown;
            self.state = State::Ended(if is_orderly { 0 } else { 1 });
            return;
        }
        if self.state != State::Running {
            return;
        }
        // A notification has no answer: one that cannot be read is ignored.
        match method.as_str() {
            "textDocument/didOpen" => {
                let Ok(params) = read::<DidOpenTextDocumentParams>(params) else { return };
                let item = params.text_document;
                let language = serde_json::to_value(&item.language_id).unwrap_or_default();
                let language = language.as_str().unwrap_or_default().to_owned();
                self.workspace.open(item.uri, item.version, language, item.text);
            }
            "textDocument/didChange" => {
                let Ok(params) = read::<DidChangeTextDocumentParams>(params) else { return };
                let document = params.text_document;
                let uri = document.text_document_identifier.uri;
                self.workspace.change(&uri, document.version, params.content_changes);
            }
            "textDocument/didClose" => {
                let Ok(params) = read::<DidCloseTextDocumentParams>(params) else { return };
                self.workspace.close(&params.text_document.uri);
            }
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {}
            _ => return,
        }
        self.is_stale = true;
    }

    fn request(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        match (self.state, method.as_str()) {
            (State::New, "initialize") => return self.initialize(id, params),
            (State::New, _) => {
                return error(id, ErrorCode::ServerNotInitialized, "expected `initialize` first");
            }
            (State::Running, "initialize") => {
                return error(id, ErrorCode::InvalidRequest, "the session has begun already");
            }
            (State::ShutDown | State::Ended(_), _) => {
                return error(id, ErrorCode::InvalidRequest, "the session has been shut down");
            }
            (State::Running, "shutdown") => {
                self.state = State::ShutDown;
                return Response::new_ok(id, Value::Null);
            }
            (State::Running, _) => {}
        }
        // Requests are about the latest text; its findings may be needed for fixes.
        if self.is_stale && method == "textDocument/codeAction" {
            self.findings = self.find();
        }
        let answer = catch_unwind(AssertUnwindSafe(|| self.answer(&method, params)));
        let result = answer.unwrap_or_else(|_| {
            Err(failure(ErrorCode::InternalError, "internal error: please report it"))
        });
        Response { id, response_result: result }
    }

    fn initialize(&mut self, id: RequestId, params: Value) -> Response {
        let params = match read::<InitializeParams>(params) {
            Ok(params) => params,
            Err(problem) => return Response { id, response_result: Err(problem) },
        };
        let offered = params.capabilities.general.and_then(|general| general.position_encodings);
        self.workspace.encoding = Encoding::negotiate(offered.as_deref());
        let folders = params.workspace_folders_initialize_params.workspace_folders;
        let folders = serde_json::to_value(folders).unwrap_or_default();
        let mut uris: Vec<lsp_types::Uri> = folders
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|folder| folder["uri"].as_str())
            .map(Into::into)
            .collect();
        #[expect(deprecated, reason = "older clients have only this")]
        uris.extend(params.root_uri);
        let paths = uris.iter().map(super::document::path_of);
        self.workspace.folders = paths.map(|path| path.trim_end_matches('/').to_owned()).collect();
        let document = params.capabilities.text_document;
        let document = serde_json::to_value(document).unwrap_or_default();
        self.snippets =
            document["completion"]["completionItem"]["snippetSupport"].as_bool().unwrap_or(false);
        let options = params.initialization_options;
        let options = serde_json::to_value(options).unwrap_or_default();
        self.lenses = options["codeLens"].as_bool().unwrap_or(false);
        self.state = State::Running;
        Response::new_ok(id, capabilities::result(self.workspace.encoding, self.lenses))
    }
}

/// The parameters of a message.
fn read<P: DeserializeOwned>(params: Value) -> Result<P, ResponseError> {
    serde_json::from_value(params)
        .map_err(|problem| failure(ErrorCode::InvalidParams, &problem.to_string()))
}

fn failure(code: ErrorCode, message: &str) -> ResponseError {
    ResponseError { code: code as i32, message: message.to_owned(), data: None }
}

/// The answer to a request that is refused.
pub(super) fn error(id: RequestId, code: ErrorCode, message: &str) -> Response {
    Response { id, response_result: Err(failure(code, message)) }
}
