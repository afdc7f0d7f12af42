//! Errors in BuildKit's format. They are read after a call failed, and made for errors in a build file.
//!
//! Input: a text, the lines of a file that it is about, a daemon's answer. Output: the message that `Return` takes, and
//! the content of the details of a daemon's error. Details are JSON, as BuildKit's `util/grpcerrors` and `solver/errdefs`
//! write them.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use buildkit_llb::{Definition, Digest, SourceInfo, visible};
use buildkit_proto::rpc;
use prost::Message;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The failure of a build: a text for people, and details for programs.
///
/// ```
/// use buildkit_frontend::Status;
/// use buildkit_llb::SourceInfo;
///
/// let file = SourceInfo::new("build.txt", "FRMO alpine\n");
/// let status = Status::new("build.txt:1: unknown word `FRMO`").help("did you mean `FROM`?").with_source(&file, &[1..=1]);
/// assert_eq!(status.message(), "build.txt:1: unknown word `FRMO`\n  help: did you mean `FROM`?");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    wire: rpc::Status,
}

/// A file that a [`Status`] shows, with its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusSource {
    /// The name of the file; empty if the status is not about a file.
    pub filename: String,
    /// Its lines, counted from 1; 0 if the daemon reports none.
    pub lines: Vec<RangeInclusive<u32>>,
}

/// A process of a step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedProcess {
    /// Its exit code.
    pub code: u32,
    /// The ids of the file systems that BuildKit keeps of its mounts, in the order of the mounts in the op. An empty id
    /// is a mount that is not kept. See [`ContainerMount::Left`](crate::ContainerMount::Left).
    pub mounts: Vec<String>,
}

/// gRPC's `Unknown`, which clients show without a prefix.
const UNKNOWN: i32 = 2;

/// gRPC's `NotFound`.
const NOT_FOUND: i32 = 5;

/// gRPC's `Unimplemented`.
const UNIMPLEMENTED: i32 = 12;

/// The prefix of the types of BuildKit's own details.
const DETAIL_PREFIX: &str = "github.com/moby/buildkit/";

/// The name of the details that name files and lines.
const SOURCE: &str = "errdefs.Source";

// === impl Status ===

impl Status {
    /// Makes an error. Clients print its message unchanged, so control characters are replaced by
    /// visible characters: see [`visible`].
    pub fn new(message: impl Into<String>) -> Self {
        let message = visible(&message.into()).into_owned();
        Self { wire: rpc::Status { code: UNKNOWN, message, details: Vec::new() } }
    }

    /// Makes the failure by which clients learn that this frontend does not answer a subrequest
    /// (`NewUnsupportedSubrequestError` in BuildKit's `solver/errdefs/subrequest.go`).
    pub fn unsupported_subrequest(name: &str) -> Self {
        Self::new(format!("unsupported request {name}"))
            .with_detail("errdefs.Subrequest", &SubrequestJson { name })
    }

    /// Adds lines of a file that clients print, counted from 1.
    ///
    /// May be called several times; clients print the file that was added last first. They cut the lines out of
    /// `source.data`, so line N must be line N of the file. All of it together must fit into one message, and an error
    /// travels in HTTP/2 headers: keep it well below 1 MiB.
    pub fn with_source(self, source: &SourceInfo, lines: &[RangeInclusive<u32>]) -> Self {
        let definition = source.definition.as_ref().map(DefinitionJson::of);
        let info = InfoJson {
            filename: &source.filename,
            data: STANDARD.encode(&source.data),
            language: &source.language,
            definition,
        };
        let ranges = lines.iter().map(range).collect();
        self.with_detail(SOURCE, &SourceJson { info, ranges })
    }

    /// Adds an empty source if the failure has none: see [`Bridge::return_error`](crate::Bridge::return_error).
    pub(crate) fn with_own_source(self) -> Self {
        let has_own = self.details(SOURCE).next().is_some();
        if has_own { self } else { self.with_source(&SourceInfo::default(), &[]) }
    }

    /// Prepends a description of the failed operation to the message.
    pub fn context(mut self, doing: impl fmt::Display) -> Self {
        self.wire.message = format!("{doing}: {}", self.wire.message);
        self
    }

