//! What must be built for the target to succeed: an edge on the target's last op, so that both are built at
//! once, and nothing of the one is in the other or in its cache keys.

use std::collections::BTreeSet;

use buildkit_llb::{Diff, Digest, Merge, Metadata, Passthrough, State};

use super::{Lowering, Settings};
use crate::source::Span;

/// The id of the op that waits: part of its cache key, and required.
const ID: &str = "requires";

/// A stage that is required, with what it is.
struct Required<'a> {
    name: &'a str,
    state: State,
    /// Where it is required.
    span: Span,
}

impl<'a> Lowering<'a> {
    /// The target, which waits for the stages that it requires. Where no op of the engine can wait: the
    /// target itself, and the stages that are to be built beside it.
    pub(super) fn guard(&mut self, target: State, settings: &Settings) -> (State, Vec<State>) {
        let required = self.required(target);
        if required.is_empty() {
            return (target, Vec::new());
        }
        let states = || required.iter().map(|required| required.state);
        if self.plan.is_report {
            // A step of the target that fails must not hide whether these pass.
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
        // Between a file system and itself there is no difference, and finding none takes no file: but it is
        // built for it.
        let mut waits = Vec::with_capacity(required.len());
        for Required { name, state, span } in &required {
            let mut label = String::new();
            position.write_stage(&format!("waits for {name}"), &mut label);
            let metadata = Metadata::named(&label).at([self.location(*span)]);
            waits.push(self.graph.add(Diff::new(*state, *state), metadata));
        }
        let guarded = match waits[..] {
            // The engine fails to merge nothing with nothing, and finds that they do not differ.
            [first, ref rest @ ..] if target.is_scratch() => rest
                .iter()
                .fold(first, |all, &one| self.graph.add(Diff::new(all, one), metadata.clone())),
            _ => self.graph.add(Merge::new([target].into_iter().chain(waits)), metadata),
        };
        (guarded, Vec::new())
    }

    /// The stages that the target requires and that are not built for it anyway, each op once.
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
        let is_new = |gate: &Required<'_>| {
            self.graph.digest(gate.state).is_some_and(|digest| built.insert(digest))
        };
        gates.filter(is_new).collect()
    }
}
