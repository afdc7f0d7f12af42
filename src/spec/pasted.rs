//! Dockerfile syntax in texts for a shell, which would interpret it differently.
//!
//! Input: text of a build file. Output: an error with the equivalent form, if any. This includes
//! syntax that a shell rejects anyway: its message would not explain what to write instead.

use super::here_document;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Span, Spanned};

/// The flags of the `RUN` instruction, with their equivalents in a step.
const RUN_FLAGS: [(&str, &str); 4] = [
    ("--mount=", "mounts = [{ cache = \"/path\" }], and so on for the other types"),
    ("--network=", "network = \"none\" beside `run`"),
    ("--security=", "security = \"insecure\" beside `run`"),
    ("--device=", "devices = [\"NAME\"] beside `run`"),
];

/// The flags of `COPY` and `ADD`, with their equivalents in a step.
const COPY_FLAGS: [(&str, &str); 9] = [
    ("--from=", "from = \"STAGE\" beside `copy`"),
    ("--chown=", "chown = \"USER\" beside `copy`"),
    ("--chmod=", "chmod = \"MODE\" beside `copy`"),
    ("--exclude=", "exclude = \"PATTERN\" beside `copy`"),
    ("--checksum=", "checksum = \"sha256:...\" beside `fetch`"),
    ("--keep-git-dir", "keep-git-dir = true beside `git`"),
    ("--unpack", "{ unpack = \"ARCHIVE\" }"),
    ("--parents", "parents = true beside `copy`"),
    ("--link", "link = true beside `copy`"),
];

/// The error if a program is a flag of `RUN`.
pub(super) fn run_flag(program: &str, span: Span) -> Option<Diagnostic> {
    let (flag, form) = RUN_FLAGS.iter().find(|(flag, _)| program.starts_with(flag))?;
    let flag = flag.trim_end_matches('=');
    let message = format!("`{flag}` is a Dockerfile flag, but it would run as a program here");
    Some(Diagnostic::new(Code::DockerfileForm, span, message).hint(*form))
}

/// The error in the text of a `run` step.
pub(super) fn in_script(text: &str, span: Span) -> Option<Diagnostic> {
    let first = text.split_ascii_whitespace().next().unwrap_or_default();
    if let Some(flag) = run_flag(first, span) {
        return Some(flag);
    }
    if is_json_list(text) {
        let message = "the shell runs this list as one word, not as a program with arguments";
        return dockerfile_form(span, message.to_owned(), format!("write `exec = {text}`"));
    }
    if let Some(idle) = here_document::without_command(text) {
        let message = format!(
            "the here-document `{idle}` has no command: the shell reads it and runs nothing"
        );
        return dockerfile_form(
            span,
            message,
            "write only the lines, in '''...''', without `<<` and the end line; begin with #! to use another interpreter",
        );
    }
    if ends_in_continuation(text) {
        let message =
            "the text ends with `\\` but no line follows, so the shell passes it as an argument";
        return dockerfile_form(
            span,
            message.to_owned(),
            "remove it, or write all lines of the command in one string: '''...'''",
        );
    }
    None
}

/// The error in a string that is a command of an image: its `entrypoint`, `cmd` or healthcheck.
pub(super) fn in_command(text: &str, span: Span) -> Option<Diagnostic> {
    if is_json_list(text) {
        let message = "the shell runs this list as one word, not as a program with arguments";
        return dockerfile_form(
            span,
            message.to_owned(),
            format!("remove the quotes around it: {}", text.trim()),
        );
    }
    if let Some(idle) = here_document::without_command(text) {
        let message = format!(
            "the here-document `{idle}` has no command: the shell reads it and runs nothing"
        );
        return dockerfile_form(
            span,
            message,
            "write only the lines, without `<<` and the end line".to_owned(),
        );
    }
    if ends_in_continuation(text) {
        let message = "the text ends with `\\` but no line follows";
        return dockerfile_form(span, message.to_owned(), "drop it".to_owned());
    }
    let (first, rest) = text.trim().split_once([' ', '\t']).unwrap_or((text.trim(), ""));
    match first {
        "CMD" | "ENTRYPOINT" | "HEALTHCHECK" => {
            let rest = rest.trim();
            let value = if is_json_list(rest) { rest.to_owned() } else { format!("{rest:?}") };
            dockerfile_form(
                span,
                format!(
                    "the shell would run `{first}` as a program, but it is a Dockerfile instruction"
                ),
                format!("remove the word: {value}"),
            )
        }
        "NONE" if rest.is_empty() => dockerfile_form(
            span,
            "the shell would run `NONE` as a program".to_owned(),
            "write `healthcheck = { none = true }` to disable an inherited one".to_owned(),
        ),
        _ if first.starts_with("--") => dockerfile_form(
            span,
            format!("the shell would run `{first}` as a program"),
            "write options of a healthcheck as keys: `interval = \"30s\"`, `timeout = \"5s\"`"
                .to_owned(),
        ),
        _ => None,
    }
}

