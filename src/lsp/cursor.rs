//! The position of the cursor in a text that is being typed, and the things that fit there.
//!
//! Input: a text and an offset. Output: a [`Cursor`], found in the usual way: a word is put at the
//! offset that makes the text valid, and then that word is looked for in the tree.

use std::ops::Range;

use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

use super::language::{Table, values_of};
use super::meaning::{Meaning, expands, is_outer, meaning};
use super::mend::mend;
use super::walk::{At, Visitor, text_of, walk};
use crate::diagnostic::Diagnostics;
use crate::source::SourceFile;
use crate::spec::shape::{Key, Shape};
use crate::toml::{self, Entry, Kind, Value};

/// A word that no build file contains.
const WORD: &str = "MSTAGE-CURSOR-IS-HERE";

/// A position, and the kind of thing that fits there.
pub(super) struct Cursor {
    pub(super) place: Place,
    /// The range that a completion replaces.
    pub(super) range: Range<usize>,
    /// True if the range is inside of quotes.
    pub(super) is_quoted: bool,
    /// True if a value, or an equals sign, follows.
    pub(super) has_value: bool,
    /// The keys from the document to here.
    pub(super) path: Vec<String>,
}

/// The kinds of positions.
pub(super) enum Place {
    /// A key of one of these tables.
    Key {
        tables: Vec<&'static Table>,
        /// The keys that the table has already.
        taken: Vec<String>,
        /// True outside of braces.
        is_line: bool,
    },
    /// A name in a table with free names, under this key.
    Name { key: &'static str, taken: Vec<String> },
    /// A value.
    Value {
        /// The table around it and its key.
        what: &'static str,
        key: &'static str,
        shape: &'static Shape,
        meaning: Meaning,
        /// True if only args and constants are known here.
        is_outer: bool,
    },
    /// A part of a header, after these.
    Header { before: Vec<String> },
    /// The name of a rule in a comment.
    Rule,
    /// The name in `${NAME}` or `$NAME` of a string.
    Substitution {
        is_script: bool,
        /// True if only args and constants are known here.
        is_outer: bool,
        /// True if a brace is open and not closed.
        needs_brace: bool,
    },
}

/// Returns the cursor at an offset. `None` if nothing is known, as in a comment.
pub(super) fn cursor(text: &str, offset: usize) -> Option<Cursor> {
    let tokens: Vec<Token> = Source::new(text).lex().collect();
    let line_start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let before = &text[line_start..offset];
    if let Some(start) = rule_in_comment(before) {
        let range = line_start + start..offset + word_after(text, offset, is_of_key);
        return Some(Cursor::new(Place::Rule, range, true));
    }
    let scan = Scan::new(&tokens, text, offset);
    match scan.inside {
        Some((TokenKind::Comment, _)) => return None,
        Some((kind, token)) if is_string(kind) => return in_string(text, offset, token),
        _ => {}
    }
    if scan.depth_at_line == 0 && before.trim_start().starts_with('[') && !before.contains(']') {
        return Some(header(text, offset, before));
    }
    let start = offset - before.len() + before.trim_end_matches(is_of_key).len();
    let end = offset + word_after(text, offset, is_of_key);
    let rest = text[end..].lines().next().unwrap_or_default().trim_start();
    match scan.last {
        _ if scan.is_value() => {
            let patch = format!("\"{WORD}\"");
            find(text, start..end, &patch).map(|found| found.at(start..end, false, false))
        }
        Some(
            TokenKind::Newline | TokenKind::LeftCurlyBracket | TokenKind::Comma | TokenKind::Dot,
        )
        | None => {
            let has_value = rest.starts_with(['=', '.']);
            let patch = match has_value {
                true => WORD.to_owned(),
                // Another key follows in the same table.
                false if rest.starts_with(is_of_key) => format!("{WORD} = 0, "),
                false => format!("{WORD} = 0"),
            };
            let found = find(text, start..end, &patch)?;
            let found = found.at(start..end, false, has_value);
            Some(found.with_line(scan.open.is_empty()))
        }
        _ => None,
    }
}

impl Cursor {
    fn new(place: Place, range: Range<usize>, is_quoted: bool) -> Self {
        Self { place, range, is_quoted, has_value: false, path: Vec::new() }
    }

    fn at(self, range: Range<usize>, is_quoted: bool, has_value: bool) -> Self {
        Self { range, is_quoted, has_value, ..self }
    }

