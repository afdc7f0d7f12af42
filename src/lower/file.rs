//! Steps that change files without running anything.

use std::borrow::Cow;

use buildkit_llb::{
    ChownOpt, CopyAction, FileAction, FileOp, Git, Http, Merge, Metadata, MkdirAction,
    MkfileAction, Mode, ProgressGroup, RmAction, State, SymlinkAction, UserOpt,
};

use super::Lowering;
use super::archive::{Entry, archive};
use super::site::StepSite;
use crate::plan::{self, Action, Fetch, Id, Owner, PlannedStep, Unpack, Write};
use crate::text::Text;

/// The default mode of a written file.
const FILE_MODE: u32 = 0o644;
/// The default mode of a directory.
const DIRECTORY_MODE: u32 = 0o755;

impl Lowering<'_> {
    /// Applies actions to the stage. With `link`, their result is a separate layer that is merged
    /// into the stage.
    fn place(&mut self, mut actions: Vec<FileAction<'_>>, link: bool, step: StepSite<'_>) -> State {
        let StepSite { root, metadata, merge_label, settings } = step;
        self.date(&mut actions);
        // With a mode, the Dockerfile frontend does not link either (`dispatchCopy` in
        // `convert_copy.go`).
        let has_mode = actions
            .iter()
            .any(|action| matches!(action, FileAction::Copy(copy) if copy.mode.is_some()));
        if !link || !settings.engine.merge || has_mode || root.is_scratch() {
            return self.graph.add(FileOp::new(root).actions(actions), metadata);
        }
        let name = metadata.name.clone().unwrap_or_default();
        let id = format!("link {name}");
        let group = ProgressGroup::new(id, name);
        let op = FileOp::new(State::SCRATCH).actions(actions);
        let hidden = Some(group.clone().weak(true));
        let layer = self.graph.add(op, metadata.clone().progress_group(hidden));
        let mut metadata = metadata.progress_group(Some(group));
        if let Some(label) = merge_label {
            metadata = metadata.name(Some(label.into()));
        }
        self.graph.add(Merge::new([root, layer]), metadata)
    }

    /// A separate file or directory, to be copied from.
    fn add_made(&mut self, mut action: FileAction<'_>, metadata: Metadata<'_>) -> State {
        self.date_action(&mut action);
        self.graph.add(FileOp::new(State::SCRATCH).then(action), metadata)
    }

    fn fetch<'s>(&mut self, fetch: &'s Fetch, step: &StepSite<'_>) -> Vec<FileAction<'s>> {
        let http = Http::new(&fetch.url)
            .checksum(fetch.checksum.clone())
            .filename(Some(fetch.filename.clone()));
        let file = self.graph.add(http, step.metadata.clone());
        let source = format!("/{}", fetch.filename);
        let strip = if fetch.extract { fetch.strip } else { 0 };
        let copy = CopyAction::new(file, source, &fetch.destination)
            .owner(chown(fetch.owner.as_deref(), step.root))
            .mode(fetch.mode.as_ref().map(mode))
            .create_dest_path(true)
            .attempt_unpack(fetch.extract);
        self.stripped(copy, fetch.mode.as_ref(), strip, fetch.filename.as_str(), step)
    }

    fn git<'s>(&mut self, git: &'s plan::Git, step: &StepSite<'_>) -> Vec<FileAction<'s>> {
        let repository = Git::new(&git.url)
            // The current commit of a branch or a tag is then irrelevant and is not looked up.
            .reference(git.commit.as_ref().unwrap_or(&git.reference).clone())
            .subdir(git.subdir.clone())
            .checksum(git.checksum.clone())
            .keep_git_dir(git.keep_git_dir)
            .skip_submodules(git.skip_submodules)
            .fetch_by_commit(git.fetch_by_commit);
        let repository = self.graph.add(repository, step.metadata.clone());
        let copy = CopyAction::new(repository, "/", &git.destination)
            .owner(chown(git.owner.as_deref(), step.root))
            .mode(git.mode.as_ref().map(mode))
            .create_dest_path(true)
            .dir_copy_contents(true);
        let directory = git.destination.trim_end_matches('/');
        let directory = made_directory(directory, git.mode.as_ref(), &copy.owner);
        directory.into_iter().chain([copy.into()]).collect()
    }

    fn unpack<'s>(&mut self, unpack: &'s Unpack, step: &StepSite<'_>) -> Vec<FileAction<'s>> {
        let copy =
            CopyAction::new(self.state_of(unpack.origin), &unpack.source, &unpack.destination)
                .owner(chown(unpack.owner.as_deref(), step.root))
                .follow_symlink(true)
                .create_dest_path(true)
                .attempt_unpack(true)
                // A directory is not an archive, and is copied as `ADD` does.
                .dir_copy_contents(true)
                .allow_wildcard(true);
        self.stripped(copy, None, unpack.strip, split(&unpack.source).1, step)
    }

    /// A copy that unpacks an archive and drops leading path components. BuildKit cannot drop any,
    /// so the archive is unpacked separately and the entries below are copied. The same is done for
    /// a mode and a timestamp, which BuildKit ignores when it unpacks (`unpack` in
    /// `solver/llbsolver/file/unpack.go`).
    fn stripped<'s>(
        &mut self,
        copy: CopyAction<'s>,
        planned_mode: Option<&plan::Mode>,
        strip: u32,
        name: &str,
        step: &StepSite<'_>,
    ) -> Vec<FileAction<'s>> {
        let sets = copy.mode.is_some() || self.dates_copies();
        if strip == 0 && !(copy.attempt_unpack && sets) {
            let directory = directory_of(&copy.dest).to_owned();
            let directory = made_directory(directory, planned_mode, &copy.owner);
            return directory.into_iter().chain([copy.into()]).collect();
        }
        let destination = format!("{}/", copy.dest.trim_end_matches('/'));
        let (owner, mode) = (copy.owner.clone(), copy.mode.clone());
        // The engine's error for an entry without enough components contains this name.
        let name = name.replace(['*', '?', '[', '\\'], "_");
        let beside = match strip {
            0 => format!("/{name}"),
            _ => format!("/{name} stripped of {strip}"),
        };
        let inside = format!("{beside}/");
        let unpacking = copy.dest(inside).owner(None).mode(None);
        let unpacked =
            self.graph.add(FileOp::new(State::SCRATCH).then(unpacking), step.metadata.clone());
        let deep_enough = format!("{beside}{}", "/*".repeat(strip as usize + 1));
        let directory = directory_of(&destination).to_owned();
        let copy = CopyAction::new(unpacked, deep_enough, destination)
            .owner(owner.clone())
            .mode(mode)
            .create_dest_path(true)
            .allow_wildcard(true);
        let directory = made_directory(directory, planned_mode, &owner);
        directory.into_iter().chain([copy.into()]).collect()
    }

    /// Adds steps that run nothing, as one op.
    pub(super) fn add_changes(&mut self, steps: &[PlannedStep], site: StepSite<'_>) -> State {
        let mut actions = Vec::new();
        let mut link = false;
        for step in steps {
            link |= step.action.is_linked();
            match &step.action {
                Action::Copy(copy) => actions.extend(self.copy(copy, &site)),
                Action::Fetch(fetch) => actions.extend(self.fetch(fetch, &site)),
                Action::Git(git) => actions.extend(self.git(git, &site)),
                Action::Unpack(unpack) => actions.extend(self.unpack(unpack, &site)),
                Action::Write(write) => self.write(write, &site, &mut actions),
                Action::Mkdir { paths, owner, mode } => {
                    let (owner, mode) = (owner.as_deref(), mode.as_ref());
                    // A named parent directory must get its mode before its child is created.
                    let mut paths: Vec<&Text> = paths.iter().collect();
                    paths.sort_by_key(|path| path.matches('/').count());
                    for path in paths {
                        self.mkdir(path, owner, mode, &site, &mut actions);
                    }
                }
                Action::Remove { paths, missing_ok } => {
                    actions.extend(paths.iter().map(|path| remove(path, *missing_ok)));
                }
                Action::Symlink { path, target } => {
                    self.symlink(path, target, &site, &mut actions);
                }
                Action::Exec(_) => {}
            }
        }
        self.place(actions, link, site)
    }

    fn write<'s>(
        &mut self,
        write: &'s Write,
        site: &StepSite<'_>,
        actions: &mut Vec<FileAction<'s>>,
    ) {
        let Write { path, content, owner, mode, .. } = write;
        let (parent, name) = split(path);
        let owner = chown(owner.as_deref(), site.root);
        let bits = match mode {
            Some(plan::Mode::Everywhere(bits)) => *bits,
            _ => DIRECTORY_MODE,
        };
        actions.extend(directory_of_mode(parent, bits, owner.clone()));
        actions.push(match permissions(mode.as_ref(), FILE_MODE) {
            Some(bits) => MkfileAction::new(path, bits, content.as_bytes()).owner(owner).into(),
            None if needs_archive(mode.as_ref(), site) => {
                let bits = octal(mode.as_ref());
                let file = self.add_unpacked(name, &Entry::File(content.as_bytes(), bits), site);
                CopyAction::new(file, format!("/{name}"), path).owner(owner).into()
            }
            None => {
                let source = format!("/{name}");
                let file = MkfileAction::new(source.as_str(), FILE_MODE, content.as_bytes());
                let file = self.add_made(file.into(), inline_document());
                let mode = mode.as_ref().map(self::mode);
                CopyAction::new(file, source, path).owner(owner).mode(mode).into()
            }
        });
    }

    fn mkdir<'s>(
        &mut self,
        path: &'s str,
        owner: Option<&'s Owner>,
        mode: Option<&'s plan::Mode>,
        site: &StepSite<'_>,
        actions: &mut Vec<FileAction<'s>>,
    ) {
        let owner = chown(owner, site.root);
        if let Some(bits) = permissions(mode, DIRECTORY_MODE) {
            // BuildKit would also give the mode to the parent directories.
            if bits != DIRECTORY_MODE {
                actions.extend(parent_directory(split(path).0, owner.clone()));
            }
            actions.push(MkdirAction::new(path, bits).make_parents(true).owner(owner).into());
            return;
        }
        // Only a copy can set such a mode: copy an empty directory of the same name.
        let (parent, name) = split(path);
        let (empty, mode) = if needs_archive(mode, site) {
            (self.add_unpacked(name, &Entry::Directory(octal(mode)), site), None)
        } else {
            let empty = MkdirAction::new(format!("/{name}"), DIRECTORY_MODE);
            (self.add_made(empty.into(), site.metadata.clone()), mode.map(self::mode))
        };
        let destination = format!("{}/", parent.trim_end_matches('/'));
        let copy = CopyAction::new(empty, format!("/{name}"), destination);
        actions.extend(parent_directory(parent, owner.clone()));
        actions.push(copy.owner(owner).mode(mode).into());
    }

    fn symlink<'s>(
        &mut self,
        path: &'s str,
        target: &'s str,
        site: &StepSite<'_>,
        actions: &mut Vec<FileAction<'s>>,
    ) {
        let (parent, name) = split(path);
        actions.extend(parent_directory(parent, None));
        if site.settings.engine.symlinks {
            actions.push(SymlinkAction::new(target, path).into());
            return;
        }
        let link = self.add_unpacked(name, &Entry::Symlink(target), site);
        actions.push(CopyAction::new(link, format!("/{name}"), path).into());
    }

    /// A separate file, directory or link, to be copied from, on an engine that can create it only
    /// by unpacking an archive.
    fn add_unpacked(&mut self, name: &str, entry: &Entry<'_>, site: &StepSite<'_>) -> State {
        const ARCHIVE: &str = "/archive.tar";
        let bytes = archive(name, entry, self.plan.epoch.unwrap_or_default());
        let archive = MkfileAction::new(ARCHIVE, FILE_MODE, &bytes);
        let archive = self.add_made(archive.into(), inline_document());
        let unpacking = CopyAction::new(archive, ARCHIVE, "/").attempt_unpack(true);
        self.graph.add(FileOp::new(State::SCRATCH).then(unpacking), site.metadata.clone())
    }
}

