//! From the text of an instruction to its parsed form.
//!
//! Follows `frontend/dockerfile/instructions/parse.go` of BuildKit, including its messages.

mod command;
mod files;
mod stage;
mod values;

use std::ops::Range;

use super::directive::Escape;
use super::flags::Flags;
use super::heredoc::{self, Heredoc};
use super::instruction::{Instruction, Kind, Trigger};
use super::joined::Joined;
use super::lines::{Lines, Logical};
use super::word::Word;
use super::words::{self, Parts};
use crate::diagnostic::render::DOCKERFILE_LINE;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported, suggesting};
use crate::source::{SourceFile, Span, Spanned};

/// The instructions, in the order of the reference.
const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// Parses the instructions of one file.
pub(super) struct Parser<'a> {
    file: &'a SourceFile,
    escape: Escape,
    pub(super) diagnostics: &'a mut Diagnostics,
    /// True if the instruction cannot be split. BuildKit reports that without a line.
    is_malformed: bool,
}

/// The text of one instruction, in parts.
struct Text<'t> {
    joined: &'t Joined,
    /// The keyword in upper case.
    keyword: String,
    keyword_span: Span,
    flags: Vec<Word>,
    /// The arguments.
    rest: Range<usize>,
    /// The whole instruction.
    span: Span,
}

impl<'a> Parser<'a> {
    pub(super) fn new(
        file: &'a SourceFile,
        escape: Escape,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Self { file, escape, diagnostics, is_malformed: false }
    }

    /// Parses an instruction, and the heredocs that follow it from `lines`.
    pub(super) fn instruction(
        &mut self,
        logical: Logical,
        lines: &mut Lines<'_>,
    ) -> Result<Instruction, Reported> {
        let Logical { joined, span, leading, inner, after_blank, empty_continuation: _ } = logical;
        let whole = 0..joined.text().len();
        let parts = words::split(&joined, whole.clone(), self.escape, self.file);
        let heredocs = self.heredocs(&joined, &parts, span, lines)?;
        let span = match heredocs.is_empty() {
            true => span,
            false => lines.span_from(self.file.range(span).start),
        };
        let count = self.diagnostics.count();
        self.is_malformed = false;
        let instruction = self.read(&joined, whole, parts, span, heredocs);
        if !self.is_malformed && self.diagnostics.count() > count {
            let line = self.file.line(span.start);
            self.diagnostics.prefix_since(count, &format!("{DOCKERFILE_LINE}{line}: "));
        }
        let mut instruction = instruction?;
        instruction.leading = leading;
        instruction.inner = inner;
        instruction.after_blank = after_blank;
        Ok(instruction)
    }

    /// Reads the heredocs of an instruction, if it can have any.
    fn heredocs(
        &mut self,
        joined: &Joined,
        parts: &Parts,
        span: Span,
        lines: &mut Lines<'_>,
    ) -> Result<Vec<Heredoc>, Reported> {
        if !self.takes_heredocs(joined, parts) {
            return Ok(Vec::new());
        }
        let mut heredocs = Vec::new();
        for opening in heredoc::openings(joined.text()) {
            match heredoc::read(opening, lines) {
                Ok(heredoc) => heredocs.push(heredoc),
                Err(opening) => {
                    return self.diagnostics.error(
                        Diagnostic::new(Code::UnterminatedHeredoc, span, "unterminated heredoc")
                            .hint(format!(
                                "end it with a line that contains only `{}`",
                                opening.name
                            )),
                    );
                }
            }
        }
        Ok(heredocs)
    }

    /// True if an instruction can have heredocs: `RUN`, `COPY` and `ADD` without a JSON list, also
    /// after `ONBUILD`.
    fn takes_heredocs(&self, joined: &Joined, parts: &Parts) -> bool {
        let text = joined.text();
        if is_one_of(text, parts, &["ONBUILD"]) {
            let inner = words::split(joined, parts.rest.clone(), self.escape, self.file);
            return !is_one_of(text, &inner, &["ONBUILD"]) && self.takes_heredocs(joined, &inner);
        }
        is_one_of(text, parts, &["RUN", "COPY", "ADD"])
            && !matches!(json(&text[parts.rest.clone()]), Json::Strings(_))
    }

