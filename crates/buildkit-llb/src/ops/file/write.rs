//! Encoding of a file op's actions: paths are absolute and clean, unset options have the value for
//! "unchanged".

use buildkit_proto::fields::{
    chown_opt, file_action, file_action_copy, file_action_mk_dir, file_action_mk_file,
    file_action_rm, file_action_symlink, named_user_opt, user_opt,
};

use super::{
    ChownOpt, CopyAction, FileAction, MkdirAction, MkfileAction, Mode, RmAction, SymlinkAction,
    Timestamp, UserOpt,
};
use crate::Cap;
use crate::caps::Caps;
use crate::draft::Inputs;
use crate::path::{absolute, absolute_destination};
use crate::wire::Writer;

impl FileAction<'_> {
    /// Adds its inputs besides the state that it changes, in the Go client's order.
    pub(super) fn add_inputs(&self, inputs: &mut Inputs) {
        let owner = match self {
            FileAction::Copy(copy) => {
                inputs.position(copy.from);
                &copy.owner
            }
            FileAction::Mkfile(mkfile) => &mkfile.owner,
            FileAction::Mkdir(mkdir) => &mkdir.owner,
            FileAction::Symlink(symlink) => &symlink.owner,
            FileAction::Rm(_) => &None,
        };
        for user in owner.iter().flat_map(|owner| [&owner.user, &owner.group]).flatten() {
            if let UserOpt::Name { names, .. } = user {
                inputs.position(*names);
            }
        }
    }

    /// Writes the message.
    pub(super) fn write(&self, message: &mut Writer, inputs: &mut Inputs, caps: &mut Caps) {
        match self {
            FileAction::Copy(copy) => {
                copy.add_caps(caps);
                message.message(file_action::COPY, |message| copy.write(message, inputs));
            }
            FileAction::Mkfile(mkfile) => {
                message.message(file_action::MKFILE, |message| mkfile.write(message, inputs));
            }
            FileAction::Mkdir(mkdir) => {
                message.message(file_action::MKDIR, |message| mkdir.write(message, inputs));
            }
            FileAction::Rm(rm) => {
                caps.insert_if(rm.allow_wildcard, Cap::FILE_RM_WILDCARD);
                message.message(file_action::RM, |message| rm.write(message));
            }
            FileAction::Symlink(symlink) => {
                caps.insert(Cap::FILE_SYMLINK_CREATE);
                message.message(file_action::SYMLINK, |message| symlink.write(message, inputs));
            }
        }
    }
}

impl CopyAction<'_> {
    /// The Go client intends to send these capabilities but does not (`Marshal` in
    /// `client/llb/fileop.go` collects them before it knows the actions), so a daemon that lacks
    /// one copies the wrong files. Here, such a daemon rejects the graph.
    fn add_caps(&self, caps: &mut Caps) {
        let patterns = !self.include_patterns.is_empty() || !self.exclude_patterns.is_empty();
        caps.insert_if(patterns, Cap::FILE_COPY_INCLUDE_EXCLUDE_PATTERNS);
        caps.insert_if(!self.required_paths.is_empty(), Cap::FILE_COPY_REQUIRED_PATHS);
        caps.insert_if(
            self.always_replace_existing_dest_paths,
            Cap::FILE_COPY_ALWAYS_REPLACE_EXISTING_DEST_PATHS,
        );
        // A daemon without symbolic modes would use the 0 next to it as the mode. The capability
        // for them was never registered; this one came with the same release.
        let symbolic = matches!(self.mode, Some(Mode::Symbolic(_)));
        caps.insert_if(symbolic, Cap::EXEC_VALID_EXIT_CODE);
        // A daemon before v0.14 silently drops these bits; they have no capability of their own.
        let special = matches!(self.mode, Some(Mode::Octal(bits)) if bits > 0o777);
        caps.insert_if(special, Cap::FILE_COPY_ALWAYS_REPLACE_EXISTING_DEST_PATHS);
    }

    fn write(&self, message: &mut Writer, inputs: &mut Inputs) {
        use file_action_copy as field;

        let (mode, mode_str) = match &self.mode {
            None => (-1, ""),
            Some(Mode::Octal(bits)) => (i64::from(bits & 0o7777), ""),
            Some(Mode::Symbolic(text)) => (0, text.as_ref()),
        };
        message.text(field::SRC, &absolute(&self.src));
        message.text(field::DEST, &absolute_destination(&self.dest));
        write_owner(field::OWNER, self.owner.as_ref(), inputs, message);
        message.number(field::MODE, mode);
        message.flag(field::FOLLOW_SYMLINK, self.follow_symlink);
        message.flag(field::DIR_COPY_CONTENTS, self.dir_copy_contents);
        message.flag(field::ATTEMPT_UNPACK_DOCKER_COMPATIBILITY, self.attempt_unpack);
        message.flag(field::CREATE_DEST_PATH, self.create_dest_path);
        message.flag(field::ALLOW_WILDCARD, self.allow_wildcard);
        message.flag(field::ALLOW_EMPTY_WILDCARD, self.allow_empty_wildcard);
        message.number(field::TIMESTAMP, nanoseconds(self.timestamp));
        for pattern in &self.include_patterns {
            message.item(field::INCLUDE_PATTERNS, pattern.as_bytes());
        }
        for pattern in &self.exclude_patterns {
            message.item(field::EXCLUDE_PATTERNS, pattern.as_bytes());
        }
        message.flag(
            field::ALWAYS_REPLACE_EXISTING_DEST_PATHS,
            self.always_replace_existing_dest_paths,
        );
        message.text(field::MODE_STR, mode_str);
        for path in &self.required_paths {
            message.item(field::REQUIRED_PATHS, path.as_bytes());
        }
    }
}

