//! Reads a build file and plans it, for builds, subrequests and lock files.

use std::collections::BTreeMap;

use buildkit_frontend::{Bridge, Status};
use buildkit_llb::{Graph, Platform};
use futures_util::future::BoxFuture;

use super::build_file::BuildFile;
use super::include::{ReadSpec, read_spec};
use super::lookup::Found;
use super::options::Options;
use super::project::Project;
use super::{epoch, lookup, own_image, report, vcs};
use crate::analysis::{Select, check_built, hold, read_ignore};
use crate::convert::ReadDockerfile;
use crate::diagnostic::Diagnostics;
use crate::lower::{MainContext, Settings, lower};
use crate::plan::{
    ContextSource, Facts, Plan, Request, Selection, Triggered, check_of, resolve, select,
};
use crate::record;
use crate::rules;
use crate::source::SourceMap;
use crate::spec::Spec;

/// A build file with its includes and its lock file, as far as they can be read.
pub(super) struct Opened {
    /// The client's options, with the pins of references and the resolved time.
    options: Options,
    pub(super) files: SourceMap,
    spec: Option<Spec>,
    /// The Dockerfile that the spec was converted from, if any.
    dockerfile: Option<ReadDockerfile>,
    context: MainContext,
    ignore: Vec<String>,
}

