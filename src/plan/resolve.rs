//! From a [`Selection`] and the facts about its images to a [`Plan`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use buildkit_llb::Platform;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::config::{ContainerConfig, History, ImageConfig};
use super::environment::Environment;
use super::owner::Owner;
use super::select::{Origin, SelectedStage, Selection, client_mends};
use super::stage_scope::{StageScope, extend};
use super::step::{self, Context, Surroundings};
use super::{
    Action, ContextPaths, Facts, MountKind, Plan, PlannedContext, PlannedImage, PlannedStage,
    PlannedStep, layers, path, rules,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::Span;
use crate::spec::{Scalar, Stage};

/// What runs the text of `run` steps where neither the stage nor its image says. With `-e` a script
/// stops at the first command that fails.
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-ec"];

/// What stages are built from.
struct Resolver<'a, 's> {
    selection: &'a Selection<'s>,
    images: Vec<ImageConfig>,
    /// For each named context the config of the image that it is.
    contexts: Vec<Option<ImageConfig>>,
    /// Stages that are done, in the selection's order.
    stages: Vec<Resolved<'s>>,
}

/// What a stage that is done hands to those built from it.
struct Resolved<'s> {
    surroundings: Surroundings<'s>,
    config: ContainerConfig,
    /// What its own steps and keys add to the history of its base.
    history: Vec<History>,
    /// What its own `[image]` says; not handed on.
    annotations: BTreeMap<String, String>,
    author: Option<String>,
    plan: PlannedStage,
}

/// Plans every stage of a selection. `facts` has one entry for each of its images, in their order.
/// `None` means that there are errors.
pub fn resolve(
    selection: &Selection<'_>,
    facts: Facts,
    diagnostics: &mut Diagnostics,
) -> Option<Plan> {
    let images = read_images(selection, &facts, diagnostics)?;
    let contexts = read_contexts(selection, &facts, diagnostics)?;
    let mut resolver = Resolver { selection, images, contexts, stages: Vec::new() };
    for stage in &selection.stages {
        let mut found = Diagnostics::default();
        let resolved = resolver.resolve_stage(stage, &mut found);
        // What a stage lacks that nobody builds is no error.
        diagnostics.absorb(found, |problem| stage.needed || !client_mends(problem.code));
        resolver.stages.push(resolved);
    }
    if diagnostics.has_errors() {
        return None;
    }
    let plan = resolver.into_plan(facts)?;
    rules::check(selection, &plan, diagnostics);
    Some(plan)
}

