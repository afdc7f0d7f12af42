//! `undeclared-build-arg`: a build arg that the file does not declare.

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The finding for the name of a constant in the file.
pub(crate) fn of_constant(name: &str, constant: Span) -> Diagnostic {
    let message = format!("--build-arg {name} has no effect: `{name}` is a constant of the file");
    Diagnostic::new(Code::UndeclaredBuildArg, constant, message)
        .hint("to let builds change it, move it from [vars] to [args]")
        .about(name)
}

/// The finding for a name that the file does not declare. `meant` is a suggestion.
pub(crate) fn found(name: &str, meant: Option<String>) -> Diagnostic {
    let message = format!("--build-arg {name} has no effect: the file does not declare this arg");
    Diagnostic::without_place(Code::UndeclaredBuildArg, message)
        .hint(meant.unwrap_or_else(|| format!("declare it in [args]: `{name} = {{}}`")))
        .about(name)
}
