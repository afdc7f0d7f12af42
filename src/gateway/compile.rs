//! From the client's files to graphs, with what must be known looked up on the way.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::{Cap, Definition, Graph, Platform, State};

use super::bridge::{Bridge, Status};
use super::build_file::BuildFile;
use super::include::read_spec;
use super::{Options, capabilities, epoch, lock, lookup, report, sbom};
use crate::diagnostic::Diagnostics;
use crate::lower::{Engine, Lowered, MainContext, MainSource, Settings, lower, warn_of_order};
use crate::plan::{
    Plan, Request, Selection, Triggered, check_of, resolve, select, warn_of_ignored_copies,
};
use crate::source::SourceMap;
use crate::spec::Spec;

/// What is built: for each platform a plan and the graph that it became.
pub(super) struct Compiled {
    pub(super) plans: Vec<Plan>,
    pub(super) definitions: Vec<Definition>,
    /// What must be built beside them, where their graphs cannot say so.
    pub(super) beside: Vec<Definition>,
    /// What an SBOM is made by, for each platform whose SBOM is not the engine's to make.
    pub(super) scans: BTreeMap<String, Definition>,
    /// What a report is put together from, where that of the target is built.
    pub(super) reported: Option<Reported>,
}

/// What the report of a stage is put together from.
pub(super) struct Reported {
    /// What each plan became in the graph.
    pub(super) lowered: Vec<Lowered>,
    /// The graph, which can grow.
    pub(super) graph: Graph,
    /// The build file and what it includes.
    pub(super) files: SourceMap,
    /// Whether branches are done at once.
    pub(super) at_once: bool,
}

/// A build file, and all that its stages are compiled with.
#[derive(Clone, Copy)]
pub(super) struct Project<'a> {
    pub(super) bridge: &'a Bridge,
    pub(super) options: &'a Options,
    pub(super) files: &'a SourceMap,
    pub(super) spec: &'a Spec,
    /// Where the files of the build context are.
    pub(super) context: &'a MainContext,
    /// What the ignore file leaves out of it.
    pub(super) ignore: &'a [String],
}

/// From the client's files to what is to be built, with the warnings shown on the way.
pub(super) async fn compile(
    bridge: &Bridge,
    options: &Options,
    BuildFile { file, home, lock, ignore, context, digest }: BuildFile,
) -> Result<Compiled, Status> {
    let mut diagnostics = Diagnostics::default();
    check_of(&options.request, &mut diagnostics);
    let (mut files, spec) = read_spec(bridge, options, file, &home, &mut diagnostics).await?;
    let (mut options, spec) = lock::hold(options, lock, spec, &mut files, &mut diagnostics);
    let timed = match &spec {
        Some(spec) => epoch::find(bridge, spec, &context, &mut options).await,
        None => Ok(()),
    };
    let options = &options;
    let project = spec.as_ref().map(|spec| Project {
        bridge,
        options,
        files: &files,
        spec,
        context: &context,
        ignore: &ignore,
    });
    let planned = match (timed, &project) {
        (Ok(()), Some(project)) => project.plan(&mut diagnostics).await,
        (Ok(()), None) => Ok(None),
        (Err(status), _) => Err(status),
    };
    if let (Ok(Some(plans)), Some(project)) = (&planned, &project) {
        let Settings { ignore, engine, .. } = project.settings();
        for plan in plans {
            warn_of_ignored_copies(plan, &ignore, &mut diagnostics);
            warn_of_order(plan, &engine, &mut diagnostics);
        }
    }
    report::warn(bridge, &diagnostics, &files, digest).await;
    let planned = planned?.filter(|_| !diagnostics.fail_build());
    let (Some(project), Some(plans)) = (project, planned) else {
        return Err(report::failure(&diagnostics, &files));
    };

    let settings = project.settings();
    let mut graph = Graph::new();
    let mut lowered = Vec::with_capacity(plans.len());
    for plan in &plans {
        let one = lower(plan, &files, &settings, &mut graph)
            .map_err(|err| Status::new(err.to_string()))?;
        lowered.push(one);
    }
    let scans = sbom::prepare(bridge, options, &plans, &lowered, &mut graph).await?;
    let define = |state: State| {
        let definition = graph.definition(state);
        capabilities::check(bridge, &graph, state, &definition, &files)?;
        capabilities::check_size(bridge, &definition)?;
        Ok(definition)
    };
    let definitions = lowered.iter().map(|one| define(one.guarded));
    let definitions = definitions.collect::<Result<_, Status>>()?;
    // What platforms have in common is built once.
    let beside: BTreeSet<State> = lowered.iter().flat_map(|one| &one.beside).copied().collect();
    let beside = beside.into_iter().map(define).collect::<Result<_, Status>>()?;
    let at_once = settings.engine.merges_branches();
    let is_report = plans.iter().any(|plan| plan.is_report);
    let reported = is_report.then_some(Reported { lowered, graph, files, at_once });
    Ok(Compiled { plans, definitions, beside, scans, reported })
}

