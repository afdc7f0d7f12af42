//! Which stages need which others.
//!
//! Follows `dispatchStates` in `convert.go` of BuildKit: `FROM` knows the stages above it, `--from` all of them, and of
//! two stages with one name the last one counts.

use std::collections::BTreeMap;

use super::globals::Globals;
use super::{Images, Input, from_values};
use crate::dockerfile::{Instruction, Kind};

/// The stages and what they need.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// For each stage the one that it is built from.
    pub(crate) bases: Vec<Option<usize>>,
    /// For each stage its base as it is after replacing variables.
    pub(crate) names: Vec<String>,
    /// For each stage the value of its `--platform`.
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
            // What a stage makes of its base counts as its own.
            let inherited = base.into_iter().flat_map(|base| triggers(&stages[base].instructions));
            let own = stage.instructions.iter().chain(inherited);
            let needs =
                base.into_iter().chain(own.flat_map(|instruction| graph.sources(instruction)));
            let needs = needs.collect();
            graph.needs.push(needs);
        }
        graph
    }

    /// The stages that an instruction takes files from.
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

    /// The stage of a name, in upper or lower case.
    pub(crate) fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_lowercase()).copied()
    }

    /// The stage that `COPY --from` means; `None` for an image.
    pub(crate) fn copied_from(&self, from: &str) -> Option<usize> {
        match from.parse::<usize>() {
            Ok(number) => Some(number).filter(|&number| number < self.bases.len()),
            Err(_) => self.named(from),
        }
    }

    /// The stage that is built; `None` where there is none of that name.
    pub(crate) fn target(&self, input: &Input<'_>) -> Option<usize> {
        let Some(target) = input.target else { return self.bases.len().checked_sub(1) };
        let of_name = |(name, _): &(&String, &usize)| crate::convert::target(name) == target;
        self.by_name.iter().filter(of_name).map(|(_, &index)| index).max()
    }

    /// A stage and those that it needs, each once: its base, then those that it takes files from, each with what it needs.
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

    /// For each stage whether one needs it, itself included.
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

/// The instructions that a stage records for those built from it.
pub(crate) fn triggers(instructions: &[Instruction]) -> impl Iterator<Item = &Instruction> {
    instructions.iter().filter_map(|instruction| match &instruction.kind {
        Kind::Onbuild(trigger) => Some(&*trigger.instruction),
        _ => None,
    })
}
