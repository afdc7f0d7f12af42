//! The text of a `RUN` as text of a build file: one line, or several as in the Dockerfile.
//!
//! A Dockerfile joins continued lines before the shell reads them; in a build file the shell joins
//! them. Where that makes a difference, in quotes and comments, they are joined here.

use std::fmt::Write;

use super::script::{Place, line_ends};
use super::toml::Kind;
use crate::dockerfile::{InnerComment, ShellText};

/// Maximum length of a text of several lines that is joined into one line.
const SHORT: usize = 76;

/// The text of a run step.
pub(super) struct Laid {
    /// The text, as a script or a block.
    pub(super) kind: Kind,
    /// The comments that cannot be placed in it.
    pub(super) comments: Vec<String>,
}

/// A line of the text.
struct Line<'t> {
    text: &'t str,
    /// The comments directly above it.
    comments: Vec<String>,
    /// True if it begins inside parentheses.
    is_in_parentheses: bool,
}

/// Lays the text out. `has_hash_comments` is true if `#` begins a comment in the language of the
/// text.
pub(super) fn lay_out(text: &ShellText, inner: &[InnerComment], has_hash_comments: bool) -> Laid {
    let whole = &text.text.value;
    let lines = lines(text, inner);
    let no_comments = lines.iter().all(|line| line.comments.is_empty());
    if lines.len() < 2
        || no_comments && whole.split_whitespace().map(|w| w.len() + 1).sum::<usize>() <= SHORT
    {
        let comments = lines.into_iter().flat_map(|line| line.comments).collect();
        return Laid { kind: Kind::Script(in_one_line(text)), comments };
    }
    let margins = Margins::of(&lines);
    let mut block = Block::default();
    let mut outside = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = if at == 0 { 0 } else { margins.indent(line) };
        let begins_command = block.begin_line(indent, begins_with_operator(line.text));
        if has_hash_comments {
            block.comments(&line.comments);
        } else {
            outside.extend(line.comments.iter().cloned());
        }
        let text = without_operator(line.text);
        block.text(text);
        block.end_line(line, text, begins_command, lines.get(at + 1));
    }
    block.end_command();
    Laid { kind: Kind::Block(block.out), comments: outside }
}

/// The smallest indentations of a text's lines. The block leaves them out.
struct Margins {
    /// That of lines after the first one which do not begin with an operator.
    plain: usize,
    /// That of lines which do. Operators in parentheses are indented further than those outside.
    operators: usize,
}

impl Margins {
    fn of(lines: &[Line<'_>]) -> Self {
        let plain = lines.iter().skip(1).filter(|line| !begins_with_operator(line.text));
        let operators = lines.iter().filter(|line| begins_with_operator(line.text));
        Self {
            plain: plain.map(indentation).min().unwrap_or(0),
            operators: operators.map(indentation).min().unwrap_or(0),
        }
    }

    /// The indentation in the block of a line after the first one.
    fn indent(&self, line: &Line<'_>) -> usize {
        match begins_with_operator(line.text) {
            true if line.is_in_parentheses => indentation(line) - self.operators,
            true => 0,
            false => indentation(line).saturating_sub(self.plain),
        }
    }
}

/// A block, written line by line.
#[derive(Default)]
struct Block {
    /// The commands before the current one.
    out: String,
    /// The current command.
    command: String,
    /// The comments to put above it: they are only possible where a command begins.
    comments: String,
    /// The indentation of the current command.
    indent: usize,
    /// True if the command goes on in the next line.
    continues: bool,
}

impl Block {
    /// Begins a line. `leads` is true if an operator has moved from its beginning to the previous
    /// line. Returns true if a command may begin there.
    fn begin_line(&mut self, indent: usize, leads: bool) -> bool {
        let begins_command = !self.continues || leads;
        let indent = if begins_command {
            self.end_command();
            self.indent = indent;
            indent
        } else {
            indent.max(self.indent + 2)
        };
        self.command.push_str(&" ".repeat(indent));
        begins_command
    }

    fn end_command(&mut self) {
        self.out.push_str(&self.comments);
        self.out.push_str(&self.command);
        self.comments.clear();
        self.command.clear();
    }

    fn comments(&mut self, comments: &[String]) {
        let white = " ".repeat(self.indent);
        for comment in comments {
            let _ = writeln!(self.comments, "{white}# {comment}");
        }
    }

    fn text(&mut self, text: &str) {
        // A semicolon on a line of its own moves to the end of the previous line.
        match text.strip_suffix(';') {
            Some(before) if ends_word(before.trim_end()) => {
                self.command.push_str(before.trim_end());
                self.command.push(';');
            }
            _ => self.command.push_str(text),
        }
    }

