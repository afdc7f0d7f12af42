//! File: changes to files without a container.
//!
//! Must not depend on working directories and on the syntax of patterns: a relative path starts at
//! the root.

use std::borrow::Cow;

use buildkit_proto::fields::{file_action, file_op, op};

use crate::draft::{Draft, NONE};
use crate::{Cap, Graph, Metadata, Op, State};

mod write;

/// Changes files: a chain of actions, the first on a base and each further one on the result of the
/// previous one.
///
/// Without actions the result is the base; then no op is added and the metadata is not used.
///
/// ```
/// use buildkit_llb::{CopyAction, FileOp, Graph, Local, Metadata, MkdirAction, State};
///
/// let mut graph = Graph::new();
/// let context = graph.add(Local::new("context", "session"), Metadata::default());
/// let op = FileOp::new(State::SCRATCH)
///     .then(MkdirAction::new("/srv/app", 0o755).make_parents(true))
///     .then(CopyAction::new(context, "/", "/srv/app/").dir_copy_contents(true));
/// let files = graph.add(op, Metadata::named("COPY . /srv/app/"));
/// assert!(!files.is_scratch());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileOp<'a> {
    /// The input of the first action.
    pub base: State,
    /// The actions, in order.
    pub actions: Vec<FileAction<'a>>,
}

impl<'a> FileOp<'a> {
    /// A file op without actions.
    pub fn new(base: State) -> FileOp<'a> {
        FileOp { base, actions: Vec::new() }
    }

    /// Appends an action.
    pub fn then(mut self, action: impl Into<FileAction<'a>>) -> FileOp<'a> {
        self.actions.push(action.into());
        self
    }

    /// Appends several actions.
    pub fn actions(mut self, actions: impl IntoIterator<Item = FileAction<'a>>) -> FileOp<'a> {
        self.actions.extend(actions);
        self
    }
}

/// A change of files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileAction<'a> {
    /// Copies from a state.
    Copy(CopyAction<'a>),
    /// Writes a file.
    Mkfile(MkfileAction<'a>),
    /// Creates a directory.
    Mkdir(MkdirAction<'a>),
    /// Removes a file or directory.
    Rm(RmAction<'a>),
    /// Creates a symbolic link.
    Symlink(SymlinkAction<'a>),
}

/// Copies files or directories from a state.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyAction<'a> {
    /// The state to copy from.
    pub from: State,
    /// The path in it.
    pub src: Cow<'a, str>,
    /// The destination. With a trailing `/` it is a directory to copy into.
    pub dest: Cow<'a, str>,
    /// The owner. `None` keeps that of the source.
    pub owner: Option<ChownOpt<'a>>,
    /// The mode. `None` keeps that of the source.
    pub mode: Option<Mode<'a>>,
    /// The time. `None` keeps that of the source.
    pub timestamp: Option<Timestamp>,
    /// Copy the target of a link at `src`.
    pub follow_symlink: bool,
    /// Copy the contents of a directory; otherwise a directory is copied into an existing one.
    pub dir_copy_contents: bool,
    /// Unpack a file that is a tar archive, compressed or not.
    pub attempt_unpack: bool,
    /// Create missing parent directories of `dest`.
    pub create_dest_path: bool,
    /// Treat `src` as a pattern, in the syntax of Go's `filepath.Match`.
    pub allow_wildcard: bool,
    /// Allow a pattern to match nothing.
    pub allow_empty_wildcard: bool,
    /// Copy only files that match one of these, if any, in the syntax of .dockerignore.
    pub include_patterns: Vec<Cow<'a, str>>,
    /// Copy no files that match these, in the syntax of .dockerignore.
    pub exclude_patterns: Vec<Cow<'a, str>>,
    /// With `include_patterns`: paths that must be among the copied ones.
    pub required_paths: Vec<Cow<'a, str>>,
    /// Replace a directory by a file and the other way round.
    pub always_replace_existing_dest_paths: bool,
}

impl<'a> CopyAction<'a> {
    /// A copy with all options off. For the behaviour of a Dockerfile's `COPY`, use
    /// [`CopyAction::like_dockerfile`].
    pub fn new(
        from: State,
        src: impl Into<Cow<'a, str>>,
        dest: impl Into<Cow<'a, str>>,
    ) -> CopyAction<'a> {
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

    /// A copy with the options of a Dockerfile's `COPY`: links at the source are followed,
    /// directories are copied by contents, missing ones are created, and the source is a pattern
    /// that may match nothing (`dispatchCopy` in `frontend/dockerfile/dockerfile2llb/convert.go`).
    pub fn like_dockerfile(
        from: State,
        src: impl Into<Cow<'a, str>>,
        dest: impl Into<Cow<'a, str>>,
    ) -> CopyAction<'a> {
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

setters! { CopyAction<'a> {
    dest: impl Into<Cow<'a, str>>,
    owner: Option<ChownOpt<'a>>,
    mode: Option<Mode<'a>>,
    timestamp: Option<Timestamp>,
    follow_symlink: bool,
    dir_copy_contents: bool,
    attempt_unpack: bool,
    create_dest_path: bool,
    allow_wildcard: bool,
    allow_empty_wildcard: bool,
    include_patterns: Vec<Cow<'a, str>>,
    exclude_patterns: Vec<Cow<'a, str>>,
    required_paths: Vec<Cow<'a, str>>,
    always_replace_existing_dest_paths: bool,
} }

/// Writes a file, replacing an existing one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MkfileAction<'a> {
    /// The path.
    pub path: Cow<'a, str>,
    /// The mode; only the bits of 0777 are used.
    pub mode: u32,
    /// The contents.
    pub data: Cow<'a, [u8]>,
    /// The owner. `None` is root.
    pub owner: Option<ChownOpt<'a>>,
    /// The time. `None` is the time of writing.
    pub timestamp: Option<Timestamp>,
}

impl<'a> MkfileAction<'a> {
    /// A file owned by root.
    pub fn new(
        path: impl Into<Cow<'a, str>>,
        mode: u32,
        data: impl Into<Cow<'a, [u8]>>,
    ) -> MkfileAction<'a> {
        MkfileAction { path: path.into(), mode, data: data.into(), owner: None, timestamp: None }
    }
}

setters! { MkfileAction<'a> {
    owner: Option<ChownOpt<'a>>,
    timestamp: Option<Timestamp>,
} }

/// Creates a directory. An existing one is left unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MkdirAction<'a> {
    /// The path.
    pub path: Cow<'a, str>,
    /// The mode; only the bits of 0777 are used.
    pub mode: u32,
    /// Create missing parent directories.
    pub make_parents: bool,
    /// The owner. `None` is root.
    pub owner: Option<ChownOpt<'a>>,
    /// The time. `None` is the time of creation.
    pub timestamp: Option<Timestamp>,
}

