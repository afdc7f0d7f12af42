//! The times of files, if the client or the build file sets `SOURCE_DATE_EPOCH`.

use std::collections::BTreeSet;

use buildkit_llb::{CopyAction, FileAction, FileOp, Metadata, MkdirAction, State, Timestamp};

use super::Lowering;
use super::file::split;
use crate::path_pattern::has_wildcard;

/// An empty directory, to be copied over directories whose time is set.
const EMPTY: &str = "/empty";

impl Lowering<'_> {
    /// True if copied, fetched and unpacked files get the client's timestamp.
    pub(super) fn dates_copies(&self) -> bool {
        !self.plan.is_from_dockerfile && self.plan.epoch.is_some()
    }

    /// Sets the client's timestamp on what actions create, and on the directories they write into.
    pub(super) fn date(&mut self, actions: &mut Vec<FileAction<'_>>) {
        actions.iter_mut().for_each(|action| self.date_action(action));
        if !self.dates_copies() {
            return;
        }
        let mut directories = BTreeSet::new();
        for action in std::mem::take(actions) {
            if let FileAction::Rm(rm) = &action {
                // A copy over a directory that is gone would create it again. Only those above the
                // removed path are certain to be there afterwards, so the others get their time now.
                let (above, others) = directories.into_iter().partition(|directory: &String| {
                    rm.path
                        .strip_prefix(directory.as_str())
                        .is_some_and(|rest| rest.starts_with('/'))
                });
                self.date_directories(others, actions);
                directories = above;
            }
            directories.extend(directory_written(&action).into_iter().flat_map(with_ancestors));
            actions.push(action);
        }
        self.date_directories(directories, actions);
    }

    /// Sets the client's timestamp on what an action creates. Copies in a Dockerfile keep the times
    /// of their sources.
    pub(super) fn date_action(&self, action: &mut FileAction<'_>) {
        let Some(epoch) = self.plan.epoch else { return };
        let time = Some(Timestamp::from_seconds(epoch));
        match action {
            FileAction::Mkfile(mkfile) => mkfile.timestamp = time,
            FileAction::Mkdir(mkdir) => mkdir.timestamp = time,
            FileAction::Symlink(symlink) => symlink.timestamp = time,
            FileAction::Copy(copy) if !self.plan.is_from_dockerfile => copy.timestamp = time,
            _ => {}
        }
    }

    /// Sets the time of directories that exist. A directory of an earlier layer gets the time of the
    /// build when something is written into it. An empty directory copied over it changes nothing
    /// but its time (`restoreFileTimestamp` in `copy/copy.go` of `github.com/tonistiigi/fsutil`).
    fn date_directories(
        &mut self,
        directories: BTreeSet<String>,
        actions: &mut Vec<FileAction<'_>>,
    ) {
        if directories.is_empty() {
            return;
        }
        let mut empty = MkdirAction::new(EMPTY, 0o755).into();
        self.date_action(&mut empty);
        let metadata = Metadata::named("[internal] time of directories");
        let empty = self.graph.add(FileOp::new(State::SCRATCH).then(empty), metadata);
        for directory in directories {
            let mut copy = CopyAction::new(empty, EMPTY, directory).dir_copy_contents(true).into();
            self.date_action(&mut copy);
            actions.push(copy);
        }
    }
}

/// The directory into which an action writes for certain; `None` if a pattern may match
/// nothing, since the directory then need not exist.
fn directory_written<'a>(action: &'a FileAction<'_>) -> Option<&'a str> {
    match action {
        FileAction::Mkfile(file) => Some(split(&file.path).0),
        FileAction::Mkdir(directory) => Some(split(directory.path.trim_end_matches('/')).0),
        FileAction::Symlink(link) => Some(split(&link.path).0),
        FileAction::Copy(copy) => {
            let may_match_nothing = copy.allow_empty_wildcard && has_wildcard(&copy.src)
                || !copy.include_patterns.is_empty() && copy.required_paths.is_empty();
            let whole = copy.dir_copy_contents && copy.src.ends_with('/');
            match copy.dest.strip_suffix('/') {
                _ if may_match_nothing => None,
                Some(directory) => Some(directory),
                None if whole => Some(&copy.dest),
                None => Some(split(&copy.dest).0),
            }
        }
        _ => None,
    }
}

/// A directory and the directories above it, without the root.
fn with_ancestors(directory: &str) -> impl Iterator<Item = String> {
    let parts = directory.match_indices('/').map(|(at, _)| at).chain([directory.len()]);
    parts.map(|end| &directory[..end]).filter(|path| !matches!(*path, "" | "/")).map(str::to_owned)
}
