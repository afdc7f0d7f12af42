//! The values of strings in stages, as far as the build file itself determines them.
//!
//! Input: a [`Selection`]. Output: expanded strings. No image is looked up: a value from the
//! environment of a base image is unknown here.

use super::environment::Environment;
use super::origin::{Origin, StageId};
use super::select::Selection;
use super::stage_scope::{StageScope, values_of};
use crate::diagnostic::Diagnostics;
use crate::id::IdVec;
use crate::spec::Template;
use crate::text::Text;

/// The values of strings in the stages of a selection.
pub(crate) struct FileValues<'v, 's> {
    selection: &'v Selection<'s>,
    /// The environment of each stage according to the file.
    environments: IdVec<StageId, Environment>,
}

impl<'v, 's> FileValues<'v, 's> {
    pub(crate) fn new(selection: &'v Selection<'s>) -> Self {
        let mut environments: IdVec<StageId, Environment> = IdVec::default();
        for selected in &selection.stages {
            let base = match selection.origins.at(&selected.stage.from) {
                Some(Origin::Stage(base)) => environments[base].clone(),
                _ => Environment::default(),
            };
            // Errors are reported when the stage is built.
            let mut quiet = Diagnostics::default();
            let mut environment = base.clone();
            environment.extend(values_of(&selected.stage.env, &base, &selection.scope, &mut quiet));
            environments.push(environment);
        }
        Self { selection, environments }
    }

    /// The value of a string of a stage; `None` if it is unknown.
    pub(crate) fn value(&self, stage: StageId, template: &Template) -> Option<Text> {
        let environment = &self.environments[stage];
        StageScope { scope: &self.selection.scope, environment }.value(template).ok()
    }
}
