//! Subrequests: questions about a build file that are answered instead of a build (`docker buildx
//! build --call`).
//!
//! The client's option `requestid` names the subrequest: see
//! [`Options::subrequest`](crate::Options::subrequest). An answer is a result without files, whose
//! metadata contains documents (`frontend/subrequests` of BuildKit). An unsupported subrequest is
//! answered with [`Status::unsupported_subrequest`](crate::Status::unsupported_subrequest).

use crate::{SolveResult, keys};

/// The answer to a subrequest.
///
/// ```
/// use buildkit_frontend::{Answer, SolveResult};
///
/// let answer = Answer::new("1.0.0", br#"{"targets":[]}"#).text("no targets\n");
/// let result: SolveResult = answer.into();
/// assert_eq!(result.metadata["result.txt"], b"no targets\n");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    version: String,
    json: Vec<u8>,
    text: Option<String>,
    exit_status: Option<u8>,
}

impl Answer {
    /// Makes an answer from a document for programs. `version` is that of the document's format.
    pub fn new(version: impl Into<String>, json: impl Into<Vec<u8>>) -> Self {
        Self { version: version.into(), json: json.into(), text: None, exit_status: None }
    }

    /// Adds the document as text for people.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Sets the exit status of the client.
    pub fn exit_status(mut self, status: u8) -> Self {
        self.exit_status = Some(status);
        self
    }
}

impl From<Answer> for SolveResult {
    fn from(Answer { version, json, text, exit_status }: Answer) -> SolveResult {
        let mut result = SolveResult::default()
            .with_metadata(keys::ANSWER_JSON, json)
            .with_metadata(keys::ANSWER_VERSION, version);
        if let Some(text) = text {
            result = result.with_metadata(keys::ANSWER_TEXT, text);
        }
        if let Some(status) = exit_status {
            result = result.with_metadata(keys::ANSWER_STATUS, status.to_string());
        }
        result
    }
}
