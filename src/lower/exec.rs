//! Steps that run a process, and what it sees.

use buildkit_llb::{
    BindAccess, BindMount, CacheMount, CacheSharing, CopyAction, Exec, FileOp, Metadata,
    MkdirAction, Mount, Platform, State,
};

use super::Lowering;
use super::file::chown;
use crate::plan::{self, MountKind, Owner, PlannedMount};
use crate::spec::Sharing;

/// The directory that a cache mount begins as, in the op that makes it; the name the Dockerfile
/// frontend has for it (`setCacheUIDGID` in `dockerfile2llb/convert_runmount.go`).
const CACHE_DIRECTORY: &str = "/cache";

/// A path that no image has, for finding out whom a user's name stands for.
const OWNER_PROBE: &str = "/.mstage/cache";

impl Lowering<'_> {
    pub(super) fn add_exec(
        &mut self,
        exec: &plan::Exec,
        platform: &Platform,
        root: State,
        metadata: Metadata,
    ) -> State {
        let mounts = exec.mounts.iter().map(|mount| self.mount(mount, root)).collect();
        let Some(op) = Exec::from_args(root, exec.args.iter().cloned()) else { return root };
        let op = Exec {
            env: exec
                .environment
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            cwd: exec.workdir.clone(),
            user: exec.user.clone(),
            platform: Some(platform.clone()),
            mounts,
            ..op
        };
        self.graph.add(op, metadata).root
    }

    fn mount(&mut self, mount: &PlannedMount, root: State) -> Mount {
        match &mount.kind {
            MountKind::Cache { id, sharing, read_only, owner } => {
                // Without a namespace the Dockerfile frontend writes ids like this too; the same id is
                // the same directory for both.
                let mut cache = CacheMount::new(&mount.destination, format!("/{id}"));
                cache.sharing = match sharing {
                    Sharing::Shared => CacheSharing::Shared,
                    Sharing::Private => CacheSharing::Private,
                    Sharing::Locked => CacheSharing::Locked,
                };
                cache.readonly = *read_only;
                if let Some(owner) = owner {
                    cache.input = self.owned_directory(owner, root);
                    cache.selector = CACHE_DIRECTORY.to_owned();
                }
                cache.into()
            }
            MountKind::Bind { origin, source, writable } => {
                let mut bind = BindMount::new(&mount.destination, self.state_of(*origin));
                if source != "/" {
                    bind.selector.clone_from(source);
                }
                if *writable {
                    bind.access = BindAccess::NoOutput;
                }
                bind.into()
            }
        }
    }

    /// A directory for a cache mount to begin as, so that a new one belongs to its user.
    ///
    /// A name is looked up in the step's own root. The result is copied out of there, because a cache
    /// mount belongs to its input: a copy is known by its content, so that the cache stays when the
    /// steps before this one change.
    fn owned_directory(&mut self, owner: &Owner, root: State) -> State {
        let metadata = || Metadata::named("[internal] setting cache mount permissions");
        let mkdir = |path: &str, names: State| MkdirAction {
            make_parents: true,
            owner: Some(chown(owner, names)),
            ..MkdirAction::new(path, 0o755)
        };
        if !owner.is_named() {
            let op = FileOp::new(State::SCRATCH).then(mkdir(CACHE_DIRECTORY, State::SCRATCH));
            return self.graph.add(op, metadata());
        }
        let probed = self.graph.add(FileOp::new(root).then(mkdir(OWNER_PROBE, root)), metadata());
        let copy = CopyAction::new(probed, OWNER_PROBE, CACHE_DIRECTORY);
        self.graph.add(FileOp::new(State::SCRATCH).then(copy), metadata())
    }
}
