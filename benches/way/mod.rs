//! The subject of the benchmarks: a generated build file or Dockerfile, and its compilation to
//! encoded LLB.

use std::collections::BTreeMap;
use std::fmt::Write;

use buildkit_llb::{Graph, Platform};
use mstage::convert::as_build_file;
use mstage::diagnostic::Diagnostics;
use mstage::lower::{Engine, Sessions, Settings, lower};
use mstage::plan::{Facts, ImageFact, Request, resolve, select};
use mstage::rules;
use mstage::source::SourceFile;
use mstage::spec;

/// The result of a compilation.
pub(crate) struct Compiled {
    pub(crate) ops: usize,
    pub(crate) bytes: usize,
}

/// A file whose last stage needs all others: each stage is based on an image, has ten steps, and
/// copies from the stage before it.
pub(crate) fn generate(stages: usize) -> String {
    let mut text = format!("default = \"stage{}\"\n\n[args]\nVERSION = \"1.0\"\n\n", stages - 1);
    for stage in 0..stages {
        let _ = write!(
            text,
            "[stages.stage{stage}]\nfrom = \"debian:bookworm-slim\"\nworkdir = \"/src{stage}\"\n"
        );
        text.push_str("env = { STAGE = \"${VERSION}\", MODE = \"release\" }\nsteps = [\n");
        for step in 0..9 {
            let _ = match step % 3 {
                0 => {
                    writeln!(text, "  {{ copy = \"src/{stage}/{step}\", to = \"/src/{step}/\" }},")
                }
                1 => writeln!(text, "  'make -C /src/{step} VERSION=$VERSION all',"),
                _ => writeln!(
                    text,
                    "  {{ run = 'make install', mounts = [{{ cache = \"/cache/{stage}\" }}] }},"
                ),
            };
        }
        let _ = match stage {
            0 => writeln!(text, "  'true',\n]\n"),
            _ => writeln!(
                text,
                "  {{ copy = \"/out\", from = \"stage{}\", to = \"/in/\" }},\n]\n",
                stage - 1
            ),
        };
    }
    text
}

/// The same stages as a Dockerfile.
pub(crate) fn generate_dockerfile(stages: usize) -> String {
    let mut text = "ARG VERSION=1.0\n".to_owned();
    for stage in 0..stages {
        let _ = write!(
            text,
            "\nFROM debian:bookworm-slim AS stage{stage}\nARG VERSION\nENV STAGE=${{VERSION}} MODE=release\nWORKDIR /src{stage}\n"
        );
        for step in 0..9 {
            let _ = match step % 3 {
                0 => writeln!(text, "COPY src/{stage}/{step} /src/{step}/"),
                1 => writeln!(text, "RUN make -C /src/{step} VERSION=$VERSION all"),
                _ => {
                    writeln!(text, "RUN --mount=type=cache,target=/cache/{stage} make install")
                }
            };
        }
        let _ = match stage {
            0 => writeln!(text, "RUN true"),
            _ => writeln!(text, "COPY --from=stage{} /out /in/", stage - 1),
        };
    }
    text
}

/// Compiles a file once, and calls `done` after each phase: convert, parse, select, resolve, lower,
/// encode.
pub(crate) fn compile(name: &str, text: &str, done: &mut dyn FnMut()) -> Compiled {
    let config =
        br#"{"config":{"Env":["PATH=/usr/bin:/bin"]},"rootfs":{"diff_ids":["sha256:00"]}}"#;
    let request = Request::new(Platform::new("linux", "amd64", "").unwrap());
    let settings = Settings {
        sessions: Sessions::new("session"),
        engine: Engine { merge: true, required_paths: true, ..Engine::default() },
        ..Settings::default()
    };
    let file = SourceFile::new(name, text.as_bytes().to_vec());
    let mut diagnostics = Diagnostics::default();
    let (file, _) = as_build_file(file, &BTreeMap::new(), |_, _, _| (), &mut diagnostics).unwrap();
    done();
    let (files, spec) = spec::parse(file, &mut diagnostics);
    let spec = spec.unwrap();
    rules::check_file(&spec, &mut diagnostics);
    done();
    let selection = select(&spec, &request, &mut diagnostics).unwrap();
    rules::check_selection(&selection, &mut diagnostics);
    done();
    let fact = || Some(ImageFact { config: config.to_vec(), ..ImageFact::default() });
    let facts =
        Facts { images: selection.images().iter().map(|_| fact()).collect(), ..Facts::default() };
    let plan = resolve(&selection, facts, &mut diagnostics).unwrap();
    rules::check_plan(&selection, &plan, &mut diagnostics);
    done();
    let mut graph = Graph::new();
    let target = lower(&plan, &files, &settings, &mut graph).unwrap().target;
    let definition = graph.definition(target);
    drop(graph);
    done();
    let ops = definition.digests().len();
    let bytes = definition.into_encoded().into_bytes().len();
    done();
    Compiled { ops, bytes }
}
