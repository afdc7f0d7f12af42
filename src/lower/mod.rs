//! From a [`Plan`] to LLB.
//!
//! Comes in: a plan. Goes out: ops in a [`Graph`], and the [`State`] that the target is. Every value is
//! known by now, so nothing of the author's can be wrong here. Knows nothing of names, args and TOML.

mod exec;
mod file;

use buildkit_llb::{
    Graph, Image, ImportError, Local, Location, Metadata, ResolveMode, SourceId, SourceInfo, State,
};

use self::file::StepSite;
use crate::plan::{Action, Origin, Plan, PlannedStage, PlannedStep};
use crate::source::{SourceFile, Span};

/// What the client offers and wants of every op.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The client's session, from which the build context is read.
    pub session_id: String,
    /// What the ignore file leaves out of the build context.
    pub ignore: Vec<String>,
    /// Where images are looked for.
    pub resolve_mode: ResolveMode,
    /// Whether steps are labelled with their platform.
    pub several_platforms: bool,
    /// What the engine can do that not every engine can.
    pub engine: Engine,
}

/// What newer engines can do. Without it, something else is done that comes to the same files.
#[derive(Debug, Clone, Copy)]
pub struct Engine {
    /// Put layers over one another that do not depend on each other.
    pub merge: bool,
    /// Hold a copy with patterns to paths that must be there.
    pub required_paths: bool,
}

/// Adds a plan's ops to a graph and returns what its target is. Plans of one file for several
/// platforms may share a graph: what they have in common is there once.
///
/// Fails only where the engine's own Dockerfile frontend gave a graph that is none.
pub fn lower(
    plan: &Plan,
    file: &SourceFile,
    settings: &Settings,
    graph: &mut Graph,
) -> Result<State, ImportError> {
    let source = graph.add_source(SourceInfo {
        filename: file.name().to_owned(),
        data: file.text().as_bytes().to_vec(),
        language: "TOML".to_owned(),
        definition: None,
    });
    let mut lowering = Lowering {
        plan,
        file,
        source,
        graph,
        context: State::SCRATCH,
        images: vec![],
        bases: vec![],
        stages: vec![],
    };
    lowering.context = lowering.add_context(settings);
    lowering.images = lowering.add_images(settings);
    lowering.bases = lowering.add_bases()?;
    for stage in &plan.stages {
        let state = lowering.add_stage(stage, settings);
        lowering.stages.push(state);
    }
    Ok(lowering.stages.last().copied().unwrap_or(State::SCRATCH))
}

/// A plan on its way into a graph.
struct Lowering<'a> {
    plan: &'a Plan,
    file: &'a SourceFile,
    source: SourceId,
    graph: &'a mut Graph,
    context: State,
    /// One for each image of the plan.
    images: Vec<State>,
    /// The same for stages that start from it: what its `ONBUILD` triggers make of it, if it has any.
    bases: Vec<State>,
    /// One for each stage so far.
    stages: Vec<State>,
}

impl Lowering<'_> {
    fn add_context(&mut self, settings: &Settings) -> State {
        let context = Local {
            exclude_patterns: settings.ignore.clone(),
            follow_paths: match self.plan.context.only() {
                Some(paths) => paths.map(str::to_owned).collect(),
                None => Vec::new(),
            },
            shared_key_hint: "context".to_owned(),
            ..Local::new("context", &settings.session_id)
        };
        self.graph.add(context, Metadata::named("[internal] load build context"))
    }

    fn add_images(&mut self, settings: &Settings) -> Vec<State> {
        let mut labels: Vec<String> = vec!["[image]".to_owned(); self.plan.images.len()];
        for stage in self.plan.stages.iter().rev() {
            if let Origin::Image(at) = stage.base {
                labels[at] = position(stage, 1, settings);
            }
        }
        let images = self.plan.images.iter().zip(labels).map(|(image, label)| {
            if !image.has_layers {
                return State::SCRATCH;
            }
            let op = Image {
                platform: Some(image.platform.clone()),
                resolve_mode: settings.resolve_mode,
                ..Image::new(image.reference.to_string())
            };
            let name = format!("{label} FROM {}", image.reference);
            let location = Location::lines(self.source, self.file.lines(image.span));
            self.graph.add(op, Metadata::named(name).at([location]))
        });
        images.collect()
    }

    fn add_bases(&mut self) -> Result<Vec<State>, ImportError> {
        let images = self.plan.images.iter().zip(&self.images);
        images
            .map(|(image, &state)| match &image.triggered {
                Some(definition) => self.graph.import(definition.clone()),
                None => Ok(state),
            })
            .collect()
    }

    fn add_stage(&mut self, stage: &PlannedStage, settings: &Settings) -> State {
        let mut state = match stage.base {
            Origin::Image(at) => self.bases[at],
            origin => self.state_of(origin),
        };
        for (at, step) in stage.steps.iter().enumerate() {
            let label = format!("{} {}", position(stage, at + 2, settings), step.label);
            state = self.add_step(step, stage, state, label, settings);
        }
        state
    }

    fn add_step(
        &mut self,
        step: &PlannedStep,
        stage: &PlannedStage,
        root: State,
        label: String,
        settings: &Settings,
    ) -> State {
        let mut metadata = Metadata::named(label).at([self.location(step.span)]);
        metadata.ignore_cache = step.no_cache && !matches!(step.action, Action::Exec(_));
        let files = StepSite { root, metadata, settings };
        match &step.action {
            Action::Exec(exec) => self.add_exec(exec, step.no_cache, &stage.platform, files),
            Action::Copy(copy) => self.add_copy(copy, files),
            Action::Fetch(fetch) => self.add_fetch(fetch, files),
            Action::Git(git) => self.add_git(git, files),
            Action::Unpack(unpack) => self.add_unpack(unpack, files),
            Action::Write(write) => self.add_write(write, files),
            Action::Mkdir { paths, owner, mode } => {
                self.add_mkdir(paths, owner.as_ref(), mode.as_ref(), files)
            }
            Action::Remove { paths, missing_ok } => self.add_remove(paths, *missing_ok, files),
            Action::Symlink { path, target } => self.add_symlink(path, target, files),
        }
    }

    fn state_of(&self, origin: Origin) -> State {
        match origin {
            Origin::Context => self.context,
            Origin::Scratch => State::SCRATCH,
            Origin::Stage(at) => self.stages[at],
            Origin::Image(at) => self.images[at],
        }
    }

    fn location(&self, span: Span) -> Location {
        Location::lines(self.source, self.file.lines(span))
    }
}

/// `[builder 3/5]`, as the Dockerfile frontend writes it: the base is the first, counting its steps.
fn position(stage: &PlannedStage, number: usize, settings: &Settings) -> String {
    let total = stage.steps.len() + 1;
    let width = total.to_string().len();
    let name = &stage.name;
    if settings.several_platforms {
        format!("[{} {name} {number:>width$}/{total}]", stage.platform)
    } else {
        format!("[{name} {number:>width$}/{total}]")
    }
}
