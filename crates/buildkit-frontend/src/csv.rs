//! Lists in one option, in the form in which clients write them: separated by commas, with double quotes around
//! a field that contains a comma.

use std::error::Error;
use std::fmt;

/// The error for a text that is not a valid list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidList {
    text: String,
    problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    OpenQuote,
    TextAfterQuote,
}

/// Returns the fields of a list; an empty text has none. Follows RFC 4180, as `github.com/tonistiigi/go-csvvalue` does.
///
/// ```
/// use buildkit_frontend::csv;
///
/// assert_eq!(csv::fields(r#"type=bind,"target=/a,b""#)?, ["type=bind", "target=/a,b"]);
/// # Ok::<(), csv::InvalidList>(())
/// ```
pub fn fields(text: &str) -> Result<Vec<String>, InvalidList> {
    let invalid = |problem| InvalidList { text: text.to_owned(), problem };
    let mut fields = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (field, behind) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted).ok_or_else(|| invalid(Problem::OpenQuote))?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        match behind.strip_prefix(',') {
            Some("") => {
                fields.push(String::new());
                break;
            }
            Some(next) => rest = next,
            None if behind.is_empty() => break,
            None => return Err(invalid(Problem::TextAfterQuote)),
        }
    }
    Ok(fields)
}

/// Returns the text up to the closing quote, and the rest after it. Two quotes in a row stand for one.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, behind) = rest.split_once('"')?;
        field.push_str(part);
        match behind.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, behind)),
        }
    }
}

impl fmt::Display for InvalidList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.text;
        match self.problem {
            Problem::OpenQuote => write!(f, "unterminated quote in `{text}`"),
            Problem::TextAfterQuote => write!(f, "unexpected text after a quote in `{text}`"),
        }
    }
}

impl Error for InvalidList {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        for (text, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a,b,", &["a", "b", ""]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("\"say \"\"hi\"\"\"", &["say \"hi\""]),
        ] {
            assert_eq!(
                fields(text).as_deref(),
                Ok(&expected.iter().map(|&field| field.to_owned()).collect::<Vec<_>>()[..]),
                "{text}"
            );
        }
        assert!(fields("\"a").is_err());
        assert!(fields("\"a\"b").is_err());
    }
}