/// Creates the destination directory of a copy if BuildKit would give it the mode of the files
/// (`Copy` in `copy/copy.go` of `github.com/tonistiigi/fsutil`). BuildKit does so for modes in
/// octal digits.
pub(super) fn made_directory<'a>(
    directory: impl Into<Cow<'a, str>>,
    mode: Option<&plan::Mode>,
    owner: &Option<ChownOpt<'a>>,
) -> Option<FileAction<'a>> {
    let is_given = matches!(mode, Some(plan::Mode::Octal(bits)) if *bits != DIRECTORY_MODE);
    let directory = directory.into();
    (is_given && !matches!(&*directory, "" | "/")).then(|| {
        let directory = MkdirAction::new(directory, DIRECTORY_MODE);
        directory.make_parents(true).owner(owner.clone()).into()
    })
}

/// The directory that a destination is, or that contains it.
pub(super) fn directory_of(destination: &str) -> &str {
    match destination.strip_suffix('/') {
        Some(directory) => directory,
        None => split(destination).0,
    }
}

/// True if such a mode can be set only by unpacking an archive.
fn needs_archive(mode: Option<&plan::Mode>, site: &StepSite<'_>) -> bool {
    matches!(mode, Some(plan::Mode::Octal(_) | plan::Mode::Everywhere(_)))
        && !site.settings.engine.special_modes
}

