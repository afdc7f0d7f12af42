//! `unknown-rule`: an unknown rule in an option of the client or in a comment.
//!
//! It does not make a build wrong. In the `check` of a build file it is an error, like any other
//! invalid value.

use crate::diagnostic::{Code, Diagnostic, DockerfileRule, nearest};
use crate::source::Span;

/// The finding for a name in a comment.
pub(crate) fn in_comment(name: &str, span: Span) -> Diagnostic {
    let (message, hint) = unknown_rule(name);
    Diagnostic::new(Code::UnknownRule, span, message).hint(hint)
}

/// The finding for an option in a comment that cannot apply to one place.
pub(crate) fn option_in_comment(option: &str, span: Span) -> Diagnostic {
    let message = format!("`{option}` is not allowed in a comment about one place");
    Diagnostic::new(Code::UnknownRule, span, message)
        .hint("write `# check=skip=RULE // reason`; use `check` for the whole file")
}

/// The finding for a name in a build arg.
pub(crate) fn in_build_arg(name: &str, arg: &str) -> Diagnostic {
    let (message, hint) = unknown_rule(name);
    let message = format!("--build-arg {arg}: {message}");
    Diagnostic::without_place(Code::UnknownRule, message).hint(hint)
}

/// The message and the hint for an unknown rule name.
pub(crate) fn unknown_rule(name: &str) -> (String, String) {
    let dockerfile = DockerfileRule::named(name).map(DockerfileRule::counterpart);
    let hint = match (dockerfile, nearest(name, Code::rules().map(Code::name))) {
        (Some(Some(code)), _) => {
            format!("this is a rule for Dockerfiles; use `{}` in a build file", code.name())
        }
        (Some(None), _) => {
            "this is a rule for Dockerfiles; it does not apply to build files".to_owned()
        }
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("see the list of rules in {}", Code::rules_url()),
    };
    (format!("unknown rule `{name}`"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_rules() {
        for (name, start) in [
            ("unused-args", "did you mean `unused-arg`?"),
            (
                "UndefinedVar",
                "this is a rule for Dockerfiles; use `unknown-variable` in a build file",
            ),
            ("FromAsCasing", "this is a rule for Dockerfiles; it does not"),
            ("nothing-of-the-kind", "see the list of rules in https://"),
        ] {
            let (message, hint) = unknown_rule(name);
            assert_eq!(message, format!("unknown rule `{name}`"));
            assert!(hint.starts_with(start), "{hint}");
        }
    }
}
