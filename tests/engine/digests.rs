//! The engine uses the digests that mstage computes for ops. With other digests, a failing step
//! would lose its lines of the spec.

use std::collections::BTreeMap;

use buildkit_llb::{Graph, Platform, ResolveMode, Vertex};
use mstage::diagnostic::Diagnostics;
use mstage::lower::{Engine, Settings, lower};
use mstage::plan::{Facts, ImageFact, Request, resolve, select};
use mstage::source::SourceFile;
use mstage::spec;
use serde_json::json;

use crate::harness::{Build, Project, engine, inspect};

/// The base image of the spec.
const IMAGE: &str = "busybox:latest";

/// Ops of every kind, and mounts of every kind. None of them reads the build context, whose op
/// contains the session, which only the engine knows.
const SPEC: &str = r#"
default = "last"
args = { NONCE = {}, LIST = "a b" }

[stages.files]
from = "scratch"
workdir = "/made/here"

[stages.work]
from = "busybox"
workdir = "/work"
user = "nobody"
env = { NONCE = "${NONCE}", EMPTY = "" }
mounts = [{ cache = "/cache" }]
steps = [
  "echo $LIST > /tmp/list",
  { exec = ["cp", "/tmp/list", "/tmp/second list"], env = { ONE = "1" } },
  { run = "id > /tmp/id", user = "root", workdir = "below", mounts = [
    { cache = "other", id = "some-id", sharing = "locked", read-only = true },
    { bind = "/made", from = "files" },
    { bind = "/bin/sh", from = "busybox", to = "/shell", writable = true },
  ] },
  { run = "id", user = "1000:1000" },
]

[stages.last]
from = "files"
steps = [
  { copy = "/tmp/i?", from = "work", to = "/to/", chown = "1:2", chmod = "0640" },
  { copy = "/tmp", from = "work" },
]
"#;

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_engine_has_the_digests_that_mstage_computes() {
    let project = Project::new(SPEC);
    let nonce = project.nonce();
    let build = project.build(&["--build-arg", &format!("NONCE={nonce}")]);
    let reported: BTreeMap<&str, &str> = build
        .progress
        .vertices
        .iter()
        .map(|vertex| (vertex.digest.as_str(), vertex.name.as_str()))
        .collect();

    let spec = SourceFile::new("mstage.toml", project.read("mstage.toml"));
    let computed = compute(spec, &nonce, digest_of_image(&build));
    assert!(computed.len() > 10, "{computed:?}");
    for (digest, name) in &computed {
        let reported_name = reported.get(digest.as_str()).copied();
        assert_eq!(reported_name.map(what), Some(what(name)), "{digest}\n{build}{reported:#?}");
    }
}

/// The name of an op without its position. The position is that in the first build with the op:
/// another test may use the same image at the same time.
fn what(name: &str) -> &str {
    name.split_once("] ").map_or(name, |(_, what)| what)
}

/// The engine's digest for the image, from the name of its op. `None` with an older store.
fn digest_of_image(build: &Build) -> Option<String> {
    let name = build
        .progress
        .vertices
        .iter()
        .find_map(|vertex| vertex.name.split_once("] FROM "))
        .unwrap()
        .1;
    name.split_once('@').map(|(_, digest)| digest.to_owned())
}

/// Computes the digests with the functions of the frontend, and the engine's facts about the image
/// and itself.
fn compute(file: SourceFile, nonce: &str, digest: Option<String>) -> BTreeMap<String, String> {
    let platform =
        engine().docker(["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]).run().text();
    let mut request = Request::new(platform.trim().parse::<Platform>().unwrap());
    request.build_args.insert("NONCE".to_owned(), nonce.to_owned());

    let mut diagnostics = Diagnostics::default();
    let (files, spec) = spec::parse(file, &mut diagnostics);
    let spec = spec.unwrap();
    let selection = select(&spec, &request, &mut diagnostics).unwrap();
    assert_eq!(selection.images().len(), 1);
    let image = inspect(IMAGE);
    let config = json!({
        "os": image["Os"],
        "architecture": image["Architecture"],
        "config": image["Config"],
        "rootfs": { "type": "layers", "diff_ids": image["RootFS"]["Layers"] },
    });
    let fact =
        ImageFact { digest, config: config.to_string().into_bytes(), ..ImageFact::default() };
    let plan = resolve(
        &selection,
        Facts { images: vec![Some(fact)].into(), ..Facts::default() },
        &mut diagnostics,
    )
    .unwrap();

    let settings = Settings {
        // buildx's setting for engines that have images of their own.
        resolve_mode: ResolveMode::PreferLocal,
        // No session: the context is not read. The spec uses no other features of newer engines.
        engine: Engine { owners_in_keys: engine().major_version > 23, ..Engine::default() },
        ..Settings::default()
    };
    let mut graph = Graph::new();
    let target = lower(&plan, &files, &settings, &mut graph).unwrap().target;
    let name = |vertex: Vertex<'_>| vertex.metadata().name.unwrap_or_default().into_owned();
    graph.vertices(target).map(|vertex| (vertex.digest().to_string(), name(vertex))).collect()
}