impl Project<'_> {
    /// From the spec to a plan for each platform, with what they need looked up on the way. `Ok(None)`
    /// means that the diagnostics have errors: with those of what could be looked up all the same.
    async fn plan(&self, diagnostics: &mut Diagnostics) -> Result<Option<Vec<Plan>>, Status> {
        let requests = self.options.requests();
        // What is wrong for one platform is mostly wrong for all, and is reported once.
        let selections: Vec<Option<Selection<'_>>> =
            requests.iter().map(|request| select(self.spec, request, diagnostics)).collect();
        let Some(selections) = selections.into_iter().collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        let facts = lookup::look_up(self, &selections, &[]).await;
        let facts = facts.map_err(|status| {
            let status = report::with_near_stages(status, diagnostics);
            report::with_errors(status, diagnostics, self.files)
        })?;
        let plans: Vec<Option<Plan>> = selections
            .iter()
            .zip(facts)
            .map(|(selection, facts)| resolve(selection, facts, diagnostics))
            .collect();
        Ok(plans.into_iter().collect())
    }

    /// One stage by itself, for a platform: what makes its files, and its config, and what must be built beside
    /// it. `pending` are the stages that wait for it.
    pub(super) async fn stage(
        &self,
        name: &str,
        platform: &Platform,
        pending: &[&str],
    ) -> Result<Triggered, Status> {
        let request = Request {
            stage: Some(name.to_owned()),
            target_platform: platform.clone(),
            ..self.options.request.clone()
        };
        let mut diagnostics = Diagnostics::default();
        let planned = match select(self.spec, &request, &mut diagnostics) {
            Some(selection) => {
                let selections = [selection];
                let facts =
                    lookup::look_up(self, &selections, &[pending, &[name]].concat()).await?;
                let facts = facts.into_iter().next().unwrap_or_default();
                resolve(&selections[0], facts, &mut diagnostics)
            }
            None => None,
        };
        let Some(plan) = planned else { return Err(report::failure(&diagnostics, self.files)) };
        let mut graph = Graph::new();
        let lowered = lower(&plan, self.files, &self.settings(), &mut graph)
            .map_err(|err| Status::new(err.to_string()))?;
        Ok(Triggered {
            definition: graph.definition(lowered.guarded),
            config: plan.config.to_json(),
            beside: lowered.beside.iter().map(|&state| graph.definition(state)).collect(),
        })
    }

    /// What the client wants of every op, and what the engine can do.
    pub(super) fn settings(&self) -> Settings {
        let llb = &self.bridge.capabilities().llb;
        Settings {
            sessions: self.options.sessions.clone(),
            context: self.context.clone(),
            ignore: match self.context.source {
                MainSource::Local => [self.ignore, &self.spec.ignore].concat(),
                MainSource::Git(_) | MainSource::Http { .. } | MainSource::Input(_) => Vec::new(),
            },
            resolve_mode: self.options.resolve_mode,
            several_platforms: self.options.multi_platform,
            process: self.options.process.clone(),
            cache_namespace: self.options.cache_namespace.clone(),
            engine: Engine {
                merge: llb.supports(Cap::MERGE_OP.id()),
                diff: llb.supports(Cap::DIFF_OP.id()),
                passthrough: llb.supports(Cap::PASSTHROUGH_OP.id()),
                required_paths: llb.supports(Cap::FILE_COPY_REQUIRED_PATHS.id()),
                // It came with the same release (BuildKit's commit f84058eb1).
                owners_in_keys: llb.supports(Cap::SOURCE_POLICY.id()),
                symlinks: llb.supports(Cap::FILE_SYMLINK_CREATE.id()),
                // It came with the same release.
                special_modes: llb.supports(Cap::FILE_COPY_ALWAYS_REPLACE_EXISTING_DEST_PATHS.id()),
            },
        }
    }
}
