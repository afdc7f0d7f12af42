//! URLs of git repositories, as clients write them for build contexts.

use std::fmt;

use buildkit_frontend::parse_bool;
use buildkit_llb::GitMtime;
use percent_encoding::percent_decode_str;

use super::path;

/// A repository with a reference and a subdirectory.
///
/// Follows `frontend/dockerfile/dfgitutil` and `util/gitutil` of BuildKit: a fragment gives the
/// reference and the directory, `#v1:docs`; a query gives more, `?tag=v1&subdir=docs&commit=...`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GitUrl {
    /// The URL without fragment and query.
    pub remote: String,
    /// A commit, a tag or a branch; empty for the default branch.
    pub reference: String,
    /// The subdirectory; empty for the whole repository.
    pub subdir: String,
    /// The commit that the reference must resolve to.
    pub checksum: Option<String>,
    /// Keep `.git`, if the URL says so.
    pub keep_git_dir: Option<bool>,
    /// Leave submodules out.
    pub skip_submodules: bool,
    /// Timestamps of the files.
    pub mtime: Option<GitMtime>,
    /// Fetch the commit without resolving the reference.
    pub fetch_by_commit: bool,
}

/// The error for the URL of a git repository with invalid values. Its message says which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidGitUrl(String);

impl fmt::Display for InvalidGitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl GitUrl {
    /// Parses a URL. `None` if it is not that of a git repository; an error if it is, but an
    /// invalid one.
    pub fn parse(text: &str) -> Option<Result<Self, InvalidGitUrl>> {
        let (address, fragment) = split(text, '#');
        let (address, query) = split(address, '?');
        let remote = match address.split_once("://") {
            Some(("http" | "https", rest)) if rest.contains('/') && rest.ends_with(".git") => {
                address.to_owned()
            }
            Some(("git" | "ssh", rest)) if !rest.is_empty() => address.to_owned(),
            Some(_) => return None,
            None if address.starts_with("github.com/") => format!("https://{address}"),
            None if is_scp_style(address) => address.to_owned(),
            None => return None,
        };
        let (reference, subdir) = split(fragment, ':');
        let url = Self {
            remote,
            reference: reference.to_owned(),
            subdir: subdir.to_owned(),
            ..Self::default()
        };
        Some(url.with_query(query).and_then(Self::checked))
    }

    /// Parses the identifier of a source in a graph, without its `git://`. A URL without a scheme is
    /// one of `https` (`NewGitIdentifier` in `source/git/identifier.go` of BuildKit).
    pub fn of_source(text: &str) -> Result<Self, InvalidGitUrl> {
        let (remote, fragment) = split(text, '#');
        let (reference, subdir) = split(fragment, ':');
        let remote = match remote.contains("://") || is_scp_style(remote) {
            true => remote.to_owned(),
            false => format!("https://{remote}"),
        };
        let (reference, subdir) = (reference.to_owned(), subdir.to_owned());
        Self { remote, reference, subdir, ..Self::default() }.checked()
    }

    /// Checks that its values are valid for git.
    fn checked(mut self) -> Result<Self, InvalidGitUrl> {
        if !is_reference(&self.reference) {
            return Err(invalid(format!(
                "expected a branch, a tag or a commit, found `{}`",
                self.reference
            )));
        }
        self.subdir = clean_subdir(&self.subdir).ok_or_else(|| {
            invalid(format!("the directory `{}` is outside the repository", self.subdir))
        })?;
        Ok(self)
    }

