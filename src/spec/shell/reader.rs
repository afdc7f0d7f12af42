//! Reads a script character by character.

use std::borrow::Cow;
use std::ops::Range;

use super::{Broken, Command, End, Reading, Word};
use crate::spec::name::is_variable;

/// Parses a script.
pub(crate) fn read(text: &str) -> Reading<'_> {
    let mut reader = Reader { text, ..Reader::default() };
    while let Some(c) = reader.rest().chars().next() {
        reader.take(c);
    }
    loop {
        reader.end_command(End::Other);
        match reader.outer.pop() {
            Some(Outer { command, .. }) => reader.command = command,
            None => break,
        }
    }
    Reading { commands: reader.commands, broken: reader.broken }
}

/// The context around a command.
#[derive(Debug)]
struct Outer<'t> {
    kind: Kind,
    command: Open<'t>,
    pipe: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Double quotes: part of the command's own word.
    Quotes,
    /// `$(...)`
    Substitution,
    /// Backquotes.
    Backquotes,
    /// `(...)`
    Group,
}

/// A command that has not ended.
#[derive(Debug, Default)]
struct Open<'t> {
    command: Command<'t>,
    /// Its index in the list, if that had to be reserved before it ended.
    slot: Option<usize>,
    word: Option<OpenWord>,
    prefix: Prefix,
    /// The redirection whose target is the next word.
    redirection: Redirection,
}

/// A word that has not ended.
#[derive(Debug)]
struct OpenWord {
    range: Range<usize>,
    /// Its text, if it differs from the source.
    text: Option<String>,
}

/// The role of the next word.
#[derive(Debug, Default)]
enum Redirection {
    #[default]
    None,
    /// The file of a redirection with this operator.
    ToFile(char),
    /// Another file descriptor, or a text.
    Other,
}

/// A program that runs the next word as a program.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Prefix {
    #[default]
    None,
    /// Options may follow.
    Options,
    /// The value of an option follows.
    Value,
}

