//! Steps that change files without running anything.

use buildkit_llb::{ChownOpt, CopyAction, FileOp, Metadata, MkdirAction, Mode, State, UserOpt};

use super::Lowering;
use crate::plan::{self, Copy, Id, Owner};

impl Lowering<'_> {
    pub(super) fn add_copy(&mut self, copy: &Copy, root: State, metadata: Metadata) -> State {
        let from = self.state_of(copy.origin);
        let op = copy.sources.iter().fold(FileOp::new(root), |op, source| {
            op.then(CopyAction {
                owner: copy.owner.as_ref().map(|owner| chown(owner, root)),
                mode: copy.mode.as_ref().map(mode),
                ..CopyAction::like_dockerfile(from, source, &copy.destination)
            })
        });
        self.graph.add(op, metadata)
    }

    pub(super) fn add_workdir(
        &mut self,
        path: &str,
        owner: Option<&Owner>,
        root: State,
        metadata: Metadata,
    ) -> State {
        let mkdir = MkdirAction {
            make_parents: true,
            owner: owner.map(|owner| chown(owner, root)),
            ..MkdirAction::new(path, 0o755)
        };
        self.graph.add(FileOp::new(root).then(mkdir), metadata)
    }
}

/// An owner whose names are looked up in `names`.
pub(super) fn chown(owner: &Owner, names: State) -> ChownOpt {
    let user = |id: &Id| match id {
        Id::Number(number) => UserOpt::Id(*number),
        Id::Name(name) if name == "root" => UserOpt::Id(0),
        Id::Name(name) => UserOpt::Name { name: name.clone(), names },
    };
    ChownOpt { user: Some(user(&owner.user)), group: owner.group.as_ref().map(user) }
}

fn mode(mode: &plan::Mode) -> Mode {
    match mode {
        plan::Mode::Octal(bits) => Mode::Octal(*bits),
        plan::Mode::Symbolic(text) => Mode::Symbolic(text.clone()),
    }
}
