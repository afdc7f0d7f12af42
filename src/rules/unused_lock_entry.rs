//! `unused-lock-entry`: an entry of a lock file that no reference of the build file can match.
//!
//! A reference that contains a name can have any value that the name can have; an arg without a
//! fixed set of values can have any text. So an entry that another build needs is not called
//! unused.

use std::cell::Cell;
use std::collections::BTreeSet;

use crate::credentials;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::lock::{Lock, Upstream};
use crate::plan::may_be_none;
use crate::spec::{From, Input, Piece, Scalar, Spec, Template, Verb};

/// Matches any text. No string of a build file contains it.
const ANY: char = '\0';

/// Limit on the number of values of one reference; with more, it matches any text.
const MAX_TEXTS: usize = 64;

/// Limit on the nesting of names in values.
const MAX_DEPTH: usize = 16;

/// Limit on the total size of values of all references, in bytes; beyond that, they match any text.
const MAX_SIZE: usize = 1 << 20;

/// Limit on the text compared with patterns, in bytes. If there are very many entries and patterns,
/// the rule checks only the first ones.
const MAX_COMPARED: usize = 64 << 20;

/// Warns about each entry of the lock file that the build file cannot need.
pub(super) fn check(lock: &Lock, spec: &Spec, diagnostics: &mut Diagnostics) {
    if lock.entries().is_empty() {
        return;
    }
    let references = References::of(spec);
    let compared = Cell::new(0);
    for (upstream, entry) in lock.entries() {
        let is_unused = !references.may_be(upstream, &compared);
        if compared.get() > MAX_COMPARED {
            return;
        }
        if is_unused {
            let message = format!("unused entry `{upstream}`");
            diagnostics.push(
                Diagnostic::new(Code::UnusedLockEntry, entry.span, message).hint("remove the line"),
            );
        }
    }
}

/// The possible values of the references of a build file.
#[derive(Default)]
struct References {
    images: Forms,
    git: Forms,
    urls: Forms,
}

/// The possible values of references of one kind. Most are a single text, which is looked up
/// instead of compared.
#[derive(Default)]
struct Forms {
    texts: BTreeSet<String>,
    /// Values with [`ANY`] for unknown parts.
    patterns: BTreeSet<String>,
}

impl Extend<String> for Forms {
    fn extend<I: IntoIterator<Item = String>>(&mut self, forms: I) {
        for form in forms {
            let known = if form.contains(ANY) { &mut self.patterns } else { &mut self.texts };
            known.insert(form);
        }
    }
}

impl Forms {
    /// Adds the number of compared bytes to `compared`.
    fn may_be(&self, text: &str, compared: &Cell<usize>) -> bool {
        let fits = |pattern: &String| {
            compared.set(compared.get() + pattern.len() + text.len());
            compared.get() > MAX_COMPARED || may_be(pattern, text)
        };
        self.texts.contains(text) || self.patterns.iter().any(fits)
    }
}

impl References {
    fn of(spec: &Spec) -> Self {
        let mut references = Self::default();
        // In a stage, an environment variable takes precedence over a constant of the file.
        let variables = spec.stages.values().flat_map(|stage| stage.env.0.keys());
        let variables: BTreeSet<&str> = variables.map(|name| name.as_str()).collect();
        let file = Texts { spec, hidden: BTreeSet::new(), left: Cell::new(MAX_SIZE) };
        let step = Texts { spec, hidden: variables, left: Cell::new(MAX_SIZE) };
        for source in spec.sources.values() {
            match &source.value {
                Input::Git { url, reference, checksum, .. } if may_be_none(checksum.as_ref()) => {
                    references.git.extend(file.of_git(url, reference.as_ref()));
                }
                Input::Http { url, checksum, .. } if may_be_none(checksum.as_ref()) => {
                    references.urls.extend(without_credentials(file.of(url, 0)));
                }
                Input::Image { reference, .. } => references.images.extend(file.of(reference, 0)),
                Input::Git { .. } | Input::Http { .. } | Input::Context(_) => {}
            }
        }
        for stage in spec.stages.values() {
            stage.visit_froms(&mut |from| {
                if let From::Name(template) | From::Image { reference: template, .. } = &from.value
                {
                    references.images.extend(file.of(template, 0));
                }
            });
            for verb in stage.all_steps().map(|step| &step.verb) {
                match verb {
                    Verb::Fetch(fetch) if may_be_none(fetch.checksum.as_deref()) => {
                        references.urls.extend(without_credentials(step.of(&fetch.url, 0)));
                    }
                    Verb::Git(git) if may_be_none(git.checksum.as_deref()) => {
                        references.git.extend(step.of_git(&git.url, git.reference.as_deref()));
                    }
                    _ => {}
                }
            }
        }
        references
    }