impl<'a> MkdirAction<'a> {
    /// A directory owned by root, in an existing one.
    pub fn new(path: impl Into<Cow<'a, str>>, mode: u32) -> MkdirAction<'a> {
        MkdirAction { path: path.into(), mode, make_parents: false, owner: None, timestamp: None }
    }
}

setters! { MkdirAction<'a> {
    make_parents: bool,
    owner: Option<ChownOpt<'a>>,
    timestamp: Option<Timestamp>,
} }

/// Removes a file, or a directory with its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RmAction<'a> {
    /// The path.
    pub path: Cow<'a, str>,
    /// Do not fail if it does not exist.
    pub allow_not_found: bool,
    /// Treat the path as a pattern, in the syntax of Go's `filepath.Match`.
    pub allow_wildcard: bool,
}

impl<'a> RmAction<'a> {
    /// The removal of an existing path.
    pub fn new(path: impl Into<Cow<'a, str>>) -> RmAction<'a> {
        RmAction { path: path.into(), allow_not_found: false, allow_wildcard: false }
    }
}

setters! { RmAction<'a> {
    allow_not_found: bool,
    allow_wildcard: bool,
} }

/// Creates a symbolic link. Fails if its path exists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SymlinkAction<'a> {
    /// The target of the link: any text.
    pub target: Cow<'a, str>,
    /// The path of the link.
    pub path: Cow<'a, str>,
    /// The owner. `None` is root.
    pub owner: Option<ChownOpt<'a>>,
    /// The time. `None` is the time of creation.
    pub timestamp: Option<Timestamp>,
}

impl<'a> SymlinkAction<'a> {
    /// A link owned by root.
    pub fn new(
        target: impl Into<Cow<'a, str>>,
        path: impl Into<Cow<'a, str>>,
    ) -> SymlinkAction<'a> {
        SymlinkAction { target: target.into(), path: path.into(), owner: None, timestamp: None }
    }
}

