//! The progress of a build, from the events that buildx prints with `--progress=rawjson`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

/// All events of a build, in order of their start.
#[derive(Default)]
pub(crate) struct Progress {
    pub(crate) vertices: Vec<Vertex>,
    pub(crate) warnings: Vec<String>,
}

/// An op in the engine's progress.
#[derive(Default)]
pub(crate) struct Vertex {
    pub(crate) digest: String,
    pub(crate) name: String,
    state: State,
    /// The output of its process.
    pub(crate) log: String,
    /// The number of bytes transferred from the client.
    pub(crate) transferred: u64,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Waiting,
    Cached,
    Done,
    Failed,
}

/// A line of buildx's output; BuildKit's `client.SolveStatus`.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Event {
    vertexes: Vec<VertexEvent>,
    statuses: Vec<StatusEvent>,
    logs: Vec<LogEvent>,
    warnings: Vec<WarningEvent>,
}

#[derive(Deserialize)]
struct VertexEvent {
    digest: String,
    name: String,
    #[serde(default)]
    cached: bool,
    completed: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct StatusEvent {
    vertex: String,
    id: String,
    #[serde(default)]
    current: u64,
}

#[derive(Deserialize)]
struct LogEvent {
    vertex: String,
    data: String,
}

#[derive(Deserialize)]
struct WarningEvent {
    short: String,
}

impl Progress {
    /// Splits the events off buildx's output; the rest is the message for the user.
    pub(crate) fn read(printed: &str) -> (Self, String) {
        let mut progress = Self::default();
        let mut rest = String::new();
        for line in printed.lines() {
            match serde_json::from_str::<Event>(line) {
                Ok(event) if line.starts_with('{') => progress.add(event),
                _ => {
                    rest.push_str(line);
                    rest.push('\n');
                }
            }
        }
        (progress, rest)
    }

    fn add(&mut self, event: Event) {
        for VertexEvent { digest, name, cached, completed, error } in event.vertexes {
            let vertex = self.vertex(&digest);
            vertex.name = name;
            if error.is_some_and(|error| !error.is_empty()) {
                vertex.state = State::Failed;
            } else if cached {
                vertex.state = State::Cached;
            } else if completed.is_some() {
                vertex.state = State::Done;
            }
        }
        for StatusEvent { vertex, id, current } in event.statuses {
            if id.starts_with("transferring ") {
                let vertex = self.vertex(&vertex);
                vertex.transferred = vertex.transferred.max(current);
            }
        }
        for LogEvent { vertex, data } in event.logs {
            self.vertex(&vertex).log.push_str(&decoded(&data));
        }
        self.warnings.extend(event.warnings.iter().map(|warning| decoded(&warning.short)));
    }

    fn vertex(&mut self, digest: &str) -> &mut Vertex {
        let at =
            self.vertices.iter().position(|vertex| vertex.digest == digest).unwrap_or_else(|| {
                self.vertices.push(Vertex { digest: digest.to_owned(), ..Vertex::default() });
                self.vertices.len() - 1
            });
        &mut self.vertices[at]
    }

    /// The steps of stages: `[stage 2/3] ...`, without their bases.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Vertex> {
        self.vertices
            .iter()
            .filter(|vertex| vertex.position().is_some_and(|text| !text.starts_with("FROM ")))
    }

    /// True if any op's name contains this.
    pub(crate) fn names(&self, text: &str) -> bool {
        self.vertices.iter().any(|vertex| vertex.name.contains(text))
    }
}

impl Vertex {
    /// True if it was run in this build: neither cached nor left out.
    pub(crate) fn ran(&self) -> bool {
        matches!(self.state, State::Done | State::Failed)
    }

    /// True if it was started but not completed: it failed itself, or was stopped because another
    /// one did.
    pub(crate) fn failed(&self) -> bool {
        self.state == State::Failed
    }

    /// True if its result was cached.
    pub(crate) fn is_cached(&self) -> bool {
        self.state == State::Cached
    }

    /// The text after `[stage 2/3] `, if the name begins like that.
    fn position(&self) -> Option<&str> {
        let (position, text) = self.name.strip_prefix('[')?.split_once("] ")?;
        let (number, total) = position.rsplit_once(' ')?.1.split_once('/')?;
        let is_number = |text: &str| text.parse::<u32>().is_ok();
        (is_number(number) && is_number(total)).then_some(text)
    }
}

/// For the messages of failing tests.
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for vertex in &self.vertices {
            let state = match vertex.state {
                State::Waiting => "waiting",
                State::Cached => "cached",
                State::Done => "done",
                State::Failed => "FAILED",
            };
            writeln!(f, "{state:8}{}", vertex.name)?;
            for line in vertex.log.lines() {
                writeln!(f, "        | {line}")?;
            }
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

fn decoded(base64: &str) -> String {
    let bytes = STANDARD.decode(base64).expect("bytes are base64 in Go's JSON");
    String::from_utf8_lossy(&bytes).into_owned()
}
