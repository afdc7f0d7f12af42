//! `ARG`, `ENV`, `LABEL`, `EXPOSE` and `VOLUME`: names, values and lists of them.

use super::{Parser, Text, words};
use crate::diagnostic::Reported;
use crate::dockerfile::instruction::{ArgPair, Kind, Pair};
use crate::dockerfile::word::Word;

impl Parser<'_> {
    /// The args of an `ARG`. Its flags are ignored, as in BuildKit.
    pub(super) fn arg(&mut self, text: Text<'_>) -> Result<Kind, Reported> {
        let words = words::quoted(text.joined.text(), text.rest.clone(), self.escape);
        if words.is_empty() {
            return self.too_few(&text);
        }
        let mut pairs = Vec::new();
        for word in words {
            let written = &text.joined.text()[word.clone()];
            let Some(at) = written.find('=') else {
                let name = text.joined.word(word, self.file);
                pairs.push(ArgPair { name, default: None });
                continue;
            };
            if at == 0 {
                return self.blank_name(&text);
            }
            let (name, default) = (word.start..word.start + at, word.start + at + 1..word.end);
            pairs.push(ArgPair {
                name: text.joined.word(name, self.file),
                default: Some(text.joined.word(default, self.file)),
            });
        }
        Ok(Kind::Arg(pairs))
    }

    /// The pairs of an `ENV` or `LABEL`. The first word decides which form it is.
    pub(super) fn pairs(&mut self, text: Text<'_>) -> Result<Vec<Pair>, Reported> {
        self.no_flags(&text);
        let whole = text.joined.text();
        let words = words::quoted(whole, text.rest.clone(), self.escape);
        let Some(first) = words.first() else { return self.too_few(&text) };
        if !whole[first.clone()].contains('=') {
            return self.legacy_pair(&text).map(|pair| vec![pair]);
        }
        let mut pairs = Vec::new();
        for word in words {
            let Some(at) = whole[word.clone()].find('=') else {
                let span = text.joined.span(word.clone(), self.file);
                let message = format!(
                    "Syntax error - can't find = in {:?}. Must be of the form: name=value",
                    &whole[word]
                );
                return self.malformed(span, message, "put a value with spaces in double quotes");
            };
            if at == 0 {
                return self.blank_name(&text);
            }
            pairs.push(Pair {
                name: text.joined.word(word.start..word.start + at, self.file),
                value: text.joined.word(word.start + at + 1..word.end, self.file),
                is_legacy: false,
            });
        }
        Ok(pairs)
    }

    /// `ENV name value`, where the value is the rest of the line.
    fn legacy_pair(&mut self, text: &Text<'_>) -> Result<Pair, Reported> {
        let rest = &text.joined.text()[text.rest.clone()];
        let Some(end) = rest.find(words::is_separator) else {
            let message = format!("{} must have two arguments", text.keyword);
            return self.malformed(text.span, message, "write `NAME=value`");
        };
        let value = rest[end..].trim_start_matches(words::is_separator);
        let start = text.rest.end - value.len();
        Ok(Pair {
            name: text.joined.word(text.rest.start..text.rest.start + end, self.file),
            value: text.joined.word(start..text.rest.end, self.file),
            is_legacy: true,
        })
    }

    fn blank_name<T>(&mut self, text: &Text<'_>) -> Result<T, Reported> {
        let message = format!("{} names can not be blank", text.keyword);
        self.invalid(text.span, message, "write `NAME=value`, without a space before `=`")
    }

    pub(super) fn expose(&mut self, text: Text<'_>) -> Result<Kind, Reported> {
        self.no_flags(&text);
        let words = words::plain(text.joined.text(), text.rest.clone());
        if words.is_empty() {
            return self.too_few(&text);
        }
        let ports = words.into_iter().map(|word| text.joined.word(word, self.file)).collect();
        Ok(Kind::Expose(ports))
    }

    pub(super) fn volume(&mut self, text: Text<'_>) -> Result<Kind, Reported> {
        self.no_flags(&text);
        let volumes: Vec<Word> = self.list(&text)?;
        if volumes.is_empty() {
            return self.too_few(&text);
        }
        if volumes.iter().any(|volume| volume.value.trim().is_empty()) {
            return self.invalid(
                text.span,
                "VOLUME specified can not be an empty string",
                "remove the empty volume",
            );
        }
        let trimmed = volumes
            .into_iter()
            .map(|volume| Word { value: volume.value.trim().to_owned(), span: volume.span });
        Ok(Kind::Volume(trimmed.collect()))
    }
}