#[derive(Default)]
struct Reader<'t> {
    text: &'t str,
    at: usize,
    commands: Vec<Command<'t>>,
    broken: Vec<Broken>,
    command: Open<'t>,
    /// The pipe that the next command reads from.
    pipe: Option<usize>,
    pipes: usize,
    outer: Vec<Outer<'t>>,
    /// The delimiters of the here-documents after this line, and true if tabs before them are
    /// ignored.
    documents: Vec<(String, bool)>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn kind(&self) -> Option<Kind> {
        self.outer.last().map(|outer| outer.kind)
    }

    /// Consumes the construct that begins with a character.
    fn take(&mut self, c: char) {
        let rest = self.rest();
        let is_quoted = self.kind() == Some(Kind::Quotes);
        match c {
            '\\' if rest.starts_with("\\\n") => self.take_continuation(is_quoted),
            '\\' => {
                let escaped = rest[1..].chars().next();
                let len = 1 + escaped.map_or(0, char::len_utf8);
                self.push(escaped.map_or("", |_| &rest[1..len]), len);
            }
            '"' if is_quoted => {
                self.at += 1;
                self.close();
            }
            '$' if rest.starts_with("$((") => {
                let len = rest.find("))").map_or(rest.len(), |end| end + 2);
                self.push(&rest[..len], len);
            }
            '$' if rest.starts_with("$(") => self.open(Kind::Substitution, 2),
            '$' if rest.starts_with("${") => {
                let len = braces(rest);
                self.push(&rest[..len], len);
            }
            '`' if self.kind() == Some(Kind::Backquotes) => {
                self.at += 1;
                self.end_command(End::Other);
                self.close();
            }
            '`' => self.open(Kind::Backquotes, 1),
            _ if is_quoted => self.push_plain(rest, is_special_in_quotes),
            '"' => self.open(Kind::Quotes, 1),
            '\'' => {
                let end = rest[1..].find('\'').map_or(rest.len(), |end| end + 1);
                self.push(&rest[1..end], (end + 1).min(rest.len()));
            }
            '#' if self.command.word.is_none() => self.at += line(rest).len(),
            ' ' | '\t' | '\r' => {
                self.at += 1;
                self.end_word();
            }
            '<' | '>' => self.take_redirection(rest),
            '&' if rest.starts_with("&>") => self.take_redirection(&rest[1..]),
            '\n' | ';' | '&' | '|' | '(' | ')' => self.take_operator(c, rest),
            _ => self.push_plain(rest, is_special),
        }
    }

    fn take_operator(&mut self, c: char, rest: &str) {
        let end = match c {
            '|' if rest.starts_with("||") => End::Or,
            '|' => End::Pipe,
            _ => End::Other,
        };
        let is_double = ["||", "|&", "&&", ";;"].iter().any(|two| rest.starts_with(two));
        self.at += if is_double { 2 } else { 1 };
        if c == ')' && self.kind() == Some(Kind::Substitution) {
            self.end_command(End::Other);
            self.close();
            return;
        }
        self.end_command(end);
        match c {
            '(' => {
                let command = std::mem::take(&mut self.command);
                self.outer.push(Outer { kind: Kind::Group, command, pipe: None });
                self.pipe = None;
            }
            ')' if self.kind() == Some(Kind::Group) => {
                self.outer.pop();
                self.pipe = None;
            }
            '\n' => self.skip_documents(),
            _ => {}
        }
    }

    /// Enters a construct inside a word.
    fn open(&mut self, kind: Kind, len: usize) {
        let start = self.at;
        self.at += len;
        let written = self.text;
        let word = self.word(start);
        let before = &written[word.range.clone()];
        word.text.get_or_insert_with(|| before.to_owned());
        if kind == Kind::Quotes {
            // The text inside belongs to the word: the command stays open.
            self.outer.push(Outer { kind, command: Open::default(), pipe: None });
            return;
        }
        self.reserve();
        let command = std::mem::take(&mut self.command);
        let pipe = self.pipe.take();
        self.outer.push(Outer { kind, command, pipe });
    }

    /// Leaves a construct inside a word.
    fn close(&mut self) {
        let Some(Outer { kind, command, pipe }) = self.outer.pop() else { return };
        if kind != Kind::Quotes {
            self.command = command;
            self.pipe = pipe;
        }
        let end = self.at;
        if let Some(word) = &mut self.command.word {
            word.range.end = end;
        }
    }

    fn word(&mut self, start: usize) -> &mut OpenWord {
        let text = self.text;
        let word = self.command.word.get_or_insert(OpenWord { range: start..start, text: None });
        if word.text.is_none() && word.range.end != start {
            word.text = Some(text[word.range.clone()].to_owned());
        }
        word
    }

    /// Adds a character to the word, and the text after it up to the next special character.
    fn push_plain(&mut self, rest: &str, is_special: fn(u8) -> bool) {
        let len = rest.bytes().skip(1).position(is_special).map_or(rest.len(), |at| at + 1);
        self.push(&rest[..len], len);
    }

    /// Adds `part`, which is `len` bytes in the source, to the word.
    fn push(&mut self, part: &str, len: usize) {
        let start = self.at;
        self.at += len;
        let end = self.at;
        let written = self.text;
        let word = self.word(start);
        if word.text.is_none() && part.len() != len {
            word.text = Some(written[word.range.start..start].to_owned());
        }
        if let Some(text) = &mut word.text {
            text.push_str(part);
        }
        word.range.end = end;
    }

    /// Consumes a backslash and a newline, and records a broken continuation.
    fn take_continuation(&mut self, is_quoted: bool) {
        let backslash = self.at;
        self.at += 2;
        let is_open = self.command.word.is_some() || !self.command.command.words.is_empty();
        if is_quoted || !is_open {
            return;
        }
        let next = line(self.rest());
        if next.trim().is_empty() {
            if !self.rest().trim().is_empty() {
                self.broken.push(Broken::Blank(backslash..backslash + 1));
            }
        } else if next.trim_start().starts_with('#') {
            if self.rest().lines().any(is_lost) {
                let start = self.at + next.len() - next.trim_start().len();
                self.broken.push(Broken::Comment(start..self.at + next.trim_end().len()));
            }
            // Regardless of the character before it, a `#` inside a word is not intended here.
            self.end_word();
        }
    }

    /// Consumes `<` or `>` with the rest of its operator.
    fn take_redirection(&mut self, sign: &str) {
        let is_number = |word: &OpenWord| {
            let written = &self.text[word.range.clone()];
            !written.is_empty() && written.bytes().all(|byte| byte.is_ascii_digit())
        };
        if self.command.word.as_ref().is_some_and(is_number) {
            self.command.word = None;
        }
        self.end_word();
        self.at = self.text.len() - sign.len();
        if sign.starts_with("<<") && !sign.starts_with("<<<") {
            let takes_tabs = sign.starts_with("<<-");
            self.at += if takes_tabs { 3 } else { 2 };
            let rest = self.rest();
            let spaces = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            let end = rest[spaces..].find([' ', '\t', '\n', ';', '|', '&', '<', '>', ')']);
            let len = end.map_or(rest.len(), |end| spaces + end);
            let delimiter = rest[spaces..len].replace(['\'', '"', '\\'], "");
            self.at += len;
            if !delimiter.is_empty() {
                self.documents.push((delimiter, takes_tabs));
            }
            return;
        }
        let len = sign.len() - sign.trim_start_matches(['<', '>', '&', '|']).len();
        self.at += len;
        // `<(...)` is a command of its own.
        if !self.rest().starts_with('(') {
            let is_other = sign[..len].contains('&') || sign.starts_with("<<");
            let sign = if sign.starts_with('>') { '>' } else { '<' };
            self.command.redirection =
                if is_other { Redirection::Other } else { Redirection::ToFile(sign) };
        }
    }

    /// Skips the here-documents that begin on this line.
    fn skip_documents(&mut self) {
        for (delimiter, takes_tabs) in std::mem::take(&mut self.documents) {
            while !self.rest().is_empty() {
                let line = line(self.rest());
                self.at = (self.at + line.len() + 1).min(self.text.len());
                let end = if takes_tabs { line.trim_start_matches('\t') } else { line };
                if end.trim_end_matches('\r') == delimiter {
                    break;
                }
            }
        }
    }

    fn end_word(&mut self) {
        let Some(OpenWord { range, text }) = self.command.word.take() else { return };
        let is_quoted = text.is_some();
        let text = text.map_or(Cow::Borrowed(&self.text[range.clone()]), Cow::Owned);
        let open = &mut self.command;
        match std::mem::take(&mut open.redirection) {
            Redirection::None => {}
            Redirection::ToFile(sign) => return open.command.files.push((sign, text)),
            Redirection::Other => return,
        }
        let command = &mut open.command;
        if command.words.is_empty() {
            let is_assignment = text.split_once('=').is_some_and(|(name, _)| is_variable(name));
            match (open.prefix, text.as_ref()) {
                (Prefix::Value, _) => {
                    open.prefix = Prefix::Options;
                    return;
                }
                (_, _) if is_assignment => return,
                (Prefix::Options, "-u" | "-g" | "-h" | "-p" | "-C" | "-D" | "-R" | "-T") => {
                    open.prefix = Prefix::Value;
                    return;
                }
                (Prefix::Options, option) if option.starts_with('-') => return,
                _ if is_quoted => {}
                (_, "if" | "elif" | "while" | "until" | "!") => {
                    command.is_test = true;
                    return;
                }
                (_, "then" | "else" | "do" | "done" | "fi" | "esac" | "{" | "}" | "time") => return,
                (_, "exec") => {
                    command.is_exec = true;
                    return;
                }
                (_, "sudo") => {
                    command.sudo.get_or_insert(range);
                    open.prefix = Prefix::Options;
                    return;
                }
                (_, "env" | "nohup" | "command") => {
                    open.prefix = Prefix::Options;
                    return;
                }
                _ => {}
            }
        }
        command.words.push(Word { text, range });
    }

    /// Reserves an index in the list for the open command.
    fn reserve(&mut self) {
        if self.command.slot.is_none() {
            self.command.slot = Some(self.commands.len());
            let depth = self.outer.len();
            self.commands.push(Command { depth, ..Command::default() });
        }
    }

    fn end_command(&mut self, end: End) {
        self.end_word();
        let depth = self.outer.len();
        let Open { command, slot, .. } = std::mem::take(&mut self.command);
        let is_empty =
            command.words.is_empty() && command.sudo.is_none() && command.files.is_empty();
        if is_empty && slot.is_none() {
            // An operator after a group applies to the last command in it.
            let mut inner = self.commands.iter_mut().rev().filter(|_| end != End::Other);
            if let Some(last) = inner.find(|inner| inner.depth <= depth + 1) {
                last.end = end;
                self.pipe = (end == End::Pipe).then_some(last.pipe);
            }
            return;
        }
        let pipe = self.pipe.take().unwrap_or_else(|| {
            self.pipes += 1;
            self.pipes
        });
        self.pipe = (end == End::Pipe).then_some(pipe);
        let command = Command { end, depth, pipe, ..command };
        match slot.and_then(|slot| self.commands.get_mut(slot)) {
            Some(place) => *place = command,
            None => self.commands.push(command),
        }
    }
}

fn is_lost(line: &str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with('#')
}

/// True for a character that may end a word, or has a meaning in it.
fn is_special(byte: u8) -> bool {
    let has_meaning = matches!(byte, b'\'' | b'#' | b'<' | b'>' | b'&' | b'|' | b';' | b'(' | b')');
    has_meaning || is_special_in_quotes(byte) || matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// True for a character that has a meaning between double quotes.
fn is_special_in_quotes(byte: u8) -> bool {
    matches!(byte, b'\\' | b'"' | b'$' | b'`')
}

/// The rest of a line, without its newline.
fn line(rest: &str) -> &str {
    &rest[..rest.find('\n').unwrap_or(rest.len())]
}

/// The length of a `${...}`, including its braces.
fn braces(rest: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    rest.len()
}
