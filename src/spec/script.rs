//! Which variables the text of a run step names, and which commands it runs.

use super::name::{is_variable, leading_name};

/// Calls `visit` with each name that the text may take from its environment: `$NAME`, `${NAME...}`,
/// `$env:NAME` of PowerShell and `%NAME%` of Windows' command line. It may name more than the shell
/// will look up (in single quotes, say), never less.
pub(crate) fn visit_names<'t>(text: &'t str, visit: &mut dyn FnMut(&'t str)) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'$' | b'%')) {
        let sign = rest.as_bytes()[at];
        rest = &rest[at + 1..];
        let name = if sign == b'$' {
            let name = rest.strip_prefix('{').unwrap_or(rest);
            // `${#NAME}` and `${!NAME}` look NAME up too.
            let name = name.trim_start_matches(['#', '!']);
            leading_name(strip_prefix_ignore_case(name, "env:").unwrap_or(name))
        } else {
            let name = leading_name(rest);
            if rest[name.len()..].starts_with(['%', ':']) { name } else { "" }
        };
        if is_variable(name) {
            visit(name);
        }
    }
}

/// Calls `visit` with each name that stands before a `=`.
pub(crate) fn visit_assigned<'t>(text: &'t str, visit: &mut dyn FnMut(&'t str)) {
    for (at, _) in text.match_indices('=') {
        let before = &text[..at];
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        visit(&before[before.trim_end_matches(is_part).len()..]);
    }
}

/// The commands of a text as a POSIX shell reads it, each as its words without quotes. Assignments before
/// a command are no words of it. It is a reading for advice: substitutions and here-documents are not
/// looked into.
pub(crate) fn commands(text: &str) -> Vec<Vec<String>> {
    let mut reader = Commands::default();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                // The command goes on in the next line.
                Some('\n') | None => reader.end_word(),
                Some(escaped) => reader.push(escaped),
            },
            '\'' | '"' => {
                reader.begin_word();
                while let Some(inner) = chars.next().filter(|&inner| inner != c) {
                    match inner {
                        '\\' if c == '"' => reader.word.extend(chars.next()),
                        inner => reader.word.push(inner),
                    }
                }
            }
            '#' if !reader.in_word => while chars.next_if(|&c| c != '\n').is_some() {},
            ' ' | '\t' | '\r' => reader.end_word(),
            '\n' | ';' | '&' | '|' | '(' | ')' => reader.end_command(),
            c => reader.push(c),
        }
    }
    reader.end_command();
    reader.commands
}

#[derive(Default)]
struct Commands {
    commands: Vec<Vec<String>>,
    command: Vec<String>,
    word: String,
    in_word: bool,
}

impl Commands {
    fn begin_word(&mut self) {
        self.in_word = true;
    }

    fn push(&mut self, c: char) {
        self.in_word = true;
        self.word.push(c);
    }

    fn end_word(&mut self) {
        if !std::mem::take(&mut self.in_word) {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let is_assignment = word.split_once('=').is_some_and(|(name, _)| is_variable(name));
        // What stands before a command and is none itself.
        const BEFORE: [&str; 14] = [
            "if", "then", "else", "elif", "do", "while", "until", "!", "{", "}", "exec", "sudo",
            "env", "time",
        ];
        let is_before = is_assignment || BEFORE.contains(&word.as_str());
        if !(self.command.is_empty() && is_before) {
            self.command.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        if !self.command.is_empty() {
            self.commands.push(std::mem::take(&mut self.command));
        }
    }
}

fn strip_prefix_ignore_case<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    text.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix))?;
    text.get(prefix.len()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_scripts() {
        for (text, expected) in [
            (
                "apt-get update && apt-get install -y curl",
                &["apt-get update", "apt-get install -y curl"][..],
            ),
            (
                "apk add \\\n  bash \\\n  curl\necho 'a; b' \"c\"",
                &["apk add bash curl", "echo a; b c"],
            ),
            ("# apt-get update\ntrue # no\n", &["true"]),
            ("if ! A=1 sudo dnf install x; then exit 1; fi", &["dnf install x", "exit 1", "fi"]),
            ("(cd /x && make) | tee log", &["cd /x", "make", "tee log"]),
            ("echo a#b 'unclosed", &["echo a#b unclosed"]),
            ("", &[]),
        ] {
            let found: Vec<String> =
                commands(text).iter().map(|command| command.join(" ")).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn names_in_scripts() {
        for (text, expected) in [
            ("echo $A ${B} \"$C\" '$D'", &["A", "B", "C", "D"][..]),
            ("echo ${A:-$B} ${#C} ${!D} ${E%%.*}", &["A", "B", "C", "D", "E"]),
            ("Write-Host $env:A ${env:B} $Env:C", &["A", "B", "C"]),
            ("echo %A% 100% %B:~0,3%", &["A", "B"]),
            ("$(cmd) $$ $1 $? $-", &[]),
            ("x=$A$B", &["A", "B"]),
            ("awk '{print $1}' 50%", &[]),
        ] {
            let mut names = Vec::new();
            visit_names(text, &mut |name| names.push(name));
            assert_eq!(names, expected, "{text}");
        }
    }
}