/// The bits of a mode in octal digits.
fn octal(mode: Option<&plan::Mode>) -> u32 {
    match mode {
        Some(plan::Mode::Octal(bits) | plan::Mode::Everywhere(bits)) => *bits,
        Some(plan::Mode::Symbolic(_)) | None => FILE_MODE,
    }
}

fn remove(path: &str, missing_ok: bool) -> FileAction<'_> {
    let allow_wildcard = path.contains(['*', '?', '[']);
    RmAction::new(path).allow_not_found(missing_ok).allow_wildcard(allow_wildcard).into()
}

/// The metadata of an inline file, named as the Dockerfile frontend names it.
pub(super) fn inline_document() -> Metadata<'static> {
    Metadata::named("[internal] preparing inline document")
}

/// An owner whose names are looked up in `names`.
pub(super) fn chown<'a>(owner: Option<&'a Owner>, names: State) -> Option<ChownOpt<'a>> {
    let owner = owner?;
    let user = Some(user_or_group(&owner.user, names));
    Some(ChownOpt::new(user, owner.group.as_ref().map(|group| user_or_group(group, names))))
}

fn user_or_group(id: &Id, names: State) -> UserOpt<'_> {
    match id {
        Id::Number(number) => UserOpt::Id(*number),
        Id::Name(name) if name == "root" => UserOpt::Id(0),
        Id::Name(name) => UserOpt::Name { name: name.into(), names },
    }
}

