//! The comments of a file, each with the range that it applies to.
//!
//! A comment on a line of its own applies to the value that begins on the next line, a comment at
//! the end of a line to the value that ends there: in both cases up to its closing bracket or
//! quotes. Inside a script, it applies to lines.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

use crate::source::SourceFile;

/// A comment.
#[derive(Debug, PartialEq, Eq)]
pub struct Remark {
    /// Its range, without its `#`.
    pub text: Range<usize>,
    /// The range that it applies to; empty before a blank line.
    pub about: Range<usize>,
}

/// The comments accepted by `is_wanted`, in the order of the file. In multi-line strings, shell
/// comments count too, except in `content`, which is not a script.
pub fn remarks(file: &SourceFile, is_wanted: impl Fn(&str) -> bool) -> Vec<Remark> {
    let mut layout = Layout::new(file);
    for token in Source::new(file.text()).lex() {
        layout.take(&token);
    }
    let mut remarks = Vec::new();
    for comment in &layout.comments {
        let text = comment.start + 1..comment.end;
        if is_wanted(&file.text()[text.clone()]) {
            remarks.push(Remark { text, about: layout.about(comment) });
        }
    }
    for string in &layout.strings {
        in_string(file.text(), string.clone(), &is_wanted, &mut remarks);
    }
    remarks.sort_by_key(|remark| remark.text.start);
    remarks
}

/// The lines on which multi-line values begin and end. Lines are counted from 1.
struct Layout<'f> {
    file: &'f SourceFile,
    comments: Vec<Range<usize>>,
    /// The lines that consist of a comment, each with the first line after the block of comments.
    comment_lines: BTreeMap<u32, u32>,
    /// Multi-line strings that may be scripts.
    strings: Vec<Range<usize>>,
    /// For a line on which values begin, the line on which the last of them ends.
    ends: BTreeMap<u32, u32>,
    /// For a line on which values end, the line on which the first of them begins.
    starts: BTreeMap<u32, u32>,
    /// The lines of open brackets.
    open: Vec<u32>,
    /// The lines of headers, and of those that are items of a list.
    headers: BTreeSet<u32>,
    items: BTreeSet<u32>,
    /// The last token that is not white space, and the one before the last equals sign.
    last: Option<(TokenKind, Range<usize>)>,
    key: Range<usize>,
}

impl<'f> Layout<'f> {
    fn new(file: &'f SourceFile) -> Self {
        Self {
            file,
            comments: Vec::new(),
            comment_lines: BTreeMap::new(),
            strings: Vec::new(),
            ends: BTreeMap::new(),
            starts: BTreeMap::new(),
            open: Vec::new(),
            headers: BTreeSet::new(),
            items: BTreeSet::new(),
            last: None,
            key: 0..0,
        }
    }

    fn line(&self, at: usize) -> u32 {
        self.file.line(self.file.span(at..at).start)
    }

    fn line_start(&self, line: u32) -> usize {
        self.file.range(crate::source::Span::at(self.file.line_start(line))).start
    }

    fn take(&mut self, token: &Token) {
        let range = token.span().start()..token.span().end();
        match token.kind() {
            TokenKind::Whitespace => return,
            TokenKind::Comment => {
                let line = self.line(range.start);
                let before = &self.file.text()[self.line_start(line)..range.start];
                if before.trim().is_empty() {
                    self.comment_lines.insert(line, line + 1);
                }
                self.comments.push(range);
                return;
            }
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => {
                let line = self.line(range.start);
                if self.open.is_empty() && self.line_start(line) == range.start {
                    self.headers.insert(line);
                    if self.file.text()[range.end..].starts_with('[') {
                        self.items.insert(line);
                    }
                }
                self.open.push(line);
            }
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                if let Some(start) = self.open.pop() {
                    let end = self.line(range.start);
                    self.join(start, end);
                }
            }
            TokenKind::MlLiteralString | TokenKind::MlBasicString => {
                self.join(self.line(range.start), self.line(range.end.saturating_sub(1)));
                let is_value = matches!(self.last, Some((TokenKind::Equals, _)));
                let key = self.file.text()[self.key.clone()].trim_matches(['"', '\'']);
                if !(is_value && key == "content") {
                    self.strings.push(range.clone());
                }
            }
            TokenKind::Equals => {
                self.key = self.last.take().map_or(0..0, |(_, range)| range);
            }
            _ => {}
        }
        self.last = Some((token.kind(), range));
    }

    fn join(&mut self, start: u32, end: u32) {
        if start < end {
            let last = self.ends.entry(start).or_insert(end);
            *last = end.max(*last);
            let first = self.starts.entry(end).or_insert(start);
            *first = start.min(*first);
        }
    }

    fn about(&self, comment: &Range<usize>) -> Range<usize> {
        let line = self.line(comment.start);
        let (first, last) = if self.comment_lines.contains_key(&line) {
            let next = self.after_comments(line);
            let last = if self.items.contains(&next) {
                let header = self.headers.range(next + 1..).next();
                header.map_or(self.file.line_count(), |header| header - 1)
            } else {
                self.ends.get(&next).copied().unwrap_or(next)
            };
            (next, last)
        } else {
            (self.starts.get(&line).copied().unwrap_or(line), line)
        };
        let start = self.line_start(first);
        let end = self.line_start(last + 1);
        let is_blank = self.file.text()[start..end].trim().is_empty();
        if is_blank { start..start } else { start..end.max(start + 1) - 1 }
    }

    /// The first line after `line` that is not a comment.
    fn after_comments(&self, line: u32) -> u32 {
        let mut next = line + 1;
        for (&comment, &after) in self.comment_lines.range(next..) {
            if comment != next {
                break;
            }
            next = after;
        }
        next
    }
}