    fn with_line(mut self, outside: bool) -> Self {
        if let Place::Key { is_line, .. } = &mut self.place {
            *is_line = outside;
        }
        self
    }
}

/// The tokens before an offset.
struct Scan {
    /// The open brackets.
    open: Vec<TokenKind>,
    /// The number of them at the start of the line.
    depth_at_line: usize,
    /// The token that contains the offset.
    inside: Option<(TokenKind, Range<usize>)>,
    /// The last token before the word at the offset.
    last: Option<TokenKind>,
}

impl Scan {
    fn new(tokens: &[Token], text: &str, offset: usize) -> Self {
        let mut scan = Self { open: Vec::new(), depth_at_line: 0, inside: None, last: None };
        let word = text[..offset].trim_end_matches(is_of_key).len();
        for token in tokens {
            let range = token.span().start()..token.span().end();
            let kind = token.kind();
            let is_closed = is_string(kind) && is_complete(text, &range);
            let is_around =
                range.start < offset && (offset < range.end || offset == range.end && !is_closed);
            if is_around && (is_string(kind) || kind == TokenKind::Comment) {
                scan.inside = Some((kind, range.clone()));
            }
            if range.start >= word {
                break;
            }
            match kind {
                TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => scan.open.push(kind),
                TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                    scan.open.pop();
                }
                TokenKind::Newline => scan.depth_at_line = scan.open.len(),
                _ => {}
            }
            let is_in_brackets = !scan.open.is_empty();
            match kind {
                TokenKind::Whitespace | TokenKind::Comment => {}
                TokenKind::Newline if is_in_brackets => {}
                kind => scan.last = Some(kind),
            }
        }
        scan
    }

    /// True after an equals sign, and for an item of a list.
    fn is_value(&self) -> bool {
        let is_list = self.open.last() == Some(&TokenKind::LeftSquareBracket);
        match self.last {
            Some(TokenKind::Equals) => true,
            Some(TokenKind::LeftSquareBracket | TokenKind::Comma) => is_list,
            _ => false,
        }
    }
}

fn is_string(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::LiteralString
            | TokenKind::BasicString
            | TokenKind::MlLiteralString
            | TokenKind::MlBasicString
    )
}

fn is_of_key(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// The length of the word after an offset.
fn word_after(text: &str, offset: usize, is_of_word: impl Fn(char) -> bool) -> usize {
    let rest = &text[offset..];
    rest.len() - rest.trim_start_matches(is_of_word).len()
}

/// True if a string has its closing quotes.
fn is_complete(text: &str, range: &Range<usize>) -> bool {
    let token = &text[range.clone()];
    let quotes = ["'''", "\"\"\""].into_iter().find(|quotes| token.starts_with(quotes));
    let quotes = quotes.unwrap_or(&token[..token.len().min(1)]);
    token.len() >= 2 * quotes.len() && token.ends_with(quotes)
}

/// The start of the name of a rule in a comment `# check=skip=A,B`.
fn rule_in_comment(before: &str) -> Option<usize> {
    let sign = before.rfind('#')?;
    let rest = before[sign + 1..].trim_start().strip_prefix("check")?;
    let rest = rest.trim_start().strip_prefix('=')?.trim_start();
    let names = rest.strip_prefix("skip")?.trim_start().strip_prefix('=')?;
    let name = names.rsplit([',', ' ']).next().unwrap_or_default();
    // Text after a space is the reason.
    let is_first = names.trim().is_empty() || !names.trim_start().contains(' ');
    let follows_comma = names[..names.len() - name.len()].trim_end().ends_with(',');
    let is_list = names.chars().all(|c| is_of_key(c) || c == ',' || c == ' ');
    (is_list && (is_first || follows_comma)).then(|| before.len() - name.len())
}

fn header(text: &str, offset: usize, before: &str) -> Cursor {
    let inner = before.trim_start();
    let inner = inner.trim_start_matches('[');
    let mut parts: Vec<String> =
        inner.split('.').map(|part| part.trim().trim_matches(['"', '\'']).to_owned()).collect();
    let last = parts.pop().unwrap_or_default();
    let end = offset + word_after(text, offset, is_of_key);
    Cursor::new(Place::Header { before: parts }, offset - last.len()..end, true)
}

/// A position inside of a string.
fn in_string(text: &str, offset: usize, token: Range<usize>) -> Option<Cursor> {
    let is_closed = is_complete(text, &token);
    let written = &text[token.clone()];
    let is_multi_line = written.starts_with("'''") || written.starts_with("\"\"\"");
    let quotes = if is_multi_line { 3 } else { 1 };
    let inner = (token.start + quotes).min(token.end)..if is_closed {
        token.end - quotes
    } else {
        token.end
    };
    if offset < inner.start || offset > inner.end {
        return None;
    }
    // The string as it is, in which the word stands for all of its text.
    let patch = format!("\"{WORD}\"");
    let found = find(text, token.clone(), &patch)?;
    let before = &text[inner.start..offset];
    if let Some(name) = substitution(before) {
        let start = offset - name.len();
        let end = offset + word_after(text, offset, |c| c.is_ascii_alphanumeric() || c == '_');
        let is_open = text[..start].ends_with("${");
        let needs_brace =
            is_open && !text[end..].starts_with(['}', ':', '-', '+', '?', '#', '%', '/']);
        let (is_script, is_outer) = match found.place {
            Place::Value { meaning, is_outer, .. } => (meaning == Meaning::Script, is_outer),
            _ => (false, false),
        };
        let place = Place::Substitution { is_script, is_outer, needs_brace };
        return Some(Cursor { place, ..found.at(start..end, true, false) });
    }
    let end = if is_closed { inner.end } else { offset };
    (!is_multi_line).then(|| found.at(inner.start..end, true, false))
}

/// The part of a name after `${` or `$`.
fn substitution(before: &str) -> Option<&str> {
    let start = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
    let rest = &before[..start];
    let is_escaped = rest.ends_with("$${");
    (!is_escaped && (rest.ends_with("${") || rest.ends_with('$'))).then(|| &before[start..])
}

/// Finds the word in the tree of the text with a patch.
fn find(text: &str, range: Range<usize>, patch: &str) -> Option<Cursor> {
    let patched = [&text[..range.start], patch, &text[range.end..]].concat();
    let at = range.start + patch.len();
    let found = find_word(mend(&patched, None).text(&patched));
    found.or_else(|| {
        // The rest of the line may not be there yet.
        let line_end = patched[at..].find('\n').map_or(patched.len(), |newline| at + newline);
        let closed = [&patched[..at], &closers(&patched, at), &patched[line_end..]].concat();
        find_word(mend(&closed, None).text(&closed))
    })
}

/// The brackets that close those that the line has opened before an offset.
fn closers(text: &str, at: usize) -> String {
    let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let mut open = Vec::new();
    for token in Source::new(&text[line_start..at]).lex() {
        match token.kind() {
            TokenKind::LeftSquareBracket => open.push(']'),
            TokenKind::LeftCurlyBracket => open.push('}'),
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                open.pop();
            }
            _ => {}
        }
    }
    let is_item = !open.is_empty();
    let closing: String = open.into_iter().rev().collect();
    if is_item { closing + "," } else { closing }
}

