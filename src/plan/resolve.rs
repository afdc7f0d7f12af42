//! From a [`Selection`] and the facts about its images to a [`Plan`].

use std::collections::BTreeSet;
use std::sync::Arc;

use super::config::{ContainerConfig, History, ImageConfig};
use super::environment::Environment;
use super::owner::Owner;
use super::select::{Origin, SelectedStage, Selection};
use super::stage_scope::{StageScope, extend};
use super::step::{self, Context, Surroundings};
use super::{Action, ContextPaths, Facts, MountKind, Plan, PlannedImage, PlannedStage, PlannedStep, path};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};

/// What runs the text of `run` steps where neither the stage nor its image says. With `-e` a script
/// stops at the first command that fails.
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-ec"];

/// What stages are built from.
struct Resolver<'a, 's> {
    selection: &'a Selection<'s>,
    images: Vec<ImageConfig>,
    /// Stages that are done, in the selection's order. One that could not be planned is `None`.
    stages: Vec<Option<Resolved<'s>>>,
}

/// What a stage that is done hands to those built from it.
struct Resolved<'s> {
    surroundings: Surroundings<'s>,
    config: ContainerConfig,
    /// What its own steps and keys add to the history of its base.
    history: Vec<History>,
    plan: PlannedStage,
}

/// Plans every stage of a selection. `facts` has one entry for each of its images, in their order.
/// `None` means that there are errors.
pub fn resolve(selection: &Selection<'_>, facts: Facts, diagnostics: &mut Diagnostics) -> Option<Plan> {
    let images = read_images(selection, &facts, diagnostics)?;
    let mut resolver = Resolver { selection, images, stages: Vec::new() };
    for stage in &selection.stages {
        let resolved = resolver.resolve_stage(stage, diagnostics);
        resolver.stages.push(resolved);
    }
    if diagnostics.has_errors() {
        return None;
    }
    resolver.into_plan(facts)
}

