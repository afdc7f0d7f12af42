//! File: changes to files without a container.
//!
//! Working directories and the meaning of patterns are not known here: a relative path starts at the
//! root.

use buildkit_proto::pb;

use self::encode::encode;
use super::{Draft, Inputs, NONE, Op};
use crate::{Cap, Graph, Metadata, State};

mod encode;

/// Changes files: a chain of actions, the first upon a base and each further one upon what the one
/// before it made.
///
/// Without actions the result is the base; then no op is added and the metadata is not used.
///
/// ```
/// use buildkit_llb::{CopyAction, FileOp, Graph, Local, Metadata, MkdirAction, State};
///
/// let mut graph = Graph::new();
/// let context = graph.add(Local::new("context", "session"), Metadata::default());
/// let op = FileOp::new(State::SCRATCH)
///     .then(MkdirAction { make_parents: true, ..MkdirAction::new("/srv/app", 0o755) })
///     .then(CopyAction { dir_copy_contents: true, ..CopyAction::new(context, "/", "/srv/app/") });
/// let files = graph.add(op, Metadata::named("COPY . /srv/app/"));
/// assert!(!files.is_scratch());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOp {
    /// What the first action changes.
    pub base: State,
    /// What is done, in order.
    pub actions: Vec<FileAction>,
}

impl FileOp {
    /// No change of a base yet.
    pub fn new(base: State) -> FileOp {
        FileOp { base, actions: Vec::new() }
    }

    /// With one more action.
    pub fn then(mut self, action: impl Into<FileAction>) -> FileOp {
        self.actions.push(action.into());
        self
    }
}

/// One change of files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileAction {
    /// Copies out of a state.
    Copy(CopyAction),
    /// Writes a file.
    Mkfile(MkfileAction),
    /// Makes a directory.
    Mkdir(MkdirAction),
    /// Removes.
    Rm(RmAction),
    /// Makes a symbolic link.
    Symlink(SymlinkAction),
}

/// Copies files or directories out of a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyAction {
    /// The state to copy from.
    pub from: State,
    /// The path in it.
    pub src: String,
    /// The path to copy to. With a `/` at the end it is a directory to copy into.
    pub dest: String,
    /// The owner. None keeps that of the source.
    pub owner: Option<ChownOpt>,
    /// The mode. None keeps that of the source.
    pub mode: Option<Mode>,
    /// The time. None keeps that of the source.
    pub timestamp: Option<Timestamp>,
    /// Whether to copy what a link at `src` points to.
    pub follow_symlink: bool,
    /// Whether to copy the contents of a directory; else a directory is copied into one that exists.
    pub dir_copy_contents: bool,
    /// Whether to unpack a file that is a tar archive, compressed or not.
    pub attempt_unpack: bool,
    /// Whether to make the directories that `dest` is to be in.
    pub create_dest_path: bool,
    /// Whether `src` is a pattern, in the syntax of Go's `filepath.Match`.
    pub allow_wildcard: bool,
    /// Whether a pattern may match nothing.
    pub allow_empty_wildcard: bool,
    /// Only what matches one of these, if there are any, in the syntax of .dockerignore.
    pub include_patterns: Vec<String>,
    /// Nothing that matches these, in the syntax of .dockerignore.
    pub exclude_patterns: Vec<String>,
    /// With `include_patterns`, paths that must be among what is copied.
    pub required_paths: Vec<String>,
    /// Whether a directory may be replaced by a file and the other way round.
    pub always_replace_existing_dest_paths: bool,
}

impl CopyAction {
    /// A copy with everything else off. What a Dockerfile's `COPY` does is
    /// [`CopyAction::like_dockerfile`].
    pub fn new(from: State, src: impl Into<String>, dest: impl Into<String>) -> CopyAction {
        CopyAction {
            from,
            src: src.into(),
            dest: dest.into(),
            owner: None,
            mode: None,
            timestamp: None,
            follow_symlink: false,
            dir_copy_contents: false,
            attempt_unpack: false,
            create_dest_path: false,
            allow_wildcard: false,
            allow_empty_wildcard: false,
            include_patterns: Vec::new(),
            exclude_patterns: Vec::new(),
            required_paths: Vec::new(),
            always_replace_existing_dest_paths: false,
        }
    }

    /// A copy as a Dockerfile's `COPY` makes it: links at the source are followed, directories are
    /// copied by contents, missing ones made, the source is a pattern that may match nothing
    /// (`dispatchCopy` in `frontend/dockerfile/dockerfile2llb/convert.go`).
    pub fn like_dockerfile(
        from: State,
        src: impl Into<String>,
        dest: impl Into<String>,
    ) -> CopyAction {
        CopyAction {
            follow_symlink: true,
            dir_copy_contents: true,
            create_dest_path: true,
            allow_wildcard: true,
            allow_empty_wildcard: true,
            ..CopyAction::new(from, src, dest)
        }
    }
}

/// Writes a file, over one that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MkfileAction {
    /// The path.
    pub path: String,
    /// The mode; only the bits of 0777 count.
    pub mode: u32,
    /// The contents.
    pub data: Vec<u8>,
    /// The owner. None is root.
    pub owner: Option<ChownOpt>,
    /// The time. None is when it is done.
    pub timestamp: Option<Timestamp>,
}

impl MkfileAction {
    /// A file of root.
    pub fn new(path: impl Into<String>, mode: u32, data: impl Into<Vec<u8>>) -> MkfileAction {
        MkfileAction { path: path.into(), mode, data: data.into(), owner: None, timestamp: None }
    }
}

