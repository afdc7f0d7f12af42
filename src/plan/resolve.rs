//! From a [`Selection`] and the facts about its images to a [`Plan`].

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use buildkit_llb::Platform;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::config::{ContainerConfig, ImageConfig};
use super::environment::Environment;
use super::export::Export;
use super::merge::{self, Ancestors, Merged};
use super::select::{ImageQuery, Origin, SelectedStage, Selection, client_mends};
use super::stage_scope::{StageScope, values_of};
use super::step::{self, Context, RecordedStep, Surroundings};
use super::workdir::{PendingWorkdir, Turn};
use super::{
    Action, ContextFact, ContextQuery, ContextSource, Facts, Fork, ImageFact, Plan, PlannedContext,
    PlannedImage, PlannedStage, PlannedStep, Request, Triggered, fork, path, platform, reads,
    triggers,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::rules::{base_image_platform, foreign_platform, shadowed_arg};
use crate::source::Span;
use crate::spec::{Stage, User, Verb};
use crate::text::Text;

/// The default shell for the text of `run` steps, if neither the stage nor its image sets one. With
/// `-e`, a script stops at the first command that fails.
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-ec"];

/// The inputs of resolving stages.
struct Resolver<'a, 's> {
    selection: &'a Selection<'s>,
    images: Vec<BaseImage>,
    /// For each named context its image, if it is one.
    contexts: Vec<Option<BaseImage>>,
    /// The resolved stages, in the selection's order.
    stages: Vec<Resolved>,
    /// The ancestors of those stages.
    ancestors: Ancestors,
}

/// An image that stages are based on.
struct BaseImage {
    config: ImageConfig,
    environment: Environment,
}

/// The parts of a resolved stage that stages based on it need.
struct Resolved {
    surroundings: Surroundings,
    /// The environment in its image's config.
    recorded: Environment,
    plan: PlannedStage,
    /// The number of layers, including those of its base.
    layers: usize,
}

/// Plans every stage of a selection. `facts` has one entry for each of its images, in order. A plan
/// with missing facts must only be inspected, not built. `None` means that there are errors.
pub fn resolve(
    selection: &Selection<'_>,
    facts: Facts,
    diagnostics: &mut Diagnostics,
) -> Option<Plan> {
    check_epoch(selection, diagnostics);
    for fact in facts.images.iter().flatten() {
        triggers::withdraw_findings(&fact.triggers, diagnostics);
    }
    let images = read_images(selection, &facts, diagnostics);
    let contexts = read_contexts(selection, &facts, diagnostics);
    let stages = Vec::with_capacity(selection.stages.len());
    let ancestors = Ancestors::default();
    let mut resolver = Resolver { selection, images, contexts, stages, ancestors };
    let (exported, bottom) = exported_stages(selection);
    let mut export = Export::new(resolver.base_config(bottom));
    for (stage, exported) in selection.stages.iter().zip(exported) {
        let mut unexported = Export::default();
        let export = if exported { &mut export } else { &mut unexported };
        let mut found = diagnostics.for_part();
        let resolved = resolver.resolve_stage(stage, export, &mut found);
        // A missing value in a stage that is not built is not an error.
        diagnostics.absorb(found, |problem| stage.needed || !client_mends(problem.code));
        resolver.ancestors.push(resolved.plan.base);
        resolver.stages.push(resolved);
    }
    if diagnostics.has_errors() || !selection.spec.is_whole() {
        return None;
    }
    let images = facts.images.into_iter().map(Option::unwrap_or_default).collect();
    let contexts = facts.contexts.into_iter().map(Option::unwrap_or_default).collect();
    resolver.into_plan(images, contexts, export, bottom)
}

/// Rejects a time that images cannot represent: the years in their configs have four digits.
fn check_epoch(selection: &Selection<'_>, diagnostics: &mut Diagnostics) {
    let Some(seconds) = selection.request.epoch.filter(|&seconds| rfc3339(seconds).is_none())
    else {
        return;
    };
    let message = format!("SOURCE_DATE_EPOCH is {seconds}, which is not in the years 0 to 9999");
    let name = "SOURCE_DATE_EPOCH";
    let given = selection.request.build_args.contains_key(name);
    let declared = selection.spec.args.0.get(name).filter(|_| !given);
    let problem = match declared {
        Some(arg) => Diagnostic::new(Code::InvalidArg, arg.span, message),
        None => Diagnostic::without_place(Code::InvalidArg, message),
    };
    diagnostics.push(problem.hint("a number of seconds since 1970, such as 1700000000"));
}

/// The stages that the target's image consists of: the target, its base and so on; and the base of
/// the lowest one.
fn exported_stages(selection: &Selection<'_>) -> (Vec<bool>, Origin) {
    let mut exported = vec![false; selection.stages.len()];
    let mut origin = selection.target().map_or(Origin::Scratch, Origin::Stage);
    while let Origin::Stage(at) = origin {
        exported[at] = true;
        origin = step::origin_of(Some(&selection.stages[at].stage.from), &selection.origins);
    }
    (exported, origin)
}

fn read_images(
    selection: &Selection<'_>,
    facts: &Facts,
    diagnostics: &mut Diagnostics,
) -> Vec<BaseImage> {
    let mut read = |query: &ImageQuery, fact: &ImageFact| {
        let config = fact.triggered.as_ref().map_or(&fact.config, |triggered| &triggered.config);
        match ImageConfig::parse(config) {
            Ok(config) => {
                check_image_platform(query, &config, selection.request, diagnostics);
                Some(BaseImage::new(config))
            }
            Err(err) => diagnostics.fail(Diagnostic::new(
                Code::InvalidImageConfig,
                query.span,
                format!("the config of {} cannot be read: {err}", query.reference),
            )),
        }
    };
    let facts = selection.images.iter().zip(&facts.images);
    let images = facts.map(|(query, fact)| fact.as_ref().and_then(|fact| read(query, fact)));
    images.map(|image| image.unwrap_or_else(BaseImage::unknown)).collect()
}

/// Compares the platform of a base image with the requested one.
fn check_image_platform(
    query: &ImageQuery,
    config: &ImageConfig,
    request: &Request,
    diagnostics: &mut Diagnostics,
) {
    // An image without a platform contains nothing to run.
    let Ok(found) = Platform::new(&config.os, &config.architecture, &config.variant) else {
        return;
    };
    // If no platform is requested, the stage has that of its image.
    if query.is_base && platform::of_base(config, request).is_none() {
        let (reference, wanted) = (&query.reference, &query.platform);
        base_image_platform::check(reference, &found, wanted, query.span, diagnostics);
    }
}

fn read_contexts(
    selection: &Selection<'_>,
    facts: &Facts,
    diagnostics: &mut Diagnostics,
) -> Vec<Option<BaseImage>> {
    let mut read = |query: &ContextQuery, config: &[u8]| match ImageConfig::parse(config) {
        Ok(config) => Some(BaseImage::new(config)),
        Err(err) => diagnostics.fail(Diagnostic::without_place(
            Code::InvalidImageConfig,
            format!("the config of the build context `{}` cannot be read: {err}", query.name),
        )),
    };
    let facts = selection.contexts.iter().zip(&facts.contexts);
    facts
        .map(|(query, fact)| match fact {
            // The client has not built it yet: this is a subrequest about the file.
            Some(_) if matches!(query.source, ContextSource::Target(_)) => {
                Some(BaseImage::unknown())
            }
            Some(ContextFact { config: None, .. }) => None,
            Some(ContextFact { config: Some(config), .. }) => {
                Some(read(query, config).unwrap_or_else(BaseImage::unknown))
            }
            None => Some(BaseImage::unknown()),
        })
        .collect()
}

impl BaseImage {
    fn new(mut config: ImageConfig) -> Self {
        // The environment of the resulting image is set at the end.
        let environment = config.config.environment();
        config.config.env.clear();
        Self { config, environment }
    }

    /// An image whose lookup failed.
    fn unknown() -> Self {
        Self { config: ImageConfig::default(), environment: Environment::unknown() }
    }

    /// True if it has no content: it is equivalent to `scratch`.
    fn is_empty(&self) -> bool {
        !self.environment.is_open() && !self.config.has_layers()
    }
}

impl Resolver<'_, '_> {
    /// Plans a stage. A value with a reported error counts as empty, so that the rest of the stage,
    /// and stages based on it, are still checked.
    fn resolve_stage(
        &self,
        selected: &SelectedStage<'_>,
        export: &mut Export,
        diagnostics: &mut Diagnostics,
    ) -> Resolved {
        let SelectedStage { name, stage, replaced, .. } = selected;
        let (scope, origins) = (&self.selection.scope, &self.selection.origins);
        let base = step::origin_of(Some(&stage.from), origins);
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
            super::report::plan(report, &surroundings.workdir, &values, diagnostics)
        });
        let (steps, forks) =
            self.resolve_steps(stage, make_workdir, &mut surroundings, export, diagnostics);
        plan.forks = forks;
        plan.mounts = Arc::clone(&surroundings.mounts);
        plan.steps = export.record_steps(steps, plan.squash.is_some());
        if let Some(image) = &stage.image {
            super::image::apply(image, platform.os(), &mut recorded, export, scope, diagnostics);
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
            super::image::clear(&image.clear, recorded, &mut export.config, diagnostics);
        }
        let listed = match &stage.args {
            Some(args) => step::declared_args(args, scope, diagnostics).into(),
            None => Arc::clone(&surroundings.args),
        };
        let hidden = step::declared_args(&stage.no_args, scope, diagnostics);
        // An arg without a value leaves the variable unchanged.
        let has_value = |name: &&Text| matches!(scope.lookup(name), Ok(Some(_)));
        let given: Option<Vec<Text>> =
            stage.args.is_some().then(|| listed.iter().filter(has_value).cloned().collect());
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
                values.workdir(&before, workdir, diagnostics).unwrap_or_else(|| before.clone());
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
            let set = |name: &str| surroundings.set_here.get(name).copied();
            step::check_secrets(&surroundings.secret_env, set, diagnostics);
        } else {
            let set = |name: &str| stage.env.0.get(name).map(|value| value.span);
            step::check_secrets(&surroundings.secret_env, set, diagnostics);
        }
        surroundings.link = stage.link.unwrap_or(false);
        surroundings.owner = step::default_owner(stage, &values, diagnostics);
        make_workdir
    }

    /// Plans the steps of a stage, with its forks.
    fn resolve_steps(
        &self,
        stage: &Stage,
        mut make_workdir: Option<PendingWorkdir>,
        surroundings: &mut Surroundings,
        export: &mut Export,
        diagnostics: &mut Diagnostics,
    ) -> (Vec<RecordedStep>, Vec<Fork>) {
        let context = Context {
            scope: &self.selection.scope,
            origins: &self.selection.origins,
            locking: &self.selection.request.locking,
            skipped: &self.selection.skipped,
            environments: RefCell::default(),
            records: export.records(),
        };
        let mut forks = Vec::new();
        let mut steps = Vec::with_capacity(stage.steps.len() + 1);
        for step in stage.steps.iter().filter(|step| self.selection.exists(step)) {
            if let Verb::Parallel(parallel) = &step.verb {
                steps.extend(make_workdir.take().map(|workdir| workdir.step));
                let number = forks.len();
                let (fork, branches) =
                    fork::plan(parallel, step.span, number, surroundings, &context, diagnostics);
                forks.push(fork);
                steps.extend(branches);
                surroundings.has_changed();
            } else if let Some(mut planned) = step::plan(step, surroundings, &context, diagnostics)
            {
                if let Some(workdir) = make_workdir.take() {
                    match workdir.turn(&mut planned.step, step.verb.keys().workdir.is_some()) {
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

    /// The stages that are merged into the first one.
    fn merged(&self, stage: &Stage) -> Vec<Merged> {
        let origin = |from| step::origin_of(Some(from), &self.selection.origins);
        let mut bases = stage.bases();
        let Some(Origin::Stage(first)) = bases.next().map(origin) else { return Vec::new() };
        let merged = bases.filter_map(|from| {
            let Origin::Stage(other) = origin(from) else { return None };
            let ancestor = self.ancestors.common(first, other);
            Some(Merged { stage: other, ancestor, span: from.span })
        });
        // An ancestor of the first one has nothing to add.
        merged.filter(|merged| merged.ancestor != Origin::Stage(merged.stage)).collect()
    }

    /// The number of layers.
    fn layers(&self, origin: Origin) -> usize {
        match origin {
            Origin::Stage(at) => self.stages[at].layers,
            Origin::Image(_) | Origin::Named(_) => {
                self.base_image(origin).map_or(1, |image| image.config.layers())
            }
            Origin::Context => 1,
            Origin::Scratch => 0,
        }
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
            let message =
                format!("this step would run on {platform}, and only Linux can run steps");
            diagnostics.push(
                Diagnostic::new(Code::InvalidPlatform, process.span, message)
                    .hint(foreign_platform::HINT),
            );
        } else if !self.selection.request.can_run(platform) {
            let span = stage.platform.as_ref().map_or(process.span, |platform| platform.span);
            diagnostics.push(foreign_platform::found(platform, span));
        }
    }

    /// The platform of a stage: its own, its base's, or if neither the stage nor the client sets
    /// one, that of its base image.
    fn platform(&self, selected: &SelectedStage<'_>, base: Origin) -> Platform {
        if selected.stage.platform.is_some() {
            return selected.platform.clone();
        }
        match (base, self.base_image(base)) {
            (Origin::Stage(at), _) => self.stages[at].plan.platform.clone(),
            (_, Some(image)) => platform::of_base(&image.config, self.selection.request)
                .unwrap_or_else(|| selected.platform.clone()),
            (_, None) => selected.platform.clone(),
        }
    }

    /// The image of an origin, if it is one.
    fn base_image(&self, origin: Origin) -> Option<&BaseImage> {
        match origin {
            Origin::Image(at) => Some(&self.images[at]),
            Origin::Named(at) => self.contexts[at].as_ref(),
            Origin::Scratch | Origin::Context | Origin::Stage(_) => None,
        }
    }

    /// True if the base of a stage has no content.
    fn is_empty(&self, base: Origin) -> bool {
        match base {
            Origin::Image(at) => self.images[at].is_empty(),
            Origin::Named(_) => false,
            Origin::Scratch | Origin::Context | Origin::Stage(_) => true,
        }
    }

    /// The container settings of the exported image's base.
    fn base_config(&self, origin: Origin) -> ContainerConfig {
        let image = self.base_image(origin);
        image.map_or_else(ContainerConfig::scratch, |image| image.config.config.clone())
    }

    /// The initial surroundings of a stage, and the environment in its image's config.
    fn inherited(&self, base: Origin, platform: &Platform) -> (Surroundings, Environment) {
        if let Origin::Stage(at) = base {
            let base = &self.stages[at];
            return (base.surroundings.clone(), base.recorded.clone());
        }
        let image = self.base_image(base);
        let environment = image.map(|image| image.environment.clone()).unwrap_or_default();
        let environment = environment.with_path(platform.os());
        let environment =
            environment.shadowing(|name, value| self.selection.scope.differs(name, value));
        let config = image.map(|image| &image.config.config);
        let shell = match config.and_then(|config| config.shell.as_deref()) {
            Some(shell) if !shell.is_empty() => {
                shell.iter().map(|word| word.as_str().into()).collect()
            }
            _ => DEFAULT_SHELL.map(Text::from).into(),
        };
        let root = Text::from("/");
        let text =
            |text: Option<&String>| text.map_or_else(Text::default, |text| text.as_str().into());
        let surroundings = Surroundings {
            environment: Arc::new(environment.clone()),
            workdir: path::join(&root, &text(config.map(|config| &config.working_dir))),
            user: text(config.map(|config| &config.user)),
            shell,
            args: Arc::default(),
            mounts: Arc::default(),
            secret_env: Arc::default(),
            set_here: Arc::default(),
            link: false,
            owner: None,
            filled: self.is_empty(base).then(Arc::default),
            on_scratch: self.is_empty(base),
        };
        (surroundings, environment)
    }

    /// The plan of all stages. `None` if there are no stages.
    fn into_plan(
        self,
        images: Vec<ImageFact>,
        contexts: Vec<ContextFact>,
        mut export: Export,
        bottom: Origin,
    ) -> Option<Plan> {
        let request = self.selection.request;
        let at = self.selection.target()?;
        let target = &self.stages[at];

        // The history of the target consists of those of the base image and of each stage above it.
        let base_config = match bottom {
            Origin::Image(at) => Some(images[at].config.clone()),
            Origin::Named(at) => contexts[at].config.clone(),
            Origin::Scratch | Origin::Context | Origin::Stage(_) => None,
        };
        let of_base = match bottom {
            Origin::Image(at) if export.base_annotations => {
                base_annotations(&self.selection.images[at], &images[at])
            }
            _ => Vec::new(),
        };
        let bottom = self.base_image(bottom).map(|image| image.config.clone()).unwrap_or_default();
        let created = request.epoch.and_then(rfc3339);
        let history = export.history();
        let mut config = ImageConfig { config: export.config, ..bottom };
        config.config.env = target.recorded.to_entries();
        if !(request.implicit_platform && config.normalize_platform()) {
            config.set_platform(&target.plan.platform);
        }
        config.created = created.as_deref().map_or(Value::Null, Value::from);
        if let Some(author) = export.author {
            config.rest.insert("author".to_owned(), author.into());
        }
        let mut annotations = export.annotations;
        for (name, value) in of_base {
            annotations.entry(name.to_owned()).or_insert(value);
        }
        let inherited_history = config.history.len();
        config.history.extend(history.into_iter().map(|entry| entry.at(created.as_deref())));
        config.config.labels.extend(request.labels.clone());

        let mut spans: Vec<BTreeSet<Span>> =
            self.selection.images.iter().map(|query| BTreeSet::from([query.span])).collect();
        for (&span, &origin) in &self.selection.origins {
            if let Origin::Image(at) = origin {
                spans[at].insert(span);
            }
        }
        let images = self
            .selection
            .images
            .iter()
            .zip(images)
            .zip(&self.images)
            .zip(spans)
            .map(|(((query, fact), image), spans)| {
                let fired = if fact.triggered.is_some() { fact.triggers } else { Vec::new() };
                let (triggered, beside) = match fact.triggered {
                    Some(Triggered { definition, beside, .. }) => (Some(definition), beside),
                    None => (None, Vec::new()),
                };
                PlannedImage {
                    reference: fact
                        .reference
                        .unwrap_or_else(|| query.reference.clone())
                        .pinned(fact.digest),
                    platform: query.platform.clone(),
                    spans,
                    layout: query.layout.clone(),
                    context: query.context.clone(),
                    is_known: !image.environment.is_open(),
                    has_layers: !image.is_empty(),
                    config: ContainerConfig {
                        env: image.environment.to_entries(),
                        ..image.config.config.clone()
                    },
                    fired,
                    title: None,
                    triggered,
                    beside,
                }
            })
            .collect();
        let platform = request.target_platform.clone();
        let stages: Vec<PlannedStage> = self.stages.into_iter().map(|stage| stage.plan).collect();
        let gates = self.selection.gates.clone();
        let whole: BTreeSet<usize> = gates.iter().map(|gate| gate.stage).chain([at]).collect();
        let (context, named) = reads::of_contexts(&stages, &whole, self.contexts.len());
        let contexts = self.selection.contexts.iter().zip(contexts).zip(named);
        let named_contexts = contexts
            .map(|((query, fact), paths)| PlannedContext {
                name: query.name.clone(),
                source: query.source.clone(),
                declared: query.declared,
                fact,
                paths,
            })
            .collect();
        let proxies = self.selection.scope.proxies().clone();
        Some(Plan {
            images,
            named_contexts,
            context,
            sbom_of_context: request.sbom.context,
            stages,
            target: at,
            is_report: self.selection.is_report,
            gates,
            config,
            inherited_history,
            base_config,
            platform,
            epoch: request.epoch,
            annotations,
            proxies,
        })
    }
}

/// The annotations of the OCI image spec (`annotations.md`) for the base image. The name is in
/// full, without a digest. A directory of images has no name that is valid elsewhere.
fn base_annotations(query: &ImageQuery, fact: &ImageFact) -> Vec<(&'static str, String)> {
    let reference = fact.reference.as_ref().unwrap_or(&query.reference);
    let digest = fact.digest.as_deref().or(reference.digest());
    let name = query.layout.is_none().then(|| reference.without_digest());
    let name = name.map(|name| ("org.opencontainers.image.base.name", name));
    let digest = digest.map(|digest| ("org.opencontainers.image.base.digest", digest.to_owned()));
    name.into_iter().chain(digest).collect()
}

/// A time in the format of image configs; `None` for one after the year 9999.
pub(super) fn rfc3339(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(&Rfc3339).ok()
}
