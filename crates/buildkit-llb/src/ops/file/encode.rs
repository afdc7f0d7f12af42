//! Each action of a file op as BuildKit reads it: paths absolute and clean, what is not said as the
//! value that leaves it alone.

use buildkit_proto::pb;

use super::{ChownOpt, CopyAction, FileAction, Mode, Timestamp, UserOpt};
use crate::Cap;
use crate::ops::{Inputs, NONE};
use crate::path::{absolute, absolute_destination};

/// An action and the input that it has besides what it changes.
pub(super) fn encode(
    action: FileAction,
    inputs: &mut Inputs,
    caps: &mut Vec<Cap>,
) -> (i64, pb::file_action::Action) {
    use pb::file_action::Action;

    match action {
        FileAction::Copy(copy) => {
            let from = inputs.position(copy.from);
            (from, Action::Copy(encode_copy(copy, inputs, caps)))
        }
        FileAction::Mkfile(mkfile) => {
            let encoded = pb::FileActionMkFile {
                path: absolute(&mkfile.path),
                mode: permissions(mkfile.mode),
                data: mkfile.data,
                owner: encode_owner(mkfile.owner, inputs),
                timestamp: encode_timestamp(mkfile.timestamp),
            };
            (NONE, Action::Mkfile(encoded))
        }
        FileAction::Mkdir(mkdir) => {
            let encoded = pb::FileActionMkDir {
                path: absolute(&mkdir.path),
                mode: permissions(mkdir.mode),
                make_parents: mkdir.make_parents,
                owner: encode_owner(mkdir.owner, inputs),
                timestamp: encode_timestamp(mkdir.timestamp),
            };
            (NONE, Action::Mkdir(encoded))
        }
        FileAction::Rm(rm) => {
            if rm.allow_wildcard {
                caps.push(Cap::FILE_RM_WILDCARD);
            }
            let encoded = pb::FileActionRm {
                path: absolute(&rm.path),
                allow_not_found: rm.allow_not_found,
                allow_wildcard: rm.allow_wildcard,
            };
            (NONE, Action::Rm(encoded))
        }
        FileAction::Symlink(symlink) => {
            caps.push(Cap::FILE_SYMLINK_CREATE);
            let encoded = pb::FileActionSymlink {
                oldpath: symlink.target,
                newpath: absolute(&symlink.path),
                owner: encode_owner(symlink.owner, inputs),
                timestamp: encode_timestamp(symlink.timestamp),
            };
            (NONE, Action::Symlink(encoded))
        }
    }
}

/// The Go client means to send these capabilities and does not (`Marshal` in `client/llb/fileop.go`
/// asks for them before it knows the actions), so a daemon that lacks one copies something else. We
/// rather have it refuse.
fn encode_copy(copy: CopyAction, inputs: &mut Inputs, caps: &mut Vec<Cap>) -> pb::FileActionCopy {
    if !copy.include_patterns.is_empty() || !copy.exclude_patterns.is_empty() {
        caps.push(Cap::FILE_COPY_INCLUDE_EXCLUDE_PATTERNS);
    }
    if !copy.required_paths.is_empty() {
        caps.push(Cap::FILE_COPY_REQUIRED_PATHS);
    }
    if copy.always_replace_existing_dest_paths {
        caps.push(Cap::FILE_COPY_ALWAYS_REPLACE_EXISTING_DEST_PATHS);
    }
    let (mode, mode_str) = match copy.mode {
        None => (-1, String::new()),
        Some(Mode::Octal(bits)) => ((bits & 0o7777) as i32, String::new()),
        Some(Mode::Symbolic(text)) => {
            // A daemon that does not know the text would take the 0 beside it for the mode. The
            // capability for it was never registered; this one came with the same release.
            caps.push(Cap::EXEC_VALID_EXIT_CODE);
            (0, text)
        }
    };
    pb::FileActionCopy {
        src: absolute(&copy.src),
        dest: absolute_destination(&copy.dest),
        owner: encode_owner(copy.owner, inputs),
        mode,
        follow_symlink: copy.follow_symlink,
        dir_copy_contents: copy.dir_copy_contents,
        attempt_unpack_docker_compatibility: copy.attempt_unpack,
        create_dest_path: copy.create_dest_path,
        allow_wildcard: copy.allow_wildcard,
        allow_empty_wildcard: copy.allow_empty_wildcard,
        timestamp: encode_timestamp(copy.timestamp),
        include_patterns: copy.include_patterns,
        exclude_patterns: copy.exclude_patterns,
        always_replace_existing_dest_paths: copy.always_replace_existing_dest_paths,
        mode_str,
        required_paths: copy.required_paths,
    }
}

fn encode_owner(owner: Option<ChownOpt>, inputs: &mut Inputs) -> Option<pb::ChownOpt> {
    use pb::user_opt::User;

    let mut encode = |user: UserOpt| pb::UserOpt {
        user: Some(match user {
            UserOpt::Id(id) => User::ById(id),
            UserOpt::Name { name, names } => {
                User::ByName(pb::NamedUserOpt { name, input: inputs.position(names) })
            }
        }),
    };
    let owner = owner?;
    Some(pb::ChownOpt { user: owner.user.map(&mut encode), group: owner.group.map(encode) })
}

/// -1 leaves the time alone; 0 would be 1970.
fn encode_timestamp(timestamp: Option<Timestamp>) -> i64 {
    timestamp.map_or(-1, |timestamp| timestamp.nanoseconds)
}

fn permissions(mode: u32) -> i32 {
    (mode & 0o777) as i32
}
