//! Steps that change files without running anything.

use buildkit_llb::{
    ChownOpt, CopyAction, FileAction, FileOp, Git, Http, Merge, Metadata, MkdirAction,
    MkfileAction, Mode, ProgressGroup, RmAction, State, SymlinkAction, UserOpt,
};

use super::{Lowering, Settings};
use crate::plan::{self, Copy, CopyItem, Fetch, Id, Owner, Unpack};

/// The mode of a written file.
const FILE_MODE: u32 = 0o644;
/// The mode of a directory.
const DIRECTORY_MODE: u32 = 0o755;

impl Lowering<'_> {
    pub(super) fn add_copy(
        &mut self,
        copy: &Copy,
        root: State,
        metadata: Metadata,
        settings: &Settings,
    ) -> State {
        let from = self.state_of(copy.origin);
        let action = |item: &CopyItem| {
            let parents = item.parents.iter().cloned();
            let required = item.required.iter().filter(|_| settings.engine.required_paths).cloned();
            CopyAction {
                owner: chown(copy.owner.as_ref(), root),
                mode: copy.mode.as_ref().map(mode),
                include_patterns: parents.chain(copy.include.iter().cloned()).collect(),
                required_paths: required.collect(),
                exclude_patterns: copy.exclude.clone(),
                ..CopyAction::like_dockerfile(from, &item.source, &item.destination)
            }
        };
        let op = |base| copy.items.iter().fold(FileOp::new(base), |op, item| op.then(action(item)));
        // With a mode, the Dockerfile frontend does not link either (`dispatchCopy` in `convert_copy.go`).
        if !copy.link || !settings.engine.merge || copy.mode.is_some() || root.is_scratch() {
            return self.graph.add(op(root), metadata);
        }
        let name = metadata.name.clone().unwrap_or_default();
        let group =
            |weak| Some(ProgressGroup { id: format!("link {name}"), name: name.clone(), weak });
        let layer = self
            .graph
            .add(op(State::SCRATCH), Metadata { progress_group: group(true), ..metadata.clone() });
        self.graph
            .add(Merge::new([root, layer]), Metadata { progress_group: group(false), ..metadata })
    }

    pub(super) fn add_fetch(&mut self, fetch: &Fetch, root: State, metadata: Metadata) -> State {
        let http = Http {
            checksum: fetch.checksum.clone(),
            filename: Some(fetch.filename.clone()),
            ..Http::new(&fetch.url)
        };
        let file = self.graph.add(http, metadata.clone());
        let owner = chown(fetch.owner.as_ref(), root);
        let mode = fetch.mode.as_ref().map(mode);
        let source = format!("/{}", fetch.filename);
        if fetch.extract && fetch.strip > 0 {
            return self.add_stripped(
                file,
                &source,
                fetch.strip,
                &fetch.destination,
                (owner, mode),
                root,
                metadata,
            );
        }
        let copy = CopyAction {
            owner,
            mode,
            create_dest_path: true,
            attempt_unpack: fetch.extract,
            ..CopyAction::new(file, source, &fetch.destination)
        };
        self.graph.add(FileOp::new(root).then(copy), metadata)
    }

    pub(super) fn add_git(&mut self, git: &plan::Git, root: State, metadata: Metadata) -> State {
        let repository = Git {
            reference: git.reference.clone(),
            subdir: git.subdir.clone(),
            checksum: git.checksum.clone(),
            keep_git_dir: git.keep_git_dir,
            ..Git::new(&git.url)
        };
        let repository = self.graph.add(repository, metadata.clone());
        let copy = CopyAction {
            owner: chown(git.owner.as_ref(), root),
            mode: git.mode.as_ref().map(mode),
            create_dest_path: true,
            dir_copy_contents: true,
            ..CopyAction::new(repository, "/", &git.destination)
        };
        self.graph.add(FileOp::new(root).then(copy), metadata)
    }

    pub(super) fn add_unpack(&mut self, unpack: &Unpack, root: State, metadata: Metadata) -> State {
        let from = self.state_of(unpack.origin);
        let owner = chown(unpack.owner.as_ref(), root);
        if unpack.strip > 0 {
            return self.add_stripped(
                from,
                &unpack.source,
                unpack.strip,
                &unpack.destination,
                (owner, None),
                root,
                metadata,
            );
        }
        let copy = CopyAction {
            owner,
            follow_symlink: true,
            create_dest_path: true,
            attempt_unpack: true,
            ..CopyAction::new(from, &unpack.source, &unpack.destination)
        };
        self.graph.add(FileOp::new(root).then(copy), metadata)
    }

    /// Unpacks beside the stage, then copies what stands deep enough: BuildKit itself drops no parts.
    #[expect(
        clippy::too_many_arguments,
        reason = "two steps of the language end here, each with all of these"
    )]
    fn add_stripped(
        &mut self,
        from: State,
        archive: &str,
        strip: u32,
        destination: &str,
        (owner, mode): (Option<ChownOpt>, Option<Mode>),
        root: State,
        metadata: Metadata,
    ) -> State {
        let unpacking = CopyAction {
            follow_symlink: true,
            create_dest_path: true,
            attempt_unpack: true,
            ..CopyAction::new(from, archive, "/unpacked/")
        };
        let unpacked =
            self.graph.add(FileOp::new(State::SCRATCH).then(unpacking), metadata.clone());
        let deep_enough = format!("/unpacked{}", "/*".repeat(strip as usize + 1));
        let destination = format!("{}/", destination.trim_end_matches('/'));
        let copy = CopyAction {
            owner,
            mode,
            create_dest_path: true,
            allow_wildcard: true,
            ..CopyAction::new(unpacked, deep_enough, destination)
        };
        self.graph.add(FileOp::new(root).then(copy), metadata)
    }

    pub(super) fn add_write(
        &mut self,
        path: &str,
        content: &str,
        owner: Option<&Owner>,
        mode: Option<&plan::Mode>,
        root: State,
        metadata: Metadata,
    ) -> State {
        let (parent, name) = split(path);
        let op = make_parent(FileOp::new(root), parent);
        let owner = chown(owner, root);
        let op = match permissions(mode) {
            Some(bits) => op.then(MkfileAction {
                owner,
                ..MkfileAction::new(path, bits.unwrap_or(FILE_MODE), content)
            }),
            None => {
                let file = FileOp::new(State::SCRATCH).then(MkfileAction::new(
                    format!("/{name}"),
                    FILE_MODE,
                    content,
                ));
                let file = self.graph.add(file, inline_document());
                op.then(CopyAction {
                    owner,
                    mode: mode.map(self::mode),
                    ..CopyAction::new(file, format!("/{name}"), path)
                })
            }
        };
        self.graph.add(op, metadata)
    }

    pub(super) fn add_mkdir(
        &mut self,
        paths: &[String],
        owner: Option<&Owner>,
        mode: Option<&plan::Mode>,
        root: State,
        metadata: Metadata,
    ) -> State {
        let mut op = FileOp::new(root);
        for path in paths {
            let owner = chown(owner, root);
            op = match permissions(mode) {
                Some(bits) => op.then(MkdirAction {
                    make_parents: true,
                    owner,
                    ..MkdirAction::new(path, bits.unwrap_or(DIRECTORY_MODE))
                }),
                None => {
                    // Only a copy can set such a mode: of an empty directory of the same name.
                    let (parent, name) = split(path);
                    let empty = MkdirAction::new(format!("/{name}"), DIRECTORY_MODE);
                    let empty =
                        self.graph.add(FileOp::new(State::SCRATCH).then(empty), metadata.clone());
                    let copy = CopyAction::new(
                        empty,
                        format!("/{name}"),
                        format!("{}/", parent.trim_end_matches('/')),
                    );
                    make_parent(op, parent).then(CopyAction {
                        owner,
                        mode: mode.map(self::mode),
                        ..copy
                    })
                }
            };
        }
        self.graph.add(op, metadata)
    }

    pub(super) fn add_remove(
        &mut self,
        paths: &[String],
        missing_ok: bool,
        root: State,
        metadata: Metadata,
    ) -> State {
        let op = paths.iter().fold(FileOp::new(root), |op, path| {
            op.then(RmAction {
                allow_not_found: missing_ok,
                allow_wildcard: has_wildcard(path),
                ..RmAction::new(path)
            })
        });
        self.graph.add(op, metadata)
    }

    pub(super) fn add_symlink(
        &mut self,
        path: &str,
        target: &str,
        root: State,
        metadata: Metadata,
    ) -> State {
        let op = make_parent(FileOp::new(root), split(path).0);
        self.graph.add(op.then(SymlinkAction::new(target, path)), metadata)
    }
}