setters! { SymlinkAction<'a> {
    owner: Option<ChownOpt<'a>>,
    timestamp: Option<Timestamp>,
} }

/// The owner and group of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChownOpt<'a> {
    /// The owner. `None` is root.
    pub user: Option<UserOpt<'a>>,
    /// The group. `None` is the user's: for a named user the one in `/etc/passwd`, for a number the
    /// group with the same number.
    pub group: Option<UserOpt<'a>>,
}

impl<'a> ChownOpt<'a> {
    /// An owner and optionally a group.
    pub fn new(user: Option<UserOpt<'a>>, group: Option<UserOpt<'a>>) -> ChownOpt<'a> {
        ChownOpt { user, group }
    }

    /// An owner and group by number.
    pub fn ids(uid: u32, gid: u32) -> ChownOpt<'a> {
        ChownOpt { user: Some(UserOpt::Id(uid)), group: Some(UserOpt::Id(gid)) }
    }

    /// An owner and optionally a group, as `user` or `user:group`. Each is a number or a name that
    /// is looked up in a state. `root` is 0 without a lookup (`WithUser` in
    /// `client/llb/fileop.go`).
    pub fn parse(text: &'a str, names: State) -> ChownOpt<'a> {
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
pub enum UserOpt<'a> {
    /// A number.
    Id(u32),
    /// A name.
    Name {
        /// The name. BuildKit silently uses root for a name that it does not find.
        name: Cow<'a, str>,
        /// The state whose `/etc/passwd` or `/etc/group` is searched. A lookup in scratch fails the
        /// build.
        names: State,
    },
}

impl<'a> UserOpt<'a> {
    fn parse(text: &'a str, names: State) -> UserOpt<'a> {
        match text {
            "" | "root" => UserOpt::Id(0),
            _ => match text.parse::<i32>().ok().and_then(|id| u32::try_from(id).ok()) {
                Some(id) => UserOpt::Id(id),
                None => UserOpt::Name { name: text.into(), names },
            },
        }
    }
}

/// The mode of copied files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode<'a> {
    /// The bits, including set-user-id, set-group-id and sticky.
    Octal(u32),
    /// In chmod's syntax, e.g. `u=rwX,go=rX`. Needs BuildKit 0.17.
    Symbolic(Cow<'a, str>),
}

/// A timestamp of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    nanoseconds: i64,
}

impl Timestamp {
    /// Seconds since 1970.
    pub fn from_seconds(seconds: i64) -> Timestamp {
        Timestamp { nanoseconds: seconds.saturating_mul(1_000_000_000) }
    }

    /// Nanoseconds since 1970. BuildKit cannot represent -1, which means "unset".
    pub fn from_nanoseconds(nanoseconds: i64) -> Timestamp {
        Timestamp { nanoseconds }
    }
}

impl Op for FileOp<'_> {
    type Handle = State;

    fn add_to(self, graph: &mut Graph, metadata: Metadata<'_>) -> State {
        if self.actions.is_empty() {
            return self.base;
        }
        let draft = graph.draft();
        let Draft { kind, inputs, caps, .. } = draft;
        caps.insert(Cap::FILE_BASE);
        // The base comes first, as in the Go client, and all other inputs must be known before the
        // results of actions can be numbered (`add` in `client/llb/fileop.go`).
        let base = inputs.position(self.base);
        self.actions.iter().for_each(|action| action.add_inputs(inputs));
        let first_result = inputs.outputs().len() as i64;
        let last = self.actions.len() - 1;
        kind.message(op::FILE, |file| {
            for (i, action) in self.actions.iter().enumerate() {
                file.message(file_op::ACTIONS, |message| {
                    // Numbers from the number of inputs on are the results of actions.
                    let input = if i == 0 { base } else { first_result + i as i64 - 1 };
                    message.number(file_action::INPUT, input);
                    let from = match action {
                        FileAction::Copy(copy) => inputs.position(copy.from),
                        _ => NONE,
                    };
                    message.number(file_action::SECONDARY_INPUT, from);
                    message.number(file_action::OUTPUT, if i == last { 0 } else { NONE });
                    action.write(message, inputs, caps);
                });
            }
        });
        graph.insert(metadata).output(0)
    }
}

/// Converts each kind to an action.
macro_rules! kinds {
    ($($kind:ident($action:ident)),*) => {$(
        impl<'a> From<$action<'a>> for FileAction<'a> {
            fn from(action: $action<'a>) -> FileAction<'a> {
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
