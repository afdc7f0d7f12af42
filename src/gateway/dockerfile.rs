//! The engine's own Dockerfile frontend, whose results are used as bases.

use std::collections::BTreeMap;

use buildkit_frontend::{Build, Ref, Refs, SolveRequest, Status, keys};
use buildkit_llb::{Definition, Platform};
use serde_json::{Value, json};

use super::project::Project;
use crate::plan::{Dockerfile, Triggered};

/// Options of the client about the build file itself, or about the form of the result.
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
    // Selects the frontend of the client's own file. The other file has a syntax line of its own.
    "build-arg:BUILDKIT_SYNTAX",
];

/// The option with the files that wait for a file that is built as a stage. Frontends pass on
/// unknown options, so it also reaches a frontend that the engine's Dockerfile frontend starts
/// (`forwardGateway` in `frontend/dockerfile/builder/build.go`).
const WAITING: &str = "mstage-waiting";

/// Maximum number of files that wait for another one. A file can be based on itself with other args
/// each time.
const MOST_WAITING: usize = 8;

/// Prefixes of options about the result and not about a part of it.
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

/// The client's options for another file and one platform. If the client requests no platform, none
/// is requested here, so that a base image of another platform keeps its own.
pub(super) fn options(project: &Project<'_>, platform: &Platform) -> BTreeMap<String, String> {
    let mut opts = BTreeMap::new();
    for (key, value) in project.options.raw.iter() {
        let is_of_the_result = OF_THE_RESULT.iter().any(|prefix| key.starts_with(prefix));
        if !OF_THE_FILE.contains(&key) && !is_of_the_result {
            opts.insert(key.to_owned(), value.to_owned());
        }
    }
    if !project.options.request.is_implicit(platform) {
        opts.insert("platform".to_owned(), platform.id());
    }
    // Findings about another file are not for the author of this one.
    opts.insert("build-arg:BUILDKIT_DOCKERFILE_CHECK".to_owned(), "skip=all".to_owned());
    opts
}

/// The value of [`WAITING`] for a file: every file that is built as a stage, from the client's on,
/// with its target and args. Fails if the file is among those that wait for it.
fn waiting(
    options: &buildkit_frontend::Options,
    Dockerfile { file, target, args, .. }: &Dockerfile,
) -> Result<String, Status> {
    let waiting = options.get(WAITING).map(serde_json::from_str).transpose();
    let mut waiting: Vec<Value> = waiting.ok().flatten().unwrap_or_default();
    let this = json!([file, target, args]);
    let repeats = waiting.contains(&this);
    if repeats || waiting.len() >= MOST_WAITING {
        let chain: Vec<String> = waiting.iter().chain([&this]).map(name_of).collect();
        let chain = chain.join(" -> ");
        let message = match repeats {
            true => format!("`{file}` depends on itself: {chain}"),
            false => {
                format!("build files are nested more than {MOST_WAITING} levels deep: {chain}")
            }
        };
        return Err(Status::new(message).help(
            "refer to a stage of the same file with `{ stage = \"...\" }`, or by its name alone",
        ));
    }
    waiting.push(this);
    Ok(Value::from(waiting).to_string())
}

fn name_of(entry: &Value) -> String {
    entry[0].as_str().unwrap_or_default().to_owned()
}

/// Builds a Dockerfile of the client. Its own `# syntax=` line is honoured.
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

/// Runs the frontend and returns its result. The client's inputs are passed on, so that files and
/// build contexts are found as in this build; `inputs` are added, or replace them.
pub(super) async fn solve(
    project: &Project<'_>,
    opts: BTreeMap<String, String>,
    mut inputs: BTreeMap<String, Definition>,
) -> Result<Triggered, Status> {
    for (name, definition) in project.bridge.inputs().await? {
        inputs.entry(name.clone()).or_insert_with(|| definition.clone());
    }
    let build = Build::Frontend { name: "dockerfile.v0".to_owned(), opts, inputs };
    let cache_imports = project.options.cache_imports.iter().cloned();
    let request = SolveRequest::of(build).cache_imports(cache_imports);
    let mut solved = project.bridge.solve(request).await.map_err(Status::from)?;
    let config = solved
        .metadata
        .remove(keys::IMAGE_CONFIG)
        .ok_or_else(|| Status::new("the Dockerfile frontend returned no image config"))?;
    match solved.refs {
        Refs::Single(files) => {
            let definition = files.map(Ref::into_definition).transpose()?.unwrap_or_default();
            Ok(Triggered { definition, config, beside: Vec::new() })
        }
        Refs::ByPlatform(_) => {
            Err(Status::new("the Dockerfile frontend returned images for several platforms"))
        }
    }
}
