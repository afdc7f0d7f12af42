//! Files of other languages, taken for build files.
//!
//! Comes in: a file. Goes out: one error that says what it is, where its first line shows that and no other
//! is TOML, in place of one for each line. Knows nothing of what else is in it.

use super::instruction_forms::form_of;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::SourceFile;

/// Where it is told what a Dockerfile's instructions become.
const FROM_DOCKERFILE: &str =
    concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/reference/from-dockerfile.md");

/// What is wrong with a file whose first line can be no TOML, and of which no other line looks like TOML: a slip on
/// the first one is a slip.
pub(super) fn check(file: &SourceFile) -> Option<Diagnostic> {
    let numbers = 1..=file.line_count();
    let mut lines = numbers.map(|number| (number, file.line_text(number).trim()));
    let (number, line) = lines.find(|(_, line)| !line.is_empty() && !line.starts_with('#'))?;
    let (what, hint) = if is_dockerfile(line) {
        (
            "a Dockerfile",
            format!(
                "what its instructions become is in {FROM_DOCKERFILE}; to build it as it is, take out its line \
                 `# syntax=...`"
            ),
        )
    } else if is_yaml(line) {
        (
            "YAML",
            "a build file is TOML: `key = value`, and headers such as `[stages.app]`".to_owned(),
        )
    } else if line.starts_with('{') {
        (
            "JSON",
            "a build file is TOML: `key = value`, and headers such as `[stages.app]`".to_owned(),
        )
    } else {
        return None;
    };
    if lines.any(|(_, line)| is_toml(line)) {
        return None;
    }
    let start = file.line_start(number);
    let offset = (start - file.line_start(1)) as usize;
    let span = file.span(offset..offset + file.line_text(number).len());
    Some(
        Diagnostic::new(Code::InvalidToml, span, format!("this is {what}, and no TOML")).hint(hint),
    )
}

/// Whether a line is an instruction, in whatever case. Behind a key of TOML there is a `=` or a dot.
fn is_dockerfile(line: &str) -> bool {
    let Some((word, rest)) = line.split_once([' ', '\t']) else { return false };
    form_of(&word.to_ascii_uppercase()).is_some() && !rest.trim_start().starts_with(['=', '.'])
}

/// Whether a line is a header, or begins with a key and `=`.
fn is_toml(line: &str) -> bool {
    let name = line.trim_start_matches('[');
    let is_header = name.len() < line.len() && name.starts_with(|c: char| c.is_ascii_alphabetic());
    let behind = line.trim_start_matches(is_of_key);
    let is_entry = behind.len() < line.len() && behind.trim_start().starts_with('=');
    is_header || is_entry
}

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || ['_', '-', '.'].contains(&c)
}

/// Whether a line is the beginning of a document, an item of a list, or a key with a colon, which ends the line or has
/// a space behind it.
fn is_yaml(line: &str) -> bool {
    let behind = line.trim_start_matches(is_of_key);
    let is_entry = behind.len() < line.len() && (behind == ":" || behind.starts_with(": "));
    line == "---" || line.starts_with("- ") || is_entry
}
