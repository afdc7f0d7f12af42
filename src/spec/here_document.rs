//! Here-documents in the text of a shell that no command reads.
//!
//! An approximation for this one question. A text that it cannot follow (for example, with unclosed
//! quotes) has none.

use std::iter::Peekable;
use std::str::CharIndices;

/// The delimiter of a here-document, if a text consists only of the operator and its word: `<<EOF`,
/// `<<-EOF`, `<<"EOF"`.
pub(super) fn delimiter(text: &str) -> Option<&str> {
    let word = text.strip_prefix("<<")?;
    let word = word.strip_prefix('-').unwrap_or(word);
    let unquoted =
        ['"', '\''].into_iter().find_map(|quote| word.strip_prefix(quote)?.strip_suffix(quote));
    let word = unquoted.unwrap_or(word);
    (!word.is_empty() && word.chars().all(is_word)).then_some(word)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// The operator and word of the first here-document without a command: the shell reads it, and
/// nothing runs.
pub(super) fn without_command(text: &str) -> Option<&str> {
    // Most texts have none.
    if !text.contains("<<") {
        return None;
    }
    if let Some(rest) = text.strip_prefix("#!")
        && !rest.lines().next().unwrap_or_default().trim_end().ends_with("sh")
    {
        return None;
    }
    Reader {
        text,
        chars: text.char_indices().peekable(),
        command: Command::default(),
        pending: Vec::new(),
    }
    .find()
}

/// A simple command, as far as it has been read.
#[derive(Default)]
struct Command<'t> {
    /// True if it has a word, so that a command reads its redirections.
    has_word: bool,
    /// The operator and word of its first here-document.
    mark: Option<&'t str>,
}

struct Reader<'t> {
    text: &'t str,
    chars: Peekable<CharIndices<'t>>,
    command: Command<'t>,
    /// The here-documents whose lines follow this one: the last line of each, and true if tabs
    /// before it are dropped.
    pending: Vec<(String, bool)>,
}

impl<'t> Reader<'t> {
    fn find(mut self) -> Option<&'t str> {
        // True if the previous character is part of a word.
        let mut in_word = false;
        while let Some((at, c)) = self.chars.next() {
            match c {
                '\\' => {
                    let escaped = self.chars.next();
                    if escaped.is_some_and(|(_, escaped)| escaped != '\n') {
                        self.command.has_word = true;
                        in_word = true;
                    }
                    continue;
                }
                '\'' | '"' | '`' => {
                    self.skip_quoted(c)?;
                    self.command.has_word = true;
                    in_word = true;
                    continue;
                }
                '#' if !in_word => while self.chars.next_if(|&(_, c)| c != '\n').is_some() {},
                ' ' | '\t' | '\r' => {}
                '\n' => {
                    if let Some(mark) = self.end_command() {
                        return Some(mark);
                    }
                    self.skip_documents();
                }
                '(' if self.text[at..].starts_with("((") => {
                    self.skip_arithmetic(at);
                    self.command.has_word = true;
                }
                ';' | '&' | '|' | '(' | ')' => {
                    if let Some(mark) = self.end_command() {
                        return Some(mark);
                    }
                    // A redirection after a parenthesis applies to everything inside it.
                    self.command.has_word = c == ')';
                }
                '<' | '>' => self.redirection(at, c),
                _ => {
                    if !self.is_descriptor(at) {
                        self.command.has_word = true;
                    }
                    in_word = true;
                    continue;
                }
            }
            in_word = false;
        }
        self.end_command()
    }

    /// True if a digit is the file descriptor of a redirection: `3<<EOF`.
    fn is_descriptor(&self, at: usize) -> bool {
        let rest = self.text[at..].trim_start_matches(|c: char| c.is_ascii_digit());
        rest.len() < self.text.len() - at && rest.starts_with(['<', '>'])
    }

    fn end_command(&mut self) -> Option<&'t str> {
        let Command { has_word, mark } = std::mem::take(&mut self.command);
        mark.filter(|_| !has_word)
    }

    /// Reads a redirection and its word.
    fn redirection(&mut self, at: usize, c: char) {
        let operator = self.text[at..].len() - self.text[at..].trim_start_matches(c).len();
        for _ in 1..operator {
            self.chars.next();
        }
        let is_document = c == '<' && operator == 2;
        let drops_tabs = is_document && self.chars.next_if(|&(_, c)| c == '-').is_some();
        while self.chars.next_if(|&(_, c)| matches!(c, ' ' | '\t' | '&' | '|')).is_some() {}
        let start = self.chars.peek().map_or(self.text.len(), |&(at, _)| at);
        let mut word = String::new();
        while let Some((_, c)) = self.chars.next_if(|&(_, c)| !is_end_of_word(c)) {
            match c {
                '\\' => word.extend(self.chars.next().map(|(_, c)| c)),
                '\'' | '"' => {
                    while let Some((_, inner)) = self.chars.next_if(|&(_, inner)| inner != c) {
                        word.push(inner);
                    }
                    self.chars.next();
                }
                c => word.push(c),
            }
        }
        if is_document && !word.is_empty() {
            let end = self.chars.peek().map_or(self.text.len(), |&(at, _)| at);
            debug_assert!(start <= end);
            self.command.mark.get_or_insert(&self.text[at..end]);
            self.pending.push((word, drops_tabs));
        }
    }

    /// Skips the lines of the here-documents that begin after this line.
    fn skip_documents(&mut self) {
        for (last, drops_tabs) in std::mem::take(&mut self.pending) {
            while let Some(&(at, _)) = self.chars.peek() {
                let line = self.text[at..].split('\n').next().unwrap_or_default();
                while self.chars.next().is_some_and(|(_, c)| c != '\n') {}
                let line = if drops_tabs { line.trim_start_matches('\t') } else { line };
                if line == last {
                    break;
                }
            }
        }
    }

    /// Skips to the end of a quoted text. `None` if it is not closed.
    fn skip_quoted(&mut self, quote: char) -> Option<()> {
        loop {
            match self.chars.next()?.1 {
                '\\' if quote != '\'' => {
                    self.chars.next();
                }
                c if c == quote => return Some(()),
                _ => {}
            }
        }
    }

    /// Skips `((...))`, in which `<<` is a shift.
    fn skip_arithmetic(&mut self, at: usize) {
        let end = self.text[at..].find("))").map_or(self.text.len(), |length| at + length + 2);
        while self.chars.next_if(|&(at, _)| at < end).is_some() {}
    }
}

