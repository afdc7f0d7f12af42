//! The base of a stage, which may consist of several merged stages.

use buildkit_llb::{Diff, Merge, Metadata, State};

use super::Lowering;
use super::position::Position;
use crate::plan::{Origin, PlannedStage};

impl Lowering<'_> {
    /// The initial state of a stage: its base, with the changes of the other stages on top. A stage
    /// that is not based on the same base is merged as a whole.
    pub(super) fn start(&mut self, stage: &PlannedStage, position: &Position) -> State {
        let base = self.base(stage.base);
        let mut inputs = vec![base];
        for merged in &stage.merged {
            let (other, ancestor) = (self.stages[merged.stage], self.base(merged.ancestor));
            let mut label = String::new();
            position
                .write_stage(&format!("merge {}", self.plan.stages[merged.stage].name), &mut label);
            let location = self.location(merged.span);
            inputs.push(match ancestor.is_scratch() {
                true => other,
                false => {
                    let metadata = Metadata::named(label).at([location]);
                    self.graph.add(Diff::new(ancestor, other), metadata)
                }
            });
        }
        inputs.retain(|input| !input.is_scratch());
        match inputs[..] {
            [] => State::SCRATCH,
            [only] => only,
            _ => {
                let mut label = String::new();
                position.write_stage("merge", &mut label);
                let locations: Vec<_> =
                    stage.merged.iter().map(|merged| self.location(merged.span)).collect();
                self.graph.add(Merge::new(inputs), Metadata::named(label).at(locations))
            }
        }
    }

    /// The state of a stage's base: for an image, after its `ONBUILD` triggers.
    fn base(&self, origin: Origin) -> State {
        match origin {
            Origin::Image(at) => self.bases[at],
            origin => self.state_of(origin),
        }
    }
}