    fn with_query(mut self, query: &str) -> Result<Self, InvalidGitUrl> {
        let mut reference =
            Vec::from_iter(Some(self.reference.clone()).filter(|own| !own.is_empty()));
        let mut seen = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = split(pair, '=');
            let value = decoded(value);
            if seen.contains(&key) {
                return Err(invalid(format!("query \"{key}\" has multiple values")));
            }
            seen.push(key);
            if value.is_empty() && !matches!(key, "submodules" | "keep-git-dir" | "fetch-by-commit")
            {
                return Err(invalid(format!("query \"{key}\" has no value")));
            }
            match key {
                "ref" => reference.push(value),
                "tag" => reference.push(in_namespace("refs/tags/", value)),
                "branch" => reference.push(in_namespace("refs/heads/", value)),
                "subdir" if self.subdir.is_empty() || self.subdir == value => self.subdir = value,
                "subdir" => {
                    return Err(invalid(format!(
                        "subdir conflicts: {:?} vs {value:?}",
                        self.subdir
                    )));
                }
                "checksum" | "commit" => self.checksum = Some(value),
                "keep-git-dir" => self.keep_git_dir = Some(truth(key, &value)?),
                "submodules" => self.skip_submodules = !truth(key, &value)?,
                "fetch-by-commit" => self.fetch_by_commit = truth(key, &value)?,
                "mtime" => {
                    self.mtime = Some(match value.as_str() {
                        "checkout" => GitMtime::Checkout,
                        "commit" => GitMtime::Commit,
                        other => {
                            return Err(invalid(format!(
                                "invalid mtime value: {other:?} (must be \"checkout\" or \"commit\")"
                            )));
                        }
                    });
                }
                other => {
                    return Err(invalid(format!(
                        "unexpected query {other:?}: expected `ref`, `tag`, `branch`, `subdir`, `commit`, `checksum`, `keep-git-dir`, `submodules`, `mtime` or `fetch-by-commit`"
                    )));
                }
            }
        }
        if seen.contains(&"tag") && seen.contains(&"branch") {
            return Err(invalid("branch conflicts with tag".to_owned()));
        }
        reference.dedup();
        match &mut reference[..] {
            [] => {}
            [only] => self.reference = std::mem::take(only),
            [first, second, ..] => {
                return Err(invalid(format!("ref conflicts: {first:?} vs {second:?}")));
            }
        }
        Ok(self)
    }
}

fn truth(key: &str, value: &str) -> Result<bool, InvalidGitUrl> {
    match value {
        "" => Ok(true),
        text => parse_bool(text).ok_or_else(|| {
            invalid(format!("invalid {key} value: {text:?}: expected `true` or `false`"))
        }),
    }
}

fn invalid(message: String) -> InvalidGitUrl {
    InvalidGitUrl(message)
}

/// The keys of a build file, with their values, that correspond to a query and a fragment.
///
/// A build file has no key for `mtime`: it is omitted, and so are unknown keys.
pub(super) fn keys_for(query: &str, fragment: &str) -> Vec<(&'static str, String)> {
    let (reference, subdir) = split(fragment, ':');
    let mut keys = Vec::new();
    let mut add = |key: &'static str, value: String| {
        if !value.is_empty() && keys.iter().all(|(known, _)| *known != key) {
            keys.push((key, value));
        }
    };
    add("ref", quoted(reference));
    add("subdir", quoted(subdir));
    for pair in query.split('&') {
        let (key, value) = split(pair, '=');
        let value = decoded(value);
        // What is neither true nor false is left out.
        let flag = || match value.as_str() {
            "" => "true".to_owned(),
            text => parse_bool(text).map(|flag| flag.to_string()).unwrap_or_default(),
        };
        match key {
            _ if value.is_empty()
                && !matches!(key, "keep-git-dir" | "submodules" | "fetch-by-commit") => {}
            "ref" => add("ref", quoted(&value)),
            "tag" => add("ref", quoted(&in_namespace("refs/tags/", value))),
            "branch" => add("ref", quoted(&in_namespace("refs/heads/", value))),
            "subdir" => add("subdir", quoted(&value)),
            "checksum" | "commit" => add("checksum", quoted(&value)),
            "keep-git-dir" => add("keep-git-dir", flag()),
            "submodules" => add("submodules", flag()),
            "fetch-by-commit" => add("fetch-by-commit", flag()),
            _ => {}
        }
    }
    keys
}

fn quoted(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!("\"{text}\""),
    }
}

/// True if a text is a valid reference (`git check-ref-format`) that cannot be mistaken for an
/// option. An empty one is the default branch.
pub(super) fn is_reference(text: &str) -> bool {
    text.is_empty()
        || !text.starts_with('-')
            && !text.contains(is_refused)
            && !text.contains("..")
            && !text.contains("@{")
            && text.split('/').all(is_part)
}

fn is_refused(c: char) -> bool {
    c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\')
}

fn is_part(part: &str) -> bool {
    !part.is_empty() && !part.starts_with('.') && !part.ends_with('.') && !part.ends_with(".lock")
}

/// Returns a directory as a path from the repository's root, without a leading slash; empty for
/// the root. `None` if the path leaves the repository.
pub(super) fn clean_subdir(text: &str) -> Option<String> {
    let inside = path::inside(&text.into())?;
    Some(inside.trim_start_matches('/').to_owned())
}

/// The text before and after a separator.
fn split(text: &str, separator: char) -> (&str, &str) {
    text.split_once(separator).unwrap_or((text, ""))
}

/// `user@host:path`.
fn is_scp_style(text: &str) -> bool {
    let Some((user, rest)) = text.split_once('@') else { return false };
    let Some((host, path)) = rest.split_once(':') else { return false };
    is_word(user) && is_word(host) && !path.is_empty()
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| matches!(c, 'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.'))
}

