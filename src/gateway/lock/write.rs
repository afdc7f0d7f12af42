//! Writes a lock file: looks up every external source that a build of any target may use, and
//! returns one file.

use std::collections::BTreeMap;

use buildkit_frontend::{Bridge, SolveRequest, SolveResult, Status};
use buildkit_llb::{Definition, FileOp, Graph, Metadata, MkfileAction, State};
use futures_util::future::join_all;

use super::pins::{self, Pin};
use crate::analysis::read_ignore;
use crate::collect::collect_map;
use crate::diagnostic::Diagnostics;
use crate::gateway::build_file::BuildFile;
use crate::gateway::include::read_spec;
use crate::gateway::options::Options;
use crate::gateway::planning::{build_stage, settle};
use crate::gateway::project::Project;
use crate::gateway::result::with_message;
use crate::gateway::{epoch, own_image, report, vcs};
use crate::lock::{self, Line, Lock, Upstream};
use crate::plan::{
    Need, Needs, Plan, Request, Selection, check_of, requests_for_lock, secrets_in_references,
    select_for_lock,
};
use crate::rules::unlocked_reference;

/// Maximum number of lookups for a lock file. Registries and servers would take more for an attack,
/// and nobody reads a longer file.
const MAX_LOOKUPS: usize = 1_000;

/// Writes the lock file of a build file. Existing entries that were not looked up are kept.
pub(in crate::gateway) async fn write(
    bridge: &Bridge,
    options: &Options,
    build_file: BuildFile,
) -> Result<SolveResult, Status> {
    let BuildFile { file, home, lock, ignore, mut context, digest } = build_file;
    let name = lock::file_name(file.name());
    let mut diagnostics = Diagnostics::default();
    check_of(&options.request, &mut diagnostics);
    let read = read_spec(bridge, options, file, &home, &mut diagnostics).await?;
    let (mut files, spec) = (read.files, read.spec);
    let ignore = read_ignore(ignore, &mut files, &mut diagnostics);
    let old = lock.map(|file| lock::parse(files.add(file), &mut diagnostics)).transpose();
    let (Some(spec), Ok(old)) = (spec.filter(|_| !diagnostics.has_errors()), old) else {
        return Err(report::failure(&diagnostics, &files));
    };
    let mut options = options.clone();
    epoch::find(bridge, &spec, &files, &mut context, &mut options).await?;
    let (files, spec, context) = (&files, &spec, &context);
    vcs::find(bridge, spec, context, &mut options).await?;
    let project = Project {
        bridge,
        options: &options,
        files,
        spec,
        dockerfile: None,
        context,
        ignore: &ignore,
        build_stage,
    };

    let mut needs = match needs(&project, &mut diagnostics).await? {
        Some(needs) => needs,
        None => return Err(report::failure(&diagnostics, files)),
    };
    if needs.upstreams().len() > MAX_LOOKUPS {
        return Err(Status::new(format!(
            "the lock file needs {} lookups, but the limit is {MAX_LOOKUPS}; write some digests, checksums or commits into the build file, or split it",
            needs.upstreams().len()
        )));
    }
    let secrets = secrets_in_references(spec, &options.request);
    let mut notes = needs.leave_out_secrets(&secrets);
    let found = look_up(&project, needs.upstreams()).await?;
    // Of the findings of rules, only those about missing pins are of interest here.
    let mut told = Diagnostics::default();
    let mut lines: BTreeMap<Upstream, Line> = BTreeMap::new();
    for (upstream, entry) in old.iter().flat_map(Lock::entries) {
        if secrets.iter().any(|secret| secret.is_in(upstream)) {
            continue;
        }
        lines.insert(upstream.clone(), Line { pin: Some(entry.pin.clone()), remark: None });
    }
    for (upstream, found) in found {
        let place = needs.upstreams().get(&upstream).map(|need| need.span);
        let line = lines.entry(upstream.clone()).or_default();
        match found {
            Pin::Found(pin) => line.pin = Some(pin),
            Pin::NotTold { remark, why } => {
                line.remark = Some(remark);
                let message = format!("cannot pin `{upstream}`: {remark}: {}", why.message());
                told.push(unlocked_reference::found(place, message));
            }
        }
    }
    report::warn(bridge, &told, files, digest).await;

    notes.extend(needs.left_out(spec, files));
    let frontend = own_image::running(bridge, &options).await.line(old.as_ref());
    let text = lock::render(files.main().name(), frontend.as_ref(), &lines, &notes);
    let message = lock::changes(&name, old.as_ref(), frontend.as_ref(), &lines);
    let request = SolveRequest::new(file_of(&name, text));
    let refs = bridge.solve(request).await.map_err(Status::from)?.refs;
    Ok(with_message(SolveResult::new(refs), message))
}

/// The external sources of builds of any target, for each platform and each combination of values.
/// `None` means that the diagnostics contain errors.
async fn needs(
    project: &Project<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Needs>, Status> {
    let platforms = project.options.requests();
    let mut requests = Vec::new();
    for platform in &platforms {
        match requests_for_lock(project.spec, platform, diagnostics) {
            Ok(builds) => requests.extend(builds),
            Err(_) => return Ok(None),
        }
    }
    let attempt = async |requests: Vec<Request>, mut found: Diagnostics| {
        let planned = project.plan_existing(select_for_lock, &requests, &mut found).await;
        (planned.map(|planned| Some(needs_of(&planned?))), found)
    };
    settle(requests, diagnostics, attempt).await
}

fn needs_of(planned: &[(Selection<'_>, Plan)]) -> Needs {
    let mut needs = Needs::default();
    for (selection, plan) in planned {
        needs.add(selection, plan);
    }
    needs
}

/// Looks everything up concurrently.
async fn look_up(
    project: &Project<'_>,
    needs: &BTreeMap<Upstream, Need>,
) -> Result<BTreeMap<Upstream, Pin>, Status> {
    let bridge = project.bridge;
    let found = needs.iter().map(|(upstream, need)| async move {
        let found = match upstream {
            Upstream::Image(reference) => {
                let platform = need.platform.as_ref().unwrap_or(&project.options.platforms[0]);
                pins::image(bridge, reference, platform).await
            }
            Upstream::Git { reference, .. } => {
                let commits = need.addresses.iter().map(|url| pins::commit(bridge, url, reference));
                pins::same(join_all(commits).await)
            }
            Upstream::Url(_) => {
                let checksums = need.addresses.iter().map(|url| pins::checksum(bridge, url));
                pins::same(join_all(checksums).await)
            }
        };
        Ok((
            upstream.clone(),
            found.map_err(|status: Status| {
                report::at_place(status.context(upstream), project.files, need.span)
            })?,
        ))
    });
    Ok(collect_map(report::all(join_all(found).await)?))
}

/// A graph for a single file. Its name is without the directories of the build file's.
pub(in crate::gateway) fn file_of(path: &str, text: String) -> Definition {
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut graph = Graph::new();
    let file = MkfileAction::new(format!("/{name}"), 0o644, text.into_bytes());
    let label = Metadata::named(format!("[internal] write {name}"));
    let state = graph.add(FileOp::new(State::SCRATCH).then(file), label);
    graph.definition(state)
}
