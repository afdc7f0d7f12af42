//! An analysis of the shell text of a `RUN`, as far as the conversion depends on it.
//!
//! Conservative: in doubt, it returns the answer that keeps the meaning.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::spec::script::commands;

/// The context of a place in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// In `$(...)` or `(...)`.
    Parentheses,
    /// In `` `...` ``.
    Backquotes,
    /// In `${...}`.
    Braces,
    /// In a comment.
    Comment,
}

/// True if a shell that stops at the first failing command behaves like one that continues: the
/// text is one command, a chain of `&&` and `||`, or turns `-e` on itself.
pub(super) fn stops_alike(text: &str) -> bool {
    begins_with_errexit(text) || !has_sequence(text)
}

/// True if the first command is `set` with `-e` among its options.
fn begins_with_errexit(text: &str) -> bool {
    let Some(rest) = text.trim_start().strip_prefix("set") else { return false };
    let end = rest.find([';', '\n', '&', '|']).unwrap_or(rest.len());
    // `set -e || x` and a pipe do not turn it on for later commands.
    if rest[end..].starts_with('|') || !rest.starts_with([' ', '\t']) {
        return false;
    }
    let mut words = rest[..end].split_whitespace();
    let mut has_e = false;
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some("o") => has_e |= words.next() == Some("errexit"),
            Some(letters) if letters.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
                has_e |= letters.contains('e');
                if letters.ends_with('o') {
                    has_e |= words.next() == Some("errexit");
                }
            }
            _ => return false,
        }
    }
    has_e
}

/// True if a command follows another one unconditionally: after `;`, `&` or a line break.
fn has_sequence(text: &str) -> bool {
    let text = text.trim_end().trim_end_matches(';').trim_end();
    let mut previous = ' ';
    let mut found = false;
    walk(text, |contexts, c, rest| {
        let is_quoted = matches!(
            contexts.last(),
            Some(Context::Single | Context::Double | Context::Comment | Context::Braces)
        );
        if !is_quoted {
            let is_lone_and = c == '&'
                && !matches!(previous, '&' | '>' | '<' | '|')
                && !rest.starts_with(['&', '>']);
            found |= c == ';' || c == '\n' || is_lone_and;
        }
        previous = c;
    });
    found
}

/// A place between two characters of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In quotes, in a comment, or in a variable reference: a line cannot end there.
    InWords,
    /// In parentheses.
    InParentheses,
    Outside,
}

/// The kinds of places in a text. `places` must be sorted.
pub(super) fn line_ends(text: &str, places: &[usize]) -> Vec<Place> {
    let mut found = Vec::with_capacity(places.len());
    let mut at = 0;
    let mut last = Place::Outside;
    walk(text, |contexts, c, _| {
        while places.get(found.len()).is_some_and(|&place| place <= at) {
            found.push(last);
        }
        at += c.len_utf8();
        last = place_in(contexts);
    });
    found.resize(places.len(), last);
    found
}

fn place_in(contexts: &[Context]) -> Place {
    const WORDS: [Context; 4] =
        [Context::Single, Context::Double, Context::Comment, Context::Braces];
    const PARENTHESES: [Context; 2] = [Context::Parentheses, Context::Backquotes];
    if contexts.iter().any(|context| WORDS.contains(context)) {
        Place::InWords
    } else if contexts.iter().any(|context| PARENTHESES.contains(context)) {
        Place::InParentheses
    } else {
        Place::Outside
    }
}

