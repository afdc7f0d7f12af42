//! What becomes of the config and the history of the exported image, from the stage at the bottom of the
//! target up to the target itself.

use std::collections::BTreeMap;

use super::config::{ContainerConfig, History};
use super::step::RecordedStep;
use super::{PlannedStep, layers};

/// How many layers an engine can put over each other: overlayfs takes no more.
const MAX_LAYERS: usize = 500;

/// An image in the making. For a stage that is in no image it is thrown away, and nothing is put into
/// words for its history.
#[derive(Default)]
pub(super) struct Export {
    pub(super) config: ContainerConfig,
    pub(super) annotations: BTreeMap<String, String>,
    /// Whether the annotations tell the image at the bottom, too.
    pub(super) base_annotations: bool,
    pub(super) author: Option<String>,
    history: Option<Vec<History>>,
}

impl Export {
    /// That of the stage at the bottom.
    pub(super) fn new(config: ContainerConfig) -> Self {
        Self { config, history: Some(Vec::new()), ..Self::default() }
    }

    /// Begins a stage, which takes over neither the annotations of its base, nor triggers: they are for images that are
    /// built from this one, and have been fired by then.
    pub(super) fn begin_stage(&mut self) {
        self.config.on_build.clear();
        self.annotations.clear();
        self.base_annotations = false;
    }

    /// Takes down a change of the config.
    pub(super) fn record_config(&mut self, created_by: impl FnOnce(&ContainerConfig) -> String) {
        if let Some(history) = &mut self.history {
            history.push(History::config(created_by(&self.config)));
        }
    }

    /// Takes down what another stage has put over the first of several that are merged.
    pub(super) fn record_merge(&mut self, stage: &str, layers: usize) {
        let Some(history) = &mut self.history else { return };
        // No image has more; who merges so many gets them from the engine without a word.
        if layers <= MAX_LAYERS {
            let entry = || History::layer(format!("MERGE {stage}"));
            history.extend(std::iter::repeat_with(entry).take(layers));
        }
    }

    /// Takes down what the steps of a stage were made by. Squashed, the last stands for the layer of all.
    pub(super) fn record_steps(
        &mut self,
        steps: Vec<RecordedStep>,
        squash: bool,
    ) -> Vec<PlannedStep> {
        let Some(history) = &mut self.history else {
            return steps.into_iter().map(|recorded| recorded.step).collect();
        };
        let entries = steps.iter().map(|recorded| History::layer(recorded.created_by.as_str()));
        let entries = entries.collect();
        let steps: Vec<PlannedStep> = steps.into_iter().map(|recorded| recorded.step).collect();
        let mut entries = layers::history(&steps, entries);
        if let (true, [squashed @ .., _]) = (squash, &mut entries[..]) {
            squashed.iter_mut().for_each(|entry| entry.empty_layer = true);
        }
        history.extend(entries);
        steps
    }

    /// Whether anybody reads the history.
    pub(super) fn records(&self) -> bool {
        self.history.is_some()
    }

    /// What was taken down.
    pub(super) fn history(&mut self) -> Vec<History> {
        self.history.take().unwrap_or_default()
    }
}