pub(super) fn mode(mode: &plan::Mode) -> Mode<'_> {
    match mode {
        plan::Mode::Octal(bits) | plan::Mode::Everywhere(bits) => Mode::Octal(*bits),
        plan::Mode::Symbolic(text) => Mode::Symbolic(text.into()),
    }
}

/// The bits with which BuildKit can create a file. `None` for a mode that only a copy can set.
fn permissions(mode: Option<&plan::Mode>, default: u32) -> Option<u32> {
    match mode {
        None => Some(default),
        Some(plan::Mode::Octal(bits) | plan::Mode::Everywhere(bits)) if *bits <= 0o777 => {
            Some(*bits)
        }
        Some(_) => None,
    }
}

/// Splits a path into its directory and the file's name.
pub(super) fn split(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((parent, name)) => (parent, name),
        None => ("/", path),
    }
}

/// Creates the parent directory of a path, unless that is the root. An existing directory keeps its
/// owner.
fn parent_directory<'a>(path: &'a str, owner: Option<ChownOpt<'a>>) -> Option<FileAction<'a>> {
    directory_of_mode(path, DIRECTORY_MODE, owner)
}

/// Like [`parent_directory`], with a mode that all created directories get.
fn directory_of_mode<'a>(
    path: &'a str,
    bits: u32,
    owner: Option<ChownOpt<'a>>,
) -> Option<FileAction<'a>> {
    (path != "/").then(|| MkdirAction::new(path, bits).make_parents(true).owner(owner).into())
}