/// A text of several lines without their common indentation, if white space at the beginning of its
/// lines has no meaning: outside quotes and heredocs.
pub(super) fn unindented(text: &str) -> String {
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    if text.contains("<<") || line_ends(text, &ends).contains(&Place::InWords) {
        return text.to_owned();
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let common = lines.map(indentation).min().unwrap_or(0);
    let without = text.split_inclusive('\n').map(|line| line.get(common..).unwrap_or("\n"));
    without.collect()
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Calls `visit` for each character that is not escaped, with its contexts, itself, and the text
/// after it. Escaped characters are visited as letters.
fn walk(text: &str, mut visit: impl FnMut(&[Context], char, &str)) {
    let mut contexts: Vec<Context> = Vec::new();
    let mut chars: Peekable<CharIndices<'_>> = text.char_indices().peekable();
    let mut previous = ' ';
    while let Some((at, c)) = chars.next() {
        let rest = &text[at + c.len_utf8()..];
        let context = contexts.last().copied();
        match (context, c) {
            (Some(Context::Single), '\'')
            | (Some(Context::Double), '"')
            | (Some(Context::Parentheses), ')')
            | (Some(Context::Backquotes), '`')
            | (Some(Context::Braces), '}')
            | (Some(Context::Comment), '\n') => drop(contexts.pop()),
            (Some(Context::Single | Context::Comment), _) => {}
            (_, '\\') => {
                visit(&contexts, c, rest);
                if let Some((_, escaped)) = chars.next() {
                    // A continued line does not end here.
                    let shown = if escaped == '\n' { ' ' } else { 'x' };
                    for _ in 0..escaped.len_utf8() {
                        visit(&contexts, shown, "");
                    }
                }
                previous = 'x';
                continue;
            }
            (_, '`') => contexts.push(Context::Backquotes),
            (_, '$') if rest.starts_with('(') => {
                visit(&contexts, c, rest);
                chars.next();
                contexts.push(Context::Parentheses);
                visit(&contexts, '(', "");
                previous = '(';
                continue;
            }
            (_, '$') if rest.starts_with('{') => {
                visit(&contexts, c, rest);
                chars.next();
                contexts.push(Context::Braces);
                visit(&contexts, '{', "");
                previous = '{';
                continue;
            }
            (Some(Context::Double), _) => {}
            (_, '"') => contexts.push(Context::Double),
            (Some(Context::Braces), _) => {}
            (_, '\'') => contexts.push(Context::Single),
            (_, '(') => contexts.push(Context::Parentheses),
            (_, '#') if previous.is_whitespace() || matches!(previous, ';' | '&' | '|' | '(') => {
                contexts.push(Context::Comment);
            }
            _ => {}
        }
        visit(&contexts, c, rest);
        previous = c;
    }
}

/// True if a text may read variables that it does not name, besides those of [`is_read_by_tools`]:
/// it runs a program that is not known to read only its own, and is no package manager.
pub(super) fn may_read_variables(text: &str) -> bool {
    text.contains("<<")
        || lists_variables(text)
        || commands(text).iter().any(|words| !is_plain(words) && !is_manager(words))
}

/// True if a text runs `env`, which [`commands`] skips as a prefix of a command.
fn lists_variables(text: &str) -> bool {
    text.split_whitespace().any(|word| word == "env")
}

/// True for programs that do not read variables which a Dockerfile would pass to them as args.
fn is_plain(words: &[String]) -> bool {
    const PLAIN: [&str; 62] = [
        ":",
        "[",
        "true",
        "false",
        "echo",
        "printf",
        "cd",
        "test",
        "exit",
        "set",
        "export",
        "read",
        "cat",
        "cp",
        "mv",
        "rm",
        "ln",
        "ls",
        "mkdir",
        "rmdir",
        "touch",
        "chmod",
        "chown",
        "chgrp",
        "install",
        "head",
        "tail",
        "sort",
        "uniq",
        "wc",
        "cut",
        "tr",
        "tee",
        "sed",
        "grep",
        "egrep",
        "fgrep",
        "find",
        "xargs",
        "tar",
        "gzip",
        "gunzip",
        "unzip",
        "xz",
        "curl",
        "wget",
        "sha256sum",
        "sha512sum",
        "md5sum",
        "useradd",
        "groupadd",
        "usermod",
        "adduser",
        "addgroup",
        "id",
        "date",
        "uname",
        "dirname",
        "basename",
        "readlink",
        "fi",
        "done",
    ];
    const WITH_SCRIPTS: [&str; 2] = ["xargs", "find"];
    let Some(program) = words.first() else { return true };
    // `find -exec` and `xargs` run other programs.
    let runs_others = WITH_SCRIPTS.contains(&program.as_str()) && words.len() > 3;
    // Without arguments, they list all variables.
    let lists_all = words.len() == 1 && ["set", "export"].contains(&program.as_str());
    PLAIN.contains(&program.as_str()) && !runs_others && !lists_all
}

/// True for variables that package managers and tools read by themselves.
pub(super) fn is_read_by_tools(name: &str) -> bool {
    name.starts_with("DEBIAN_") || name.starts_with("DEBCONF_") || name.starts_with("APT_")
}

fn is_manager(words: &[String]) -> bool {
    const MANAGERS: [&str; 9] = [
        "apt-get",
        "apt",
        "apk",
        "dnf",
        "yum",
        "microdnf",
        "zypper",
        "dpkg",
        "update-ca-certificates",
    ];
    words.first().is_some_and(|program| MANAGERS.contains(&&**program))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_stopping_makes_a_difference() {
        for text in [
            "make",
            "a && b || c",
            "a | b && c",
            "x=$(a && b) && echo \"$x\"",
            "sh -c 'a; b'",
            "echo \"a; b\" && c",
            "a 2>&1 && b >&2",
            "a &> log && b",
            "make;",
            "set -e; a; b",
            "set -eux && a; b",
            "set -o errexit; a\nb",
            "echo a\\;b",
            "a && \\\n b",
            "echo ${A:-x;y}",
            "echo # a; b",
        ] {
            assert!(stops_alike(text), "{text}");
        }
        for text in [
            "a; b",
            "a\nb",
            "a & b",
            "x=$(a; b)",
            "echo \"$(a; b)\"",
            "echo `a; b`",
            "if a; then b; fi",
            "{ a; }",
            "(a; b) && c",
            "set -x; a; b",
            "set -e || a; b",
            "settle -e; b",
        ] {
            assert!(!stops_alike(text), "{text}");
        }
    }

    #[test]
    fn where_a_line_may_end() {
        let text = "a 'b c' \"d $(e f)\" ${g h} # i j";
        let places: Vec<usize> = text.match_indices(' ').map(|(at, _)| at + 1).collect();
        let outside: Vec<&str> = places
            .iter()
            .zip(line_ends(text, &places))
            .filter(|(_, place)| *place != Place::InWords)
            .map(|(&at, _)| text[at..].split(' ').next().unwrap_or_default())
            .collect();
        assert_eq!(outside, ["'b", "\"d", "${g", "#"]);
        assert_eq!(line_ends("é 'x", &[3, 5]), [Place::Outside, Place::InWords]);
        assert_eq!(line_ends("(a b) c", &[3, 6]), [Place::InParentheses, Place::Outside]);
    }

    #[test]
    fn what_may_read_variables() {
        for text in [
            "echo a && mkdir -p /x",
            "curl -fsSL x | tar xz",
            "if [ -f x ]; then rm x; fi",
            "apt-get update && apt-get install -y curl && rm -rf /var/lib/apt",
        ] {
            assert!(!may_read_variables(text), "{text}");
        }
        for text in [
            "make",
            "./build.sh",
            "find . -exec make {} +",
            "cat <<EOF | sh\nEOF",
            "env",
            "apt-get update && make",
        ] {
            assert!(may_read_variables(text), "{text}");
        }
    }
}
