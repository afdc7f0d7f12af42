//! Owners and modes of files.

use std::fmt;

/// A user, and optionally a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub user: Id,
    /// The group; `None` is the user's own.
    pub group: Option<Id>,
}

/// A user or a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Id {
    /// A number.
    Number(u32),
    /// A name that is looked up in the file system's own `/etc/passwd` or `/etc/group`.
    Name(String),
}

/// A file's mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mode {
    /// Octal digits, including set-user-id, set-group-id and sticky.
    Octal(u32),
    /// Octal digits, also for created parent directories.
    Everywhere(u32),
    /// A change, such as `u+x,go-w`.
    Symbolic(String),
}

impl Owner {
    /// Parses `user`, `user:group` or `:group`, which is root with that group.
    pub fn parse(text: &str) -> Option<Self> {
        let (user, group) = match text.split_once(':') {
            Some(("", group)) => ("0", Some(group)),
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        let group = match group {
            Some(group) => Some(Id::parse(group)?),
            None => None,
        };
        Some(Self { user: Id::parse(user)?, group })
    }

    /// Like [`Self::parse`], for parts that may be empty: BuildKit uses root for a name that it
    /// does not find (`readUser` in `solver/llbsolver/ops/user_linux.go`), and so for an empty one.
    pub(super) fn parse_values(text: &str) -> Option<Self> {
        match text.split_once(':') {
            Some((user, group)) => Self::parse(&format!("{}:{}", or_root(user), or_root(group))),
            None => Self::parse(text),
        }
    }

    /// True if a user or group must be looked up.
    pub fn is_named(&self) -> bool {
        self.looked_up().is_some()
    }

    /// The first name that must be looked up. `root` is 0 everywhere, as for Dockerfiles
    /// (`parseUID` in `client/llb/fileop.go` of BuildKit).
    pub fn looked_up(&self) -> Option<&str> {
        let ids = [Some(&self.user), self.group.as_ref()];
        ids.into_iter().flatten().find_map(|id| match id {
            Id::Name(name) if name != "root" => Some(name.as_str()),
            Id::Name(_) | Id::Number(_) => None,
        })
    }

    /// True if it is the default owner of files.
    pub fn is_root(&self) -> bool {
        root(&self.user) && self.group.as_ref().is_none_or(root)
    }
}

fn or_root(id: &str) -> &str {
    if id.is_empty() { "0" } else { id }
}

fn root(id: &Id) -> bool {
    *id == Id::Number(0) || *id == Id::Name("root".to_owned())
}

impl Id {
    /// Rejects an invalid number, which would otherwise be taken for a name. BuildKit uses root for
    /// unknown names (`readUser` in `solver/llbsolver/ops/user_linux.go`).
    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.contains(|c: char| c.is_whitespace() || c == ':' || c == '/') {
            return None;
        }
        match text.parse() {
            Ok(number) if !text.starts_with('+') => Some(Id::Number(number)),
            _ if is_numeric(text) => None,
            _ => Some(Id::Name(text.to_owned())),
        }
    }
}

/// True if a text is a number of any size, or begins with a sign, as no name does.
fn is_numeric(text: &str) -> bool {
    text.starts_with(['-', '+']) || text.bytes().all(|byte| byte.is_ascii_digit())
}

/// True if a process can run as a user: a name or a number supported by the kernel, and optionally
/// a group.
pub(super) fn is_user(text: &str) -> bool {
    text.matches(':').count() <= 1 && text.split(':').all(is_id)
}

fn is_id(id: &str) -> bool {
    id.is_empty() || !is_numeric(id) || id.parse::<u32>().is_ok_and(|id| id <= MAX_ID)
}

/// The largest user id for containers (`MaxID` in `github.com/moby/sys/user`).
const MAX_ID: u32 = i32::MAX as u32;

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Id::Number(number) => number.fmt(f),
            Id::Name(name) => f.write_str(name),
        }
    }
}

impl Mode {
    /// Parses octal digits up to `7777`, or a change in chmod's syntax.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return u32::from_str_radix(text, 8)
                .ok()
                .filter(|&mode| mode <= 0o7777)
                .map(Mode::Octal);
        }
        text.split(',').all(is_change).then(|| Mode::Symbolic(text.to_owned()))
    }
}

/// True for `[ugoa]*` followed by one or more of `+`, `-`, `=`, each with `[rwxXst]*` or one of
/// `u`, `g`, `o`.
fn is_change(text: &str) -> bool {
    let rest = text.trim_start_matches(['u', 'g', 'o', 'a']);
    let Some(rest) = rest.strip_prefix(['+', '-', '=']) else { return false };
    rest.split(['+', '-', '=']).all(|permissions| {
        matches!(permissions, "u" | "g" | "o")
            || permissions.bytes().all(|byte| b"rwxXst".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners() {
        let name = |name: &str| Id::Name(name.to_owned());
        assert_eq!(Owner::parse("1000"), Some(Owner { user: Id::Number(1000), group: None }));
        assert_eq!(
            Owner::parse("app:0"),
            Some(Owner { user: name("app"), group: Some(Id::Number(0)) })
        );
        assert_eq!(
            Owner::parse(":7"),
            Some(Owner { user: Id::Number(0), group: Some(Id::Number(7)) })
        );
        for text in ["", ":", "a:", "a b", "a:b:c", "4294967296", "-1", "+1", "a:99999999999"] {
            assert_eq!(Owner::parse(text), None, "{text}");
        }
        for text in ["", "a", "a:", ":5", "2147483647:0", "1.5", "NT AUTHORITY\\SYSTEM"] {
            assert!(is_user(text), "{text}");
        }
        for text in ["2147483648", "-1", "a:b:c", "0:-5", "99999999999999"] {
            assert!(!is_user(text), "{text}");
        }
        assert!(Owner::parse("root:root").is_some_and(|owner| owner.is_root()));
        let looked_up =
            |text| Owner::parse(text).and_then(|owner| owner.looked_up().map(str::to_owned));
        assert_eq!(looked_up("root:root"), None);
        assert_eq!(looked_up("root:app").as_deref(), Some("app"));
        assert_eq!(looked_up("0:0"), None);
        assert!(!Owner::parse("root:app").is_some_and(|owner| owner.is_root()));
    }

    #[test]
    fn modes() {
        assert_eq!(Mode::parse("0755"), Some(Mode::Octal(0o755)));
        assert_eq!(Mode::parse("4755"), Some(Mode::Octal(0o4755)));
        for text in ["u+x", "go-w", "a=rX", "u=rwx,g=u,o=", "+x", "u+r-w"] {
            assert_eq!(Mode::parse(text), Some(Mode::Symbolic(text.to_owned())), "{text}");
        }
        for text in ["", "8", "10000", "99999999999", "u", "x+y", "u+q", "rwx"] {
            assert_eq!(Mode::parse(text), None, "{text}");
        }
    }
}
