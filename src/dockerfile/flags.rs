//! The flags of an instruction.
//!
//! Input: words such as `--from=x`. Output: the values of the flags that an instruction supports,
//! and errors for others. Follows `frontend/dockerfile/instructions/bflag.go` of BuildKit.

use super::word::Word;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, list, suggesting};
use crate::source::Spanned;

/// The flags of one instruction, consumed one by one.
pub(super) struct Flags<'a> {
    given: Vec<Flag>,
    /// The names that were requested.
    known: Vec<&'static str>,
    diagnostics: &'a mut Diagnostics,
}

/// A flag as written.
struct Flag {
    word: Word,
    taken: bool,
}

impl Flag {
    /// Its name without the dashes, and its value.
    fn parts(&self) -> (&str, Option<&str>) {
        let text = self.word.value.strip_prefix("--").unwrap_or(&self.word.value);
        text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)))
    }
}

impl<'a> Flags<'a> {
    pub(super) fn new(words: Vec<Word>, diagnostics: &'a mut Diagnostics) -> Self {
        let given = words.into_iter().map(|word| Flag { word, taken: false });
        Self { given: given.collect(), known: Vec::new(), diagnostics }
    }

    /// The value of a flag that may be given once.
    pub(super) fn text(&mut self, name: &'static str) -> Option<Word> {
        let mut values = self.values(name);
        if let [_, second, ..] = &values[..] {
            self.report(second, format!("duplicate flag specified: --{name}"), "write it once");
        }
        (!values.is_empty()).then(|| values.swap_remove(0))
    }

    /// The values of a flag that may be given several times.
    pub(super) fn texts(&mut self, name: &'static str) -> Vec<Word> {
        self.values(name)
    }

    /// The value of a boolean flag, which may have no value, `true` or `false`; `None` if it is not
    /// given. Another value is reported, and the flag then counts as not given.
    pub(super) fn switch(&mut self, name: &'static str) -> Option<bool> {
        let flags = self.take(name);
        if let [_, (second, _), ..] = &flags[..] {
            self.report(second, format!("duplicate flag specified: --{name}"), "write it once");
        }
        let (word, value) = flags.into_iter().next()?;
        let message = match value.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("true") => return Some(true),
            Some("false") => return Some(false),
            Some("") => format!("missing a value on flag: --{name}"),
            Some(other) => format!("expecting boolean value for flag --{name}, not: {other}"),
        };
        self.report(&word, message, &format!("write `--{name}`, or `--{name}=false`"));
        None
    }

    /// Reports the flags that were not requested.
    pub(super) fn finish(self) {
        for flag in self.given.iter().filter(|flag| !flag.taken) {
            let (name, _) = flag.parts();
            let message = format!("unknown flag: --{name}");
            let near = suggesting(&message, name, self.known.iter().copied());
            let hint = near.is_none().then(|| match &self.known[..] {
                [] => "this instruction takes no flags".to_owned(),
                known => {
                    format!("its flags are {}", list(known.iter().map(|name| format!("--{name}"))))
                }
            });
            let message = near.unwrap_or(message);
            self.diagnostics
                .push(Diagnostic::new(Code::UnknownFlag, flag.word.span, message).maybe_hint(hint));
        }
    }

    fn values(&mut self, name: &'static str) -> Vec<Word> {
        let mut values = Vec::new();
        for (word, value) in self.take(name) {
            match value {
                Some(value) => values.push(Spanned { value, span: word.span }),
                None => self.report(
                    &word,
                    format!("missing a value on flag: --{name}"),
                    &format!("write `--{name}=...`"),
                ),
            }
        }
        values
    }

    fn take(&mut self, name: &'static str) -> Vec<(Word, Option<String>)> {
        self.known.push(name);
        let mut found = Vec::new();
        for flag in &mut self.given {
            let (given, value) = flag.parts();
            if given == name {
                found.push((flag.word.clone(), value.map(str::to_owned)));
                flag.taken = true;
            }
        }
        found
    }

    fn report(&mut self, word: &Word, message: String, hint: &str) {
        self.diagnostics
            .push(Diagnostic::new(Code::InvalidInstruction, word.span, message).hint(hint));
    }
}
