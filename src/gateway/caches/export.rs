//! The target `mstage.caches`: what the cache mounts of a build contain, one directory for each.
//!
//! Each cache is copied on top of the one before, so that an image has one layer for each.

use std::collections::BTreeMap;

use buildkit_frontend::{Bridge, SolveRequest, SolveResult, Status};
use buildkit_llb::{Definition, Digest, Graph, State};
use futures_util::future::join_all;

use super::name::{INDEX, Index, directory};
use super::{files, size};
use crate::analysis::Select;
use crate::convert;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::gateway::build_file::BuildFile;
use crate::gateway::options::Options;
use crate::gateway::planning::{Opened, plans, settle};
use crate::gateway::{capabilities, own_image, report};
use crate::lower::{CACHE, Cache, OUTPUT, Program, add_file, lower};
use crate::plan::{Plan, Request, select, select_all};

/// The build arg with the stages whose caches are exported.
const STAGES: &str = "MSTAGE_CACHES";

/// The build arg with the size up to which caches are exported.
const MAX: &str = "MSTAGE_CACHES_MAX";

/// The file with a cache's size.
const SIZE: &str = "size";

/// Maximum length of a size in a file.
const MAX_DIGITS: usize = 32;

/// Exports the caches of the default target, or those that the client names.
pub(in crate::gateway) async fn export(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<SolveResult, Status> {
    let mut options = options.clone();
    options.request.target = None;
    let digest = build_file.digest;
    let mut diagnostics = Diagnostics::default();
    let limit = limit(&options.request, &mut diagnostics);
    let opened = Opened::open(bridge, &options, build_file, &mut diagnostics).await?;
    let planned = plan(bridge, &opened, &mut diagnostics).await;
    report::warn(bridge, &diagnostics, &opened.files, digest).await;
    let planned =
        planned.map_err(|status| report::with_errors(status, &diagnostics, &opened.files))?;
    let planned = planned.filter(|_| !diagnostics.fail_build());
    let (Some(project), Some(plans)) = (opened.project(bridge), planned) else {
        return Err(report::failure(&diagnostics, &opened.files));
    };

    let mut graph = Graph::new();
    let settings = project.settings();
    let mut caches = BTreeMap::new();
    for plan in &plans {
        let lowered = lower(plan, project.files, &settings, &mut graph)
            .map_err(|err| Status::new(err.to_string()))?;
        caches.extend(lowered.caches);
    }
    let mut caches: Vec<Cache> = caches.into_values().collect();
    // Two inputs can have the same description, such as one user's name in two base images.
    caches.sort_by_key(directory);
    caches.dedup_by_key(|cache| directory(cache));
    if caches.is_empty() {
        return Err(Status::new(
            "no step of these stages has a cache mount: there is nothing to export",
        )
        .help(
            "name the stages with `--build-arg MSTAGE_CACHES=all`, or a list such as `build,test`",
        ));
    }
    let program = Program {
        image: own_image::add(&mut graph, &options)?,
        path: own_image::program()?,
        platform: options.request.build_platform.clone(),
        nonce: Digest::of(options.sessions.id.as_bytes()).to_string(),
    };
    if let Some(limit) = limit {
        check_size(bridge, &options, &mut graph, &program, &caches, limit).await?;
    }
    let mut files = State::SCRATCH;
    for cache in &caches {
        let name = shown(cache);
        let to = format!("{OUTPUT}/{}", directory(cache));
        let args = [files::EXPORT, &name, CACHE, &to];
        let label = format!("[caches] export {name}");
        files = program.read(&mut graph, cache, files, &args, &label);
    }
    let epoch = plans.first().and_then(|plan| plan.epoch);
    let path = format!("/{INDEX}");
    let index = Index::new(&caches).to_json();
    let files = add_file(&mut graph, files, &path, &index, epoch, "[caches] list caches");
    let definition = graph.definition(files);
    capabilities::check(bridge, &graph, files, &definition, project.files)?;
    let request = SolveRequest::new(definition)
        .cache_imports(options.cache_imports.iter().cloned())
        .evaluate(!capabilities::shows_excerpts(bridge));
    let refs = bridge.solve(request).await.map_err(|err| report::with_place(err.into()))?.refs;
    Ok(SolveResult::new(refs))
}

/// The name of a cache in messages.
pub(super) fn shown(cache: &Cache) -> String {
    match cache.variant.is_empty() {
        true => format!("the cache `{}`", cache.id),
        false => format!("the cache `{}` ({})", cache.id, cache.variant),
    }
}

/// The plans of the stages whose caches are exported. `Ok(None)` means that the diagnostics contain
/// errors.
async fn plan(
    bridge: &Bridge,
    opened: &Opened,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Vec<Plan>>, Status> {
    let Some(project) = opened.project(bridge) else { return Ok(None) };
    let requests = project.options.requests();
    let named = requests.first().and_then(|first| first.build_args.get(STAGES));
    let names: Vec<String> = match named.map(String::as_str) {
        None | Some("" | "all") => Vec::new(),
        Some(names) if project.dockerfile.is_some() => {
            names.split(',').map(|name| convert::target(name.trim())).collect()
        }
        Some(names) => names.split(',').map(|name| name.trim().to_owned()).collect(),
    };
    let (select, requests): (Select, Vec<Request>) = match names.is_empty() {
        true if named.is_some_and(|named| named == "all") => (select_all, requests),
        true => (select, requests),
        false => {
            let mut each = Vec::with_capacity(requests.len() * names.len());
            for request in &requests {
                for name in &names {
                    each.push(Request { stage: Some(name.clone()), ..request.clone() });
                }
            }
            (select, each)
        }
    };
    let attempt = async |requests: Vec<Request>, mut found: Diagnostics| {
        let planned = project.plan_existing(select, &requests, &mut found).await;
        (planned.map(plans), found)
    };
    settle(requests, diagnostics, attempt).await
}

/// The size up to which caches are exported, in bytes, if the client sets one.
fn limit(request: &Request, diagnostics: &mut Diagnostics) -> Option<u64> {
    let text = request.build_args.get(MAX).filter(|text| !text.is_empty())?;
    let limit = size::parse(text);
    if limit.is_none() {
        let message = format!("--build-arg {MAX}={text}: expected a size");
        let hint = "write a number of bytes, or a number with a unit, such as `500m` or `5g`";
        diagnostics.push(Diagnostic::without_place(Code::InvalidArg, message).hint(hint));
    }
    limit
}

/// Fails if the caches together are larger than the limit.
async fn check_size(
    bridge: &Bridge,
    options: &Options,
    graph: &mut Graph,
    program: &Program,
    caches: &[Cache],
    limit: u64,
) -> Result<(), Status> {
    let measured: Vec<Definition> = caches
        .iter()
        .map(|cache| {
            let name = shown(cache);
            let to = format!("{OUTPUT}/{SIZE}");
            let args = [files::MEASURE, &name, CACHE, &to];
            let label = format!("[caches] measure {name}");
            let state = program.read(graph, cache, State::SCRATCH, &args, &label);
            graph.definition(state)
        })
        .collect();
    let sizes = measured.into_iter().map(|definition| async move {
        let request = SolveRequest::new(definition)
            .cache_imports(options.cache_imports.iter().cloned())
            .evaluate(true);
        let Some(files) = bridge.solve(request).await?.refs.single()? else { return Ok(0) };
        let text = bridge.read_file(&files, SIZE, MAX_DIGITS).await?.unwrap_or_default();
        let size = String::from_utf8(text).ok().and_then(|text| text.parse().ok());
        size.ok_or_else(|| Status::new("a cache could not be measured"))
    });
    let sizes: Vec<u64> = report::all(join_all(sizes).await)?;
    let total: u64 = sizes.iter().sum();
    if total <= limit {
        return Ok(());
    }
    let mut list: Vec<(u64, String)> = sizes.into_iter().zip(caches.iter().map(shown)).collect();
    list.sort_by(|one, other| other.cmp(one));
    let lines = list.iter().map(|(bytes, name)| format!("\n  {} in {name}", size::show(*bytes)));
    let lines: String = lines.collect();
    let (total, limit) = (size::show(total), size::show(limit));
    Err(Status::new(format!("the caches have {total}, but {MAX} allows {limit}{lines}")).help(
        "empty a cache with a new `id`, export fewer stages with `MSTAGE_CACHES`, or allow more",
    ))
}
