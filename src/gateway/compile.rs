//! From the client's files to graphs, with what must be known looked up on the way.

use std::collections::BTreeMap;

use buildkit_llb::{Cap, Definition, Graph};

use super::bridge::{Bridge, Status};
use super::build_file::BuildFile;
use super::{Options, capabilities, epoch, lookup, report, sbom};
use crate::diagnostic::Diagnostics;
use crate::lower::{Engine, MainContext, Settings, lower};
use crate::plan::{Plan, Selection, check_of, resolve, select, warn_of_ignored_copies};
use crate::source::SourceFile;
use crate::spec;

/// What is built: for each platform a plan and the graph that it became.
pub(super) struct Compiled {
    pub(super) plans: Vec<Plan>,
    pub(super) definitions: Vec<Definition>,
    /// What an SBOM is made by, for each platform whose SBOM is not the engine's to make.
    pub(super) scans: BTreeMap<String, Definition>,
}

/// From the client's files to what is to be built, with the warnings shown on the way.
pub(super) async fn compile(
    bridge: &Bridge,
    options: &Options,
    BuildFile { file, ignore, context, digest }: BuildFile,
) -> Result<Compiled, Status> {
    let mut diagnostics = Diagnostics::default();
    check_of(&options.request, &mut diagnostics);
    let planned = plan(bridge, options, &file, &context, &mut diagnostics).await;
    if let Ok(Some(plans)) = &planned {
        plans.iter().for_each(|plan| warn_of_ignored_copies(plan, &ignore, &mut diagnostics));
    }
    report::warn(bridge, &diagnostics, &file, digest).await;
    let Some(plans) = planned?.filter(|_| !diagnostics.fail_build()) else {
        return Err(report::failure(&diagnostics, &file));
    };

    let llb = &bridge.capabilities().llb;
    let ignore_of_file = plans.first().map_or_else(Vec::new, |plan| plan.ignore.clone());
    let settings = Settings {
        sessions: options.sessions.clone(),
        context,
        ignore: [ignore, ignore_of_file].concat(),
        resolve_mode: options.resolve_mode,
        several_platforms: options.multi_platform,
        process: options.process.clone(),
        cache_namespace: options.cache_namespace.clone(),
        engine: Engine {
            merge: llb.supports(Cap::MERGE_OP.id()),
            required_paths: llb.supports(Cap::FILE_COPY_REQUIRED_PATHS.id()),
        },
    };
    let mut graph = Graph::new();
    let mut lowered = Vec::with_capacity(plans.len());
    for plan in &plans {
        let one = lower(plan, &file, &settings, &mut graph)
            .map_err(|err| Status::new(err.to_string()))?;
        lowered.push(one);
    }
    let scans = sbom::prepare(bridge, options, &plans, &lowered, &mut graph).await?;
    let mut definitions = Vec::with_capacity(lowered.len());
    for one in &lowered {
        let definition = graph.definition(one.target);
        capabilities::check(bridge, &graph, one.target, &definition, &file)?;
        capabilities::check_size(bridge, &definition)?;
        definitions.push(definition);
    }
    Ok(Compiled { plans, definitions, scans })
}

/// From the file's text to a plan for each platform, with what they need looked up on the way.
/// `Ok(None)` means that the diagnostics have errors.
async fn plan(
    bridge: &Bridge,
    options: &Options,
    file: &SourceFile,
    context: &MainContext,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Vec<Plan>>, Status> {
    let Some(spec) = spec::parse(file, diagnostics) else { return Ok(None) };
    let mut requests = options.requests();
    epoch::find(bridge, &spec, context, &mut requests).await?;
    // What is wrong for one platform is mostly wrong for all, and is reported once.
    let selections: Vec<Option<Selection<'_>>> =
        requests.iter().map(|request| select(&spec, request, diagnostics)).collect();
    let Some(selections) = selections.into_iter().collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let facts = lookup::look_up(bridge, options, file, &selections).await?;
    let plans: Vec<Option<Plan>> = selections
        .iter()
        .zip(facts)
        .map(|(selection, facts)| resolve(selection, facts, diagnostics))
        .collect();
    Ok(plans.into_iter().collect())
}