fn in_namespace(namespace: &str, name: String) -> String {
    if name.starts_with(namespace) { name } else { format!("{namespace}{name}") }
}

/// Decodes the value of a query; invalid escapes are literal.
fn decoded(value: &str) -> String {
    let value = value.replace('+', " ");
    percent_decode_str(&value).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> GitUrl {
        GitUrl::parse(text).expect("an address of a repository").expect("a right one")
    }

    #[test]
    fn what_is_a_repository() {
        for text in [
            "https://github.com/a/b.git",
            "http://host:8080/a/b.git?ref=x#",
            "git://host/a",
            "ssh://git@host:2222/a",
            "git@github.com:a/b",
            "github.com/a/b",
        ] {
            assert!(GitUrl::parse(text).is_some(), "{text}");
        }
        for text in ["https://host/a.tar.gz", "./a.git", "a/b.git", "https://x.git", "input:a", ""]
        {
            assert!(GitUrl::parse(text).is_none(), "{text}");
        }
        assert_eq!(parse("github.com/a/b").remote, "https://github.com/a/b");
    }

    #[test]
    fn fragments_and_queries() {
        let url = parse("https://host/a.git#v1:docs/x");
        assert_eq!((&url.reference[..], &url.subdir[..]), ("v1", "docs/x"));
        assert_eq!(parse("git@host:a/b.git#:docs").subdir, "docs");

        let url = parse(
            "https://host/a.git?tag=v1&subdir=a%20b&commit=abc&keep-git-dir&submodules=false&mtime=commit",
        );
        let expected = GitUrl {
            remote: "https://host/a.git".to_owned(),
            reference: "refs/tags/v1".to_owned(),
            subdir: "a b".to_owned(),
            checksum: Some("abc".to_owned()),
            keep_git_dir: Some(true),
            skip_submodules: true,
            mtime: Some(GitMtime::Commit),
            fetch_by_commit: false,
        };
        assert_eq!(url, expected);
        assert_eq!(parse("https://host/a.git?ref=x#x").reference, "x");
    }

    #[test]
    fn keys_of_a_build_file() {
        let keys = |query, fragment| {
            let keys = keys_for(query, fragment).into_iter();
            keys.map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(keys("", "v1:sub"), "ref = \"v1\", subdir = \"sub\"");
        assert_eq!(keys("", ":a/b"), "subdir = \"a/b\"");
        assert_eq!(
            keys("ref=v1&keep-git-dir=1&submodules=false&mtime=commit&x", ""),
            "ref = \"v1\", keep-git-dir = true, submodules = false"
        );
        assert_eq!(
            keys("tag=v1&commit=abc&fetch-by-commit", "v1"),
            "ref = \"v1\", checksum = \"abc\", fetch-by-commit = true"
        );
        assert_eq!(keys("branch=a%20b&subdir=", ""), "ref = \"refs/heads/a b\"");
    }

    #[test]
    fn wrong_ones() {
        for (text, message) in [
            ("https://host/a.git?ref=x#y", "ref conflicts: \"y\" vs \"x\""),
            ("https://host/a.git?tag=x&branch=y", "branch conflicts with tag"),
            ("https://host/a.git?subdir=x#:y", "subdir conflicts: \"y\" vs \"x\""),
            (
                "https://host/a.git#:../../etc",
                "the directory `../../etc` is outside the repository",
            ),
            (
                "https://host/a.git?subdir=%2e%2e/x",
                "the directory `../x` is outside the repository",
            ),
            (
                "https://host/a.git#--upload-pack=x",
                "expected a branch, a tag or a commit, found `--upload-pack=x`",
            ),
            ("https://host/a.git?ref=a%0ab", "expected a branch, a tag or a commit, found `a\nb`"),
            ("https://host/a.git?ref", "query \"ref\" has no value"),
            ("https://host/a.git?ref=x&ref=x", "query \"ref\" has multiple values"),
            (
                "https://host/a.git?submodules=no",
                "invalid submodules value: \"no\": expected `true` or `false`",
            ),
            (
                "https://host/a.git?mtime=x",
                "invalid mtime value: \"x\" (must be \"checkout\" or \"commit\")",
            ),
        ] {
            assert_eq!(GitUrl::parse(text), Some(Err(invalid(message.to_owned()))), "{text}");
        }
        assert_eq!(
            keys_for("submodules=no&keep-git-dir", ""),
            [("keep-git-dir", "true".to_owned())]
        );
        let unknown = GitUrl::parse("https://host/a.git?depth=1").expect("a repository");
        assert!(unknown.expect_err("wrong").to_string().starts_with("unexpected query \"depth\""));
    }
}
