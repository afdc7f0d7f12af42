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
    let message = format!("`{option}` has no meaning in a comment about one place");
    Diagnostic::new(Code::UnknownRule, span, message)
        .hint("# check=skip=RULE // why; what holds for the whole file is in its `check`")
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
        (Some(Some(code)), _) => format!("a rule of Dockerfiles; here it is `{}`", code.name()),
        (Some(None), _) => "a rule of Dockerfiles; none is needed here".to_owned(),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) => format!("the rules are listed in {}", Code::rules_url()),
    };
    (format!("there is no rule `{name}`"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_rules() {
        for (name, start) in [
            ("unused-args", "did you mean `unused-arg`?"),
            ("UndefinedVar", "a rule of Dockerfiles; here it is `unknown-variable`"),
            ("FromAsCasing", "a rule of Dockerfiles; none is needed"),
            ("nothing-of-the-kind", "the rules are listed in https://"),
        ] {
            let (message, hint) = unknown_rule(name);
            assert_eq!(message, format!("there is no rule `{name}`"));
            assert!(hint.starts_with(start), "{hint}");
        }
    }
}
