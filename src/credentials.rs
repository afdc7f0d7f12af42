//! Credentials in URLs: finding them, hiding them in output, and removing them for a lock file.
//!
//! Input: the URL of a file or of a git repository. Output: the same text without its secrets. Must
//! not depend on the use of a URL.

use std::borrow::Cow;

/// Replacement for a hidden user name, password or token, as in BuildKit
/// (`util/urlutil/redact.go`).
const MASK: &str = "xxxxx";

/// Words in the names of query parameters whose values are secrets: `?access_token=...`,
/// `?X-Amz-Signature=...`.
const SECRET_WORDS: [&str; 14] = [
    "apikey",
    "auth",
    "authorization",
    "credential",
    "credentials",
    "jwt",
    "passwd",
    "password",
    "pwd",
    "secret",
    "sig",
    "signature",
    "token",
    "accesskey",
];

/// A secret in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential<'u> {
    /// A user name or a password before the host.
    UserInfo,
    /// The value of a query parameter.
    Query(&'u str),
}

/// The URL with its user name, password and secret query parameters hidden.
///
/// Hides everything that BuildKit's `RedactCredentials` hides. Also hides passwords with reserved
/// characters, which make the URL invalid, and secrets of the query.
pub(crate) fn redacted(url: &str) -> Cow<'_, str> {
    rewritten(url, |user_info| {
        let (user, password) = match user_info.split_once(':') {
            Some((user, _)) => (user, Some(MASK)),
            None => (user_info, None),
        };
        let user = if user.is_empty() { "" } else { MASK };
        password.map_or_else(|| format!("{user}@"), |password| format!("{user}:{password}@"))
    })
}

/// The URL without credentials, as in a lock file.
///
/// The user name of an SSH URL is not a secret and is kept.
pub(crate) fn without_credentials(url: &str) -> Cow<'_, str> {
    let is_secret = has_secret_user_info(url);
    rewritten(url, |user_info| match user_info.split_once(':') {
        _ if is_secret && !is_user_needed(url) => String::new(),
        Some((user, _)) => format!("{user}@"),
        None => format!("{user_info}@"),
    })
}

/// The first credential in a URL. For HTTP, a user name alone is one, since it may be a token.
pub(crate) fn find(url: &str) -> Option<Credential<'_>> {
    if has_secret_user_info(url) {
        return Some(Credential::UserInfo);
    }
    let (_, query, _) = split_query(url);
    query.split('&').filter_map(secret_pair).map(|(key, _)| Credential::Query(key)).next()
}

/// The host name, without user and port.
pub(crate) fn host(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let host = start + user_info(url).map_or(0, |user_info| user_info.len() + 1);
    let host = &url[host.min(url.len())..];
    let host = &host[..host.find(['/', '?', '#']).unwrap_or(host.len())];
    match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// A text with all URLs in it redacted.
pub(crate) fn redacted_text(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let word = rest[..start].rfind(ends_url).map_or(0, |at| at + width(rest, at));
        let end = rest[start..].find(ends_url).map_or(rest.len(), |at| start + at);
        shown.push_str(&rest[..word]);
        shown.push_str(&redacted(&rest[word..end]));
        rest = &rest[end..];
    }
    shown.push_str(rest);
    shown.into()
}

fn ends_url(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>')
}

fn width(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

/// True if the part before the host is a secret.
fn has_secret_user_info(url: &str) -> bool {
    match user_info(url) {
        Some(user_info) if is_user_needed(url) => user_info.contains(':'),
        Some(user_info) => !user_info.is_empty(),
        None => false,
    }
}

/// True if the URL needs a user name, as for SSH.
fn is_user_needed(url: &str) -> bool {
    match url.split_once("://") {
        Some((scheme, _)) => !scheme.to_ascii_lowercase().starts_with("http"),
        None => is_scp_style(url),
    }
}

/// `git@host:path`, not `token@host/path`.
fn is_scp_style(url: &str) -> bool {
    let Some((user, rest)) = url.split_once('@') else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    !user.contains([':', '/']) && host.contains(':')
}

/// The URL with its user info replaced by a text, and the secrets of its query by [`MASK`].
fn rewritten(url: &str, replace: impl FnOnce(&str) -> String) -> Cow<'_, str> {
    let (before, query, fragment) = split_query(url);
    let has_secret_query = query.split('&').any(|pair| secret_pair(pair).is_some());
    let user_info = user_info(url).filter(|_| !is_scp_style(url));
    if user_info.is_none() && !has_secret_query {
        return url.into();
    }
    let start = url.find("://").map_or(0, |at| at + 3);
    let mut text = String::with_capacity(url.len());
    let before = match user_info {
        Some(user_info) => {
            text.push_str(&url[..start]);
            text.push_str(&replace(user_info));
            // A password may contain the `?` that seems to begin the query.
            before.get(start + user_info.len() + 1..).unwrap_or_default()
        }
        None => before,
    };
    text.push_str(before);
    if !query.is_empty() {
        text.push('?');
        let pairs = query.split('&').map(|pair| match secret_pair(pair) {
            Some((key, _)) => format!("{key}={MASK}").into(),
            None => Cow::Borrowed(pair),
        });
        text.push_str(&pairs.collect::<Vec<_>>().join("&"));
    }
    text.push_str(fragment);
    text.into()
}