    fn may_be(&self, upstream: &Upstream, compared: &Cell<usize>) -> bool {
        match upstream {
            Upstream::Image(_) => {
                spellings(&upstream.key()).iter().any(|text| self.images.may_be(text, compared))
            }
            Upstream::Git { .. } => self.git.may_be(&upstream.key(), compared),
            Upstream::Url(url) => self.urls.may_be(url, compared),
        }
    }
}

/// URLs as in a lock file, without credentials. If the scheme may be part of the unknown text, so
/// may credentials.
fn without_credentials(urls: Vec<String>) -> Vec<String> {
    urls.into_iter().map(key_of).collect()
}

fn key_of(url: String) -> String {
    match (url.starts_with(ANY), url.rsplit_once('@')) {
        (true, Some((_, behind))) => format!("{ANY}{behind}"),
        _ => credentials::without_credentials(&url).into_owned(),
    }
}

/// The different ways to write an image.
fn spellings(key: &str) -> Vec<String> {
    let mut names = vec![key.to_owned()];
    if let Some(path) = key.strip_prefix("docker.io/") {
        names.extend([path.to_owned(), format!("index.docker.io/{path}")]);
        if let Some(name) = path.strip_prefix("library/") {
            names.extend([name.to_owned(), format!("docker.io/{name}")]);
            names.push(format!("index.docker.io/{name}"));
        }
    }
    let latest = names.iter().filter_map(|name| name.strip_suffix(":latest").map(str::to_owned));
    let latest: Vec<String> = latest.collect();
    names.extend(latest);
    names
}

/// Computes the possible values of templates.
struct Texts<'s> {
    spec: &'s Spec,
    /// Names whose value may differ from the file's declaration.
    hidden: BTreeSet<&'s str>,
    /// The rest of [`MAX_SIZE`].
    left: Cell<usize>,
}

fn any() -> Vec<String> {
    vec![ANY.to_string()]
}

impl Texts<'_> {
    fn of(&self, template: &Template, depth: usize) -> Vec<String> {
        // Checked before following names: a few that refer to each other give very many values, or
        // endless ones.
        if !self.spend(1) {
            return any();
        }
        template.pieces().into_iter().fold(vec![String::new()], |texts, piece| {
            let next = match piece {
                Piece::Text(text) => vec![text.to_owned()],
                Piece::Name(name) => self.of_name(name, depth),
                Piece::Changed => any(),
            };
            self.join(&texts, &next)
        })
    }

    /// Each start combined with each end.
    fn join(&self, starts: &[String], ends: &[String]) -> Vec<String> {
        if starts.len() * ends.len() > MAX_TEXTS {
            return self.join(starts, &any());
        }
        if !self.spend(starts.len() * size(ends) + ends.len() * size(starts)) {
            return any();
        }
        starts
            .iter()
            .flat_map(|start| ends.iter().map(move |end| format!("{start}{end}")))
            .collect()
    }

    /// Takes `size` from the limit. Once exhausted, every later call returns false.
    fn spend(&self, size: usize) -> bool {
        let left = self.left.get().checked_sub(size);
        self.left.set(left.unwrap_or(0));
        left.is_some()
    }

    fn of_name(&self, name: &str, depth: usize) -> Vec<String> {
        if depth == MAX_DEPTH || self.hidden.contains(name) {
            return any();
        }
        if let Some(Scalar(var)) = self.spec.vars.0.get(name) {
            return self.of(var, depth + 1);
        }
        let arg = self.spec.args.0.get(name);
        match arg.and_then(|arg| arg.values.as_ref()) {
            Some(values) => {
                values.iter().flat_map(|value| self.of(&value.value.0, depth + 1)).collect()
            }
            None => any(),
        }
    }

    fn of_git(&self, url: &Template, reference: Option<&Template>) -> Vec<String> {
        let urls = without_credentials(self.of(url, 0));
        let Some(reference) = reference else { return urls };
        let ends: Vec<String> = self.of(reference, 0).into_iter().map(fragment).collect();
        self.join(&urls, &ends)
    }
}

