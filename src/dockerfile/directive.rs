//! Parser directives: `# syntax=`, `# escape=` and `# check=` at the top of a Dockerfile.
//!
//! Follows `frontend/dockerfile/parser/directives.go` of BuildKit: the first line that is not a
//! directive ends them; an unknown name ends them too.

use std::collections::BTreeSet;

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceFile, Spanned};

/// The directives of a Dockerfile.
#[derive(Debug, Clone, Default)]
pub struct Directives {
    /// The frontend that the file requests: `docker/dockerfile:1`.
    pub syntax: Option<Spanned<String>>,
    /// The character for escapes and line continuations: a backslash unless it is set to a
    /// backquote.
    pub escape: Escape,
    /// The rules to skip or to fail the build on, as written.
    pub check: Option<Spanned<String>>,
    /// The number of lines that are directives.
    pub(super) lines: usize,
}

/// The character for escapes and line continuations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Escape {
    /// `\`, the default.
    #[default]
    Backslash,
    /// `` ` ``, for Windows paths.
    Backquote,
}

impl Escape {
    fn read(text: &str) -> Option<Self> {
        match text {
            "\\" => Some(Escape::Backslash),
            "`" => Some(Escape::Backquote),
            _ => None,
        }
    }

    /// The character.
    pub fn char(self) -> char {
        match self {
            Escape::Backslash => '\\',
            Escape::Backquote => '`',
        }
    }
}

/// Reads the directives. `start` is the offset after a byte order mark.
pub(super) fn read(file: &SourceFile, start: usize, diagnostics: &mut Diagnostics) -> Directives {
    let text = &file.text()[start..];
    // BuildKit looks for `syntax` and `check` after a shebang, but its parser, which handles
    // `escape`, treats the shebang as a comment that ends the directives.
    let shebang = match text.starts_with("#!") {
        true => text.find('\n').map_or(text.len(), |at| at + 1),
        false => 0,
    };
    let mut found = Directives::default();
    let mut seen = BTreeSet::new();
    let mut at = start + shebang;
    for line in text[shebang..].split_inclusive('\n') {
        let Some((name, value)) = directive(line) else { break };
        let range = {
            let offset = at + line.trim_end().len() - value.len();
            offset..offset + value.len()
        };
        at += line.len();
        let value = Spanned { value: value.to_owned(), span: file.span(range) };
        if !seen.insert(name.clone()) {
            diagnostics.push(
                Diagnostic::new(
                    Code::InvalidDirective,
                    value.span,
                    format!("only one {name} parser directive can be used"),
                )
                .hint("remove one of them"),
            );
            continue;
        }
        if shebang == 0 {
            found.lines += 1;
        }
        match &*name {
            "syntax" => found.syntax = Some(value),
            "check" => found.check = Some(value),
            _ if shebang > 0 => {}
            _ => match Escape::read(&value.value) {
                Some(escape) => found.escape = escape,
                None => diagnostics.push(
                    Diagnostic::new(
                        Code::InvalidDirective,
                        value.span,
                        format!("invalid escape token '{}' does not match ` or \\", value.value),
                    )
                    .hint("write `# escape=\\` or `` # escape=` ``"),
                ),
            },
        }
    }
    found
}

/// Parses a directive: its name in lower case, and its value.
fn directive(line: &str) -> Option<(String, &str)> {
    let (name, value) = line.strip_prefix('#')?.trim_start().split_once('=')?;
    let (name, value) = (name.trim_end(), value.trim());
    let name = name.to_ascii_lowercase();
    let is_known = ["syntax", "escape", "check"].contains(&&*name);
    (is_known && !value.is_empty()).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> (Directives, Vec<String>) {
        let file = SourceFile::new("Dockerfile", text.into());
        let mut diagnostics = Diagnostics::default();
        let found = read(&file, 0, &mut diagnostics);
        let messages = diagnostics.errors().iter().map(|error| error.message.clone()).collect();
        (found, messages)
    }

    #[test]
    fn directives_stand_before_everything_else() {
        let (found, _) = read_text(
            "# Syntax = docker/dockerfile:1 \n#escape=`\n# a comment\n# check=skip=all\n",
        );
        assert_eq!(found.syntax.map(|syntax| syntax.value).as_deref(), Some("docker/dockerfile:1"));
        assert_eq!((found.escape, found.check, found.lines), (Escape::Backquote, None, 2));
    }

    #[test]
    fn a_shebang_hides_escape_only() {
        let (found, _) = read_text("#!/usr/bin/env docker\n# escape=`\n# check=error=true\n");
        assert_eq!((found.escape, found.lines), (Escape::Backslash, 0));
        assert_eq!(found.check.map(|check| check.value).as_deref(), Some("error=true"));
    }

    #[test]
    fn wrong_directives() {
        let (_, messages) = read_text("# escape=x\n# syntax=a\n# syntax=b\n");
        assert_eq!(
            messages,
            [
                "invalid escape token 'x' does not match ` or \\",
                "only one syntax parser directive can be used"
            ]
        );
    }
}