    /// Adds a line with advice.
    pub fn help(mut self, what: &str) -> Self {
        self.wire.message = format!("{}\n  help: {what}", self.wire.message);
        self
    }

    /// Adds another failure: its message on a line of its own, and its details.
    pub fn add(&mut self, other: Self) {
        self.wire.message = format!("{}\n{}", self.wire.message, other.wire.message);
        self.wire.details.extend(other.wire.details);
    }

    /// Replaces the message. For hiding secrets, for example: the daemon repeats URLs exactly as it received them.
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.wire.message = message.into();
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

    /// The content of all details of a type. `name` is the type without its prefix `github.com/moby/buildkit/` and its
    /// suffix `+json`: `errdefs.Solve`. Usually JSON.
    pub fn details(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let is_it = move |url: &str| {
            let rest = url.strip_prefix(DETAIL_PREFIX).and_then(|rest| rest.strip_prefix(name));
            matches!(rest, Some("" | "+json"))
        };
        let found = self.wire.details.iter().filter(move |detail| is_it(&detail.type_url));
        found.map(|detail| detail.value.as_slice())
    }

    /// The files and lines that the failure shows, in the order in which they were added.
    pub fn sources(&self) -> impl Iterator<Item = StatusSource> {
        self.details(SOURCE).filter_map(|json| {
            let SourceDetail { info, ranges } = serde_json::from_slice(json).ok()?;
            let filename = info.and_then(|info| info.filename).unwrap_or_default();
            let lines = ranges.unwrap_or_default().into_iter().map(RangeDetail::lines);
            Some(StatusSource { filename, lines: lines.collect() })
        })
    }

    /// The digest of the op that failed, if the daemon reports it.
    pub fn failed_op(&self) -> Option<Digest> {
        self.details("errdefs.Vertex")
            .find_map(|json| serde_json::from_slice::<VertexDetail>(json).ok()?.digest.parse().ok())
    }

    /// The process that failed; `None` for any other failure, such as a process that could not be
    /// started.
    pub fn failed_process(&self) -> Option<FailedProcess> {
        let solve = self.details("errdefs.Solve").next()?;
        let SolveDetail { mounts } = serde_json::from_slice(solve).ok()?;
        let exit = self.details("gatewayapi.ExitMessage").next();
        let code = match exit {
            Some(exit) => serde_json::from_slice::<ExitDetail>(exit).ok()?.code.unwrap_or_default(),
            // Docker 20.10 has it in the text alone.
            None => self.message().rsplit_once("exit code: ")?.1.trim().parse().ok()?,
        };
        let mounts = mounts.unwrap_or_default().into_iter().map(Option::unwrap_or_default);
        Some(FailedProcess { code, mounts: mounts.collect() })
    }

    /// Returns true if a file does not exist. There is no code for this, only the text of the
    /// daemon's operating system.
    pub(crate) fn is_no_such_file(&self) -> bool {
        let texts = ["no such file or directory", "The system cannot find the file specified."];
        self.wire.code == UNKNOWN && texts.iter().any(|text| self.wire.message.ends_with(text))
    }

    /// Returns true if the daemon has no such call.
    pub(crate) fn is_unimplemented(&self) -> bool {
        self.wire.code == UNIMPLEMENTED
    }

    /// Returns true if a registry has no such image. Some registries, such as Docker Hub, give the same
    /// answer for an image to which the user has no access.
    ///
    /// The texts are those of containerd's resolver (`core/remotes/docker/resolver.go`) and of BuildKit's
    /// `util/resolver/authorizer.go`; most daemons send no code with them.
    pub fn is_missing_image(&self) -> bool {
        let message = &self.wire.message;
        self.wire.code == NOT_FOUND
            || message.ends_with(": not found")
            || message.contains("pull access denied") && message.contains("insufficient_scope")
    }

    /// Returns true if the daemon could not connect to a server. The text is that of Go's `net`.
    pub fn is_unreachable(&self) -> bool {
        self.wire.message.contains(": dial tcp")
    }

