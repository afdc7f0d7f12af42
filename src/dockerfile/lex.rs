//! The values in instructions: quotes, escapes and `$NAME`.
//!
//! Input: a word as written. Output: its [`Piece`]s, which need the values of variables to be
//! expanded; or the words of a line. Follows `frontend/dockerfile/shell/lex.go` of BuildKit.

use std::iter::Peekable;
use std::str::Chars;

/// A piece of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Literal text.
    Text(String),
    /// The value of a variable.
    Variable {
        /// The name; for special parameters such as `$1` and `$@`, which are never set in a build,
        /// the character.
        name: String,
        /// True if it is written in braces.
        is_braced: bool,
        /// The modifier in the braces.
        modifier: Modifier,
    },
}

/// The modifier of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Modifier {
    /// `$NAME` or `${NAME}`.
    Plain,
    /// `${NAME-word}`. With a colon, an empty value counts as unset; the same in the next two.
    Default { colon: bool, word: Vec<Piece> },
    /// `${NAME+word}`.
    Alternative { colon: bool, word: Vec<Piece> },
    /// `${NAME?message}`.
    Required { colon: bool, message: Vec<Piece> },
    /// `${NAME#pattern}`, and with `##` the longest match.
    TrimPrefix { longest: bool, pattern: Vec<Piece> },
    /// `${NAME%pattern}`, and with `%%` the longest match.
    TrimSuffix { longest: bool, pattern: Vec<Piece> },
    /// `${NAME/pattern/replacement}`, and with `//` every match. Both still contain escapes.
    Replace { all: bool, pattern: Vec<Piece>, replacement: Vec<Piece> },
}

/// Maximum nesting of `${A:-${B:-...}}`.
const MAX_DEPTH: usize = 32;

/// Splits a word into pieces. The error is BuildKit's message.
pub fn word(text: &str, escape: char) -> Result<Vec<Piece>, String> {
    Lexer { chars: text.chars().peekable(), escape, quotes: Quotes::Removed, depth: 0 }
        .pieces(None, false)
}

/// Splits a word into pieces, keeping quotes in the text.
pub fn quoted_word(text: &str, escape: char) -> Result<Vec<Piece>, String> {
    Lexer { chars: text.chars().peekable(), escape, quotes: Quotes::Kept, depth: 0 }
        .pieces(None, false)
}

/// Splits a text in which quotes are literal: the content of a heredoc.
pub fn text(text: &str) -> Result<Vec<Piece>, String> {
    Lexer { chars: text.chars().peekable(), escape: '\\', quotes: Quotes::Text, depth: 0 }
        .pieces(None, false)
}

/// True for a word without quotes, escapes and variables, which is its own value.
pub fn is_plain(word: &str, escape: char) -> bool {
    !word.contains(['$', '"', '\'', escape])
}

struct Lexer<'t> {
    chars: Peekable<Chars<'t>>,
    escape: char,
    quotes: Quotes,
    depth: usize,
}

/// The treatment of quotes.
#[derive(Clone, Copy, PartialEq)]
enum Quotes {
    /// Quotes work and are removed.
    Removed,
    /// Quotes work and are kept in the text.
    Kept,
    /// Quotes are ordinary text.
    Text,
}

