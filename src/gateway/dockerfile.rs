//! The engine's own Dockerfile frontend: what it makes is built upon here.

use std::collections::BTreeMap;

use buildkit_llb::{Definition, Platform};
use serde_json::{Value, json};

use super::project::Project;
use crate::plan::{Dockerfile, Triggered};
use buildkit_frontend::{Build, Ref, Refs, SolveRequest, Status};

/// The name that the metadata of a result has for the image's config.
pub(super) const CONFIG: &str = "containerimage.config";

/// Options of the client that are about the build file itself, or about the form of the result.
const OF_THE_FILE: [&str; 10] = [
    "filename",
    "target",
    "source",
    "cmdline",
    "requestid",
    "frontend.caps",
    "platform",
    "multi-platform",
    "build-arg:BUILDKIT_MULTI_PLATFORM",
    // Names the frontend of the client's own file. Another file has a line of its own for that.
    "build-arg:BUILDKIT_SYNTAX",
];

/// The option that says which files wait for a file that is built as a stage. Frontends hand on options that they do
/// not know, so that it also reaches a frontend that the engine's Dockerfile frontend starts (`forwardGateway` in
/// `frontend/dockerfile/builder/build.go`).
const WAITING: &str = "mstage-waiting";

/// The most files that may wait for one. A file can start from itself with other args each time.
const MOST_WAITING: usize = 8;

/// What belongs to the result and not to a part of it.
const OF_THE_RESULT: [&str; 3] = ["label:", "attest:", "build-arg:BUILDKIT_ATTEST_"];

/// Build args that Dockerfiles need not declare.
const PREDEFINED: [&str; 7] = [
    "buildkit_",
    "source_date_epoch",
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "no_proxy",
    "all_proxy",
];

/// The client's options for another file and one platform. Where the client asks for none, nor is one asked for
/// here, so that a base image of another platform keeps its own.
pub(super) fn options(project: &Project<'_>, platform: &Platform) -> BTreeMap<String, String> {
    let raw = project.options.raw.iter();
    let mut opts: BTreeMap<String, String> = raw
        .filter(|(key, _)| {
            !OF_THE_FILE.contains(&key.as_str())
                && !OF_THE_RESULT.iter().any(|prefix| key.starts_with(prefix))
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !project.options.request.is_implicit(platform) {
        opts.insert("platform".to_owned(), platform.id());
    }
    // What rules say of another file is no matter of this file's author.
    opts.insert("build-arg:BUILDKIT_DOCKERFILE_CHECK".to_owned(), "skip=all".to_owned());
    opts
}

/// The value of [`WAITING`] for a file: every file that is built as a stage, from the client's on, with its target and
/// args. An error if the file is among those that wait for it.
fn waiting(
    options: &BTreeMap<String, String>,
    Dockerfile { file, target, args, .. }: &Dockerfile,
) -> Result<String, Status> {
    let waiting = options.get(WAITING).map(|json| serde_json::from_str(json)).transpose();
    let mut waiting: Vec<Value> = waiting.ok().flatten().unwrap_or_default();
    let this = json!([file, target, args]);
    let repeats = waiting.contains(&this);
    if repeats || waiting.len() >= MOST_WAITING {
        let name = |entry: &Value| entry[0].as_str().unwrap_or_default().to_owned();
        let chain: Vec<String> = waiting.iter().chain([&this]).map(name).collect();
        let chain = chain.join(" -> ");
        let message = match repeats {
            true => format!("`{file}` needs itself to be built first: {chain}"),
            false => format!("more than {MOST_WAITING} build files need each other: {chain}"),
        };
        return Err(Status::new(message).help(
            "a stage of the same file is named `{ stage = \"...\" }`, or by its name alone",
        ));
    }
    waiting.push(this);
    Ok(Value::from(waiting).to_string())
}

/// Has a Dockerfile of the client built. Its own `# syntax=` line is honoured.
pub(super) async fn build(project: &Project<'_>, source: &Dockerfile) -> Result<Triggered, Status> {
    let Dockerfile { file, target, args, platform } = source;
    let waiting = waiting(&project.options.raw, source)?;
    let mut opts = options(project, platform);
    opts.retain(|key, _| {
        key.strip_prefix("build-arg:").is_none_or(|arg| {
            let arg = arg.to_ascii_lowercase();
            PREDEFINED.iter().any(|known| arg.starts_with(known))
        })
    });
    opts.extend(args.iter().map(|(name, value)| (format!("build-arg:{name}"), value.clone())));
    opts.insert("filename".to_owned(), file.clone());
    opts.insert(WAITING.to_owned(), waiting);
    opts.extend(target.iter().map(|target| ("target".to_owned(), target.clone())));
    solve(project, opts, BTreeMap::new()).await.map_err(|status| status.context(file))
}

/// Has the frontend build, and gives what it made. What the client hands over is handed on, so that files
/// and build contexts are where they are for this build; `inputs` come with it, or in its place.
pub(super) async fn solve(
    project: &Project<'_>,
    opts: BTreeMap<String, String>,
    inputs: BTreeMap<String, Definition>,
) -> Result<Triggered, Status> {
    let clients = project.bridge.inputs().await?;
    let clients = clients.iter().filter(|(name, _)| !inputs.contains_key(*name));
    let clients: Vec<_> =
        clients.map(|(name, definition)| (name.clone(), definition.clone())).collect();
    let inputs = inputs.into_iter().chain(clients).collect();
    let build = Build::Frontend { name: "dockerfile.v0".to_owned(), opts, inputs };
    let cache_imports = project.options.cache_imports.iter().cloned();
    let request = SolveRequest::of(build).cache_imports(cache_imports);
    let mut solved = project.bridge.solve(request).await.map_err(Status::from)?;
    let config = solved
        .metadata
        .remove(CONFIG)
        .ok_or_else(|| Status::new("the Dockerfile frontend gave no image config"))?;
    match solved.refs {
        Refs::Single(files) => {
            let definition = files.map(Ref::into_definition).transpose()?.unwrap_or_default();
            Ok(Triggered { definition, config, beside: Vec::new() })
        }
        Refs::ByPlatform(_) => {
            Err(Status::new("the Dockerfile frontend gave images for several platforms"))
        }
    }
}