    /// The error without the text of files and without other details, except for the location that clients show first.
    pub(crate) fn without_excerpts(&self) -> Self {
        let short = Self { wire: rpc::Status { details: Vec::new(), ..self.wire.clone() } };
        let first = self.details(SOURCE).last();
        let place = first.and_then(|json| serde_json::from_slice::<Map<String, Value>>(json).ok());
        let Some(mut place) = place else { return short };
        // Indexing a value that is no object would panic, and the daemon may have any.
        match place.get_mut("info").and_then(Value::as_object_mut) {
            Some(info) => drop(info.insert("data".to_owned(), "".into())),
            None => drop(place.remove("info")),
        }
        short.with_detail(SOURCE, &place)
    }

    /// Its encoded size in bytes.
    pub(crate) fn encoded_len(&self) -> usize {
        self.wire.encoded_len()
    }

    pub(crate) fn into_wire(self) -> rpc::Status {
        self.wire
    }

    fn with_detail(mut self, name: &str, value: &impl Serialize) -> Self {
        // Cannot fail: the values are strings, numbers and lists. Even without one of its details,
        // the error remains useful.
        if let Ok(value) = serde_json::to_vec(value) {
            let type_url = format!("{DETAIL_PREFIX}{name}+json");
            self.wire.details.push(rpc::Any { type_url, value });
        }
        self
    }

    /// Keeps the details: the daemon wraps them in the same message that `Return` takes.
    pub(crate) fn from_tonic(status: &tonic::Status) -> Self {
        let details = rpc::Status::decode(status.details()).unwrap_or_default().details;
        let code = match status.code() {
            tonic::Code::Ok => UNKNOWN,
            code => code as i32,
        };
        Self { wire: rpc::Status { code, message: status.message().to_owned(), details } }
    }
}

fn range(lines: &RangeInclusive<u32>) -> RangeJson {
    RangeJson {
        start: PositionJson { line: *lines.start() },
        end: PositionJson { line: *lines.end() },
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wire.message)
    }
}

impl StdError for Status {}

// === Details as they are written ===

/// `errdefs.Source`.
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

/// `pb.Definition`, with empty metadata for its ops.
#[derive(Serialize)]
struct DefinitionJson {
    def: Vec<String>,
    metadata: BTreeMap<String, NoMetadata>,
}

impl DefinitionJson {
    fn of(definition: &Definition) -> Self {
        let mut metadata = BTreeMap::new();
        for digest in definition.digests() {
            metadata.insert(digest.to_string(), NoMetadata {});
        }
        let def = definition.to_proto().def;
        Self { def: def.iter().map(|op| STANDARD.encode(op)).collect(), metadata }
    }
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

/// `errdefs.Subrequest`.
#[derive(Serialize)]
struct SubrequestJson<'a> {
    name: &'a str,
}

// === Details as daemons write them ===
//
// Go writes an empty list as `null`, so every member may be absent.

#[derive(Deserialize)]
struct SourceDetail {
    info: Option<InfoDetail>,
    ranges: Option<Vec<RangeDetail>>,
}

#[derive(Deserialize)]
struct InfoDetail {
    filename: Option<String>,
}

#[derive(Deserialize)]
struct RangeDetail {
    start: Option<PositionDetail>,
    end: Option<PositionDetail>,
}

#[derive(Deserialize)]
struct PositionDetail {
    /// Docker 20.10 writes the names of Go's fields.
    #[serde(alias = "Line")]
    line: Option<u32>,
}

#[derive(Deserialize)]
struct VertexDetail {
    digest: String,
}

#[derive(Deserialize)]
struct SolveDetail {
    #[serde(rename = "mountIDs")]
    mounts: Option<Vec<Option<String>>>,
}

#[derive(Deserialize)]
struct ExitDetail {
    #[serde(rename = "Code")]
    code: Option<u32>,
}

impl RangeDetail {
    fn lines(self) -> RangeInclusive<u32> {
        let start = line(self.start);
        start..=line(self.end).max(start)
    }
}

fn line(position: Option<PositionDetail>) -> u32 {
    position.and_then(|at| at.line).unwrap_or(0)
}
