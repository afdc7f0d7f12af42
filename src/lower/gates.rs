//! Stages that must build for the target to succeed. An edge on the target's last op makes BuildKit
//! build both concurrently, without adding anything to the target's files or cache keys.

use std::collections::BTreeSet;

use buildkit_llb::{Diff, Digest, Merge, Metadata, Passthrough, State};

use super::{Lowering, Settings};
use crate::source::Span;

/// The id of the waiting op: part of its cache key, and mandatory.
const ID: &str = "requires";

/// A required stage and its state.
struct Required<'a> {
    name: &'a str,
    state: State,
    /// The span of the requirement.
    span: Span,
}

impl<'a> Lowering<'a> {
    /// Makes the target wait for its required stages. If the engine has no op for that, returns the
    /// target as it is, and the stages to build along with it.
    pub(super) fn guard(&mut self, target: State, settings: &Settings) -> (State, Vec<State>) {
        let required = self.required(target);
        if required.is_empty() {
            return (target, Vec::new());
        }
        let states = || required.iter().map(|required| required.state);
        if self.plan.is_report {
            // A failing step of the target must not hide the results of these stages.
            return (target, states().collect());
        }
        let names: Vec<&str> = required.iter().map(|required| required.name).collect();
        let mut label = String::new();
        let plan = self.plan;
        let position = self.position(&plan.stages[plan.target], settings);
        position.write_stage(&format!("requires {}", names.join(", ")), &mut label);
        let places = plan.gates.iter().map(|gate| self.location(gate.span));
        let metadata = Metadata::named(&label).at(places.collect::<Vec<_>>());

        let engine = &settings.engine;
        if engine.passthrough
            && let Some(op) = Passthrough::new(ID, target, states())
        {
            return (self.graph.add(op, metadata), Vec::new());
        }
        if !(engine.merge && engine.diff) {
            return (target, states().collect());
        }
        // The diff of a file system with itself is empty and copies no file, but it still builds
        // the file system.
        let mut waits = Vec::with_capacity(required.len());
        for Required { name, state, span } in &required {
            let mut label = String::new();
            position.write_stage(&format!("waits for {name}"), &mut label);
            let metadata = Metadata::named(&label).at([self.location(*span)]);
            waits.push(self.graph.add(Diff::new(*state, *state), metadata));
        }
        let guarded = match waits[..] {
            // The engine cannot merge only empty file systems, but it can compute their diff.
            [first, ref rest @ ..] if target.is_scratch() => rest
                .iter()
                .fold(first, |all, &one| self.graph.add(Diff::new(all, one), metadata.clone())),
            _ => self.graph.add(Merge::new([target].into_iter().chain(waits)), metadata),
        };
        (guarded, Vec::new())
    }

    /// The required stages that are not built for the target anyway, each op once.
    fn required(&self, target: State) -> Vec<Required<'a>> {
        let plan = self.plan;
        if plan.gates.is_empty() {
            return Vec::new();
        }
        let mut built: BTreeSet<Digest> =
            self.graph.vertices(target).map(|vertex| vertex.digest()).collect();
        let gates = plan.gates.iter().map(|gate| Required {
            name: &plan.stages[gate.stage].name,
            state: self.stages[gate.stage],
            span: gate.span,
        });
        gates
            .filter(|gate: &Required<'_>| {
                self.graph.digest(gate.state).is_some_and(|digest| built.insert(digest))
            })
            .collect()
    }
}