fn read_images(
    selection: &Selection<'_>,
    facts: &Facts,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<ImageConfig>> {
    let mut images = Vec::with_capacity(facts.images.len());
    for (query, fact) in selection.images.iter().zip(&facts.images) {
        let config = fact.triggered.as_ref().map_or(&fact.config, |triggered| &triggered.config);
        match ImageConfig::parse(config) {
            Ok(config) => {
                rules::base_image_platform::check(query, &config, diagnostics);
                images.push(config);
            }
            Err(err) => diagnostics.push(Diagnostic::new(
                Code::InvalidImageConfig,
                query.span,
                format!("the config of {} cannot be read: {err}", query.reference),
            )),
        }
    }
    (images.len() == selection.images.len()).then_some(images)
}

fn read_contexts(
    selection: &Selection<'_>,
    facts: &Facts,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Option<ImageConfig>>> {
    let configs = selection.contexts.iter().zip(&facts.contexts).map(|(query, fact)| {
        let Some(config) = &fact.config else { return Some(None) };
        match ImageConfig::parse(config) {
            Ok(config) => Some(Some(config)),
            Err(err) => diagnostics.fail(Diagnostic::without_place(
                Code::InvalidImageConfig,
                format!("the config of the build context `{}` cannot be read: {err}", query.name),
            )),
        }
    });
    configs.collect()
}

impl<'s> Resolver<'_, 's> {
    /// Plans a stage. A value that is a reported mistake is taken for empty, so that the rest of the
    /// stage, and the stages built from it, are looked at all the same.
    fn resolve_stage(
        &self,
        selected: &SelectedStage<'s>,
        diagnostics: &mut Diagnostics,
    ) -> Resolved<'s> {
        let SelectedStage { name, stage, platform, replaced, .. } = selected;
        let context = Context { scope: &self.selection.scope, origins: &self.selection.origins };
        let base = step::origin_of(Some(&stage.from), context.origins);
        let (mut surroundings, mut config) = self.inherited(base, platform);
        let mut plan = PlannedStage {
            name: name.as_str().to_owned(),
            platform: platform.clone(),
            base,
            ignore_cache: self.selection.request.no_cache.covers(name.as_str()),
            sbom: stage.sbom.unwrap_or(false)
                || self.selection.request.sbom.stages.covers(name.as_str()),
            steps: Vec::new(),
        };
        if *replaced {
            return Resolved {
                surroundings,
                config,
                history: Vec::new(),
                annotations: BTreeMap::new(),
                author: None,
                plan,
            };
        }
        let mut annotations = BTreeMap::new();
        let mut history = Vec::new();
        let mut steps = Vec::new();
        let mut of_steps = Vec::new();
        let mut make_workdir = None;

        if let Some(image) = &stage.image {
            super::image::clear(&image.clear, &mut config, diagnostics);
        }
        if !stage.env.0.is_empty() {
            let environment =
                extend(&surroundings.environment, &stage.env, context.scope, diagnostics);
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
        surroundings.args.extend(step::declared_args(&stage.args, context.scope, diagnostics));
        if let Some(Scalar(user)) = &stage.user {
            let user = values.expand(user, diagnostics).unwrap_or_default();
            history.push(History::config(format!("USER {user}")));
            config.user.clone_from(&user);
            surroundings.user = user;
        }
        if let Some(shell) = &stage.shell {
            let shell = values.expand_all(&shell.0, diagnostics).unwrap_or_default();
            history.push(History::config(format!("SHELL {shell:?}")));
            config.shell = Some(shell.clone());
            surroundings.shell = shell.into();
        }
        if let Some(workdir) = &stage.workdir {
            let own = values.expand(workdir, diagnostics).unwrap_or_default();
            surroundings.workdir = path::join(&surroundings.workdir, &own);
            config.working_dir.clone_from(&surroundings.workdir);
            if surroundings.workdir == "/" {
                history.push(History::config("WORKDIR /"));
            } else {
                let step = workdir_step(stage, workdir.span, &surroundings, diagnostics);
                let entry = History::layer(format!("WORKDIR {}", surroundings.workdir));
                make_workdir = Some((step, entry));
                surroundings.on_scratch = false;
            }
        }
        let mounts = step::plan_mounts(
            &stage.mounts,
            &surroundings.workdir,
            &values,
            context.origins,
            diagnostics,
        );
        surroundings.mounts = step::overlay(&surroundings.mounts, mounts);
        surroundings.secret_env.extend(step::plan_secrets(&stage.mounts, &values, diagnostics));
        surroundings.link = stage.link.unwrap_or(false);

        for step in &stage.steps {
            if let Some((step, entry)) = step::plan(step, &surroundings, &context, diagnostics) {
                if let Some((workdir, made)) = make_workdir.take() {
                    let Surroundings { workdir: path, user, .. } = &surroundings;
                    if layers::makes_workdir(&step, path, user) {
                        history.push(made.without_layer());
                    } else {
                        steps.push(workdir);
                        of_steps.push(made);
                    }
                }
                steps.push(step);
                of_steps.push(entry);
            }
            surroundings.on_scratch = false;
        }
        if let Some((workdir, made)) = make_workdir {
            steps.push(workdir);
            of_steps.push(made);
        }
        history.extend(layers::history(&steps, of_steps));
        let mut author = None;
        if let Some(image) = &stage.image {
            let applied = super::image::apply(image, &mut config, context.scope, diagnostics);
            history.extend(applied.history);
            annotations = applied.annotations;
            author = applied.author;
        }
        self.check_platform(stage, platform, &steps, diagnostics);
        plan.steps = steps;
        Resolved { surroundings, config, history, annotations, author, plan }
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
        const HINT: &str =
            "platform = \"${BUILDPLATFORM}\" in its stage runs it on the machine that builds";
        if platform.os() != "linux" {
            let message =
                format!("this step would run on {platform}, and only Linux can run steps");
            diagnostics
                .push(Diagnostic::new(Code::InvalidPlatform, process.span, message).hint(HINT));
        } else if !self.selection.request.can_run(platform) {
            let span = stage.platform.as_ref().map_or(process.span, |platform| platform.span);
            let message =
                format!("this runs on {platform}, which the engine does not say it can run");
            diagnostics.push(
                Diagnostic::new(Code::ForeignPlatform, span, message)
                    .hint(format!("{HINT}; emulation must be installed for others")),
            );
        }
    }

    /// What a stage has before it says anything itself.
    fn inherited(&self, base: Origin, platform: &Platform) -> (Surroundings<'s>, ContainerConfig) {
        let mut config = match base {
            Origin::Stage(at) => {
                let base = &self.stages[at];
                let mut config = base.config.clone();
                config.on_build.clear();
                return (base.surroundings.clone(), config);
            }
            Origin::Image(at) => self.images[at].config.clone(),
            Origin::Named(at) if self.contexts[at].is_some() => {
                self.contexts[at].as_ref().map(|image| image.config.clone()).unwrap_or_default()
            }
            Origin::Scratch | Origin::Context | Origin::Named(_) => {
                ImageConfig::scratch(platform).config
            }
        };
        // Triggers are for images that are built from this one, and have been fired by then.
        config.on_build.clear();
        let environment = config.environment(platform.os());
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
            secret_env: Vec::new(),
            link: false,
            on_scratch: match base {
                Origin::Image(at) => !self.images[at].has_layers(),
                Origin::Named(_) => false,
                Origin::Scratch | Origin::Context | Origin::Stage(_) => true,
            },
        };
        (surroundings, config)
    }

    /// The plan of all stages. `None` where there is no stage at all.
    fn into_plan(self, facts: Facts) -> Option<Plan> {
        let request = self.selection.request;
        let stages = self.stages;
        let target = stages.last()?;

        // The history of the target is that of the image at the bottom and of each stage above it.
        let mut chain = vec![target];
        let bottom = loop {
            match chain[chain.len() - 1].plan.base {
                Origin::Stage(at) => chain.push(&stages[at]),
                origin => break origin,
            }
        };
        let base_config = match bottom {
            Origin::Image(at) => Some(facts.images[at].config.clone()),
            Origin::Named(at) => facts.contexts[at].config.clone(),
            Origin::Scratch | Origin::Context | Origin::Stage(_) => None,
        };
        let bottom = match bottom {
            Origin::Image(at) => Some(self.images[at].clone()),
            Origin::Named(at) => self.contexts[at].clone(),
            Origin::Scratch | Origin::Context | Origin::Stage(_) => None,
        };
        let bottom = bottom.unwrap_or_else(|| ImageConfig::scratch(&target.plan.platform));
        let mut config = ImageConfig { config: target.config.clone(), ..bottom };
        config.set_platform(&target.plan.platform);
        if let Some(author) = &target.author {
            config.rest.insert("author".to_owned(), author.clone().into());
        }
        let annotations = target.annotations.clone();
        let created = request.epoch.and_then(rfc3339);
        let own = chain.into_iter().rev().flat_map(|stage| &stage.history);
        config.history.extend(own.map(|entry| entry.clone().at(created.as_deref())));
        config.config.labels.extend(request.labels.clone());

        let images = self
            .selection
            .images
            .iter()
            .zip(facts.images)
            .zip(&self.images)
            .map(|((query, fact), config)| PlannedImage {
                reference: fact
                    .reference
                    .unwrap_or_else(|| query.reference.clone())
                    .pinned(&fact.digest),
                platform: query.platform.clone(),
                span: query.span,
                layout: query.layout.clone(),
                context: query.context.clone(),
                has_layers: config.has_layers(),
                triggered: fact.triggered.map(|triggered| triggered.definition),
            })
            .collect();
        let platform = request.target_platform.clone();
        let stages: Vec<PlannedStage> = stages.into_iter().map(|stage| stage.plan).collect();
        let (context, named) = paths_read(&stages, self.contexts.len());
        let contexts = self.selection.contexts.iter().zip(facts.contexts).zip(named);
        let named_contexts = contexts
            .map(|((query, fact), paths)| PlannedContext {
                name: query.name.clone(),
                source: query.source.clone(),
                fact,
                paths,
            })
            .collect();
        let proxies = self.selection.scope.proxies().clone();
        let ignore = self.selection.spec.ignore.clone();
        Some(Plan {
            images,
            named_contexts,
            context,
            sbom_of_context: request.sbom.context,
            ignore,
            stages,
            config,
            base_config,
            platform,
            epoch: request.epoch,
            annotations,
            proxies,
        })
    }
}

