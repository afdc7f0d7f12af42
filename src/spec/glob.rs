//! The patterns of `${NAME#pattern}`, `${NAME%pattern}` and `${NAME/pattern/replacement}`.
//!
//! `*` matches any text, `?` any character, and a backslash escapes the next character. The matcher
//! simulates all positions in the pattern at once, in one pass over the text: the time is at most
//! the product of both lengths, and is taken from an [`Allowance`].

use super::allowance::{Allowance, Spent};

/// The cost in bytes of comparing a character with a position in the pattern.
const COMPARISON: usize = 8;

/// A pattern.
pub(crate) struct Glob(Vec<Item>);

#[derive(Clone, Copy, PartialEq)]
enum Item {
    Literal(char),
    AnyChar,
    AnyText,
}

impl Glob {
    pub(crate) fn new(pattern: &str) -> Self {
        let mut items = Vec::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            items.push(match c {
                '*' => Item::AnyText,
                '?' => Item::AnyChar,
                '\\' => Item::Literal(chars.next().unwrap_or('\\')),
                c => Item::Literal(c),
            });
        }
        Self(items)
    }

    /// The end of the shortest or longest prefix that matches.
    pub(crate) fn prefix(
        &self,
        text: &str,
        longest: bool,
        allowance: &Allowance,
    ) -> Result<Option<usize>, Spent> {
        matched(&self.0, text.chars(), longest, allowance)
    }

    /// The start of the shortest or longest suffix that matches.
    pub(crate) fn suffix(
        &self,
        text: &str,
        longest: bool,
        allowance: &Allowance,
    ) -> Result<Option<usize>, Spent> {
        let backwards: Vec<Item> = self.0.iter().rev().copied().collect();
        let len = matched(&backwards, text.chars().rev(), longest, allowance)?;
        Ok(len.map(|len| text.len() - len))
    }

    /// The text with the first match, or all, replaced; matches are as long as possible.
    pub(crate) fn replace(
        &self,
        text: &str,
        replacement: &str,
        all: bool,
        allowance: &Allowance,
    ) -> Result<String, Spent> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            match self.prefix(rest, true, allowance)?.filter(|&end| end > 0) {
                Some(end) => {
                    allowance.spend(replacement.len())?;
                    out.push_str(replacement);
                    rest = &rest[end..];
                    if !all {
                        break;
                    }
                }
                None => {
                    out.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        Ok(out + rest)
    }
}

/// The length in bytes of the shortest or longest match at the beginning of the text.
fn matched(
    items: &[Item],
    text: impl Iterator<Item = char>,
    longest: bool,
    allowance: &Allowance,
) -> Result<Option<usize>, Spent> {
    // For each position in the pattern, true if the text so far can end there.
    let mut reached = vec![false; items.len() + 1];
    reached[0] = true;
    skip_any_text(items, &mut reached);
    let mut found = None;
    let mut len = 0;
    for c in text {
        if reached[items.len()] {
            found = Some(len);
        }
        if found.is_some() && !longest || !reached.contains(&true) {
            return Ok(found);
        }
        allowance.spend(reached.len() * COMPARISON)?;
        // Backwards, so that a position is left before its predecessor moves to it.
        for (at, item) in items.iter().enumerate().rev() {
            let goes_on = match item {
                Item::Literal(wanted) => c == *wanted,
                Item::AnyChar => true,
                Item::AnyText => false,
            };
            let stays = reached[at + 1] && items.get(at + 1) == Some(&Item::AnyText);
            reached[at + 1] = stays || reached[at] && goes_on;
        }
        reached[0] &= items.first() == Some(&Item::AnyText);
        skip_any_text(items, &mut reached);
        len += c.len_utf8();
    }
    Ok(if reached[items.len()] { Some(len) } else { found })
}

/// Extends the positions over `*`, which can be empty.
fn skip_any_text(items: &[Item], reached: &mut [bool]) {
    for (at, item) in items.iter().enumerate() {
        if *item == Item::AnyText && reached[at] {
            reached[at + 1] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortest_and_longest() {
        let allowance = Allowance::new(10_000);
        for (pattern, text, prefix, suffix) in [
            ("a", "aba", Some([1, 1]), Some([2, 2])),
            ("*", "abc", Some([0, 3]), Some([3, 0])),
            ("*a", "xaya", Some([2, 4]), Some([3, 0])),
            ("a*b", "aabab", Some([3, 5]), Some([3, 0])),
            ("a**", "aab", Some([1, 3]), Some([1, 0])),
            ("??", "äöü", Some([4, 4]), Some([2, 2])),
            ("", "a", Some([0, 0]), Some([1, 1])),
            ("*.*.gz", "x.tar.gz", Some([8, 8]), Some([1, 0])),
            ("b*", "abc", None, Some([1, 1])),
            ("\\*?", "*a", Some([2, 2]), Some([0, 0])),
            ("x", "", None, None),
        ] {
            let glob = Glob::new(pattern);
            let ends = [false, true].map(|longest| glob.prefix(text, longest, &allowance).unwrap());
            assert_eq!(ends, [0, 1].map(|at| prefix.map(|ends| ends[at])), "{pattern} {text}");
            let starts =
                [false, true].map(|longest| glob.suffix(text, longest, &allowance).unwrap());
            assert_eq!(
                starts,
                [0, 1].map(|at| suffix.map(|starts| starts[at])),
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn replacing() {
        for (pattern, all, expected) in [
            ("a", false, "-bab"),
            ("a", true, "-b-b"),
            ("a*b", true, "-"),
            ("?", true, "----"),
            ("", true, "abab"),
            ("c", true, "abab"),
        ] {
            let replaced = Glob::new(pattern).replace("abab", "-", all, &Allowance::new(2_000));
            assert_eq!(replaced.as_deref(), Ok(expected), "{pattern}");
        }
        assert_eq!(Glob::new("a").replace("aaa", "bbbb", true, &Allowance::new(50)), Err(Spent));
    }
}
