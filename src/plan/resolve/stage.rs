//! Plans one stage, with the values of all its variables.

use std::cell::RefCell;
use std::sync::Arc;

use buildkit_llb::Platform;

use super::resolver::{Resolved, Resolver};
use super::settings::StageSettings;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::action::Action;
use crate::plan::export::Export;
use crate::plan::origin::Origin;
use crate::plan::planned::{Fork, PlannedStage, PlannedStep};
use crate::plan::select::SelectedStage;
use crate::plan::stage_scope::StageScope;
use crate::plan::step::{self, Context, RecordedStep, Surroundings};
use crate::plan::workdir::{PendingWorkdir, Turn};
use crate::plan::{fork, image, merge, report};
use crate::rules::{foreign_platform, shadowed_arg};
use crate::spec::{Stage, Verb};

impl Resolver<'_, '_> {
    /// Plans a stage. A value with a reported error counts as empty, so that the rest of the stage,
    /// and stages based on it, are still checked.
    pub(super) fn resolve_stage(
        &self,
        selected: &SelectedStage<'_>,
        export: &mut Export,
        diagnostics: &mut Diagnostics,
    ) -> Resolved {
        let SelectedStage { stage, replaced, .. } = selected;
        let scope = &self.selection.scope;
        let base = self.selection.origins.of(&stage.from);
        let platform = &self.platform(selected, base);
        let (mut surroundings, mut recorded) = self.inherited(base, platform);
        export.begin_stage();
        let mut plan = self.begin(selected, base, platform);
        if *replaced {
            let layers = self.layers(base);
            return Resolved { surroundings, recorded, plan, layers };
        }
        for merged in &plan.merged {
            let name = &self.stages[merged.stage].plan.name;
            export.record_merge(name, merged.layers(|origin| self.layers(origin)));
        }
        let settings = StageSettings {
            stage,
            scope,
            origins: &self.selection.origins,
            surroundings: &mut surroundings,
            recorded: &mut recorded,
            export,
            diagnostics,
        };
        let make_workdir = settings.apply();
        let values = StageScope { scope, environment: &surroundings.environment };
        let report = stage.report.as_ref();
        plan.report = report.and_then(|report| {
            report::plan(report, &surroundings.workdir, &values, diagnostics).ok()
        });
        let (steps, forks) =
            self.resolve_steps(selected, make_workdir, &mut surroundings, export, diagnostics);
        plan.forks = forks;
        plan.mounts = Arc::clone(&surroundings.mounts);
        plan.steps = export.record_steps(steps, plan.squash.is_some());
        if let Some(image) = &stage.image {
            image::apply(image, platform.os(), &mut recorded, export, scope, diagnostics);
        }
        shadowed_arg::check(scope.take_shadowed(), self.selection.spec, diagnostics);
        self.check_platform(stage, platform, &plan.steps, diagnostics);
        let added = merge::layers_added(&plan, |origin| self.layers(origin));
        let layers = self.layers(base).saturating_add(added);
        Resolved { surroundings, recorded, plan, layers }
    }

    /// The plan of a stage without the results of its settings and steps.
    fn begin(
        &self,
        selected: &SelectedStage<'_>,
        base: Origin,
        platform: &Platform,
    ) -> PlannedStage {
        let SelectedStage { name, stage, replaced, .. } = selected;
        let request = self.selection.request;
        PlannedStage {
            name: name.as_text().clone(),
            platform: platform.clone(),
            base,
            merged: if *replaced { Vec::new() } else { self.merged(stage) },
            ignore_cache: request.no_cache.covers(name.as_str()),
            sbom: stage.sbom.unwrap_or(false) || request.sbom.stages.covers(name.as_str()),
            steps: Vec::new(),
            mounts: Arc::default(),
            forks: Vec::new(),
            squash: stage.squash.as_ref().filter(|squash| squash.value).map(|squash| squash.span),
            report: None,
        }
    }

    /// Plans the steps of a stage, with its forks.
    fn resolve_steps(
        &self,
        selected: &SelectedStage<'_>,
        mut make_workdir: Option<PendingWorkdir>,
        surroundings: &mut Surroundings,
        export: &mut Export,
        diagnostics: &mut Diagnostics,
    ) -> (Vec<RecordedStep>, Vec<Fork>) {
        let context = Context {
            scope: &self.selection.scope,
            origins: &self.selection.origins,
            locking: &self.selection.request.locking,
            skipped: &selected.skipped,
            environments: RefCell::default(),
            records: export.records(),
        };
        let mut forks = Vec::new();
        let mut steps = Vec::with_capacity(selected.stage.steps.len() + 1);
        for step in selected.stage.steps.iter().filter(|step| selected.has(step)) {
            if let Verb::Parallel(parallel) = &step.verb {
                steps.extend(make_workdir.take().map(|workdir| workdir.step));
                let number = forks.len();
                let (fork, branches) =
                    fork::plan(parallel, step.span, number, surroundings, &context, diagnostics);
                forks.push(fork);
                steps.extend(branches);
                surroundings.has_changed();
            } else if let Ok(mut planned) = step::plan(step, surroundings, &context, diagnostics) {
                if let Some(workdir) = make_workdir.take() {
                    match workdir.turn(&mut planned.step, step.verb.keys().workdir.is_some()) {
                        Turn::Made if !self.selection.request.is_dockerfile => {
                            export.record_config(|_| workdir.step.created_by);
                        }
                        Turn::Made | Turn::Needed => steps.push(workdir.step),
                        Turn::Later => make_workdir = Some(workdir),
                    }
                }
                surroundings.has_done(&planned.step.action);
                steps.push(planned);
            } else {
                surroundings.has_changed();
            }
        }
        steps.extend(make_workdir.map(|workdir| workdir.step));
        (steps, forks)
    }

    /// Reports processes that the engine cannot run.
    fn check_platform(
        &self,
        stage: &Stage,
        platform: &Platform,
        steps: &[PlannedStep],
        diagnostics: &mut Diagnostics,
    ) {
        let Some(process) = steps.iter().find(|step| matches!(step.action, Action::Exec(_))) else {
            return;
        };
        // The part that could not be read may set a platform.
        if stage.platform.is_none() && !self.selection.spec.is_whole() {
            return;
        }
        if platform.os() != "linux" {
            let message = format!("cannot run this step on {platform}: steps run only on Linux");
            diagnostics.push(
                Diagnostic::new(Code::InvalidPlatform, process.span, message)
                    .hint(foreign_platform::HINT),
            );
        } else if !self.selection.request.can_run(platform) {
            let span = stage.platform.as_ref().map_or(process.span, |platform| platform.span);
            diagnostics.push(foreign_platform::found(platform, span));
        }
    }
}
