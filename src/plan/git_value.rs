//! The values that BuildKit passes to git on its own host: URLs, references and directories.
//!
//! All of them come from build files, which may be untrusted, so each is checked before it is sent
//! to a daemon. Older daemons pass them to git unchecked.

use super::git_url::{clean_subdir, is_reference, keys_for};
use crate::credentials::{redacted, split_query};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::source::Span;
use crate::text::Text;

/// Checks the URL of a repository.
///
/// The protocols are those of BuildKit (`supportedProtos` in `util/gitutil/git_url.go`). It
/// interprets anything else as a host, so that `file:///etc` would become `https://file:///etc`.
pub(super) fn remote(
    text: Text,
    span: Span,
    diagnostics: &mut Diagnostics,
) -> Result<Text, Reported> {
    check_end(&text, span, diagnostics)?;
    let Some(hint) = problem_of_remote(&text) else { return Ok(text) };
    let message = format!("invalid git URL `{}`", redacted(&text));
    diagnostics.error(Diagnostic::new(Code::InvalidValue, span, message).hint(hint))
}

/// Checks that nothing follows the URL. For the fragment and the query that clients write for build
/// contexts, a build file has keys of its own.
fn check_end(text: &str, span: Span, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    let shown = redacted(text);
    let (url, query, fragment) = split_query(&shown);
    let rest = &shown[url.len()..];
    if rest.is_empty() {
        return Ok(());
    }
    let keys = keys_for(query, fragment.trim_start_matches('#'));
    let keys = keys.into_iter().map(|(key, value)| format!(", {key} = {value}"));
    let hint = format!("write `git = \"{url}\"{}`", keys.collect::<String>());
    let message = format!("unexpected `{rest}` after the URL of the repository");
    diagnostics.error(Diagnostic::new(Code::InvalidValue, span, message).hint(hint))
}

/// A hint for an invalid URL.
fn problem_of_remote(text: &str) -> Option<String> {
    const FORMS: &str =
        "a git URL begins with https://, http://, ssh:// or git://, or has the form user@host:path";
    let host = match text.split_once("://") {
        Some(("https" | "http" | "ssh" | "git", rest)) => {
            let authority = rest.split('/').next().unwrap_or_default();
            authority.rsplit('@').next().unwrap_or_default()
        }
        Some(_) => return Some(FORMS.to_owned()),
        None => match text.split_once('@').and_then(|(_, rest)| rest.split_once(':')) {
            Some((host, path)) if !text.starts_with(['-', '@']) && !path.is_empty() => host,
            _ if text.split('/').next().is_some_and(|host| host.contains('.')) => {
                return Some(format!("add the protocol: \"https://{text}\""));
            }
            _ => return Some(FORMS.to_owned()),
        },
    };
    if text.contains(char::is_whitespace) {
        return Some("write a space as %20".to_owned());
    }
    // Git passes the host to ssh, which could interpret it as an option.
    if host.is_empty() || host.starts_with('-') || host.contains('/') {
        return Some(FORMS.to_owned());
    }
    None
}

/// Checks the name of a branch, a tag or a commit. An empty one is the default branch.
pub(super) fn reference(
    text: Text,
    span: Span,
    diagnostics: &mut Diagnostics,
) -> Result<Text, Reported> {
    if is_reference(&text) {
        return Ok(text);
    }
    let message = format!("expected a branch, a tag or a commit, found `{text}`");
    diagnostics.error(
        Diagnostic::new(Code::InvalidValue, span, message)
            .hint("write a reference such as \"main\", \"v1.2\" or \"refs/pull/1/head\", or the hash of a commit"),
    )
}

/// The directory of a repository as a path from its root, without the leading slash; empty for all
/// of it.
pub(super) fn subdir(
    text: Text,
    span: Span,
    diagnostics: &mut Diagnostics,
) -> Result<Text, Reported> {
    match clean_subdir(&text) {
        Some(clean) if clean == text.as_str() => Ok(text),
        Some(clean) => Ok(clean.into()),
        None => {
            let message = format!("`{text}` is outside the repository");
            diagnostics.error(
                Diagnostic::new(Code::PathOutside, span, message).hint(
                    "write a path relative to the root of the repository, such as \"docs/api\"",
                ),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for text in [
            "https://github.com/a/b.git",
            "http://h:8080/a",
            "https://u:p@h/a",
            "ssh://git@h:2222/a",
            "git://h/a",
            "git@github.com:a/b",
        ] {
            assert_eq!(problem_of_remote(text), None, "{text}");
        }
        for text in [
            "",
            "file:///etc",
            "ext::sh -c id",
            "ext::id",
            "/srv/a",
            "../a",
            "github.com/a/b",
            "https://",
            "https:///a",
            "https://h/a b",
            "https://h/a\n",
            "ssh://-oProxyCommand=id/a",
            "ssh://git@-oProxyCommand=id/a",
            "-u@h:a",
            "git@-h:a",
            "git@h:",
            "@h:a",
            "ftp://h/a",
            "HTTPS+ext://h/a",
        ] {
            assert!(problem_of_remote(text).is_some(), "{text}");
        }
    }

    #[test]
    fn references() {
        for text in ["", "main", "v1.2-rc.1", "refs/pull/1/head", "feature/x_y", "a@b", "0123abc"] {
            assert!(is_reference(text), "{text}");
        }
        for text in [
            "-x",
            "--upload-pack=id",
            "a b",
            "a\nb",
            "a..b",
            "a~1",
            "a^",
            "a:b",
            "a?",
            "a*",
            "a[",
            "a\\",
            "@{-1}",
            "a/",
            "/a",
            "a//b",
            ".a",
            "a.",
            "a.lock",
            "a/.b",
            "\u{1b}",
        ] {
            assert!(!is_reference(text), "{text:?}");
        }
    }

    #[test]
    fn directories() {
        for (text, clean) in [
            ("", Some("")),
            ("/", Some("")),
            (".", Some("")),
            ("docs", Some("docs")),
            ("/docs//a/./b/", Some("docs/a/b")),
            ("a/../b", Some("b")),
            ("..", None),
            ("../..", None),
            ("a/../../b", None),
            ("/..", None),
        ] {
            assert_eq!(clean_subdir(text).as_deref(), clean, "{text}");
        }
    }
}