/// The error in a list that is a command of an image: it begins with a keyword of Compose files and
/// image configs.
pub(super) fn in_words(words: &[Spanned<String>]) -> Option<Diagnostic> {
    let first = words.first()?;
    let hint = match first.as_str() {
        "CMD" | "ENTRYPOINT" | "HEALTHCHECK" => "remove the word: [\"PROGRAM\", \"ARGUMENT\"]",
        "CMD-SHELL" => "write a string to use a shell: `cmd = \"TEXT\"`",
        "NONE" if words.len() == 1 => {
            "write `healthcheck = { none = true }` to disable an inherited one"
        }
        _ => return None,
    };
    let message = format!("`{}` would run as the program", first.value);
    Some(Diagnostic::new(Code::DockerfileForm, first.span, message).hint(hint))
}

/// The error in a path or URL.
pub(super) fn in_path(text: &str, span: Span) -> Option<Diagnostic> {
    if let Some((flag, form)) = COPY_FLAGS.iter().find(|(flag, _)| text.starts_with(flag)) {
        let flag = flag.trim_end_matches('=');
        return dockerfile_form(
            span,
            format!("`{flag}` is a flag of Dockerfiles, and a part of the path here"),
            *form,
        );
    }
    if is_json_list(text) {
        let message = "a list in a string is one pattern, which hardly matches anything".to_owned();
        return dockerfile_form(span, message, "copy = [\"a\", \"b\"], to = \"/dir/\"");
    }
    if here_document::delimiter(text).is_some() {
        let message =
            format!("`{text}` begins a here-document in a Dockerfile, but it is a path here");
        return dockerfile_form(
            span,
            message,
            "write `{ write = \"/path\", content = '''...''' }`",
        );
    }
    None
}

/// The error in the content of a file: the delimiters of a here-document around it.
pub(super) fn in_content(text: &str, span: Span) -> Option<Diagnostic> {
    let (first, rest) = text.trim().split_once('\n')?;
    let delimiter = here_document::delimiter(first.trim())?;
    let last = rest.lines().next_back()?.trim();
    if last != delimiter {
        return None;
    }
    let message = format!("the lines `{}` and `{last}` would be written to the file", first.trim());
    Some(
        Diagnostic::new(Code::DockerfileForm, span, message)
            .hint("remove both: the content is the text between the quotes; `expand = true` replaces ${NAME} in it"),
    )
}

/// True if a text is a JSON list of strings, the exec form of an instruction.
fn is_json_list(text: &str) -> bool {
    let text = text.trim();
    text.starts_with('[')
        && text.ends_with(']')
        && serde_json::from_str::<Vec<String>>(text).is_ok_and(|words| !words.is_empty())
}

/// True if the text ends with a line continuation. An even number of backslashes is text.
fn ends_in_continuation(text: &str) -> bool {
    let text = text.trim_end();
    let backslashes = text.len() - text.trim_end_matches('\\').len();
    backslashes % 2 == 1
}

fn dockerfile_form(span: Span, message: String, hint: impl Into<String>) -> Option<Diagnostic> {
    Some(Diagnostic::new(Code::DockerfileForm, span, message).hint(hint))
}
