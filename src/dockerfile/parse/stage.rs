//! `FROM`.

use super::{Parser, Text, words};
use crate::diagnostic::Reported;
use crate::dockerfile::instruction::{Kind, StageHeader};
use crate::dockerfile::word::Word;

impl Parser<'_> {
    pub(super) fn from(&mut self, mut text: Text<'_>) -> Result<Kind, Reported> {
        let words = words::plain(text.joined.text(), text.rest.clone());
        let mut words = words.into_iter().map(|word| text.joined.word(word, self.file));
        let (base, as_keyword, name, more) =
            (words.next(), words.next(), words.next(), words.next());
        let mut flags = self.flags(&mut text);
        let platform = flags.text("platform").filter(|platform| !platform.value.is_empty());
        flags.finish();
        let Some(base) = base else { return self.wrong_count(&text) };
        let is_as = as_keyword.as_ref().is_some_and(|word| word.value.eq_ignore_ascii_case("as"));
        // A stage with an invalid name is still a stage: the instructions below belong to it.
        let name = match (&as_keyword, name, more) {
            (None, _, _) => None,
            (Some(_), Some(name), None) if is_as => self.stage_name(name).ok(),
            (Some(_), _, _) => self.wrong_count(&text).ok(),
        };
        Ok(Kind::From(StageHeader { base, platform, name, as_keyword }))
    }

    fn stage_name(&mut self, name: Word) -> Result<Word, Reported> {
        if is_stage_name(&name.value.to_lowercase()) {
            return Ok(name);
        }
        let message = format!(
            "invalid name for build stage: \"{}\", name can't start with a number or contain symbols",
            name.value
        );
        self.invalid(
            name.span,
            message,
            "a name begins with a letter, followed by letters, digits, `-`, `_` and `.`",
        )
    }

    fn wrong_count<T>(&mut self, text: &Text<'_>) -> Result<T, Reported> {
        self.invalid(
            text.span,
            "FROM requires either one or three arguments",
            "write `FROM image` or `FROM image AS name`",
        )
    }
}

/// True if a name, in lower case, is valid for a stage.
fn is_stage_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'))
}
