//! The actions of a file op as text.

use buildkit_proto::pb;

use super::{Dump, quote, short};
use crate::Digest;
use crate::draft::NONE;

impl Dump<'_> {
    pub(super) fn action(
        &mut self,
        op: &pb::Op,
        number: usize,
        action: &pb::FileAction,
        is_last: bool,
    ) {
        use pb::file_action::Action;

        let on = format!("[{number}] on {}", self.position(op, action.input));
        let from = self.position(op, action.secondary_input);
        match &action.action {
            None => self.line(1, &format!("{on}: nothing")),
            Some(Action::Copy(copy)) => {
                let (src, dest) = (quote(&copy.src), quote(&copy.dest));
                self.field(1, &on, &format!("copy {src} of {from} to {dest}"));
                self.copy(op, copy);
            }
            Some(Action::Mkfile(mkfile)) => {
                self.field(1, &on, &format!("mkfile {}", quote(&mkfile.path)));
                self.field(2, "mode", &format!("{:04o}", mkfile.mode));
                self.owner(op, mkfile.owner.as_ref());
                self.timestamp(mkfile.timestamp);
                match std::str::from_utf8(&mkfile.data) {
                    Ok(text) if !text.contains('\0') => self.field(2, "data", text),
                    _ => {
                        let digest = Digest::of(&mkfile.data).to_string();
                        let size = mkfile.data.len();
                        self.field(2, "data", &format!("{size} bytes, {}", short(&digest)));
                    }
                }
            }
            Some(Action::Mkdir(mkdir)) => {
                self.field(1, &on, &format!("mkdir {}", quote(&mkdir.path)));
                self.field(2, "mode", &format!("{:04o}", mkdir.mode));
                self.flags(&[("makeParents", mkdir.make_parents)]);
                self.owner(op, mkdir.owner.as_ref());
                self.timestamp(mkdir.timestamp);
            }
            Some(Action::Rm(rm)) => {
                self.field(1, &on, &format!("rm {}", quote(&rm.path)));
                self.flags(&[
                    ("allowNotFound", rm.allow_not_found),
                    ("allowWildcard", rm.allow_wildcard),
                ]);
            }
            Some(Action::Symlink(symlink)) => {
                let (path, target) = (quote(&symlink.newpath), quote(&symlink.oldpath));
                self.field(1, &on, &format!("symlink {path} to {target}"));
                self.owner(op, symlink.owner.as_ref());
                self.timestamp(symlink.timestamp);
            }
        }
        if action.output != if is_last { 0 } else { NONE } {
            self.field(2, "output", &action.output.to_string());
        }
        if action.secondary_input != NONE && !matches!(action.action, Some(Action::Copy(_))) {
            self.field(2, "secondaryInput", &from);
        }
    }

    fn copy(&mut self, op: &pb::Op, copy: &pb::FileActionCopy) {
        if !copy.mode_str.is_empty() {
            self.field(2, "modeStr", &copy.mode_str);
        }
        if copy.mode != if copy.mode_str.is_empty() { -1 } else { 0 } {
            self.field(2, "mode", &format!("{:04o}", copy.mode));
        }
        self.flags(&[
            ("followSymlink", copy.follow_symlink),
            ("dirCopyContents", copy.dir_copy_contents),
            ("attemptUnpack", copy.attempt_unpack_docker_compatibility),
            ("createDestPath", copy.create_dest_path),
            ("allowWildcard", copy.allow_wildcard),
            ("allowEmptyWildcard", copy.allow_empty_wildcard),
            ("alwaysReplaceExistingDestPaths", copy.always_replace_existing_dest_paths),
        ]);
        self.owner(op, copy.owner.as_ref());
        self.timestamp(copy.timestamp);
        self.list(2, "include", &copy.include_patterns);
        self.list(2, "exclude", &copy.exclude_patterns);
        self.list(2, "required", &copy.required_paths);
    }

    fn owner(&mut self, op: &pb::Op, owner: Option<&pb::ChownOpt>) {
        use pb::user_opt::User;

        let Some(owner) = owner else { return };
        let describe = |user: &pb::UserOpt| match &user.user {
            None => "absent".to_owned(),
            Some(User::ById(id)) => id.to_string(),
            Some(User::ByName(named)) => {
                format!("{} of {}", quote(&named.name), self.position(op, named.input))
            }
        };
        let mut text = owner.user.as_ref().map_or_else(|| "-".to_owned(), describe);
        if let Some(group) = &owner.group {
            text += &format!(":{}", describe(group));
        }
        self.field(2, "owner", &text);
    }

    fn timestamp(&mut self, timestamp: i64) {
        if timestamp != -1 {
            self.field(2, "timestamp", &timestamp.to_string());
        }
    }

    fn flags(&mut self, flags: &[(&str, bool)]) {
        let set: Vec<_> = flags.iter().filter(|(_, set)| *set).map(|(flag, _)| *flag).collect();
        if !set.is_empty() {
            self.line(2, &set.join(" "));
        }
    }
}
