//! The values of a `FROM`.
//!
//! Follows `buildDispatchStates` in `convert.go` of BuildKit, including its error messages.

use std::str::FromStr;

use buildkit_llb::Platform;

use super::expand::{Expansion, expand_word};
use super::globals::Globals;
use super::{Input, Near};
use crate::dockerfile::DockerfileStage;

/// The values of one `FROM`.
#[derive(Debug)]
pub(crate) struct FromValues {
    /// The base.
    pub(crate) base: Expansion,
    /// The value of `--platform`, if given.
    pub(crate) platform: Option<Expansion>,
}

/// Evaluates a `FROM`.
pub(crate) fn from_values(
    stage: &DockerfileStage,
    globals: &Globals,
    input: &Input<'_>,
) -> FromValues {
    let expand =
        |word: &str| expand_word(word, input.escape(), &globals.variables, &input.allowance);
    let platform = stage.header.platform.as_ref().filter(|platform| !platform.value.is_empty());
    FromValues {
        base: expand(&stage.header.base.value),
        platform: platform.map(|platform| expand(&platform.value)),
    }
}

impl FromValues {
    /// The reason why every build fails at this `FROM`. A required variable that is not set is
    /// reported only if the build needs the stage.
    pub(crate) fn problem(
        &self,
        stage: &DockerfileStage,
        globals: &Globals,
        near: &Near,
    ) -> Option<String> {
        if self.base.error.is_none() && self.base.text.is_empty() {
            return Some(format!("base name ({}) should not be blank", stage.header.base.value));
        }
        let (platform, written) = (self.platform.as_ref()?, stage.header.platform.as_ref()?);
        let message = if platform.error.is_some() {
            return None;
        } else if platform.text.is_empty() {
            format!("empty platform value from expression {}", written.value)
        } else {
            let problem = platform_problem(&platform.text)?;
            format!("failed to parse platform {}: {problem}", written.value)
        };
        let names = globals.variables.names();
        let mut unmatched = platform.unmatched.iter();
        let meant = unmatched.find_map(|name| near.find(name, names.iter().copied()));
        Some(match meant {
            Some(meant) => format!("{message} (did you mean {meant}?)"),
            None => message,
        })
    }

    /// True if every build ends here.
    pub(crate) fn has_failed(&self) -> bool {
        self.base.error.is_some()
            || self.platform.as_ref().is_some_and(|platform| platform.error.is_some())
    }
}

/// The error for an invalid platform, in the words of containerd's `platforms`.
fn platform_problem(text: &str) -> Option<String> {
    let default = Platform::from_str("linux/amd64").ok()?;
    Platform::parse(text, &default).err()?;
    let problem = match text.split('/').skip(1).find(|&rest| is_no_part(rest)) {
        _ if text.contains('*') => format!("{text:?}: wildcards not yet supported"),
        Some(wrong) => format!(
            "{wrong:?} is an invalid component of {text:?}: platform specifier component must match \"^[A-Za-z0-9_.-]+$\""
        ),
        None if text.contains('/') => format!("{text:?}: cannot parse platform specifier"),
        None => format!("{text:?}: unknown operating system or architecture"),
    };
    Some(format!("{problem}: invalid argument"))
}

fn is_no_part(part: &str) -> bool {
    part.is_empty()
        || !part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_that_are_none() {
        for (text, expected) in [
            ("linux/amd64", None),
            ("arm64", None),
            (
                "linux/",
                Some(
                    "\"\" is an invalid component of \"linux/\": platform specifier component must match \"^[A-Za-z0-9_.-]+$\": invalid argument",
                ),
            ),
            (
                "pdp11",
                Some("\"pdp11\": unknown operating system or architecture: invalid argument"),
            ),
            ("a/b/c/d", Some("\"a/b/c/d\": cannot parse platform specifier: invalid argument")),
        ] {
            assert_eq!(platform_problem(text).as_deref(), expected, "{text}");
        }
    }
}
