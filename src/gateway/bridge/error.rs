//! How things fail: what the daemon reports, what this side reports to it, and everything between.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use buildkit_llb::{Definition, visible};
use buildkit_proto::rpc;
use prost::Message;
use serde::Serialize;

use super::capabilities::Unsupported;
use crate::credentials::redacted_text;

/// Why a call did not give what was asked for; the variants say who must act.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// The daemon says why: a step failed, an image is missing, a graph is not valid. Usually for
    /// the author of the build. To be forwarded as it is, so that nothing gets lost.
    Status(Status),
    /// The daemon lacks what the call needs: for who runs the daemon.
    Unsupported(Unsupported),
    /// A source policy puts something else in an image's place.
    NotAnImage {
        /// The image that was asked for.
        reference: String,
        /// The identifier of what is to be used instead.
        updated: String,
    },
    /// A file is larger than any that is read whole: for who gave it.
    TooLarge {
        /// The largest size, in bytes.
        limit: usize,
    },
    /// The daemon went away: it was stopped, or the build was cancelled.
    Connection(String),
    /// The daemon's reply is not what the protocol says: a bug there or here.
    Reply(String),
}

/// A failure as BuildKit passes it around: a text for people, and details for programs.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    wire: rpc::Status,
}

/// gRPC's `Unknown`, which clients show without a prefix.
const UNKNOWN: i32 = 2;

/// gRPC's `NotFound`.
const NOT_FOUND: i32 = 5;

/// What the types of BuildKit's own details start with.
const DETAIL_PREFIX: &str = "github.com/moby/buildkit/";

/// `errdefs.Source` as JSON.
#[derive(Serialize)]
struct SourceJson<'a> {
    info: InfoJson<'a>,
    ranges: Vec<RangeJson>,
}

#[derive(Serialize)]
struct InfoJson<'a> {
    filename: &'a str,
    data: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    language: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<DefinitionJson>,
}

/// `pb.Definition` as JSON, with nothing said about its ops.
#[derive(Serialize)]
struct DefinitionJson {
    def: Vec<String>,
    metadata: BTreeMap<String, NoMetadata>,
}

#[derive(Serialize)]
struct NoMetadata {}

#[derive(Serialize)]
struct RangeJson {
    start: PositionJson,
    end: PositionJson,
}

#[derive(Serialize)]
struct PositionJson {
    line: u32,
}

/// `errdefs.Subrequest` as JSON.
#[derive(Serialize)]
struct SubrequestJson<'a> {
    name: &'a str,
}

// === impl Status ===

impl Status {
    /// A failure that this side found. Clients print its message as it is, so no terminal obeys it.
    pub fn new(message: impl Into<String>) -> Self {
        let message = visible(&message.into()).into_owned();
        Self { wire: rpc::Status { code: UNKNOWN, message, details: Vec::new() } }
    }

    /// Says which lines of a file it is about, counted from 1. Clients print them.
    ///
    /// May be called several times; the one that was added last is printed first. Data is the
    /// whole file, and `definition` the graph that it was read from. All of it together must fit into one message.
    pub fn with_source(
        self,
        filename: &str,
        data: &[u8],
        language: &str,
        lines: &[RangeInclusive<u32>],
        definition: Option<&Definition>,
    ) -> Self {
        let range = |lines: &RangeInclusive<u32>| RangeJson {
            start: PositionJson { line: *lines.start() },
            end: PositionJson { line: *lines.end() },
        };
        let definition = definition.map(|definition| DefinitionJson {
            def: definition.to_proto().def.iter().map(|op| STANDARD.encode(op)).collect(),
            metadata: definition
                .digests()
                .iter()
                .map(|digest| (digest.to_string(), NoMetadata {}))
                .collect(),
        });
        let info = InfoJson { filename, data: STANDARD.encode(data), language, definition };
        let ranges = lines.iter().map(range).collect();
        self.with_detail("errdefs.Source", &SourceJson { info, ranges })
    }

    /// Says of what is about no line of any file that it is so. The Dockerfile frontend, which has called this
    /// one, says otherwise that it is about the line with `# syntax` (`frontend/dockerfile/builder/build.go`).
    pub fn with_own_source(self) -> Self {
        let has_own = self.details("errdefs.Source").next().is_some();
        if has_own { self } else { self.with_source("", &[], "", &[], None) }
    }

    /// Says that it is about a subrequest that this frontend does not know.
    pub fn with_subrequest(self, name: &str) -> Self {
        self.with_detail("errdefs.Subrequest", &SubrequestJson { name })
    }