/// Makes a directory. One that is there is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MkdirAction {
    /// The path.
    pub path: String,
    /// The mode; only the bits of 0777 count.
    pub mode: u32,
    /// Whether to make the directories that it is to be in.
    pub make_parents: bool,
    /// The owner. None is root.
    pub owner: Option<ChownOpt>,
    /// The time. None is when it is done.
    pub timestamp: Option<Timestamp>,
}

impl MkdirAction {
    /// A directory of root, in one that is there.
    pub fn new(path: impl Into<String>, mode: u32) -> MkdirAction {
        MkdirAction { path: path.into(), mode, make_parents: false, owner: None, timestamp: None }
    }
}

/// Removes a file or a directory with all that is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RmAction {
    /// The path.
    pub path: String,
    /// Whether it need not be there.
    pub allow_not_found: bool,
    /// Whether the path is a pattern, in the syntax of Go's `filepath.Match`.
    pub allow_wildcard: bool,
}

impl RmAction {
    /// The removal of something that is there.
    pub fn new(path: impl Into<String>) -> RmAction {
        RmAction { path: path.into(), allow_not_found: false, allow_wildcard: false }
    }
}

/// Makes a symbolic link. Fails if there is something at its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymlinkAction {
    /// What the link points to: any text.
    pub target: String,
    /// The path of the link.
    pub path: String,
    /// The owner. None is root.
    pub owner: Option<ChownOpt>,
    /// The time. None is when it is done.
    pub timestamp: Option<Timestamp>,
}

impl SymlinkAction {
    /// A link of root at a path, to a target.
    pub fn new(target: impl Into<String>, path: impl Into<String>) -> SymlinkAction {
        SymlinkAction { target: target.into(), path: path.into(), owner: None, timestamp: None }
    }
}

/// The owner and group of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChownOpt {
    /// The owner. None is root.
    pub user: Option<UserOpt>,
    /// The group. None is the user's: of a named user the one in `/etc/passwd`, of a number the
    /// group of the same number.
    pub group: Option<UserOpt>,
}

impl ChownOpt {
    /// An owner and group by number.
    pub fn ids(uid: u32, gid: u32) -> ChownOpt {
        ChownOpt { user: Some(UserOpt::Id(uid)), group: Some(UserOpt::Id(gid)) }
    }

    /// An owner and perhaps a group as `user` or `user:group`, each a number or a name that is looked
    /// up in a state. `root` is 0 without looking (`WithUser` in `client/llb/fileop.go`).
    pub fn parse(text: &str, names: State) -> ChownOpt {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        ChownOpt {
            user: Some(UserOpt::parse(user, names)),
            group: group.map(|group| UserOpt::parse(group, names)),
        }
    }
}

/// A user or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserOpt {
    /// By number.
    Id(u32),
    /// By name.
    Name {
        /// The name. BuildKit takes one that it does not find for root, without a word.
        name: String,
        /// The state whose `/etc/passwd` or `/etc/group` has it. In scratch nothing can be looked up:
        /// the build fails.
        names: State,
    },
}

impl UserOpt {
    fn parse(text: &str, names: State) -> UserOpt {
        match text {
            "" | "root" => UserOpt::Id(0),
            _ => match text.parse::<i32>().ok().and_then(|id| u32::try_from(id).ok()) {
                Some(id) => UserOpt::Id(id),
                None => UserOpt::Name { name: text.to_owned(), names },
            },
        }
    }
}

/// The mode of copied files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// The bits, those for set-user-id, set-group-id and sticky included.
    Octal(u32),
    /// As chmod reads it, e.g. `u=rwX,go=rX`. Needs BuildKit 0.17.
    Symbolic(String),
}

/// A time of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    nanoseconds: i64,
}

impl Timestamp {
    /// A time by seconds since 1970.
    pub fn from_seconds(seconds: i64) -> Timestamp {
        Timestamp { nanoseconds: seconds.saturating_mul(1_000_000_000) }
    }

    /// A time by nanoseconds since 1970. BuildKit cannot say the one before 1970.
    pub fn from_nanoseconds(nanoseconds: i64) -> Timestamp {
        Timestamp { nanoseconds }
    }
}

impl Op for FileOp {
    type Handle = State;

    fn add_to(self, graph: &mut Graph, metadata: Metadata) -> State {
        if self.actions.is_empty() {
            return self.base;
        }
        let mut caps = vec![Cap::FILE_BASE];
        // The base first, as the Go client has it, and before the results of actions can be numbered
        // all other inputs (`add` in `client/llb/fileop.go`).
        let mut inputs = Inputs::default();
        let base = inputs.position(self.base);
        let actions: Vec<_> =
            self.actions.into_iter().map(|action| encode(action, &mut inputs, &mut caps)).collect();
        let last = actions.len() - 1;
        let op = pb::FileOp {
            actions: actions
                .into_iter()
                .enumerate()
                .map(|(i, (secondary_input, action))| pb::FileAction {
                    // Numbers from that of inputs on are the results of actions.
                    input: if i == 0 { base } else { (inputs.len() + i - 1) as i64 },
                    secondary_input,
                    output: if i == last { 0 } else { NONE },
                    action: Some(action),
                })
                .collect(),
        };
        let draft =
            Draft { op: pb::op::Op::File(op), platform: None, inputs: inputs.into_outputs(), caps };
        graph.insert(draft, metadata).output(0)
    }
}

/// Lets each kind be given where an action is wanted.
macro_rules! kinds {
    ($($kind:ident($action:ident)),*) => {$(
        impl From<$action> for FileAction {
            fn from(action: $action) -> FileAction {
                FileAction::$kind(action)
            }
        }
    )*};
}

kinds!(
    Copy(CopyAction),
    Mkfile(MkfileAction),
    Mkdir(MkdirAction),
    Rm(RmAction),
    Symlink(SymlinkAction)
);