/// The part before the `@` of the host.
fn user_info(url: &str) -> Option<&str> {
    let start = url.find("://").map_or(0, |at| at + 3);
    let rest = &url[start..];
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    if let Some(at) = authority.rfind('@') {
        return Some(&authority[..at]);
    }
    // `http://user:pass/word@host`: the apparent port is the beginning of a password.
    let (_, port) = authority.rsplit_once(':')?;
    if start == 0 || port.ends_with(']') || port.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    rest.rfind('@').map(|at| &rest[..at])
}

/// The URL up to its query, the query without its `?`, and the fragment with its `#`.
pub(crate) fn split_query(url: &str) -> (&str, &str, &str) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let host = start + user_info(url).map_or(0, str::len);
    let fragment = url[host..].find('#').map_or(url.len(), |at| host + at);
    let (url, fragment) = url.split_at(fragment);
    match url[host..].find('?') {
        Some(at) => (&url[..host + at], &url[host + at + 1..], fragment),
        None => (url, "", fragment),
    }
}

/// A query parameter whose value is a secret.
fn secret_pair(pair: &str) -> Option<(&str, &str)> {
    let (key, value) = pair.split_once('=')?;
    let mut words = key.split(|c: char| !c.is_ascii_alphanumeric());
    let is_secret =
        words.any(|word| SECRET_WORDS.iter().any(|secret| word.eq_ignore_ascii_case(secret)));
    (is_secret && !value.is_empty()).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden() {
        for (url, shown) in [
            ("https://h/a", "https://h/a"),
            ("https://u:p@h:8080/a?b=c#d", "https://xxxxx:xxxxx@h:8080/a?b=c#d"),
            ("https://token@h/a.git", "https://xxxxx@h/a.git"),
            ("https://:p@h/a.git", "https://:xxxxx@h/a.git"),
            ("https://u:@h/a.git", "https://xxxxx:xxxxx@h/a.git"),
            ("https://@h/a.git", "https://@h/a.git"),
            ("https://u:p@x@h/a", "https://xxxxx:xxxxx@h/a"),
            ("https://u:p/w@h/a", "https://xxxxx:xxxxx@h/a"),
            ("https://u:p?w#x@h/a?b#c", "https://xxxxx:xxxxx@h/a?b#c"),
            ("ssh://git@h/a", "ssh://xxxxx@h/a"),
            ("git@h:a/b", "git@h:a/b"),
            ("h/a@b", "h/a@b"),
            ("https://h/a@1:b", "https://h/a@1:b"),
            ("https://h:80/@scope/a", "https://h:80/@scope/a"),
            ("https://[::1]/@scope/a", "https://[::1]/@scope/a"),
            ("https://h/a?v=1&access_token=s", "https://h/a?v=1&access_token=xxxxx"),
            ("https://h/a?X-Amz-Signature=s&b=c", "https://h/a?X-Amz-Signature=xxxxx&b=c"),
            ("https://h/a?token=", "https://h/a?token="),
            ("u:p@h/a.git", "xxxxx:xxxxx@h/a.git"),
            ("token@h/a.git", "xxxxx@h/a.git"),
            ("", ""),
        ] {
            assert_eq!(redacted(url), shown, "{url}");
        }
    }

    #[test]
    fn what_a_lock_file_has() {
        for (url, key) in [
            ("https://h/a", "https://h/a"),
            ("https://u:p@h/a", "https://h/a"),
            ("https://token@h/a.git", "https://h/a.git"),
            ("http://u:p/w@h/a", "http://h/a"),
            ("ssh://git@h/a", "ssh://git@h/a"),
            ("ssh://git:p@h/a", "ssh://git@h/a"),
            ("git@h:a/b", "git@h:a/b"),
            ("https://h/a?token=s&v=1", "https://h/a?token=xxxxx&v=1"),
        ] {
            assert_eq!(without_credentials(url), key, "{url}");
            assert_eq!(without_credentials(key), key);
        }
    }

    #[test]
    fn what_is_found() {
        for url in ["https://u@h/a", "https://u:p@h/a", "ssh://u:p@h/a", "token@h/a.git"] {
            assert_eq!(find(url), Some(Credential::UserInfo), "{url}");
        }
        assert_eq!(find("https://h/a?b&api_token=s"), Some(Credential::Query("api_token")));
        for url in ["https://h/a", "ssh://git@h/a", "git@h:a", "https://h/a?key=b", "https://@h"] {
            assert_eq!(find(url), None, "{url}");
        }
    }

    #[test]
    fn hosts() {
        for (url, expected) in [
            ("https://u:p@h.org:80/a@b", "h.org"),
            ("https://h", "h"),
            ("http://[::1]:8/a", "::1"),
            ("http://u@[::1]/a", "::1"),
            ("https://u:p/w@h/a", "h"),
            ("", ""),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
    }

    #[test]
    fn urls_in_a_text() {
        for (text, shown) in [
            ("no url", "no url"),
            ("Get \"https://u:p@h/a\": refused", "Get \"https://xxxxx:xxxxx@h/a\": refused"),
            (
                "\u{e9}https://t@h/a http://t@h/b\u{e9}",
                "\u{e9}https://xxxxx@h/a http://xxxxx@h/b\u{e9}",
            ),
        ] {
            assert_eq!(redacted_text(text), shown);
        }
    }
}
