//! Files of other languages that are mistaken for build files.
//!
//! Input: a file. Output: a single error that names the language, instead of one for each line, if
//! the first line shows it and no other line is TOML. Must not depend on the rest of the file.

use super::instruction_forms::form_of;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::SourceFile;

/// The page that maps Dockerfile instructions to build files.
const FROM_DOCKERFILE: &str =
    concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/reference/from-dockerfile.md");

/// The error for a file whose first line cannot be TOML and none of whose other lines looks like
/// TOML. If others do, the first line is just a mistake.
pub(super) fn check(file: &SourceFile) -> Option<Diagnostic> {
    let numbers = 1..=file.line_count();
    let mut lines = numbers.map(|number| (number, file.line_text(number).trim()));
    let (number, line) = lines.find(|(_, line)| !line.is_empty() && !line.starts_with('#'))?;
    let (what, hint) = if is_dockerfile(line) {
        (
            "a Dockerfile",
            format!(
                "see {FROM_DOCKERFILE} for the equivalent of each instruction; to build it as a Dockerfile, remove its line `# syntax=...`"
            ),
        )
    } else if is_yaml(line) {
        (
            "YAML",
            "a build file is TOML: lines such as `key = value` and headers such as `[stages.app]`"
                .to_owned(),
        )
    } else if line.starts_with('{') {
        (
            "JSON",
            "a build file is TOML: lines such as `key = value` and headers such as `[stages.app]`"
                .to_owned(),
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
        Diagnostic::new(Code::InvalidToml, span, format!("expected TOML, found {what}")).hint(hint),
    )
}

/// True if a line is an instruction, in any case. In TOML, a key is followed by `=` or a dot.
fn is_dockerfile(line: &str) -> bool {
    let Some((word, rest)) = line.split_once([' ', '\t']) else { return false };
    form_of(&word.to_ascii_uppercase()).is_some() && !rest.trim_start().starts_with(['=', '.'])
}

/// True if a line is a header, or begins with a key and `=`.
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

/// True if a line is the start of a YAML document, an item of a list, or a key with a colon at the
/// end of the line or before a space.
fn is_yaml(line: &str) -> bool {
    let behind = line.trim_start_matches(is_of_key);
    let is_entry = behind.len() < line.len() && (behind == ":" || behind.starts_with(": "));
    line == "---" || line.starts_with("- ") || is_entry
}
