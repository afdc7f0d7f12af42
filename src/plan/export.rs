//! The config and the history of the exported image, accumulated from the lowest stage of the
//! target up to the target itself.

use std::collections::BTreeMap;

use super::config::{ContainerConfig, History};
use super::step::RecordedStep;
use super::{PlannedStep, layers};

/// Maximum number of layers that an engine can stack: a limit of overlayfs.
const MAX_LAYERS: usize = 500;

/// An image under construction. For a stage that is not part of the image it is discarded, and no
/// texts are made for its history.
#[derive(Default)]
pub(super) struct Export {
    pub(super) config: ContainerConfig,
    pub(super) annotations: BTreeMap<String, String>,
    /// True if annotations should also name the base image.
    pub(super) base_annotations: bool,
    pub(super) author: Option<String>,
    history: Option<Vec<History>>,
}

impl Export {
    /// The image of the lowest stage.
    pub(super) fn new(config: ContainerConfig) -> Self {
        Self { config, history: Some(Vec::new()), ..Self::default() }
    }

    /// Begins a stage. It inherits neither the annotations of its base, nor triggers: they are for
    /// images based on this one, and have been run already.
    pub(super) fn begin_stage(&mut self) {
        self.config.on_build.clear();
        self.annotations.clear();
        self.base_annotations = false;
    }

    /// Records a change of the config.
    pub(super) fn record_config(&mut self, created_by: impl FnOnce(&ContainerConfig) -> String) {
        if let Some(history) = &mut self.history {
            history.push(History::config(created_by(&self.config)));
        }
    }

    /// Records the layers of a stage that is merged into the first one.
    pub(super) fn record_merge(&mut self, stage: &str, layers: usize) {
        let Some(history) = &mut self.history else { return };
        // No image can have more; merging too many stages is an error of the engine.
        if layers <= MAX_LAYERS {
            history.extend(
                std::iter::repeat_with(|| History::layer(format!("MERGE {stage}"))).take(layers),
            );
        }
    }

    /// Records the commands of a stage's steps. If it is squashed, the last entry stands for the
    /// single layer.
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

    /// True if the history is used.
    pub(super) fn records(&self) -> bool {
        self.history.is_some()
    }

    /// The recorded history.
    pub(super) fn history(&mut self) -> Vec<History> {
        self.history.take().unwrap_or_default()
    }
}