impl Lexer<'_> {
    /// The pieces up to `stop`, or to the end. `raw` keeps escapes, because patterns have escapes
    /// of their own.
    fn pieces(&mut self, stop: Option<char>, raw: bool) -> Result<Vec<Piece>, String> {
        let mut found = Pieces::default();
        while let Some(&c) = self.chars.peek() {
            match c {
                _ if Some(c) == stop => {
                    self.chars.next();
                    return Ok(found.finish());
                }
                '$' => self.dollar(&mut found)?,
                '\'' if self.quotes != Quotes::Text => self.single_quotes(&mut found)?,
                '"' if self.quotes != Quotes::Text => self.double_quotes(raw, &mut found)?,
                _ => {
                    self.chars.next();
                    if c != self.escape {
                        found.text.push(c);
                        continue;
                    }
                    if raw {
                        found.text.push(c);
                    }
                    found.text.extend(self.chars.next());
                }
            }
        }
        match stop {
            None => Ok(found.finish()),
            Some(stop) => {
                Err(format!("unexpected end of statement while looking for matching {stop}"))
            }
        }
    }

    fn single_quotes(&mut self, found: &mut Pieces) -> Result<(), String> {
        self.quote(found);
        loop {
            match self.chars.next() {
                Some('\'') => {
                    found.text.extend((self.quotes == Quotes::Kept).then_some('\''));
                    return Ok(());
                }
                Some(c) => found.text.push(c),
                None => {
                    return Err(unclosed("single-quote"));
                }
            }
        }
    }

    fn double_quotes(&mut self, raw: bool, found: &mut Pieces) -> Result<(), String> {
        self.quote(found);
        loop {
            let Some(&c) = self.chars.peek() else { return Err(unclosed("double-quote")) };
            if c == '$' {
                self.dollar(found)?;
                continue;
            }
            if c == '"' {
                self.quote(found);
                return Ok(());
            }
            self.chars.next();
            if c != self.escape {
                found.text.push(c);
                continue;
            }
            if raw {
                found.text.push(c);
            }
            match self.chars.peek() {
                // An escape at the end of the word is dropped.
                None => {}
                Some(&next) if next == '"' || next == '$' || next == self.escape => {
                    found.text.push(next);
                    self.chars.next();
                }
                Some(_) => found.text.push(c),
            }
        }
    }

    /// Consumes the quote at the current position.
    fn quote(&mut self, found: &mut Pieces) {
        let quote = self.chars.next();
        found.text.extend(quote.filter(|_| self.quotes == Quotes::Kept));
    }

    /// Parses the variable at the `$` at the current position.
    fn dollar(&mut self, found: &mut Pieces) -> Result<(), String> {
        self.chars.next();
        if self.chars.peek() != Some(&'{') {
            let name = self.name();
            if name.is_empty() {
                found.text.push('$');
            } else {
                found.variable(name, false, Modifier::Plain);
            }
            return Ok(());
        }
        self.chars.next();
        match self.chars.peek() {
            None => return Err(missing('}')),
            Some('{' | '}' | ':') => return Err("syntax error: bad substitution".to_owned()),
            Some(_) => {}
        }
        let name = self.name();
        let modifier = self.modifier()?;
        found.variable(name, true, modifier);
        Ok(())
    }

    /// Parses a modifier, up to the closing brace.
    fn modifier(&mut self) -> Result<Modifier, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("substitutions are nested more than {MAX_DEPTH} deep"));
        }
        let modifier = self.modifier_at_depth();
        self.depth -= 1;
        modifier
    }

    fn modifier_at_depth(&mut self) -> Result<Modifier, String> {
        let (colon, sign) = match self.chars.next() {
            Some(':') => (true, self.chars.next()),
            sign => (false, sign),
        };
        Ok(match sign {
            Some('}') if !colon => Modifier::Plain,
            Some('-') => Modifier::Default { colon, word: self.up_to('}', false)? },
            Some('+') => Modifier::Alternative { colon, word: self.up_to('}', false)? },
            Some('?') => Modifier::Required { colon, message: self.up_to('}', false)? },
            Some(sign @ ('#' | '%')) if !colon => {
                let longest = self.skip(sign);
                let pattern = self.up_to('}', true)?;
                match sign {
                    '#' => Modifier::TrimPrefix { longest, pattern },
                    _ => Modifier::TrimSuffix { longest, pattern },
                }
            }
            Some('/') if !colon => Modifier::Replace {
                all: self.skip('/'),
                pattern: self.up_to('/', true)?,
                replacement: self.up_to('}', true)?,
            },
            None if colon => return Err(missing('}')),
            // BuildKit finds the replacement character where the text ends.
            None => {
                let problem = "unsupported modifier (\u{fffd}) in substitution";
                return Err(format!("{problem}: {}", missing('}')));
            }
            Some(sign) => {
                let colon = if colon { ":" } else { "" };
                return Err(format!("unsupported modifier ({colon}{sign}) in substitution"));
            }
        })
    }

    fn up_to(&mut self, stop: char, raw: bool) -> Result<Vec<Piece>, String> {
        let pieces = self.pieces(Some(stop), raw);
        match self.chars.peek() {
            None if pieces.is_err() => Err(missing(stop)),
            _ => pieces,
        }
    }

    fn skip(&mut self, sign: char) -> bool {
        self.chars.next_if_eq(&sign).is_some()
    }

    /// Parses a name: letters, digits and `_`; or one special parameter, or a number.
    fn name(&mut self) -> String {
        let mut name = String::new();
        match self.chars.peek() {
            Some(&c) if c.is_numeric() => {
                while let Some(digit) = self.chars.next_if(|c| c.is_numeric()) {
                    name.push(digit);
                }
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => name.extend(self.chars.next()),
            _ => {
                while let Some(c) = self.chars.next_if(|&c| c.is_alphanumeric() || c == '_') {
                    name.push(c);
                }
            }
        }
        name
    }
}

fn unclosed(quote: &str) -> String {
    format!("unexpected end of statement while looking for matching {quote}")
}

fn missing(stop: char) -> String {
    match stop {
        '/' => "syntax error: missing '/' in ${}".to_owned(),
        _ => "syntax error: missing '}'".to_owned(),
    }
}

/// The pieces of a word under construction.
#[derive(Default)]
struct Pieces {
    done: Vec<Piece>,
    text: String,
}

impl Pieces {
    fn variable(&mut self, name: String, is_braced: bool, modifier: Modifier) {
        self.end_text();
        self.done.push(Piece::Variable { name, is_braced, modifier });
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.done.push(Piece::Text(std::mem::take(&mut self.text)));
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        self.end_text();
        self.done
    }
}