    /// Ends a line, with the operator of the next one or a backslash if one is needed.
    fn end_line(
        &mut self,
        line: &Line<'_>,
        text: &str,
        begins_command: bool,
        next: Option<&Line<'_>>,
    ) {
        if let Some(operator) = next.and_then(|next| leading_operator(next.text)) {
            self.command.push(' ');
            self.command.push_str(operator);
            self.continues = false;
        } else if let Some(next) = next {
            // A line break ends the last command in parentheses.
            let is_last = next.text.trim_start().starts_with(')');
            self.continues =
                !ends_statement(text, begins_command) && !ends_pattern(line) && !is_last;
            if self.continues {
                self.command.push_str(" \\");
            }
        }
        self.command.push('\n');
    }
}

/// The kinds of places at which the text continues on another line.
fn places(text: &ShellText) -> Vec<Place> {
    let whole = &text.text.value;
    let mut places = line_ends(whole, &text.breaks);
    for (place, &at) in places.iter_mut().zip(&text.breaks) {
        if is_in_word(&whole[..at], &whole[at..]) {
            *place = Place::InWords;
        }
    }
    places
}

/// True if a word goes on after a line continuation: there is neither white space nor an operator.
fn is_in_word(before: &str, after: &str) -> bool {
    const OPERATORS: [&str; 4] = ["&&", "||", ";", "|"];
    let is_white = before.ends_with(char::is_whitespace) || after.starts_with(char::is_whitespace);
    let ends = OPERATORS.iter().any(|operator| before.ends_with(operator));
    let begins = OPERATORS.iter().any(|operator| after.starts_with(operator));
    !is_white && ends == begins && !before.is_empty() && !after.is_empty()
}

/// The text in one line, without the indentation of continued lines.
fn in_one_line(text: &ShellText) -> String {
    let whole = &text.text.value;
    let mut out = String::new();
    let mut start = 0;
    let outside = places(text);
    for (&at, place) in text.breaks.iter().zip(outside) {
        // White space across several lines has been removed at the first of its breaks.
        if place != Place::InWords && at >= start {
            out.push_str(whole[start..at].trim_end());
            out.push(' ');
            start = at + (whole[at..].len() - whole[at..].trim_start().len());
        }
    }
    out.push_str(&whole[start..]);
    out
}

/// The lines of a text that can also be lines for a shell.
fn lines<'t>(text: &'t ShellText, inner: &[InnerComment]) -> Vec<Line<'t>> {
    let whole = &text.text.value;
    let mut lines = Vec::new();
    let mut start = 0;
    let mut comments = Vec::new();
    let mut inner = inner.iter().peekable();
    let mut is_in_parentheses = false;
    let places = places(text);
    for (number, (&at, place)) in text.breaks.iter().zip(places).enumerate() {
        let is_end =
            place != Place::InWords && !(is_lone_semicolon(whole, at) && comments.is_empty());
        if is_end {
            let text = &whole[start..at];
            let comments = std::mem::take(&mut comments);
            lines.push(Line { text, comments, is_in_parentheses });
            start = at;
            is_in_parentheses = place == Place::InParentheses;
        }
        while let Some(comment) = inner.next_if(|inner| inner.after <= number + 1) {
            comments.push(comment.comment.text.clone());
        }
    }
    comments.extend(inner.map(|inner| inner.comment.text.clone()));
    lines.push(Line { text: &whole[start..], comments, is_in_parentheses });
    lines.retain(|line| !line.text.trim().is_empty() || !line.comments.is_empty());
    lines
}

fn indentation(line: &Line<'_>) -> usize {
    let text = line.text;
    let white = &text[..text.len() - text.trim_start().len()];
    white.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

/// The operator at the beginning of a line, which moves to the end of the previous line.
fn leading_operator(line: &str) -> Option<&'static str> {
    let line = line.trim_start();
    ["&&", "||"].into_iter().find(|operator| line.starts_with(operator))
}

/// A line without white space around it, and without its operator at the beginning.
fn without_operator(line: &str) -> &str {
    let text = line.trim();
    let operator = leading_operator(text).unwrap_or_default();
    text[operator.len()..].trim_start()
}

fn begins_with_operator(line: &str) -> bool {
    leading_operator(line).is_some()
}

/// True if a shell continues in the next line without a backslash.
///
/// `begins_command` is true where a command may begin: only there is a word such as `then` a
/// keyword; elsewhere it is an argument.
fn ends_statement(line: &str, begins_command: bool) -> bool {
    const ENDS: [&str; 13] = [
        "&&", "|", ";", "; then", "; do", "; else", "() {", "&& {", "|| {", "; {", "&& (", "|| (",
        "; (",
    ];
    let mut before = ENDS.iter().filter_map(|end| line.strip_suffix(end));
    before.any(|before| !before.ends_with('\\'))
        || begins_command
            && (matches!(line, "then" | "do" | "else" | "{" | "(")
                || line.starts_with("case ") && line.ends_with(" in"))
}