    /// Parses the instruction in a range of the text, which has been split.
    fn read(
        &mut self,
        joined: &Joined,
        range: Range<usize>,
        parts: Parts,
        span: Span,
        heredocs: Vec<Heredoc>,
    ) -> Result<Instruction, Reported> {
        let keyword = joined.word(parts.keyword.clone(), self.file);
        let text = Text {
            joined,
            keyword: keyword.value.to_ascii_uppercase(),
            keyword_span: keyword.span,
            flags: parts.flags,
            rest: parts.rest,
            span,
        };
        let kind = self.kind(text, heredocs)?;
        Ok(Instruction {
            span,
            keyword,
            text: joined.text()[range].trim().to_owned(),
            leading: Vec::new(),
            inner: Vec::new(),
            after_blank: false,
            kind,
        })
    }

    fn kind(&mut self, text: Text<'_>, heredocs: Vec<Heredoc>) -> Result<Kind, Reported> {
        match &*text.keyword {
            "ADD" => self.add(text, heredocs),
            "ARG" => self.arg(text),
            "CMD" => self.command(text).map(Kind::Cmd),
            "COPY" => self.copy(text, heredocs),
            "ENTRYPOINT" => self.command(text).map(Kind::Entrypoint),
            "ENV" => self.pairs(text).map(Kind::Env),
            "EXPOSE" => self.expose(text),
            "FROM" => self.from(text),
            "HEALTHCHECK" => self.healthcheck(text),
            "LABEL" => self.pairs(text).map(Kind::Label),
            "MAINTAINER" => self.single(text).map(Kind::Maintainer),
            "ONBUILD" => self.onbuild(text, heredocs),
            "RUN" => self.run(text, heredocs),
            "SHELL" => self.shell(text),
            "STOPSIGNAL" => self.single(text).map(Kind::StopSignal),
            "USER" => self.single(text).map(Kind::User),
            "VOLUME" => self.volume(text),
            "WORKDIR" => self.single(text).map(Kind::Workdir),
            _ => {
                let written = self.file.slice(text.keyword_span);
                let message = format!("unknown instruction: {written}");
                // The suggestion has the case of the keyword.
                let is_lower = written.chars().all(char::is_lowercase);
                let keywords = KEYWORDS.map(|keyword| match is_lower {
                    true => keyword.to_ascii_lowercase(),
                    false => keyword.to_owned(),
                });
                let near = suggesting(&message, &text.keyword, keywords.iter().map(String::as_str));
                let hint = near.is_none().then(|| {
                    "to continue an instruction on the next line, end the line with `\\`".to_owned()
                });
                let message = near.unwrap_or(message);
                self.diagnostics.error(
                    Diagnostic::new(Code::UnknownInstruction, text.keyword_span, message)
                        .maybe_hint(hint),
                )
            }
        }
    }

    fn onbuild(&mut self, text: Text<'_>, heredocs: Vec<Heredoc>) -> Result<Kind, Reported> {
        if text.rest.is_empty() {
            return self.too_few(&text);
        }
        self.no_flags(&text);
        let joined = text.joined;
        let inner = words::split(joined, text.rest.clone(), self.escape, self.file);
        let keyword = joined.text()[inner.keyword.clone()].to_ascii_uppercase();
        let refused = match &*keyword {
            "ONBUILD" => Some("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed".to_owned()),
            "FROM" | "MAINTAINER" => Some(format!("{keyword} isn't allowed as an ONBUILD trigger")),
            _ => None,
        };
        if let Some(message) = refused {
            let span = joined.span(inner.keyword.clone(), self.file);
            return self.diagnostics.error(
                Diagnostic::new(Code::InvalidInstruction, span, message)
                    .hint("a trigger is one instruction of a stage, such as `ONBUILD COPY . .`"),
            );
        }
        let mut recorded = joined.text()[text.rest.clone()].to_owned();
        for heredoc in &heredocs {
            recorded.push('\n');
            recorded.push_str(&heredoc.content);
            recorded.push_str(&heredoc.name);
        }
        let instruction = self.read(joined, text.rest, inner, text.span, heredocs)?;
        Ok(Kind::Onbuild(Trigger { text: recorded, instruction: Box::new(instruction) }))
    }

