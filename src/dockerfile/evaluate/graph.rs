//! The dependencies between stages.
//!
//! Follows `dispatchStates` in `convert.go` of BuildKit: `FROM` can refer to earlier stages only,
//! `--from` to any, and of two stages with the same name the last one counts.

use std::collections::BTreeMap;

use super::globals::Globals;
use super::{Images, Input, from_values};
use crate::dockerfile::{Instruction, Kind};

/// The stages and their dependencies.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// For each stage, the stage it is based on.
    pub(crate) bases: Vec<Option<usize>>,
    /// For each stage, its base after variable expansion.
    pub(crate) names: Vec<String>,
    /// For each stage, the value of its `--platform`.
    pub(crate) platforms: Vec<Option<String>>,
    /// The last stage of each name, in lower case.
    by_name: BTreeMap<String, usize>,
    needs: Vec<Vec<usize>>,
}

impl Graph {
    pub(crate) fn new(input: &Input<'_>, globals: &Globals, images: &dyn Images) -> Self {
        let stages = &input.dockerfile.stages;
        let mut graph = Self::default();
        for (index, stage) in stages.iter().enumerate() {
            let values = from_values(stage, globals, input);
            let name = stage.header.name.as_ref().map(|name| name.value.to_lowercase());
            let is_replaced = name.as_ref().is_some_and(|name| images.replacement(name).is_some());
            let base = graph.by_name.get(&values.base.text).filter(|_| !is_replaced);
            graph.bases.push(base.copied());
            graph.names.push(values.base.text);
            graph.platforms.push(values.platform.map(|platform| platform.text));
            if let Some(name) = name {
                graph.by_name.insert(name, index);
            }
        }
        for (index, stage) in stages.iter().enumerate() {
            let base = graph.bases[index];
            // The triggers of the base stage count as the stage's own instructions.
            let inherited = base.into_iter().flat_map(|base| triggers(&stages[base].instructions));
            let own = stage.instructions.iter().chain(inherited);
            let needs =
                base.into_iter().chain(own.flat_map(|instruction| graph.sources(instruction)));
            let needs = needs.collect();
            graph.needs.push(needs);
        }
        graph
    }

    /// The stages that an instruction copies or mounts from.
    fn sources(&self, instruction: &Instruction) -> Vec<usize> {
        match &instruction.kind {
            Kind::Copy(copy) => {
                copy.from.iter().filter_map(|from| self.copied_from(&from.value)).collect()
            }
            Kind::Run(run) => {
                let names = run.mounts.iter().filter_map(|mount| mount.from.as_deref());
                names.filter_map(|name| self.named(name)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The stage with a name, which is case-insensitive.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_lowercase()).copied()
    }

    /// The stage that `COPY --from` refers to; `None` for an image.
    pub(crate) fn copied_from(&self, from: &str) -> Option<usize> {
        match from.parse::<usize>() {
            Ok(number) => Some(number).filter(|&number| number < self.bases.len()),
            Err(_) => self.named(from),
        }
    }

    /// The stage to build; `None` if no stage has the requested name.
    pub(crate) fn target(&self, input: &Input<'_>) -> Option<usize> {
        let Some(target) = input.target else { return self.bases.len().checked_sub(1) };
        self.by_name
            .iter()
            .filter(|(name, _): &(&String, &usize)| crate::convert::target(name) == target)
            .map(|(_, &index)| index)
            .max()
    }

    /// A stage and its dependencies, each once: its base first, then the stages that it takes files
    /// from.
    pub(crate) fn in_order(&self, from: usize) -> Vec<usize> {
        let mut seen = vec![false; self.needs.len()];
        let mut open = vec![from];
        let mut found = Vec::new();
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut seen[index], true) {
                found.push(index);
                open.extend(self.needs[index].iter().rev().copied());
            }
        }
        found
    }

    /// For each stage, true if `from` needs it; `from` itself included.
    pub(crate) fn reachable(&self, from: usize) -> Vec<bool> {
        let mut found = vec![false; self.needs.len()];
        let mut open = vec![from];
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut found[index], true) {
                open.extend(self.needs[index].iter().copied());
            }
        }
        found
    }
}

/// The instructions recorded by `ONBUILD`.
pub(crate) fn triggers(instructions: &[Instruction]) -> impl Iterator<Item = &Instruction> {
    instructions.iter().filter_map(|instruction| match &instruction.kind {
        Kind::Onbuild(trigger) => Some(&*trigger.instruction),
        _ => None,
    })
}