fn is_end_of_word(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')' | '<' | '>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_no_command() {
        for (text, expected) in [
            ("<<EOT\necho x\nEOT", Some("<<EOT")),
            ("<<-'EOT'\n\techo x\n\tEOT", Some("<<-'EOT'")),
            ("<< EOT\nx\nEOT", Some("<< EOT")),
            ("3<<EOT\nx\nEOT", Some("<<EOT")),
            ("set -e\n<<EOT\nx\nEOT\n", Some("<<EOT")),
            ("cd /x && <<EOT\nx\nEOT", Some("<<EOT")),
            ("# why\n  <<A <<B\nx\nA\ny\nB", Some("<<A")),
            ("<<EOT > /file\nx\nEOT", Some("<<EOT")),
            ("cat <<A > a\n<<B\nA\n<<C\nC", Some("<<C")),
            // Commands that read them.
            ("<<EOT bash\necho x\nEOT", None),
            ("<<EOT bash -ex\necho x\nEOT", None),
            ("cat <<EOT > /file\n<<X\nEOT\n", None),
            ("cat > /file <<EOT\n<<X\nEOT\n", None),
            ("while read x; do echo; done <<EOT\n1\nEOT", None),
            ("(cat; cat) <<EOT\n1\nEOT", None),
            ("{ cat; } <<EOT\n1\nEOT", None),
            ("x=$(cat <<EOT\n<<X\nEOT\n)", None),
            // No here-documents.
            ("x=$((1 << 2))\necho $x", None),
            ("(( x <<= 2 ))\n", None),
            ("cat <<<word", None),
            ("echo '<<EOT'\n", None),
            ("python3 -c '\n<<EOT\n'", None),
            ("echo \"\n<<EOT\n\"", None),
            ("echo \\<<EOT\nEOT", None),
            ("#!/usr/bin/env perl\n<<EOT;\nx\nEOT", None),
            ("# <<EOT", None),
            ("echo 'open <<EOT", None),
        ] {
            assert_eq!(without_command(text), expected, "{text}");
        }
    }

    #[test]
    fn marks_alone() {
        for (text, expected) in [
            ("<<EOF", Some("EOF")),
            ("<<-EOF", Some("EOF")),
            ("<<\"EOF\"", Some("EOF")),
            ("<<'E.1'", Some("E.1")),
            ("<<", None),
            ("<<EOF /x", None),
            ("a<<EOF", None),
        ] {
            assert_eq!(delimiter(text), expected, "{text}");
        }
    }
}