fn find_word(text: &str) -> Option<Cursor> {
    let file = SourceFile::new("", text.as_bytes().to_vec());
    let document = toml::parse(&file, &mut Diagnostics::default());
    let root = Value { kind: Kind::Table(document.entries), span: file.span(0..text.len()) };
    let mut finder = Finder { found: None, expands: false };
    walk(&root, &mut finder);
    finder.found
}

struct Finder {
    found: Option<Cursor>,
    /// True if the innermost table replaces `${NAME}` in the content of a file.
    expands: bool,
}

impl Finder {
    fn set(&mut self, place: Place, at: At<'_>) {
        let path = at.path.iter().map(|part| (*part).to_owned()).collect();
        self.found.get_or_insert(Cursor { path, ..Cursor::new(place, 0..0, false) });
    }
}

/// The names of a table's keys, except the word.
fn taken(entries: &[Entry<'_>]) -> Vec<String> {
    let names = entries.iter().map(|entry| entry.key.name.to_string());
    names.filter(|name| name != WORD).collect()
}

fn has_word(entries: &[Entry<'_>]) -> bool {
    entries.iter().any(|entry| entry.key.name == WORD)
}

impl<'d> Visitor<'d> for Finder {
    fn table(&mut self, value: &'d Value<'d>, tables: &[&'static Table], at: At<'_>) {
        let Kind::Table(entries) = &value.kind else { return };
        self.expands = expands(entries);
        if has_word(entries) {
            let taken = taken(entries);
            self.set(Place::Key { tables: tables.to_vec(), taken, is_line: false }, at);
        }
    }

    fn key(&mut self, _: &'d Entry<'d>, _: Option<&'static Key>, _: At<'_>) {}

    fn value(&mut self, value: &'d Value<'d>, at: At<'_>) {
        match &value.kind {
            Kind::Table(entries) if has_word(entries) && values_of(at.shape).is_some() => {
                let is_names = super::language::language().tables_of(at.shape).is_empty();
                if is_names {
                    self.set(Place::Name { key: at.key_name(), taken: taken(entries) }, at);
                }
            }
            Kind::String(_) if text_of(value) == Some(WORD) => {
                let meaning = meaning(at);
                if meaning == Meaning::Content && !self.expands {
                    return;
                }
                let place = Place::Value {
                    what: at.what(),
                    key: at.key_name(),
                    shape: at.shape,
                    meaning,
                    is_outer: is_outer(at),
                };
                self.set(place, at);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place at `|`.
    fn place(text: &str) -> String {
        let offset = text.find('|').unwrap();
        let text = text.replacen('|', "", 1);
        let Some(cursor) = cursor(&text, offset) else { return "nothing".to_owned() };
        let place = match &cursor.place {
            Place::Key { tables, taken, is_line } => {
                let tables: Vec<&str> = tables.iter().map(|table| table.what()).take(2).collect();
                format!("key of {} has {} line={is_line}", tables.join("/"), taken.join(","))
            }
            Place::Name { key, taken } => format!("name in {key} has {}", taken.join(",")),
            Place::Value { what, key, .. } => format!("value of {key} of {what}"),
            Place::Header { before } => format!("header {}", before.join(".")),
            Place::Rule => "rule".to_owned(),
            Place::Substitution { is_script, needs_brace, .. } => {
                format!("substitution script={is_script} brace={needs_brace}")
            }
        };
        format!("{place} `{}`", &text[cursor.range])
    }

    #[test]
    fn places_in_half_typed_text() {
        for (text, expected) in [
            ("de|", "key of a build file has  line=true `de`"),
            (
                "[stages.a]\nfrom = \"x\"\nwo|\nuser = \"u\"\n",
                "key of a stage has from,user line=true `wo`",
            ),
            ("[stages.a]\nwo|rkdir = \"/\"\n", "key of a stage has  line=true `workdir`"),
            ("[stages.a]\nfrom = \"bu|\"\n", "value of from of a stage `bu`"),
            ("[stages.a]\nfrom = \"bu|\nuser = \"u\"\n", "value of from of a stage `bu`"),
            ("[stages.a]\nfrom = |\n", "value of from of a stage ``"),
            ("[stages.a]\nrequires = [\"a\", |]\n", "value of requires of a stage ``"),
            ("[stages.a]\nsteps = [\n  |\n]\n", "value of steps of a stage ``"),
            (
                "[stages.a]\nsteps = [\n  { | },\n]\n",
                "key of a run step/an exec step has  line=false ``",
            ),
            (
                "[stages.a]\nsteps = [\n  { copy = \"x\", fr| },\n]\n",
                "key of a copy step has copy line=false `fr`",
            ),
            (
                "[stages.a]\nsteps = [\n  { copy = \"x\", fr|\n]\n",
                "key of a copy step has copy line=false `fr`",
            ),
            (
                "[stages.a]\nsteps = [\n  { copy = \"x\", from = \"b|\n]\n",
                "value of from of a copy step `b`",
            ),
            (
                "[stages.a]\nsteps = [{ | copy = \"x\" }]\n",
                "key of a copy step has copy line=false ``",
            ),
            (
                "[stages.a]\nmounts = [{ cache = \"/c\", sharing = \"|\" }]\n",
                "value of sharing of a cache mount ``",
            ),
            ("[stages.a]\nwhen = { | }\n", "name in when has  ``"),
            ("[stages.a.image]\nen|\n", "key of an image has  line=true `en`"),
            ("[stages.a.|]\n", "header stages.a ``"),
            ("[sta|\n", "header  `sta`"),
            ("[[stages.a.st|]]\n", "header stages.a `st`"),
            ("# check=skip=un|\n", "rule `un`"),
            ("# check = skip = a, b|\n", "rule `b`"),
            ("# check=skip=a because|\n", "nothing"),
            ("# a|\n", "nothing"),
            ("a = 1 # b|\n", "nothing"),
            ("[stages.a]\nsteps = [\"echo $N|\"]\n", "substitution script=true brace=false `N`"),
            ("[stages.a]\nworkdir = \"/${N|\"\n", "substitution script=false brace=true `N`"),
            ("[stages.a]\nworkdir = \"/${N|}/x\"\n", "substitution script=false brace=false `N`"),
            ("[stages.a]\nworkdir = \"/${|\n", "substitution script=false brace=true ``"),
            ("[stages.a]\nfrom = \"x\" |\n", "nothing"),
            ("check = { skip = [\"|\"] }\n", "value of skip of a check ``"),
            ("[stages.a]\nsteps = [{ write = \"/a\", content = \"${N|\" }]\n", "nothing"),
            (
                "[stages.a]\nsteps = [{ write = \"/a\", content = \"${N|\", expand = true }]\n",
                "substitution script=false brace=true `N`",
            ),
        ] {
            assert_eq!(place(text), expected, "{text}");
        }
    }
}
