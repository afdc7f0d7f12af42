//! Plans one stage, with the values of all its variables.

use std::cell::RefCell;
use std::sync::Arc;

use buildkit_llb::Platform;

use super::resolver::{Resolved, Resolver};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::action::Action;
use crate::plan::environment::Environment;
use crate::plan::export::Export;
use crate::plan::planned::{Fork, PlannedStage, PlannedStep};
use crate::plan::select::SelectedStage;
use crate::plan::stage_scope::{StageScope, values_of};
use crate::plan::step::{self, Context, RecordedStep, Surroundings};
use crate::plan::workdir::{PendingWorkdir, Turn};
use crate::plan::{fork, image, merge, report};
use crate::rules::{foreign_platform, shadowed_arg};
use crate::spec::{Stage, User, Verb};
use crate::text::Text;

impl Resolver<'_, '_> {
    /// Plans a stage. A value with a reported error counts as empty, so that the rest of the stage,
    /// and stages based on it, are still checked.
    pub(super) fn resolve_stage(
        &self,
        selected: &SelectedStage<'_>,
        export: &mut Export,
        diagnostics: &mut Diagnostics,
    ) -> Resolved {
        let SelectedStage { name, stage, replaced, .. } = selected;
        let scope = &self.selection.scope;
        let base = self.selection.origins.of(&stage.from);
        let platform = &self.platform(selected, base);
        let (mut surroundings, mut recorded) = self.inherited(base, platform);
        export.begin_stage();
        let mut plan = PlannedStage {
            name: name.as_text().clone(),
            platform: platform.clone(),
            base,
            merged: if *replaced { Vec::new() } else { self.merged(stage) },
            ignore_cache: self.selection.request.no_cache.covers(name.as_str()),
            sbom: stage.sbom.unwrap_or(false)
                || self.selection.request.sbom.stages.covers(name.as_str()),
            steps: Vec::new(),
            mounts: Arc::default(),
            forks: Vec::new(),
            squash: stage.squash.as_ref().filter(|squash| squash.value).map(|squash| squash.span),
            report: None,
        };
        if *replaced {
            let layers = self.layers(base);
            return Resolved { surroundings, recorded, plan, layers };
        }
        for merged in &plan.merged {
            let name = &self.stages[merged.stage].plan.name;
            export.record_merge(name, merged.layers(|origin| self.layers(origin)));
        }
        let make_workdir =
            self.settle(stage, &mut surroundings, &mut recorded, export, diagnostics);
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

    /// Applies the stage's own settings to the surroundings of its steps and to its image. Returns
    /// the step that creates its working directory.
    fn settle(
        &self,
        stage: &Stage,
        surroundings: &mut Surroundings,
        recorded: &mut Environment,
        export: &mut Export,
        diagnostics: &mut Diagnostics,
    ) -> Option<PendingWorkdir> {
        let (scope, origins) = (&self.selection.scope, &self.selection.origins);
        let mut make_workdir = None;
        let inherited_user = surroundings.user.clone();
        if let Some(image) = &stage.image {
            image::clear(&image.clear, recorded, &mut export.config, diagnostics);
        }
        let listed = match &stage.args {
            Some(args) => step::declared_args(args, scope, diagnostics).into(),
            None => Arc::clone(&surroundings.args),
        };
        let hidden = step::declared_args(&stage.no_args, scope, diagnostics);
        // An arg without a value leaves the variable unchanged.
        let given: Option<Vec<Text>> = stage.args.is_some().then(|| {
            listed
                .iter()
                .filter(|name: &&Text| matches!(scope.lookup(name), Ok(Some(_))))
                .cloned()
                .collect()
        });
        let says_nothing = given.as_ref().is_none_or(Vec::is_empty) && hidden.is_empty();
        if !(says_nothing && surroundings.environment.sees_all_args()) {
            for environment in [Arc::make_mut(&mut surroundings.environment), &mut *recorded] {
                environment.set_args(given.as_deref(), hidden.iter().cloned());
            }
        }
        surroundings.args = listed;
        if !stage.env.0.is_empty() {
            let variables = values_of(&stage.env, &surroundings.environment, scope, diagnostics);
            for (name, value) in &variables {
                export.record_config(|_| format!("ENV {name}={value}"));
            }
            recorded.extend(variables.iter().cloned());
            Arc::make_mut(&mut surroundings.environment).extend(variables);
            let places =
                stage.env.0.iter().map(|(name, value)| (name.as_text().clone(), value.span));
            Arc::make_mut(&mut surroundings.set_here).extend(places);
        }
        let environment = Arc::clone(&surroundings.environment);
        let values = StageScope { scope, environment: &environment };
        if let Some(User(user)) = &stage.user {
            let user = step::user(user, &values, diagnostics).unwrap_or_default();
            export.record_config(|_| format!("USER {user}"));
            export.config.user = user.to_string();
            surroundings.user = user;
        }
        if let Some(shell) = &stage.shell {
            let shell = values.command(&shell.0, diagnostics).unwrap_or_default();
            export.record_config(|_| format!("SHELL {shell:?}"));
            export.config.shell = Some(shell.iter().map(Text::to_string).collect());
            surroundings.shell = shell.into();
        }
        if let Some(workdir) = &stage.workdir {
            let before = surroundings.workdir.clone();
            let path =
                values.workdir(&before, workdir, diagnostics).unwrap_or_else(|_| before.clone());
            export.config.working_dir = values.recorded_workdir(workdir, &path);
            surroundings.workdir = path.clone();
            if path == "/" {
                export.record_config(|_| "WORKDIR /".to_owned());
            } else {
                let before = (before, inherited_user.as_str());
                make_workdir = Some(PendingWorkdir::new(
                    stage,
                    workdir.span,
                    surroundings,
                    before,
                    diagnostics,
                ));
            }
        }
        if let Some(mounts) = &stage.mounts {
            let workdir = &surroundings.workdir;
            surroundings.mounts =
                step::plan_mounts(mounts, workdir, &values, origins, diagnostics).into();
            surroundings.secret_env = step::plan_secrets(mounts, &values, diagnostics).into();
            step::check_secrets(
                &surroundings.secret_env,
                |name: &str| surroundings.set_here.get(name).copied(),
                diagnostics,
            );
        } else {
            step::check_secrets(
                &surroundings.secret_env,
                |name: &str| stage.env.0.get(name).map(|value| value.span),
                diagnostics,
            );
        }
        surroundings.link = stage.link.unwrap_or(false);
        surroundings.owner = step::default_owner(stage, &values, diagnostics);
        make_workdir
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
                        Turn::Made => export.record_config(|_| workdir.step.created_by),
                        Turn::Needed => steps.push(workdir.step),
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
