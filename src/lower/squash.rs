//! What a stage adds to its base, as one layer.

use buildkit_llb::{CopyAction, Diff, FileOp, Merge, Metadata, State};

use super::Lowering;
use super::position::Position;
use crate::plan::PlannedStage;

impl Lowering<'_> {
    /// Squashes what was done in a stage, where it asks for that. What is compared with the base is a copy of
    /// the whole file system: one of the changes alone would have files again that were removed, and would split
    /// hard links.
    pub(super) fn squash(
        &mut self,
        base: State,
        state: State,
        stage: &PlannedStage,
        position: &Position,
    ) -> State {
        let Some(span) = stage.squash.filter(|_| state != base) else { return state };
        let location = self.location(span);
        let mut label = String::new();
        position.write_stage("squash", &mut label);
        let metadata = || Metadata::named(&label).at([location.clone()]);
        let all = CopyAction {
            create_dest_path: true,
            dir_copy_contents: true,
            ..CopyAction::new(state, "/", "/")
        };
        let copy = self.graph.add(FileOp::new(State::SCRATCH).then(all), metadata());
        let added = self.graph.add(Diff::new(base, copy), metadata());
        self.graph.add(Merge::new([base, added]), metadata())
    }
}