fn fragment(reference: String) -> String {
    match reference.as_str() {
        // It may be empty, and then there is no `#`.
        known if known.chars().all(|c| c == ANY) => reference,
        known => format!("#{known}"),
    }
}

fn size(texts: &[String]) -> usize {
    texts.iter().map(String::len).sum::<usize>()
}

/// True if a pattern with [`ANY`] in it matches a text.
fn may_be(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once(ANY) else { return pattern == text };
    let (middle, last) = rest.rsplit_once(ANY).unwrap_or(("", rest));
    let inner = text.strip_prefix(first).and_then(|text| text.strip_suffix(last));
    let Some(mut inner) = inner else { return false };
    middle.split(ANY).all(|part| match inner.split_once(part) {
        Some((_, behind)) => {
            inner = behind;
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock::parse;
    use crate::source::SourceFile;
    use crate::spec;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a\0", "a", true),
            ("a\0c", "abc", true),
            ("a\0a", "a", false),
            ("\0-\0-x", "1-2-x", true),
            ("\0-\0-x", "1-x", false),
            ("\0\0", "", true),
        ] {
            assert_eq!(may_be(pattern, text), expected, "{pattern:?} {text:?}");
        }
    }

    /// The findings for a lock file with these keys.
    fn unused(spec: &str, images: &[&str], git: &[&str], urls: &[&str]) -> Vec<String> {
        let line = |key: &&str, pin: String| format!("\"{key}\" = \"{pin}\"\n");
        let table = |keys: &[&str], pin: &str| {
            keys.iter().map(|key| line(key, pin.to_owned())).collect::<String>()
        };
        let digest = format!("sha256:{}", "0".repeat(64));
        let text = format!(
            "version = 1\n[images]\n{}[git]\n{}[urls]\n{}",
            table(images, &digest),
            table(git, &"0".repeat(40)),
            table(urls, &digest)
        );
        let mut diagnostics = Diagnostics::default();
        let lock = parse(&SourceFile::new("mstage.lock", text.into_bytes()), &mut diagnostics);
        let (_, spec) = spec::parse(SourceFile::new("mstage.toml", spec.into()), &mut diagnostics);
        let mut found = Diagnostics::default();
        check(&lock.unwrap(), &spec.unwrap(), &mut found);
        found.findings().iter().map(|found| found.message.clone()).collect()
    }

    #[test]
    fn what_a_reference_can_be() {
        let spec = r#"
args = { NODE = { default = "22", values = ["20", "22"] }, GO = "1.24" }
sources = { lib = { git = "https://h/lib.git", ref = "${NODE}" }, file = { http = "https://s/f" }, base = { image = "busybox" } }
vars = { TAG = "3.20", NAME = "alpine", LOCAL = "x" }
[stages.a]
from = "${NAME}:${TAG}"
env = { LOCAL = "y" }
steps = [
  { copy = "/x", from = "node:${NODE}-slim" },
  { copy = "/x", from = { image = "golang:${GO}" } },
  { fetch = "https://h/${TAG}.tgz" },
  { fetch = "https://h/${LOCAL}" },
  { fetch = "https://h/checked", checksum = "sha256:aa" },
  { git = "https://h/a.git", ref = "v${TAG}" },
  { fetch = "https://user:${GO}@h/closed" },
  { fetch = "${GO}@h/closed-too" },
  { git = "https://${GO}@h/closed.git" },
  { fetch = "https://h/maybe", checksum = "${GO}" },
]
"#;
        let used = unused(
            spec,
            &["busybox", "alpine:3.20", "node:20-slim", "docker.io/library/golang:1.1", "golang"],
            &["https://h/a.git#v3.20", "https://h/lib.git#20", "https://h/closed.git"],
            &[
                "https://h/3.20.tgz",
                "https://h/z",
                "https://s/f",
                "https://h/closed",
                "https://h/closed-too",
                "https://h/maybe",
            ],
        );
        assert!(used.is_empty(), "{used:?}");
        let unused = unused(
            spec,
            &["alpine:3.19", "node:18-slim", "ghcr.io/golang:1"],
            &["https://h/a.git", "https://h/a.git#v3"],
            &["https://i/z"],
        );
        assert_eq!(unused.len(), 6, "{unused:?}");
    }
}
