//! The inputs of an explanation.

use std::collections::BTreeMap;

use super::masked::Masked;
use crate::collect::collect_map;
use crate::convert::ReadDockerfile;
use crate::id::IdVec;
use crate::lower::ProcessOptions;
use crate::plan::{ImageId, Origin, Plan, Selection, StageId};
use crate::source::SourceMap;

/// The variables of an image.
pub(super) type Variables<'a> = BTreeMap<&'a str, &'a str>;

/// The inputs of an explanation.
pub(super) struct Explaining<'a> {
    pub(super) selection: &'a Selection<'a>,
    pub(super) plan: &'a Plan,
    pub(super) masked: Masked,
    pub(super) process: &'a ProcessOptions,
    /// For each stage the image that it begins with, directly or through other stages.
    pub(super) roots: IdVec<StageId, Option<ImageId>>,
    /// The variables of each image.
    pub(super) variables: IdVec<ImageId, Variables<'a>>,
    pub(super) dockerfile: Option<&'a ReadDockerfile>,
    pub(super) files: &'a SourceMap,
}

impl<'a> Explaining<'a> {
    pub(super) fn new(
        selection: &'a Selection<'a>,
        plan: &'a Plan,
        process: &'a ProcessOptions,
        dockerfile: Option<&'a ReadDockerfile>,
        files: &'a SourceMap,
    ) -> Self {
        let mut roots: IdVec<StageId, Option<ImageId>> = IdVec::default();
        for stage in &plan.stages {
            roots.push(match stage.base {
                Origin::Stage(base) => roots[base],
                Origin::Image(image) => Some(image),
                Origin::Scratch | Origin::Context | Origin::Named(_) => None,
            });
        }
        let mut variables = IdVec::default();
        for image in &plan.images {
            let entries = image.config.env.iter();
            variables.push(collect_map(entries.filter_map(|entry| entry.split_once('='))));
        }
        let masked = Masked::of(selection, plan);
        Self { selection, plan, masked, process, roots, variables, dockerfile, files }
    }

    /// The index of a stage in the Dockerfile, if there is one.
    pub(super) fn index(&self, at: StageId) -> Option<usize> {
        self.dockerfile?.stages.get(self.plan.stages[at].name.as_str()).copied()
    }

    /// The name of a stage in the build file or the Dockerfile.
    pub(super) fn stage_name(&self, at: StageId) -> String {
        let name = self.index(at).zip(self.dockerfile).map(|(index, read)| {
            let name = read.dockerfile.stages[index].header.name.as_ref();
            name.map_or_else(|| format!("stage-{index}"), |name| name.value.to_lowercase())
        });
        name.unwrap_or_else(|| self.plan.stages[at].name.to_string())
    }
}