/// Adds the comments in a multi-line string.
fn in_string(
    text: &str,
    string: Range<usize>,
    is_wanted: &impl Fn(&str) -> bool,
    remarks: &mut Vec<Remark>,
) {
    let mut at = string.start;
    // Comments whose line is still to come.
    let mut waiting: Vec<Range<usize>> = Vec::new();
    let mut about: Option<(Vec<Range<usize>>, usize)> = None;
    for line in text[string.clone()].split_inclusive('\n') {
        let start = at;
        at += line.len();
        let content = line.trim_end();
        let is_comment = content.trim_start().starts_with('#');
        if is_comment && about.is_none() {
            let sign = start + content.len() - content.trim_start().len();
            let comment = sign + 1..start + content.len();
            if is_wanted(&text[comment.clone()]) {
                waiting.push(comment);
            }
            continue;
        }
        if let Some(sign) = content.rfind(" #").filter(|&sign| is_wanted(&content[sign + 2..])) {
            let text = start + sign + 2..start + content.len();
            remarks.push(Remark { text, about: start..start + content.len() });
        }
        let (comments, first) =
            about.take().unwrap_or_else(|| (std::mem::take(&mut waiting), start));
        if content.ends_with('\\') && at < string.end {
            // The command continues on the next line.
            about = Some((comments, first));
            continue;
        }
        let range = if content.is_empty() { first..first } else { first..start + content.len() };
        remarks.extend(comments.into_iter().map(|text| Remark { text, about: range.clone() }));
    }
    let (rest, _) = about.unwrap_or_default();
    let rest = waiting.into_iter().chain(rest);
    remarks.extend(rest.map(|text| Remark { text, about: string.end..string.end }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comments_are_about() {
        let text = r#"# ! file
# other
default = "x"
[stages.x] # ! header
# ! blank

env = { # ! env
  # ! A
  A = "1", # ! only A
  B = [
    2,
  ] # ! B
}
steps = [
  # ! first
  { mounts = [
    { cache = "/c" },
  ], run = '''
    # ! install
    install \
      a
    echo # ! echo
    echo '#!' b
  ''' }, # ! all of it
  'b',
]
write = [{ content = '''
# ! not
''' }]
# ! item
[[stages.x.steps]]
run = 'c'
mounts = []

[end]
"#;
        let file = SourceFile::new("f", text.as_bytes().to_vec());
        let found: Vec<String> = remarks(&file, |comment| comment.trim_start().starts_with("! "))
            .into_iter()
            .map(|remark| {
                let about = text[remark.about].trim();
                let lines: Vec<&str> = about.lines().collect();
                let (first, last) = (lines.first().unwrap_or(&""), lines.last().unwrap_or(&""));
                format!("{}: {} .. {}", text[remark.text].trim(), first.trim(), last.trim())
            })
            .collect();
        let expected = [
            "! file: default = \"x\" .. default = \"x\"",
            "! header: [stages.x] # ! header .. [stages.x] # ! header",
            "! blank:  .. ",
            "! env: env = { # ! env .. env = { # ! env",
            "! A: A = \"1\", # ! only A .. A = \"1\", # ! only A",
            "! only A: A = \"1\", # ! only A .. A = \"1\", # ! only A",
            "! B: B = [ .. ] # ! B",
            "! first: { mounts = [ .. ''' }, # ! all of it",
            "! install: install \\ .. a",
            "! echo: echo # ! echo .. echo # ! echo",
            "! all of it: { mounts = [ .. ''' }, # ! all of it",
            "! item: [[stages.x.steps]] .. mounts = []",
        ];
        assert_eq!(found, expected);
    }
}