/// A time as image configs have it; `None` for one beyond the year 9999.
fn rfc3339(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}

/// The step that makes a stage's working directory, which belongs to the stage's user.
fn workdir_step(
    stage: &Stage,
    span: Span,
    surroundings: &Surroundings<'_>,
    diagnostics: &mut Diagnostics,
) -> PlannedStep {
    let path = surroundings.workdir.clone();
    let owner = Owner::parse(&surroundings.user).filter(|owner| !owner.is_root());
    if let Some(named) = owner.as_ref().filter(|owner| surroundings.on_scratch && owner.is_named())
    {
        let span = stage.user.as_ref().map_or(span, |Scalar(user)| user.span);
        diagnostics.push(step::named_on_scratch(span, named));
    }
    let label = format!("workdir {path}");
    let action = Action::Mkdir { paths: vec![path], owner, mode: None };
    PlannedStep { label, span, no_cache: false, action }
}

/// What is read of the build context, and of each named one.
fn paths_read(stages: &[PlannedStage], named: usize) -> (ContextPaths, Vec<ContextPaths>) {
    let mut main = ContextPaths::default();
    let mut named = vec![ContextPaths::default(); named];
    let mut read = |mut origin: Origin, path: &str| loop {
        origin = match origin {
            // A stage without steps is what it starts from: a context that stands in its place.
            Origin::Stage(at) if stages[at].steps.is_empty() => stages[at].base,
            Origin::Context => return main.add(path),
            Origin::Named(at) => return named[at].add(path),
            Origin::Scratch | Origin::Stage(_) | Origin::Image(_) => return,
        }
    };
    for (at, stage) in stages.iter().enumerate() {
        if !stage.steps.is_empty() || at + 1 == stages.len() {
            read(stage.base, "/");
        }
        for step in &stage.steps {
            match &step.action {
                Action::Copy(copy) => {
                    copy.items.iter().for_each(|item| read(copy.origin, &item.reads));
                }
                Action::Unpack(unpack) => read(unpack.origin, &unpack.source),
                Action::Exec(exec) => exec.mounts.iter().for_each(|mount| match &mount.kind {
                    MountKind::Bind { origin, source, .. } => read(*origin, source),
                    MountKind::Cache { origin: Some(origin), source, .. } => {
                        read(*origin, source.as_deref().unwrap_or("/"));
                    }
                    MountKind::Cache { .. }
                    | MountKind::Secret { .. }
                    | MountKind::Ssh { .. }
                    | MountKind::Tmpfs { .. } => {}
                }),
                Action::Fetch(_)
                | Action::Git(_)
                | Action::Write(_)
                | Action::Mkdir { .. }
                | Action::Remove { .. }
                | Action::Symlink { .. } => {}
            }
        }
    }
    (main, named)
}
