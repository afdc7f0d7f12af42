//! A scripted daemon as text, so that seeds can be read and written by hand.
//!
//! The text consists of sections. Each begins with a line `=== KIND ARGUMENTS`; the lines up to the
//! next section are its content.
//!
//! | section | content |
//! | --- | --- |
//! | `=== release NAME` | nothing: the engine is one of `bookworm`, `trixie`, `forky` and `head` |
//! | `=== options` | the client's options, one in a line |
//! | `=== file PATH SOURCE` | a file of a source such as `local://context`; without SOURCE, of both directories of the client |
//! | `=== image REFERENCE` | the config of an image |
//! | `=== exit CODE` | the standard error of processes, which end with this code |
//! | `=== answer METHOD` | nothing: the next call of the method is answered as usual |
//! | `=== fail METHOD CODE` | the message with which the next call fails |
//! | `=== detail TYPE` | a detail of the failure above |
//! | `=== hang-up METHOD` | nothing: the next call closes the connection |
//! | `=== reply METHOD` | the message that answers the next call, in protobuf's encoding |
//! | `=== frontend NAME KEY` | metadata of the result of another frontend |
//! | `=== input NAME` | the graph of a build context that is the result of another build, in the same encoding |
//!
//! Unknown sections and methods are ignored.

use std::collections::BTreeMap;

use buildkit_proto::frontend::InputsResponse;
use buildkit_proto::{Encoded, pb, rpc};
use fake_gateway::{Do, Engine, Exit, Files, Method, Nested, Release};
use prost::Message;

use super::client_options::variables;

/// The build file of a scenario without files.
const SPEC: &str = r#"default = "runtime"

[stages.builder]
from = "alpine:3.20"
steps = [{ copy = "a.txt", to = "/in/" }, { run = 'make', mounts = [{ cache = "/c" }] }]
report = "/out"

[stages.runtime]
from = "debian:latest"
steps = [{ copy = "/out", from = "builder" }]
"#;

/// The config of the images of a scenario, unless it has its own.
const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Cmd":["sh"]},
    "rootfs":{"type":"layers","diff_ids":["sha256:00"]}}"#;

/// The methods whose calls can be scripted.
const METHODS: [(&str, Method); 14] = [
    ("Ping", Method::Ping),
    ("Solve", Method::Solve),
    ("Evaluate", Method::Evaluate),
    ("ReadFile", Method::ReadFile),
    ("ReadDir", Method::ReadDir),
    ("StatFile", Method::StatFile),
    ("ResolveSourceMeta", Method::ResolveSourceMeta),
    ("ResolveImageConfig", Method::ResolveImageConfig),
    ("Inputs", Method::Inputs),
    ("Warn", Method::Warn),
    ("Return", Method::Return),
    ("NewContainer", Method::NewContainer),
    ("ExecProcess", Method::ExecProcess),
    ("ReleaseContainer", Method::ReleaseContainer),
];

/// A daemon, and the environment of the frontend.
pub(crate) struct Scenario {
    pub(crate) engine: Engine,
    pub(crate) variables: Vec<(String, String)>,
    /// True if the conversation may end without a result: the connection breaks, or the daemon
    /// rejects the result.
    pub(crate) breaks: bool,
}

impl Scenario {
    pub(crate) fn parse(data: &[u8]) -> Self {
        let sections = sections(data);
        let release = sections.iter().find(|section| section.words[0] == "release");
        let release = match release.and_then(|section| section.words.get(1)).copied() {
            Some("bookworm") => Release::Bookworm,
            Some("trixie") => Release::Trixie,
            Some("head") => Release::Head,
            _ => Release::Forky,
        };
        let mut script = Script {
            engine: Some(Engine::new(release)),
            options: b"filename=mstage.toml\n".to_vec(),
            ..Script::default()
        };
        for image in ["docker.io/library/alpine:3.20", "docker.io/library/debian:latest"] {
            script.image(image, CONFIG);
        }
        for section in &sections {
            script.add(section);
        }
        script.finish()
    }
}

/// A scenario of which some sections have been read.
#[derive(Default)]
struct Script {
    /// Always there, but each change takes it and puts it back.
    engine: Option<Engine>,
    options: Vec<u8>,
    /// By source and path.
    files: BTreeMap<String, Files>,
    inputs: BTreeMap<String, Encoded<pb::Definition>>,
    /// The failure that the next detail belongs to.
    failure: Option<(Method, rpc::Status)>,
    breaks: bool,
}