impl MkfileAction<'_> {
    fn write(&self, message: &mut Writer, inputs: &mut Inputs) {
        use file_action_mk_file as field;

        message.text(field::PATH, &absolute(&self.path));
        message.number(field::MODE, permissions(self.mode));
        message.bytes(field::DATA, &self.data);
        write_owner(field::OWNER, self.owner.as_ref(), inputs, message);
        message.number(field::TIMESTAMP, nanoseconds(self.timestamp));
    }
}

impl MkdirAction<'_> {
    fn write(&self, message: &mut Writer, inputs: &mut Inputs) {
        use file_action_mk_dir as field;

        message.text(field::PATH, &absolute(&self.path));
        message.number(field::MODE, permissions(self.mode));
        message.flag(field::MAKE_PARENTS, self.make_parents);
        write_owner(field::OWNER, self.owner.as_ref(), inputs, message);
        message.number(field::TIMESTAMP, nanoseconds(self.timestamp));
    }
}

impl RmAction<'_> {
    fn write(&self, message: &mut Writer) {
        message.text(file_action_rm::PATH, &absolute(&self.path));
        message.flag(file_action_rm::ALLOW_NOT_FOUND, self.allow_not_found);
        message.flag(file_action_rm::ALLOW_WILDCARD, self.allow_wildcard);
    }
}

impl SymlinkAction<'_> {
    fn write(&self, message: &mut Writer, inputs: &mut Inputs) {
        use file_action_symlink as field;

        message.text(field::OLDPATH, &self.target);
        message.text(field::NEWPATH, &absolute(&self.path));
        write_owner(field::OWNER, self.owner.as_ref(), inputs, message);
        message.number(field::TIMESTAMP, nanoseconds(self.timestamp));
    }
}

fn write_owner(
    field: u32,
    owner: Option<&ChownOpt<'_>>,
    inputs: &mut Inputs,
    message: &mut Writer,
) {
    let Some(owner) = owner else { return };
    message.message(field, |message| {
        for (field, user) in [(chown_opt::USER, &owner.user), (chown_opt::GROUP, &owner.group)] {
            let Some(user) = user else { continue };
            message.message(field, |message| match user {
                UserOpt::Id(id) => message.number_item(user_opt::BY_ID, i64::from(*id)),
                UserOpt::Name { name, names } => {
                    message.message(user_opt::BY_NAME, |message| {
                        message.text(named_user_opt::NAME, name);
                        message.number(named_user_opt::INPUT, inputs.position(*names));
                    });
                }
            });
        }
    });
}

/// -1 leaves the time unchanged; 0 would be 1970.
fn nanoseconds(timestamp: Option<Timestamp>) -> i64 {
    timestamp.map_or(-1, |timestamp| timestamp.nanoseconds)
}

fn permissions(mode: u32) -> i64 {
    i64::from(mode & 0o777)
}
