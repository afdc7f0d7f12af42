//! Squashing the changes of a stage into one layer.

use buildkit_llb::{CopyAction, Diff, FileOp, Merge, Metadata, State};

use super::Lowering;
use super::position::Position;
use crate::plan::PlannedStage;

impl Lowering<'_> {
    /// Squashes the changes of a stage, if requested. The base is compared with a copy of the
    /// stage's whole file system: a copy of the changes alone would restore removed files and split
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
        let all = CopyAction::new(state, "/", "/").create_dest_path(true).dir_copy_contents(true);
        let copy = self.graph.add(FileOp::new(State::SCRATCH).then(all), metadata());
        let added = self.graph.add(Diff::new(base, copy), metadata());
        self.graph.add(Merge::new([base, added]), metadata())
    }
}
