//! A Dockerfile that is read directly, and the build file that it is converted to: their graphs are
//! equal, except for names and locations.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use buildkit_llb::{Digest, Graph, Platform};
use mstage::convert::as_build_file;
use mstage::diagnostic::{Diagnostics, render};
use mstage::lower::{Engine, Sessions, Settings, lower};
use mstage::plan::{
    ContextFact, ContextSource, Facts, ImageFact, ImageQuery, NamedContexts, Request, Selection,
    resolve, select,
};
use mstage::source::SourceFile;
use serde_json::Value;

/// The image config and the ops of a build.
#[derive(Debug, PartialEq)]
pub(crate) struct Compiled {
    config: Vec<u8>,
    ops: Vec<Vec<u8>>,
}

/// Compiles a Dockerfile directly. `Err` is the error message.
pub(crate) fn direct(text: &str, request: &Request) -> Result<Compiled, String> {
    compile(SourceFile::new("Dockerfile", text.into()), request)
}

/// Compiles the converted build file of a Dockerfile, as if it had been saved.
pub(crate) fn converted(text: &str, request: &Request) -> Result<Compiled, String> {
    compile(SourceFile::new("mstage.toml", text.into()), request)
}

fn compile(file: SourceFile, request: &Request) -> Result<Compiled, String> {
    let mut diagnostics = Diagnostics::default();
    let file = as_build_file(file, &request.build_args, |_, _, _| (), &mut diagnostics);
    let file = match file {
        Ok((file, _)) => file,
        Err(file) => {
            let files = mstage::source::SourceMap::new(*file);
            return Err(render::errors(&diagnostics.errors(), &files));
        }
    };
    let (files, spec) = mstage::spec::parse(file, &mut diagnostics);
    let plan = spec.and_then(|spec| {
        let selection = select(&spec, request, &mut diagnostics)?;
        let facts =
            if diagnostics.has_errors() { Facts::none(&selection) } else { facts(&selection) };
        resolve(&selection, facts, &mut diagnostics)
    });
    let Some(plan) = plan.filter(|_| !diagnostics.has_errors()) else {
        return Err(render::errors(&diagnostics.errors(), &files));
    };
    let engine = Engine::CURRENT;
    let sessions = Sessions::new("session");
    let settings = Settings { sessions, engine, ..Settings::default() };
    let mut graph = Graph::new();
    let lowered = lower(&plan, &files, &settings, &mut graph).expect("a graph");
    let definition = graph.definition(lowered.guarded).to_proto();
    Ok(Compiled { config: plan.config.to_json(), ops: definition.def })
}

/// The request of `docker buildx build` with some options; unknown options are ignored.
pub(crate) fn request(options: &[String]) -> Request {
    let mut request = Request::new(Platform::new("linux", "amd64", "").unwrap());
    let mut contexts = Vec::new();
    for option in options {
        let Some((option, value)) = option.split_once('=') else { continue };
        let pair =
            || value.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        match option {
            "--target" => request.target = Some(mstage::convert::target(value)),
            "--build-arg" => request.build_args.extend(pair()),
            "--label" => request.labels.extend(pair()),
            "--platform" => {
                request.implicit_platform = false;
                request.target_platform = Platform::parse(value, &request.build_platform).unwrap();
            }
            "--build-context" => {
                let (name, source) = pair().unwrap();
                let source = match source.starts_with("docker-image://") {
                    true => source,
                    false => format!("local:{name}"),
                };
                contexts.push((name, ContextSource::parse(&source).unwrap()));
            }
            _ => {}
        }
    }
    request.contexts = NamedContexts::new(contexts);
    request
}

/// The facts about the images of the corpus; any other image has a `PATH` and one layer.
fn facts(selection: &Selection<'_>) -> Facts {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let known: BTreeMap<String, Value> =
        serde_json::from_slice(&fs::read(folder.join("images.json")).unwrap()).unwrap();
    let usual = serde_json::json!({
        "architecture": "amd64",
        "os": "linux",
        "config": { "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Cmd": ["/bin/sh"] },
        "rootfs": { "type": "layers", "diff_ids": ["sha256:00"] },
        "history": [{ "created_by": "ADD rootfs.tar" }],
    });
    let fact = |image: &ImageQuery| {
        let reference = image.reference.to_string();
        let mut config = known.get(&reference).unwrap_or(&usual).clone();
        config["architecture"] = image.platform.architecture().into();
        Some(ImageFact {
            digest: Some(Digest::of(reference.as_bytes()).to_string()),
            config: config.to_string().into_bytes(),
            ..ImageFact::default()
        })
    };
    Facts {
        images: selection.images().iter().map(fact).collect(),
        contexts: selection.contexts().iter().map(|_| Some(ContextFact::default())).collect(),
    }
}