/// True for a pattern of `case`: the line ends with an unmatched closing parenthesis.
fn ends_pattern(line: &Line<'_>) -> bool {
    !line.is_in_parentheses
        && line.text.trim_end().ends_with(')')
        && !line.text.contains(['(', '\\'])
}

/// True if a semicolon follows on a line of its own; it ends the previous line.
fn is_lone_semicolon(text: &str, at: usize) -> bool {
    let rest = text[at..].trim_start().strip_prefix(';');
    ends_word(text[..at].trim_end()) && rest.is_some_and(|rest| !rest.starts_with(';'))
}

fn ends_word(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '"' | '\'' | '/' | '*'))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::dockerfile::{self, CommandLine};
    use crate::source::SourceFile;

    fn check(run: &str, expected: Expect) {
        let file = SourceFile::new("Dockerfile", format!("FROM a\n{run}\n").into_bytes());
        let found = dockerfile::parse(&file, &mut Diagnostics::default());
        let instruction = &found.stages[0].instructions[0];
        let dockerfile::Kind::Run(run) = &instruction.kind else { panic!("{instruction:?}") };
        let CommandLine::Shell(text) = &run.command else { panic!("{run:?}") };
        let laid = lay_out(text, &instruction.inner, true);
        let shown = match laid.kind {
            Kind::Script(text) => text,
            Kind::Block(text) => text,
            other => panic!("{other:?}"),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn short_texts_are_in_one_line() {
        check("RUN a && \\\n    b", expect!["a && b"]);
        check("RUN echo 'a \\\n  b'", expect!["echo 'a   b'"]);
    }

    #[test]
    fn chains_become_lines() {
        check(
            "RUN apt-get update && apt-get install -y \\\n    # for tls\n    ca-certificates \\\n    curl \\\n    \
             && rm -rf /var/lib/apt/lists/*",
            expect![[r#"
                # for tls
                apt-get update && apt-get install -y \
                  ca-certificates \
                  curl &&
                rm -rf /var/lib/apt/lists/*
            "#]],
        );
        check(
            "RUN apt-get update && \\\n    # then\n    apt-get install -y --no-install-recommends curl && \\\n    rm x",
            expect![[r#"
                apt-get update &&
                # then
                apt-get install -y --no-install-recommends curl &&
                rm x
            "#]],
        );
    }

    #[test]
    fn structure_keeps_its_indentation() {
        check(
            "RUN set -eux; \\\n    for f in a b c; do \\\n        echo \"$f and something longer\"; \\\n    done; \\\n\
             \x20   find . -name x -exec rm {} \\; \\\n      -print",
            expect![[r#"
                set -eux;
                for f in a b c; do
                    echo "$f and something longer";
                done;
                find . -name x -exec rm {} \; \
                  -print
            "#]],
        );
    }

    #[test]
    fn what_needs_no_backslash() {
        check(
            "RUN case \"$(uname -m)\" in \\\n        x86_64 | aarch64) \\\n# built by the project itself\n            \
             curl -fsSLO https://example.org/tool; \\\n            ;; \\\n        *) make tool ;; \\\n    esac; \\\n    \
             apt-get install -y \\\n        less \\\n    ; \\\n    rm x",
            expect![[r#"
                case "$(uname -m)" in
                    x86_64 | aarch64)
                        # built by the project itself
                        curl -fsSLO https://example.org/tool;
                        ;;
                    *) make tool ;;
                esac;
                apt-get install -y \
                    less;
                rm x
            "#]],
        );
    }

    #[test]
    fn words_of_the_shell_may_be_arguments() {
        check(
            "RUN echo first \\\n    do \\\n    something-that-is-long-enough-for-the-text-to-have-several-lines-of-its-own \\\n    case x in \\\n    end",
            expect![[r#"
                echo first \
                  do \
                  something-that-is-long-enough-for-the-text-to-have-several-lines-of-its-own \
                  case x in \
                  end
            "#]],
        );
    }

    #[test]
    fn parentheses_keep_their_indentation() {
        check(
            "RUN set -x \\\n\t&& git clone https://example.org/tool.git /src/tool \\\n\t&& ( \\\n\t\tcd /src/tool \\\n\t\t\
             && make \\\n\t\t&& make install \\\n\t) \\\n\t&& rm -r /src/tool",
            expect![[r#"
                set -x &&
                git clone https://example.org/tool.git /src/tool &&
                (
                    cd /src/tool &&
                    make &&
                    make install
                ) &&
                rm -r /src/tool
            "#]],
        );
    }

    #[test]
    fn quoted_lines_are_joined() {
        check(
            "RUN echo 'a long text in quotes that goes on in the \\\n    next line' && \\\n    echo done and done",
            expect![[r#"
                echo 'a long text in quotes that goes on in the     next line' &&
                echo done and done
            "#]],
        );
    }
}