/// The words of a line with their quotes and escapes, as a shell would split them; `None` if a
/// quote or a brace is not closed. White space after `<<` does not end a word.
pub(super) fn raw_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                word.push(c);
                loop {
                    let inside = chars.next()?;
                    word.push(inside);
                    if inside == c {
                        break;
                    }
                    if inside == '\\' && c == '"' {
                        word.push(chars.next()?);
                    }
                }
            }
            '\\' => {
                word.push(c);
                word.extend(chars.next());
            }
            '$' if chars.peek() == Some(&'{') => {
                word.push(c);
                let mut depth = 0;
                loop {
                    let inside = chars.next()?;
                    word.push(inside);
                    depth += match inside {
                        '{' => 1,
                        '}' => -1,
                        _ => 0,
                    };
                    if depth == 0 {
                        break;
                    }
                }
            }
            '<' if chars.next_if_eq(&'<').is_some() => {
                word.push_str("<<");
                while let Some(space) = chars.next_if(|c| matches!(c, '\t' | '\r' | ' ')) {
                    word.push(space);
                }
            }
            _ if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            _ => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    Some(words)
}

/// A word without its quotes and escapes, with all variables unset; `None` if nothing is left or a
/// quote is not closed.
pub(super) fn unset(raw: &str) -> Option<String> {
    let pieces = word(raw, '\\').ok()?;
    let text = match &pieces[..] {
        [Piece::Text(text)] => text.clone(),
        // An unset variable stays as it is written.
        [_, ..] => raw.to_owned(),
        [] => return None,
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pieces: &[Piece]) -> String {
        pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Variable { name, modifier, .. } => match modifier {
                    Modifier::Plain => format!("<{name}>"),
                    Modifier::Default { colon, word } => {
                        format!("<{name}|{colon}|{}>", shown(word))
                    }
                    Modifier::Replace { all, pattern, replacement } => {
                        format!("<{name}|{all}|{}|{}>", shown(pattern), shown(replacement))
                    }
                    Modifier::TrimPrefix { longest, pattern } => {
                        format!("<{name}#{longest}|{}>", shown(pattern))
                    }
                    other => format!("<{name}|{other:?}>"),
                },
            })
            .collect()
    }

    #[test]
    fn words() {
        let lexed = |text| word(text, '\\').map(|pieces| shown(&pieces));
        for (text, expected) in [
            ("a b", "a b"),
            ("'a $B'", "a $B"),
            (r#""a $B""#, "a <B>"),
            (r#""a \$B \n \"""#, r#"a $B \n ""#),
            (r"a\ b\$C", "a b$C"),
            (r"a\", "a"),
            ("$A-${B}_$", "<A>-<B>_$"),
            ("$1x$@", "<1>x<@>"),
            ("${A:-b ${C-d}}", "<A|true|b <C|false|d>>"),
            ("${A:-'}'}", "<A|true|}>"),
            (r"${A##\*b}", r"<A#true|\*b>"),
            (r"${A/x/${B}}", "<A|false|x|<B>>"),
            ("${A//b*/c}", "<A|true|b*|c>"),
            ("é$é", "é<é>"),
        ] {
            assert_eq!(lexed(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn mistakes_have_the_words_of_buildkit() {
        for (text, expected) in [
            ("'a", "unexpected end of statement while looking for matching single-quote"),
            ("\"a", "unexpected end of statement while looking for matching double-quote"),
            ("${}", "syntax error: bad substitution"),
            ("${A", "unsupported modifier (\u{fffd}) in substitution: syntax error: missing '}'"),
            ("${A:", "syntax error: missing '}'"),
            ("${A:-b", "syntax error: missing '}'"),
            ("${A/b}", "syntax error: missing '/' in ${}"),
            ("${A:#b}", "unsupported modifier (:#) in substitution"),
            ("${A!b}", "unsupported modifier (!) in substitution"),
        ] {
            assert_eq!(
                word(text, '\\').map_err(|err| err.to_string()),
                Err(expected.to_owned()),
                "{text}"
            );
        }
        assert!(word(&"${A:-".repeat(100_000), '\\').is_err(), "no stack is exhausted");
    }

    #[test]
    fn text_keeps_quotes() {
        assert_eq!(
            text("it's \"$A\" \\$B").map(|pieces| shown(&pieces)).as_deref(),
            Ok("it's \"<A>\" $B")
        );
    }

    #[test]
    fn lines_of_a_shell() {
        let words = |line| raw_words(line).unwrap_or_default();
        assert_eq!(words(r#"cat <<EOF > "a b" c\ d"#), ["cat", "<<EOF", ">", r#""a b""#, r"c\ d"]);
        assert_eq!(words("cat << EOF"), ["cat", "<< EOF"]);
        assert_eq!(words("3<<'E F'"), ["3<<'E F'"]);
        assert_eq!(raw_words("it's <<EOF"), None);
    }
}