    // === Arguments ===

    /// The flags of an instruction; unsupported ones are reported when they are finished.
    fn flags(&mut self, text: &mut Text<'_>) -> Flags<'_> {
        Flags::new(std::mem::take(&mut text.flags), self.diagnostics)
    }

    /// Reports the flags of an instruction that supports none.
    fn no_flags(&mut self, text: &Text<'_>) {
        if !text.flags.is_empty() {
            Flags::new(text.flags.clone(), self.diagnostics).finish();
        }
    }

    /// The single argument of an instruction.
    fn single(&mut self, text: Text<'_>) -> Result<Word, Reported> {
        if text.rest.is_empty() {
            let message = format!("{} requires exactly one argument", text.keyword);
            return self.invalid(text.span, message, "write it after the keyword");
        }
        // BuildKit ignores the flags of `STOPSIGNAL`.
        if text.keyword != "STOPSIGNAL" {
            self.no_flags(&text);
        }
        Ok(text.joined.word(text.rest, self.file))
    }

    /// Reports an instruction without arguments that needs some.
    fn too_few<T>(&mut self, text: &Text<'_>) -> Result<T, Reported> {
        let message = format!("{} requires at least one argument", text.keyword);
        self.invalid(text.span, message, "write it after the keyword")
    }

    /// The words of a JSON list, or else those between white space. Words of a list have the span
    /// of the whole list.
    fn list(&mut self, text: &Text<'_>) -> Result<Vec<Word>, Reported> {
        let rest = &text.joined.text()[text.rest.clone()];
        match json(rest) {
            Json::Strings(values) => {
                let span = text.joined.span(text.rest.clone(), self.file);
                Ok(values.into_iter().map(|value| Spanned { value, span }).collect())
            }
            Json::OtherValues => self.not_strings(text),
            Json::No => {
                let words = words::plain(text.joined.text(), text.rest.clone()).into_iter();
                Ok(words.map(|word| text.joined.word(word, self.file)).collect())
            }
        }
    }

    fn not_strings<T>(&mut self, text: &Text<'_>) -> Result<T, Reported> {
        self.malformed(
            text.joined.span(text.rest.clone(), self.file),
            "when using JSON array syntax, arrays must be comprised of strings only",
            "put each item in double quotes",
        )
    }

    /// Like [`Self::invalid`], for an instruction that cannot be split.
    fn malformed<T>(
        &mut self,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Result<T, Reported> {
        self.is_malformed = true;
        self.invalid(span, message, hint)
    }

    fn invalid<T>(
        &mut self,
        span: Span,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Result<T, Reported> {
        self.diagnostics.error(Diagnostic::new(Code::InvalidInstruction, span, message).hint(hint))
    }
}

fn is_one_of(text: &str, parts: &Parts, keywords: &[&str]) -> bool {
    let written = &text[parts.keyword.clone()];
    keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(written))
}

/// A text that may be a JSON list.
enum Json {
    /// A list of strings.
    Strings(Vec<String>),
    /// A list that contains other values.
    OtherValues,
    /// Not a list, even if it begins like one.
    No,
}

/// Parses a text as a JSON list, as `parseJSON` does.
fn json(text: &str) -> Json {
    if !text.trim_start().starts_with('[') {
        return Json::No;
    }
    match serde_json::from_str::<Vec<serde_json::Value>>(text) {
        Ok(values) => {
            let strings = values.into_iter().map(|value| match value {
                serde_json::Value::String(text) => Some(text),
                _ => None,
            });
            strings.collect::<Option<_>>().map_or(Json::OtherValues, Json::Strings)
        }
        Err(_) => Json::No,
    }
}