/// A document on its way into a build, as the Dockerfile frontend names it.
pub(super) fn inline_document() -> Metadata {
    Metadata::named("[internal] preparing inline document")
}

/// An owner whose names are looked up in `names`.
pub(super) fn chown(owner: Option<&Owner>, names: State) -> Option<ChownOpt> {
    let user = |id: &Id| match id {
        Id::Number(number) => UserOpt::Id(*number),
        Id::Name(name) if name == "root" => UserOpt::Id(0),
        Id::Name(name) => UserOpt::Name { name: name.clone(), names },
    };
    owner.map(|owner| ChownOpt {
        user: Some(user(&owner.user)),
        group: owner.group.as_ref().map(user),
    })
}

fn mode(mode: &plan::Mode) -> Mode {
    match mode {
        plan::Mode::Octal(bits) => Mode::Octal(*bits),
        plan::Mode::Symbolic(text) => Mode::Symbolic(text.clone()),
    }
}

/// The bits of a mode that BuildKit can give to what it makes: `Some(None)` without any, `None` for a
/// mode that only a copy can set.
fn permissions(mode: Option<&plan::Mode>) -> Option<Option<u32>> {
    match mode {
        None => Some(None),
        Some(plan::Mode::Octal(bits)) if *bits <= 0o777 => Some(Some(*bits)),
        Some(plan::Mode::Octal(_) | plan::Mode::Symbolic(_)) => None,
    }
}

/// The directory that a file is in, and the file's name.
fn split(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((parent, name)) => (parent, name),
        None => ("/", path),
    }
}

fn make_parent(op: FileOp, parent: &str) -> FileOp {
    if parent == "/" {
        return op;
    }
    let mkdir: FileAction =
        MkdirAction { make_parents: true, ..MkdirAction::new(parent, DIRECTORY_MODE) }.into();
    op.then(mkdir)
}

fn has_wildcard(path: &str) -> bool {
    path.contains(['*', '?', '['])
}
