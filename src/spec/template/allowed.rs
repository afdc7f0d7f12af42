//! Restrictions on values, for literal and for substituted text.

use crate::spec::unfit::Unfit;

/// The restriction on a value.
///
/// BuildKit and the programs that it runs do not check most values. A newline in a path or an empty
/// user would fail there without a reference to the build file, or not fail at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::spec) enum Allowed {
    /// One line that is neither empty nor blank: a name, a path, a URL.
    Line,
    /// Like [`Allowed::Line`], but empty if a `${NAME}` expands to nothing.
    LineOrNothing,
    /// Any text for a process: without NUL.
    Text,
    /// Anything: the content of a file.
    Bytes,
}

impl Allowed {
    /// Checks a literal text.
    pub(in crate::spec) fn check_written(self, text: &str) -> Result<(), Unfit> {
        if text.is_empty() && self == Allowed::LineOrNothing {
            return Err(Unfit::Empty);
        }
        self.check(text)
    }

    /// Checks an expanded text.
    pub(super) fn check(self, text: &str) -> Result<(), Unfit> {
        let is_refused = match self {
            Allowed::Line if text.is_empty() => return Err(Unfit::Empty),
            Allowed::Line if text.bytes().all(|byte| byte == b' ') => return Err(Unfit::Blank),
            Allowed::Line | Allowed::LineOrNothing => char::is_control,
            Allowed::Text => |c| c == '\0',
            Allowed::Bytes => return Ok(()),
        };
        match text.chars().find(|&c| is_refused(c)) {
            Some(c) => Err(Unfit::Control(c)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_values_may_be() {
        use Allowed::{Bytes, Line, LineOrNothing, Text};
        for (text, unfit) in [
            ("", vec![Line]),
            ("a b", vec![]),
            ("a\tb", vec![Line, LineOrNothing]),
            ("a\nb", vec![Line, LineOrNothing]),
            ("\u{1b}[2J", vec![Line, LineOrNothing]),
            ("\u{9b}2J", vec![Line, LineOrNothing]),
            ("a\0", vec![Line, LineOrNothing, Text]),
        ] {
            for allowed in [Line, LineOrNothing, Text, Bytes] {
                assert_eq!(allowed.check(text).is_err(), unfit.contains(&allowed), "{text:?}");
            }
        }
        assert_eq!(LineOrNothing.check_written(""), Err(Unfit::Empty));
    }
}