impl Script {
    fn add(&mut self, Section { words, content }: &Section<'_>) {
        let text = String::from_utf8_lossy(content).trim_end_matches('\n').to_owned();
        if words[0] != "detail" {
            self.fail();
        }
        match words.as_slice() {
            ["options"] => self.options.extend(*content),
            ["file", path] => {
                for source in ["local://dockerfile", "local://context"] {
                    self.file(source, path, content);
                }
            }
            ["file", path, source] => self.file(source, path, content),
            ["image", reference] => self.image(reference, &text),
            ["exit", code] => {
                let code = code.parse().unwrap_or(1);
                let exit = Exit { code, stderr: "it failed\n", ..Exit::default() };
                self.change(|engine| engine.exit(exit));
            }
            ["answer", method] => self.script(method, Do::Answer),
            ["hang-up", method] => self.script(method, Do::HangUp),
            ["reply", method] => self.script(method, Do::Reply(content.to_vec())),
            ["fail", name, code] => {
                let code = code.parse().unwrap_or(2);
                let status = rpc::Status { code, message: text, details: Vec::new() };
                self.failure = method(name).map(|method| (method, status));
            }
            ["detail", kind] => {
                if let Some((_, status)) = &mut self.failure {
                    let type_url = (*kind).to_owned();
                    status.details.push(rpc::Any { type_url, value: text.into_bytes() });
                }
            }
            ["frontend", name, key] => {
                let metadata = [((*key).to_owned(), text.into_bytes())].into();
                let answer = Nested { metadata, ..Nested::default() };
                self.change(|engine| engine.frontend(name, answer));
            }
            ["input", name] => {
                let graph = Encoded::from_bytes(content.to_vec());
                self.inputs.insert((*name).to_owned(), graph);
            }
            _ => {}
        }
    }

    fn finish(mut self) -> Scenario {
        self.fail();
        if self.files.is_empty() {
            self.file("local://dockerfile", "mstage.toml", SPEC.as_bytes());
        }
        for (source, files) in std::mem::take(&mut self.files) {
            self.change(|engine| engine.source(&source, files));
        }
        if !self.inputs.is_empty() {
            let definitions = std::mem::take(&mut self.inputs);
            let reply = InputsResponse { definitions }.encode_to_vec();
            self.change(|engine| engine.on(Method::Inputs, Do::Reply(reply)));
        }
        let engine = self.engine.expect("it was put back");
        Scenario { engine, variables: variables(&self.options), breaks: self.breaks }
    }

    fn change(&mut self, change: impl FnOnce(Engine) -> Engine) {
        self.engine = self.engine.take().map(change);
    }

    fn file(&mut self, source: &str, path: &str, content: &[u8]) {
        let files = self.files.entry(source.to_owned()).or_default();
        files.insert(path.to_owned(), content.to_vec());
    }

    fn image(&mut self, reference: &str, config: &str) {
        let digest = format!("sha256:{}", "e".repeat(64));
        self.change(|engine| engine.image(reference, &digest, config));
    }

    fn script(&mut self, name: &str, what: Do) {
        let Some(method) = method(name) else { return };
        self.breaks |= match what {
            Do::Answer => false,
            Do::HangUp => true,
            _ => matches!(method, Method::Ping | Method::Return),
        };
        self.change(|engine| engine.on(method, what));
    }

    /// Adds the failure that was read last, with its details.
    fn fail(&mut self) {
        if let Some((method, status)) = self.failure.take() {
            self.breaks |= matches!(method, Method::Ping | Method::Return);
            self.change(|engine| engine.on(method, Do::Fail(status)));
        }
    }
}

/// A section: the words of its first line, and its content.
struct Section<'d> {
    /// At least one.
    words: Vec<&'d str>,
    content: &'d [u8],
}

fn sections(data: &[u8]) -> Vec<Section<'_>> {
    const MARK: &[u8] = b"=== ";
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut at = 0;
    let mut start = 0;
    for line in data.split_inclusive(|&byte| byte == b'\n') {
        let before = at;
        at += line.len();
        let Some(words) = line.strip_prefix(MARK).and_then(|line| str::from_utf8(line).ok()) else {
            continue;
        };
        let words: Vec<&str> = words.split_whitespace().collect();
        if words.is_empty() {
            continue;
        }
        if let Some(last) = sections.last_mut() {
            last.content = &data[start..before];
        }
        sections.push(Section { words, content: &[] });
        start = at;
    }
    if let Some(last) = sections.last_mut() {
        last.content = &data[start..];
    }
    sections
}

fn method(name: &str) -> Option<Method> {
    METHODS.iter().find(|(known, _)| *known == name).map(|(_, method)| *method)
}