impl Opened {
    /// Reads all files of a build.
    pub(super) async fn open(
        bridge: &Bridge,
        options: &Options,
        BuildFile { file, home, lock, ignore, mut context, .. }: BuildFile,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Status> {
        check_of(&options.request, diagnostics);
        let read = read_spec(bridge, options, file, &home, diagnostics).await?;
        let ReadSpec { mut files, spec, dockerfile } = read;
        let ignore = read_ignore(ignore, &mut files, diagnostics);
        let mut options = options.clone();
        let spec = hold(&mut options.request, lock, spec, &mut files, diagnostics);
        own_image::check(bridge, &options, diagnostics).await;
        if let Some(spec) = &spec {
            epoch::find(bridge, spec, &files, &mut context, &mut options).await?;
            vcs::find(bridge, spec, &context, &mut options).await?;
        }
        Ok(Self { options, files, spec, dockerfile, context, ignore })
    }

    /// The project for compiling its stages. `None` means that the diagnostics contain errors, and
    /// that nothing more can be found.
    pub(super) fn project<'a>(&'a self, bridge: &'a Bridge) -> Option<Project<'a>> {
        let Self { options, files, spec, dockerfile, context, ignore } = self;
        let (spec, dockerfile) = (spec.as_ref()?, dockerfile.as_ref());
        Some(Project { bridge, options, files, spec, dockerfile, context, ignore, build_stage })
    }
}

/// Maximum number of times that a source policy may replace the source of a build context; more are
/// a circle (`maxContextRecursion` in `frontend/dockerui/namedcontext.go` of BuildKit).
const MAX_REPLACED: usize = 10;

/// The error of lookups.
pub(super) struct Unplanned {
    status: Status,
    /// The new sources of build contexts, as in [`Found`]. With them, planning may succeed.
    replaced: BTreeMap<String, ContextSource>,
}

impl From<Unplanned> for Status {
    fn from(error: Unplanned) -> Self {
        error.status
    }
}

/// Plans with `attempt`, which gets requests and the diagnostics so far. If a source policy has
/// replaced the images of build contexts by something else, plans again with their new sources.
pub(super) async fn settle<T, F>(
    mut requests: Vec<Request>,
    diagnostics: &mut Diagnostics,
    attempt: impl Fn(Vec<Request>, Diagnostics) -> F,
) -> Result<T, Status>
where
    F: Future<Output = (Result<T, Unplanned>, Diagnostics)>,
{
    let mut rounds = 0..MAX_REPLACED;
    loop {
        match attempt(requests.clone(), diagnostics.clone()).await {
            (Err(error), _) if !error.replaced.is_empty() && rounds.next().is_some() => {
                for request in &mut requests {
                    request.contexts.replace(&error.replaced);
                }
            }
            (result, found) => {
                *diagnostics = found;
                return Ok(result?);
            }
        }
    }
}

/// The plans alone, for [`settle`]: the selections borrow its requests.
pub(super) fn plans(planned: Option<Vec<(Selection<'_>, Plan)>>) -> Option<Vec<Plan>> {
    Some(planned?.into_iter().map(|(_, plan)| plan).collect())
}

impl Project<'_> {
    /// From the spec to a plan for each platform, with all lookups and warnings. `Ok(None)` means
    /// that the diagnostics contain errors, including those that depend on lookups, as far as these
    /// succeeded. The checks of a Dockerfile cover the stages that are needed, or all.
    pub(super) async fn plan(
        &self,
        select: Select,
        check_all: bool,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Vec<Plan>>, Status> {
        let requests = self.options.requests();
        let attempt = async |requests: Vec<Request>, mut found: Diagnostics| {
            let planned = self.plan_with(select, &requests, check_all, &mut found).await;
            (planned.map(plans), found)
        };
        settle(requests, diagnostics, attempt).await
    }

    /// Like [`Self::plan`], with the selection of each plan, for [`settle`].
    pub(super) async fn plan_with<'s>(
        &'s self,
        select: Select,
        requests: &'s [Request],
        check_all: bool,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Vec<(Selection<'s>, Plan)>>, Unplanned> {
        let planned = self.plan_each(select, requests, check_all, diagnostics).await;
        if let Some(dockerfile) = self.dockerfile {
            record::reword(dockerfile, self.files, diagnostics);
        }
        planned
    }

    async fn plan_each<'s>(
        &'s self,
        select: Select,
        requests: &'s [Request],
        check_all: bool,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Vec<(Selection<'s>, Plan)>>, Unplanned> {
        // Errors for one platform usually apply to all, and are reported once.
        let Some(selections) = self.select(select, requests, diagnostics) else {
            return Ok(None);
        };
        let Found { facts, failure, replaced } = self.look_up(&selections, diagnostics).await;
        // As in BuildKit, findings for the first platform are not repeated for the others.
        if let ([selection, ..], [first, ..]) = (&selections[..], &facts[..])
            && let Some(ReadDockerfile { dockerfile, .. }) = self.dockerfile
        {
            let (file, ignore) = (self.files.main(), self.settings().ignore);
            check_built(file, dockerfile, selection, first, &ignore, check_all, diagnostics);
        }
        let plans = self.resolve_all(&selections, facts, diagnostics);
        let Settings { ignore, engine, .. } = self.settings();
        for plan in plans.iter().flatten() {
            rules::check_build(plan, &ignore, &engine, diagnostics);
        }
        for unclear in selections.iter().filter_map(Selection::unclear_target) {
            diagnostics.push(unclear.clone());
        }
        match failure {
            Some(status) => Err(Unplanned { status, replaced }),
            None => {
                let plans: Option<Vec<Plan>> = plans.into_iter().collect();
                Ok(plans.map(|plans| selections.into_iter().zip(plans).collect()))
            }
        }
    }

    /// Selects the stages for each request. `None` means that there are errors and nothing usable
    /// is left.
    pub(super) fn select<'s>(
        &'s self,
        select: Select,
        requests: &'s [Request],
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Selection<'s>>> {
        let mut selections = Vec::with_capacity(requests.len());
        for request in requests {
            selections.push(self.select_one(select, request, diagnostics));
        }
        selections.into_iter().collect()
    }

    /// Selects the stages for one request, and runs the rules on them.
    fn select_one<'s>(
        &'s self,
        select: Select,
        request: &'s Request,
        diagnostics: &mut Diagnostics,
    ) -> Option<Selection<'s>> {
        let selection = select(self.spec, request, diagnostics)?;
        if !diagnostics.has_errors() {
            rules::check_selection(&selection, diagnostics);
        }
        Some(selection)
    }

    /// The plan for each request in which a stage exists, without [`rules::check_build`], for
    /// [`Self::settle`]. `Ok(None)` means that the diagnostics contain errors.
    pub(super) async fn plan_existing<'s>(
        &'s self,
        select: Select,
        requests: &'s [Request],
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Vec<(Selection<'s>, Plan)>>, Unplanned> {
        let Some(mut selections) = self.select(select, requests, diagnostics) else {
            return Ok(None);
        };
        selections.retain(Selection::has_stages);
        match self.look_up(&selections, diagnostics).await {
            Found { failure: Some(status), replaced, .. } => Err(Unplanned { status, replaced }),
            Found { facts, failure: None, .. } => {
                let plans = self.resolve_all(&selections, facts, diagnostics).into_iter();
                let plans: Option<Vec<Plan>> = plans.collect();
                Ok(plans.map(|plans| selections.into_iter().zip(plans).collect()))
            }
        }
    }

    /// The lookups of selections, as far as they succeed. After a failure, nothing may be built.
    async fn look_up(&self, selections: &[Selection<'_>], diagnostics: &Diagnostics) -> Found {
        // Errors are reported at once, without asking registries.
        match diagnostics.has_errors() {
            true => Found::none(selections),
            false => lookup::look_up(self, selections, &[]).await,
        }
    }

    /// The plans of selections, as far as their facts are known: rules can still check the parts
    /// that do not depend on the rest.
    fn resolve_all(
        &self,
        selections: &[Selection<'_>],
        facts: Vec<Facts>,
        diagnostics: &mut Diagnostics,
    ) -> Vec<Option<Plan>> {
        let selections = selections.iter().zip(facts);
        selections.map(|(selection, facts)| self.resolved(selection, facts, diagnostics)).collect()
    }

    /// The plan of a selection. For a Dockerfile, it gets the Dockerfile's names and history.
    fn resolved(
        &self,
        selection: &Selection<'_>,
        facts: Facts,
        diagnostics: &mut Diagnostics,
    ) -> Option<Plan> {
        let mut plan = resolve(selection, facts, diagnostics)?;
        rules::check_plan(selection, &plan, diagnostics);
        if let Some(dockerfile) = self.dockerfile {
            record::apply(dockerfile, self.files, selection.request, &mut plan);
        }
        Some(plan)
    }

    /// A single stage for a platform: its graph, its config, and the graphs to build beside it.
    /// `pending` are the stages that wait for it.
    async fn stage(
        &self,
        name: &str,
        platform: &Platform,
        pending: &[&str],
    ) -> Result<Triggered, Status> {
        let request = Request {
            stage: Some(name.to_owned()),
            target_platform: platform.clone(),
            implicit_platform: self.options.request.is_implicit(platform),
            ..self.options.request.clone()
        };
        let mut diagnostics = Diagnostics::default();
        if self.dockerfile.is_some() {
            diagnostics.silence_rules();
        }
        let planned = match self.select_one(select, &request, &mut diagnostics) {
            Some(selection) => {
                let selections = [selection];
                let pending = [pending, &[name]].concat();
                let Found { facts, failure, .. } =
                    lookup::look_up(self, &selections, &pending).await;
                if let Some(status) = failure {
                    return Err(status);
                }
                let facts = facts.into_iter().next().unwrap_or_default();
                self.resolved(&selections[0], facts, &mut diagnostics)
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
}

/// The [`BuildStage`](super::project::BuildStage) function of every project.
pub(super) fn build_stage<'p>(
    project: &'p Project<'p>,
    name: &'p str,
    platform: &'p Platform,
    pending: &'p [&'p str],
) -> BoxFuture<'p, Result<Triggered, Status>> {
    Box::pin(project.stage(name, platform, pending))
}