    /// Puts a text that says what was being done in front of the message.
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.wire.message = format!("{doing}: {}", self.wire.message);
        self
    }

    /// Says what to do, in a line of its own.
    pub fn help(mut self, what: &str) -> Self {
        self.wire.message = format!("{}\n  help: {what}", self.wire.message);
        self
    }

    /// Tells of another failure, too.
    pub fn add(&mut self, other: Self) {
        self.wire.message = format!("{}\n{}", self.wire.message, other.wire.message);
        self.wire.details.extend(other.wire.details);
    }

    /// Hides the credentials of URLs in its text: the daemon repeats what it was given.
    pub fn redacted(mut self) -> Self {
        self.wire.message = redacted_text(&self.wire.message).into_owned();
        self
    }

    /// The text for people.
    pub fn message(&self) -> &str {
        &self.wire.message
    }

    /// gRPC's code, never 0.
    pub fn code(&self) -> i32 {
        self.wire.code
    }

    /// The content of all details of a type, named without what all names start and end with:
    /// `errdefs.Solve`. Usually JSON.
    pub fn details(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let is_it = move |url: &str| {
            let rest = url.strip_prefix(DETAIL_PREFIX).and_then(|rest| rest.strip_prefix(name));
            matches!(rest, Some("" | "+json"))
        };
        let found = self.wire.details.iter().filter(move |detail| is_it(&detail.type_url));
        found.map(|detail| detail.value.as_slice())
    }

    /// Whether it says that a file does not exist. There is no code for this, only the text that
    /// the daemon's operating system has for it.
    pub(super) fn is_not_found(&self) -> bool {
        let texts = ["no such file or directory", "The system cannot find the file specified."];
        self.wire.code == UNKNOWN && texts.iter().any(|text| self.wire.message.ends_with(text))
    }

    /// Whether it says that a registry has no such image. A registry that tells strangers nothing, Docker Hub
    /// among them, has no other word for that than for an image that they may not see.
    ///
    /// The texts are those of containerd's resolver (`core/remotes/docker/resolver.go`) and of BuildKit's
    /// `util/resolver/authorizer.go`; most daemons send no code with them.
    pub fn is_of_no_image(&self) -> bool {
        let message = &self.wire.message;
        self.wire.code == NOT_FOUND
            || message.ends_with(": not found")
            || message.contains("pull access denied") && message.contains("insufficient_scope")
    }

    /// Whether there was no connection to what was asked. The text is that of Go's `net`.
    pub fn is_of_no_connection(&self) -> bool {
        self.wire.message.contains(": dial tcp")
    }

    /// The failure without any text of a file, and without other details: only the place that clients show first.
    pub(super) fn without_excerpts(&self) -> Self {
        let short = Self { wire: rpc::Status { details: Vec::new(), ..self.wire.clone() } };
        let first = self.details("errdefs.Source").last();
        let place = first.and_then(|json| serde_json::from_slice::<serde_json::Value>(json).ok());
        let Some(mut place) = place else { return short };
        place["info"]["data"] = "".into();
        short.with_detail("errdefs.Source", &place)
    }

    /// How many bytes it has in a message.
    pub(super) fn encoded_len(&self) -> usize {
        self.wire.encoded_len()
    }

    pub(super) fn into_wire(self) -> rpc::Status {
        self.wire
    }

    fn with_detail(mut self, name: &str, value: &impl Serialize) -> Self {
        // Cannot fail: the shapes above are strings, numbers and lists. An error without one of its
        // details would still be the error.
        if let Ok(value) = serde_json::to_vec(value) {
            let type_url = format!("{DETAIL_PREFIX}{name}+json");
            self.wire.details.push(rpc::Any { type_url, value });
        }
        self
    }
}

impl From<tonic::Status> for Status {
    /// Keeps the details; the daemon wraps them in the same message that `Return` takes.
    fn from(status: tonic::Status) -> Self {
        let details = rpc::Status::decode(status.details()).unwrap_or_default().details;
        let code = match status.code() {
            tonic::Code::Ok => UNKNOWN,
            code => code as i32,
        };
        Self { wire: rpc::Status { code, message: status.message().to_owned(), details } }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Status(status) => status,
            error @ (Error::Unsupported(_)
            | Error::NotAnImage { .. }
            | Error::TooLarge { .. }
            | Error::Connection(_)
            | Error::Reply(_)) => Self::new(error.to_string()),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wire.message)
    }
}

impl StdError for Status {}

// === impl Error ===

impl Error {
    /// The connection failed below gRPC. hyper's own text says little; what caused it says more.
    pub(super) fn connection(error: &hyper::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        Self::Connection(text)
    }

    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Status(status) if status.is_not_found())
    }
}

impl From<tonic::Status> for Error {
    fn from(status: tonic::Status) -> Self {
        // What came from the daemon has no cause on this side.
        let mut cause = status.source();
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<hyper::Error>() {
                return Self::connection(error);
            }
            cause = error.source();
        }
        Self::Status(status.into())
    }
}

impl From<Unsupported> for Error {
    fn from(unsupported: Unsupported) -> Self {
        Self::Unsupported(unsupported)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::Unsupported(unsupported) => unsupported.fmt(f),
            Self::NotAnImage { reference, updated } => {
                write!(
                    f,
                    "a source policy replaces {reference} by {updated}, which is not an image"
                )
            }
            Self::TooLarge { limit } => write!(
                f,
                "it has more than {} MiB, and no more is read of a file that people write; keep data in files that \
                 steps copy",
                limit >> 20
            ),
            Self::Connection(text) => write!(f, "lost the connection to BuildKit: {text}"),
            Self::Reply(text) => write!(f, "BuildKit sent what it should not: {text}"),
        }
    }
}

impl StdError for Error {}