fn read_images(
    selection: &Selection<'_>,
    facts: &Facts,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<ImageConfig>> {
    let mut images = Vec::with_capacity(facts.images.len());
    for (query, fact) in selection.images.iter().zip(&facts.images) {
        match ImageConfig::parse(&fact.config) {
            Ok(config) => images.push(config),
            Err(err) => diagnostics.push(Diagnostic::new(
                Code::InvalidImageConfig,
                query.span,
                format!("the config of {} cannot be read: {err}", query.reference),
            )),
        }
    }
    (images.len() == selection.images.len()).then_some(images)
}

impl<'s> Resolver<'_, 's> {
    fn resolve_stage(
        &self,
        selected: &SelectedStage<'s>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Resolved<'s>> {
        let SelectedStage { name, stage } = *selected;
        let context = Context { scope: &self.selection.scope, origins: &self.selection.origins };
        let base = step::origin_of(Some(&stage.from), context.origins);
        let (mut surroundings, mut config) = self.inherited(base)?;
        let mut history = Vec::new();
        let mut steps = Vec::new();

        if !stage.env.0.is_empty() {
            let environment = extend(&surroundings.environment, &stage.env, context.scope, diagnostics)?;
            let mut recorded = Environment::from_entries(config.env.iter().map(String::as_str));
            for name in stage.env.0.keys().map(|name| name.as_str()) {
                let value = environment.get(name).unwrap_or_default();
                recorded.set(name, value);
                history.push(History::config(format!("ENV {name}={value}")));
            }
            config.env = recorded.to_entries();
            surroundings.environment = Arc::new(environment);
        }
        let environment = Arc::clone(&surroundings.environment);
        let values = StageScope { scope: context.scope, environment: &environment };
        let args = step::declared_args(&stage.args, context.scope, diagnostics);
        let user = values.expand_option(stage.user.as_ref(), diagnostics);
        let workdir = values.expand_option(stage.workdir.as_ref(), diagnostics);
        let shell = match &stage.shell {
            Some(shell) => step::expand_shell(shell, &surroundings, &context, diagnostics).map(Some),
            None => Some(None),
        };
        surroundings.args.extend(args?);
        if let Some(user) = user? {
            history.push(History::config(format!("USER {user}")));
            config.user.clone_from(&user);
            surroundings.user = user;
        }
        if let Some(shell) = shell? {
            history.push(History::config(format!("SHELL {shell:?}")));
            config.shell = Some(shell.clone());
            surroundings.shell = shell.into();
        }
        if let Some(workdir) = workdir? {
            surroundings.workdir = path::join(&surroundings.workdir, &workdir);
            config.working_dir.clone_from(&surroundings.workdir);
            if surroundings.workdir == "/" {
                history.push(History::config("WORKDIR /"));
            } else {
                steps.push(self.make_workdir(selected, &surroundings, diagnostics)?);
                history.push(History::layer(format!("WORKDIR {}", surroundings.workdir)));
                surroundings.on_scratch = false;
            }
        }
        let mounts =
            step::plan_mounts(&stage.mounts, &surroundings.workdir, &values, context.origins, diagnostics)?;
        surroundings.mounts = step::overlay(&surroundings.mounts, mounts);

        let mut complete = Some(());
        for step in &stage.steps {
            match step::plan(step, &surroundings, &context, diagnostics) {
                Some((step, entry)) => {
                    steps.push(step);
                    history.push(entry);
                    surroundings.on_scratch = false;
                }
                None => complete = None,
            }
        }
        let image = match &stage.image {
            Some(image) => super::image::apply(image, &mut config, context.scope, diagnostics),
            None => Some(Vec::new()),
        };
        complete?;
        history.extend(image?);
        let platform = self.selection.request.target_platform.clone();
        let plan = PlannedStage { name: name.as_str().to_owned(), platform, base, steps };
        Some(Resolved { surroundings, config, history, plan })
    }

    /// What a stage has before it says anything itself. `None` if its base has errors of its own.
    fn inherited(&self, base: Origin) -> Option<(Surroundings<'s>, ContainerConfig)> {
        let mut config = match base {
            Origin::Stage(at) => {
                let base = self.stages[at].as_ref()?;
                return Some((base.surroundings.clone(), base.config.clone()));
            }
            Origin::Image(at) => self.images[at].config.clone(),
            Origin::Scratch | Origin::Context => self.scratch().config,
        };
        // Triggers belong to Dockerfiles that start from this image; this image's own are its author's to write.
        config.on_build.clear();
        let environment = config.environment(self.selection.request.target_platform.os());
        config.env = environment.to_entries();
        let shell: Vec<String> = match &config.shell {
            Some(shell) if !shell.is_empty() => shell.clone(),
            _ => DEFAULT_SHELL.map(str::to_owned).to_vec(),
        };
        let surroundings = Surroundings {
            environment: Arc::new(environment),
            workdir: path::join("/", &config.working_dir),
            user: config.user.clone(),
            shell: shell.into(),
            args: BTreeSet::new(),
            mounts: Vec::new(),
            on_scratch: match base {
                Origin::Image(at) => !self.images[at].has_layers(),
                Origin::Scratch | Origin::Context | Origin::Stage(_) => true,
            },
        };
        Some((surroundings, config))
    }

    fn scratch(&self) -> ImageConfig {
        ImageConfig::scratch(&self.selection.request.target_platform)
    }

    fn make_workdir(
        &self,
        SelectedStage { stage, .. }: &SelectedStage<'_>,
        surroundings: &Surroundings<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<PlannedStep> {
        let path = surroundings.workdir.clone();
        let span = stage.workdir.as_ref().map_or(stage.span, |workdir| workdir.span);
        let owner = Owner::parse(&surroundings.user).filter(|owner| !owner.is_root());
        if let Some(named) = owner.as_ref().filter(|owner| surroundings.on_scratch && owner.is_named()) {
            let span = stage.user.as_ref().map_or(span, |user| user.span);
            return step::named_on_scratch(span, named, diagnostics);
        }
        Some(PlannedStep { label: format!("workdir {path}"), span, action: Action::Workdir { path, owner } })
    }

    fn into_plan(self, facts: Facts) -> Option<Plan> {
        let request = self.selection.request;
        let stages: Vec<Resolved<'_>> = self.stages.into_iter().collect::<Option<_>>()?;
        let target = stages.last()?;

        // The history of the target is that of the image at the bottom and of each stage above it.
        let mut chain = vec![target];
        let bottom = loop {
            match chain[chain.len() - 1].plan.base {
                Origin::Stage(at) => chain.push(&stages[at]),
                Origin::Image(at) => break self.images[at].clone(),
                Origin::Scratch | Origin::Context => {
                    break ImageConfig::scratch(&request.target_platform);
                }
            }
        };
        let mut config = ImageConfig { config: target.config.clone(), ..bottom };
        config.set_platform(&request.target_platform);
        config.history.extend(chain.into_iter().rev().flat_map(|stage| stage.history.iter().cloned()));
        config.config.labels.extend(request.labels.clone());

        let images = self
            .selection
            .images
            .iter()
            .zip(facts.images)
            .zip(&self.images)
            .map(|((query, fact), config)| PlannedImage {
                reference: query.reference.clone().pinned(&fact.digest),
                platform: query.platform.clone(),
                span: query.span,
                has_layers: config.has_layers(),
            })
            .collect();
        let stages: Vec<PlannedStage> = stages.into_iter().map(|stage| stage.plan).collect();
        Some(Plan { images, context: context_paths(&stages), stages, config })
    }
}

/// What steps read of the build context.
fn context_paths(stages: &[PlannedStage]) -> ContextPaths {
    let mut paths = ContextPaths::default();
    for step in stages.iter().flat_map(|stage| &stage.steps) {
        match &step.action {
            Action::Copy(copy) if copy.origin == Origin::Context => {
                copy.sources.iter().for_each(|source| paths.add(source));
            }
            Action::Exec(exec) => {
                for mount in &exec.mounts {
                    if let MountKind::Bind { origin: Origin::Context, source, .. } = &mount.kind {
                        paths.add(source);
                    }
                }
            }
            Action::Copy(_) | Action::Workdir { .. } => {}
        }
    }
    paths
}
