//! Remote files of steps and sources: their URLs and checksums.

use std::borrow::Cow;

use buildkit_llb::FileName;
use percent_encoding::percent_decode_str;

use crate::credentials::redacted;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::lock::is_commit;
use crate::reference::{is_digest, is_hex};
use crate::source::{Span, Spanned};
use crate::spec::Template;
use crate::text::Text;

/// Checks a URL.
pub(super) fn url(text: Text, span: Span, diagnostics: &mut Diagnostics) -> Result<Text, Reported> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#'])) {
        return diagnostics.error(invalid_url(
            &text,
            span,
            "write a URL that begins with https:// or http:// and a host",
        ));
    }
    if text.contains(' ') {
        return diagnostics.error(invalid_url(&text, span, "write a space as %20"));
    }
    if decoded(path_of(&text)).is_none() {
        let hint =
            "write two hexadecimal digits after each `%`, together valid UTF-8, such as %C3%A4";
        return diagnostics.error(invalid_url(&text, span, hint));
    }
    Ok(text)
}

fn invalid_url(text: &str, span: Span, hint: &str) -> Diagnostic {
    let message = format!("invalid URL `{}`", redacted(text));
    Diagnostic::new(Code::InvalidValue, span, message).hint(hint)
}

/// Checks that the commit is known if it is to be fetched without resolving a reference.
///
/// BuildKit accepts a full commit hash in either place (`resolveMetadata` in
/// `source/git/source.go`).
pub(super) fn fetch_by_commit(
    flag: Option<Spanned<bool>>,
    checksum: Option<&str>,
    reference: &str,
    diagnostics: &mut Diagnostics,
) -> Result<(), Reported> {
    let Some(Spanned { value: true, span }) = flag else { return Ok(()) };
    if is_commit(reference) || checksum.is_some_and(is_commit) {
        return Ok(());
    }
    let message = match checksum {
        Some(checksum) => format!("`fetch-by-commit` needs a full commit hash, found `{checksum}`"),
        None => "`fetch-by-commit` needs a commit".to_owned(),
    };
    diagnostics.error(
        Diagnostic::new(Code::InvalidValue, span, message)
            .hint("set `checksum = \"...\"` to all 40 hexadecimal digits of the commit"),
    )
}

/// Checks the value of a `checksum`. One that expands to an empty text counts as absent.
pub(super) fn checked(
    text: Text,
    template: &Template,
    check: fn(Text, Span, &mut Diagnostics) -> Result<Text, Reported>,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Text>, Reported> {
    if text.is_empty() && template.as_literal().is_none() {
        return Ok(None);
    }
    check(text, template.span, diagnostics).map(Some)
}

/// Checks the required digest of a file.
pub(super) fn digest(
    text: Text,
    span: Span,
    diagnostics: &mut Diagnostics,
) -> Result<Text, Reported> {
    if is_digest(&text) {
        return Ok(text);
    }
    diagnostics.error(
        Diagnostic::new(Code::InvalidValue, span, format!("invalid digest `{text}`"))
            .hint("write `sha256:` and 64 lowercase hexadecimal digits"),
    )
}

/// Checks the required commit of a repository.
pub(super) fn commit(
    text: Text,
    span: Span,
    diagnostics: &mut Diagnostics,
) -> Result<Text, Reported> {
    if (7..=64).contains(&text.len()) && is_hex(&text) {
        return Ok(text);
    }
    diagnostics.error(
        Diagnostic::new(
            Code::InvalidValue,
            span,
            format!("invalid checksum `{text}`: expected hex commit hash"),
        )
        .hint("write at least 7 lowercase hexadecimal digits, preferably all 40"),
    )
}

/// The name of a file whose URL contains none, as in a Dockerfile's `ADD`.
static UNNAMED: FileName = FileName::literal("__unnamed__");

/// The name of a file from a URL: the last component of its path, decoded.
///
/// Follows `dispatchCopy` in `frontend/dockerfile/dockerfile2llb/convert_copy.go` of BuildKit.
pub(super) fn file_name(
    url: &str,
    span: Span,
    way_out: &str,
    diagnostics: &mut Diagnostics,
) -> Result<FileName, Reported> {
    let path = decoded(path_of(url)).unwrap_or_default();
    match path.trim_end_matches('/').rsplit('/').next() {
        None | Some("" | ".") => Ok(UNNAMED.clone()),
        Some(last) => FileName::new(last).or_else(|problem| {
            let message =
                format!("the last part of this URL, `{last}`, is not a valid file name: {problem}");
            diagnostics.error(Diagnostic::new(Code::InvalidValue, span, message).hint(way_out))
        }),
    }
}

/// Checks the name that a source gives to its file.
pub(super) fn named(
    name: Text,
    span: Span,
    diagnostics: &mut Diagnostics,
) -> Result<FileName, Reported> {
    FileName::new(name.as_str()).or_else(|problem| {
        let message = format!("invalid file name `{name}`: {problem}");
        diagnostics.error(
            Diagnostic::new(Code::InvalidValue, span, message)
                .hint("write one name without directories, such as \"tool.tar.gz\""),
        )
    })
}

/// The path of a URL, without its leading slash.
fn path_of(url: &str) -> &str {
    let address = url.split(['?', '#']).next().unwrap_or_default();
    let address = address.split_once("://").map_or(address, |(_, rest)| rest);
    address.split_once('/').map_or("", |(_, path)| path)
}

/// Decodes percent escapes. `None` if one is invalid, or if the result is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    for part in text.split('%').skip(1) {
        let escape = part.as_bytes().get(..2)?;
        if !escape.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
    }
    percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_downloads() {
        let span = Span { start: 0, end: 1 };
        let name =
            |url: &str| file_name(url, span, "", &mut Diagnostics::default()).map(String::from);
        for (path, expected) in [
            ("/a/b.tar.gz?x=1#y", "b.tar.gz"),
            ("/dir/", "dir"),
            ("", "__unnamed__"),
            ("/", "__unnamed__"),
            ("/.", "__unnamed__"),
            ("/a%20b.txt", "a b.txt"),
            ("/a%2Fb.txt", "b.txt"),
            ("/%2e%2e/x", "x"),
            ("/a+b", "a+b"),
        ] {
            assert_eq!(name(&format!("https://h{path}")).as_deref(), Ok(expected), "{path}");
        }
        for path in ["/..", "/%2e%2e", "/a/%2e%2e/", "/a%00", "/a%0ab", "/%1b[m", "/a%2f%2e%2e"] {
            assert!(name(&format!("https://h{path}")).is_err(), "{path}");
        }
    }

    #[test]
    fn urls() {
        let span = Span { start: 0, end: 1 };
        let url = |text: &str| url(text.into(), span, &mut Diagnostics::default());
        for text in ["https://h/a", "http://h:80", "https://h/%C3%A4?x=%zz", "https://h?x"] {
            assert!(url(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "ftp://h/a",
            "https://",
            "https:///a",
            "https://h/a b",
            "https://h/%zz",
            "https://h/%f",
            "https://h/%ff",
            "https://?x",
            "https://#x",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
    }
}
