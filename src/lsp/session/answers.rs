//! The answers to requests about documents.

use std::rc::Rc;

use lsp_server::{ErrorCode, ResponseError};
use lsp_types::{
    CodeActionParams, Position, ReferenceParams, RenameParams, SemanticTokens,
    TextDocumentIdentifier, TextDocumentPositionParams,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Session, failure, read};
use crate::lsp::document::Document;
use crate::lsp::names::Names;
use crate::lsp::{actions, completion, hover, navigate, outline, tokens};

type Answer = Result<Value, ResponseError>;

/// The part that all requests about a document share.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct About {
    text_document: TextDocumentIdentifier,
}

impl Session {
    /// The answer to a request.
    pub(super) fn answer(&self, method: &str, params: Value) -> Answer {
        match method {
            "textDocument/completion" => self.at(params, |document, at| {
                to_value(completion::complete(&self.workspace, document, at, self.snippets))
            }),
            "textDocument/hover" => self
                .at(params, |document, at| to_value(hover::hover(&self.workspace, document, at))),
            "textDocument/signatureHelp" => {
                self.at(params, |document, at| to_value(hover::signature(document, at)))
            }
            "textDocument/definition" => self.at(params, |document, at| {
                to_value(navigate::definition(&self.workspace, document, at))
            }),
            "textDocument/documentHighlight" => self.at(params, |document, at| {
                to_value(navigate::highlights(&self.workspace, document, at))
            }),
            "textDocument/prepareRename" => self.at(params, |document, at| {
                to_value(navigate::prepare_rename(&self.workspace, document, at).map_err(refused)?)
            }),
            "textDocument/references" => {
                let with_declaration =
                    read::<ReferenceParams>(params.clone())?.context.include_declaration;
                self.at(params, |document, at| {
                    let found =
                        navigate::references(&self.workspace, document, at, with_declaration);
                    to_value(found)
                })
            }
            "textDocument/rename" => {
                let new = read::<RenameParams>(params.clone())?.new_name;
                self.at(params, |document, at| {
                    let edit = navigate::rename(&self.workspace, document, at, &new);
                    to_value(edit.map_err(refused)?)
                })
            }
            "textDocument/documentSymbol" => {
                self.about(params, |document| to_value(outline::symbols(document)))
            }
            "textDocument/foldingRange" => {
                self.about(params, |document| to_value(outline::folding(document)))
            }
            "textDocument/codeLens" => self.about(params, |document| {
                to_value(if self.lenses { outline::lenses(document) } else { Vec::new() })
            }),
            "textDocument/codeAction" => {
                let range = read::<CodeActionParams>(params.clone())?.range;
                self.about(params, |document| {
                    let range = document.lines.to_offsets(&document.text, range);
                    let found = self.findings.get(&document.path).map_or(&[][..], Vec::as_slice);
                    to_value(actions::actions(&self.workspace, document, found, range))
                })
            }
            "textDocument/semanticTokens/full" => self.about(params, |document| {
                let names = Names::new(self.workspace.group(document));
                let data = tokens::tokens(&names, document);
                to_value(SemanticTokens { data, result_id: None })
            }),
            _ => Err(failure(ErrorCode::MethodNotFound, &format!("unknown method `{method}`"))),
        }
    }

    /// An answer about a position. Nothing is said about files that are not open or not build
    /// files.
    fn at(&self, params: Value, answer: impl FnOnce(&Rc<Document>, usize) -> Answer) -> Answer {
        let position: Position = read::<TextDocumentPositionParams>(params.clone())?.position;
        self.about(params, |document| answer(document, document.offset(position)))
    }

    fn about(&self, params: Value, answer: impl FnOnce(&Rc<Document>) -> Answer) -> Answer {
        let About { text_document } = read(params)?;
        let document = self.workspace.opened(&text_document.uri);
        let document = document.filter(|document| !document.is_too_large());
        match document.filter(|document| !self.mains_of(document).is_empty()) {
            Some(document) => answer(&document),
            None => Ok(Value::Null),
        }
    }
}

fn to_value(answer: impl Serialize) -> Answer {
    serde_json::to_value(answer)
        .map_err(|problem| failure(ErrorCode::InternalError, &problem.to_string()))
}

fn refused(why: String) -> ResponseError {
    failure(ErrorCode::RequestFailed, &why)
}
