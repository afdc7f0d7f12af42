//! What steps and sources say of files elsewhere: URLs, and what the files must be.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::reference::{is_digest, is_hex};
use crate::source::Span;
use crate::text::Text;

/// A URL that can be fetched.
pub(super) fn url(text: Text, span: Span, diagnostics: &mut Diagnostics) -> Option<Text> {
    let authority = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if authority
        .is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(' '))
    {
        return Some(text);
    }
    let message = format!("`{text}` is not a URL that can be fetched");
    diagnostics.fail(
        Diagnostic::new(Code::InvalidValue, span, message)
            .hint("it begins with https:// or http://"),
    )
}

/// The digest that a file must have.
pub(super) fn digest(text: Text, span: Span, diagnostics: &mut Diagnostics) -> Option<Text> {
    if is_digest(&text) {
        return Some(text);
    }
    diagnostics.fail(
        Diagnostic::new(Code::InvalidValue, span, format!("`{text}` is not a digest"))
            .hint("sha256: and 64 hexadecimal digits in lower case"),
    )
}

/// The commit that a repository must be at.
pub(super) fn commit(text: Text, span: Span, diagnostics: &mut Diagnostics) -> Option<Text> {
    if (7..=64).contains(&text.len()) && is_hex(&text) {
        return Some(text);
    }
    diagnostics.fail(
        Diagnostic::new(Code::InvalidValue, span, format!("`{text}` is not a commit"))
            .hint("at least 7 hexadecimal digits in lower case; all 40 are safest"),
    )
}

/// What a file is called that comes from a URL.
pub(super) fn file_name(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    match path
        .split_once('/')
        .map(|(_, path)| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default())
    {
        Some(name) if !name.is_empty() && name != "." => name.to_owned(),
        _ => "__unnamed__".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_downloads() {
        assert_eq!(file_name("https://example.com/a/b.tar.gz?x=1#y"), "b.tar.gz");
        assert_eq!(file_name("https://example.com/dir/"), "dir");
        assert_eq!(file_name("https://example.com"), "__unnamed__");
        assert_eq!(file_name("https://example.com/"), "__unnamed__");
    }
}
