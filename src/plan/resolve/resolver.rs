//! The stages that are already planned, and the base of the next one.

use std::sync::Arc;

use buildkit_llb::Platform;

use super::images::BaseImage;
use crate::id::IdVec;
use crate::plan::config::ContainerConfig;
use crate::plan::environment::Environment;
use crate::plan::merge::Ancestors;
use crate::plan::origin::{ContextId, ImageId, Origin, StageId};
use crate::plan::path;
use crate::plan::planned::{Merged, PlannedStage};
use crate::plan::platform;
use crate::plan::select::{SelectedStage, Selection};
use crate::plan::step::Surroundings;
use crate::spec::Stage;
use crate::text::Text;

/// The default shell for the text of `run` steps, if neither the stage nor its image sets one. With
/// `-e`, a script stops at the first command that fails.
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-ec"];

/// The inputs of resolving stages.
pub(super) struct Resolver<'a, 's> {
    pub(super) selection: &'a Selection<'s>,
    pub(super) images: IdVec<ImageId, BaseImage>,
    /// For each named context its image, if it is one.
    pub(super) contexts: IdVec<ContextId, Option<BaseImage>>,
    /// The resolved stages, in the selection's order.
    pub(super) stages: IdVec<StageId, Resolved>,
    /// The ancestors of those stages.
    pub(super) ancestors: Ancestors,
}

/// The parts of a resolved stage that stages based on it need.
pub(super) struct Resolved {
    pub(super) surroundings: Surroundings,
    /// The environment in its image's config.
    pub(super) recorded: Environment,
    pub(super) plan: PlannedStage,
    /// The number of layers, including those of its base.
    pub(super) layers: usize,
}

impl Resolver<'_, '_> {
    /// The stages that are merged into the first one.
    pub(super) fn merged(&self, stage: &Stage) -> Vec<Merged> {
        let origins = &self.selection.origins;
        let mut bases = stage.bases();
        let first = bases.next().map(|from| origins.of(from));
        let Some(Origin::Stage(first)) = first else { return Vec::new() };
        let merged = bases.filter_map(|from| {
            let Origin::Stage(other) = origins.of(from) else { return None };
            let ancestor = self.ancestors.common(first, other);
            Some(Merged { stage: other, ancestor, span: from.span })
        });
        // An ancestor of the first one has nothing to add.
        merged.filter(|merged| merged.ancestor != Origin::Stage(merged.stage)).collect()
    }

    /// The number of layers.
    pub(super) fn layers(&self, origin: Origin) -> usize {
        match origin {
            Origin::Stage(at) => self.stages[at].layers,
            Origin::Image(_) | Origin::Named(_) => {
                self.base_image(origin).map_or(1, |image| image.config.layers())
            }
            Origin::Context => 1,
            Origin::Scratch => 0,
        }
    }

    /// The platform of a stage: its own, its base's, or if neither the stage nor the client sets
    /// one, that of its base image.
    pub(super) fn platform(&self, selected: &SelectedStage<'_>, base: Origin) -> Platform {
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
    pub(super) fn base_image(&self, origin: Origin) -> Option<&BaseImage> {
        match origin {
            Origin::Image(at) => Some(&self.images[at]),
            Origin::Named(at) => self.contexts[at].as_ref(),
            Origin::Scratch | Origin::Context | Origin::Stage(_) => None,
        }
    }

    /// True if the base of a stage has no content.
    pub(super) fn is_empty(&self, base: Origin) -> bool {
        match base {
            Origin::Image(at) => self.images[at].is_empty(),
            Origin::Named(_) => false,
            Origin::Scratch | Origin::Context | Origin::Stage(_) => true,
        }
    }

    /// The container settings of the exported image's base.
    pub(super) fn base_config(&self, origin: Origin) -> ContainerConfig {
        let image = self.base_image(origin);
        image.map_or_else(ContainerConfig::scratch, |image| image.config.config.clone())
    }

    /// The initial surroundings of a stage, and the environment in its image's config.
    pub(super) fn inherited(
        &self,
        base: Origin,
        platform: &Platform,
    ) -> (Surroundings, Environment) {
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
        let surroundings = Surroundings {
            environment: Arc::new(environment.clone()),
            workdir: path::join(&root, &text_of(config.map(|config| &config.working_dir))),
            user: text_of(config.map(|config| &config.user)),
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
}

fn text_of(text: Option<&String>) -> Text {
    text.map_or_else(Text::default, |text| text.as_str().into())
}
