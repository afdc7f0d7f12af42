//! The paths of the build context, and of each named one, that the stages of a plan use, and the
//! patterns that all of them exclude: nothing else is transferred.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::action::{Action, Copy, CopyItem, MountKind};
use super::context::ContextQuery;
use super::origin::{ContextId, Origin, StageId};
use super::path;
use super::planned::{ContextPaths, PlannedStage};
use crate::id::IdVec;
use crate::path_pattern::{clean, exactly, has_wildcard};
use crate::text::Text;

/// True if a stage differs from its base.
fn makes_files(stage: &PlannedStage) -> bool {
    !stage.steps.is_empty() || !stage.merged.is_empty()
}

/// A pattern for exactly one path.
fn literally(path: &Text) -> Text {
    match exactly(path.trim_start_matches('/')) {
        Cow::Borrowed(_) => path.clone(),
        Cow::Owned(pattern) => format!("/{pattern}").into(),
    }
}

/// The patterns that an item of a copy excludes, from the root of its tree. Empty if that cannot be
/// expressed.
///
/// They are compared as texts: a pattern that two uses share begins with the directories of both.
/// If one of these is a link, there is nothing below its own path, so that the pattern matches no
/// file that the other needs. A use without the pattern may follow a link to an excluded file.
fn excluded_by(copy: &Copy, item: &CopyItem) -> BTreeSet<String> {
    let directory = item.optional.as_ref().unwrap_or(&item.source).trim_start_matches('/');
    // With a wildcard, the patterns are relative to each match. A required path must be there even
    // if it is excluded.
    if item.required.is_some() || has_wildcard(directory) || !is_portable(directory) {
        return BTreeSet::new();
    }
    let mut excluded = BTreeSet::new();
    for pattern in &copy.exclude {
        // `New` in patternmatcher.go: white space first, then the path, then the exception.
        let pattern = clean(pattern.trim());
        match &*pattern {
            // It may bring back what others exclude, here and in the ignore file.
            exception if exception.starts_with('!') => return BTreeSet::new(),
            // Nothing in a directory has such a path.
            "." | ".." => {}
            outside if outside.starts_with('/') || outside.starts_with("../") => {}
            pattern if !is_portable(pattern) => {}
            pattern if directory.is_empty() => {
                excluded.insert(pattern.to_owned());
            }
            pattern => {
                excluded.insert(format!("{directory}/{pattern}"));
            }
        }
    }
    excluded
}

/// True if a pattern means the same to the client that sends files and to the engine that copies
/// them, of any version, also after a directory: `patternmatcher` takes some characters literally
/// only in patterns without wildcards, and `**` inside a name in different ways.
fn is_portable(pattern: &str) -> bool {
    pattern.trim() == pattern
        && pattern.chars().all(|c| c.is_alphanumeric() || "/._-@~,= *?".contains(c))
        && pattern.split('/').all(|name| name == "**" || !name.contains("**"))
}

/// The paths used of the build context, and of each named one. The stages in `whole` are exported
/// themselves.
pub(super) fn of_contexts(
    stages: &IdVec<StageId, PlannedStage>,
    whole: &BTreeSet<StageId>,
    contexts: &IdVec<ContextId, ContextQuery>,
) -> (ContextPaths, IdVec<ContextId, ContextPaths>) {
    let main = ContextPaths::default();
    let named = contexts.map(|_| ContextPaths::default());
    let mut reads = Reads { main, named, origins: real_origins(stages), root: "/".into() };
    for (at, stage) in stages.enumerate() {
        if makes_files(stage) || whole.contains(&at) {
            reads.add_all(stage.base);
            for merged in &stage.merged {
                reads.add_all(Origin::Stage(merged.stage));
            }
        }
        for step in &stage.steps {
            reads.add_action(&step.action);
        }
    }
    (reads.main, reads.named)
}

/// The origin of each stage's files: a stage without steps is its base, which may be a context.
fn real_origins(stages: &IdVec<StageId, PlannedStage>) -> IdVec<StageId, Origin> {
    let mut origins: IdVec<StageId, Origin> = IdVec::with_capacity(stages.len());
    for (at, stage) in stages.enumerate() {
        origins.push(match stage.base {
            _ if makes_files(stage) => Origin::Stage(at),
            Origin::Stage(base) => origins[base],
            base => base,
        });
    }
    origins
}

/// The paths that are used, while they are collected.
struct Reads {
    main: ContextPaths,
    named: IdVec<ContextId, ContextPaths>,
    /// The origin of each stage's files.
    origins: IdVec<StageId, Origin>,
    root: Text,
}

impl Reads {
    fn add_action(&mut self, action: &Action) {
        match action {
            Action::Copy(copy) => {
                for item in &copy.items {
                    self.add(copy.origin, &item.reads, Some((copy, item)));
                }
            }
            Action::Unpack(unpack) => {
                self.add(unpack.origin, &path::as_pattern(&unpack.source), None);
            }
            Action::Exec(exec) => {
                for mount in &*exec.mounts {
                    self.add_mount(&mount.kind);
                }
            }
            Action::Fetch(_)
            | Action::Git(_)
            | Action::Write(_)
            | Action::Mkdir { .. }
            | Action::Remove { .. }
            | Action::Symlink { .. } => {}
        }
    }

    fn add_mount(&mut self, kind: &MountKind) {
        match kind {
            MountKind::Bind { origin, source, .. } => self.add(*origin, &literally(source), None),
            MountKind::Cache { origin: Some(origin), source: Some(source), .. } => {
                self.add(*origin, &literally(source), None);
            }
            MountKind::Cache { origin: Some(origin), source: None, .. } => self.add_all(*origin),
            MountKind::Cache { origin: None, .. }
            | MountKind::Secret { .. }
            | MountKind::Ssh { .. }
            | MountKind::Tmpfs { .. } => {}
        }
    }

    fn add_all(&mut self, origin: Origin) {
        let root = self.root.clone();
        self.add(origin, &root, None);
    }

    /// Adds a path of an origin. `copied` is the item that copies it, if one does.
    fn add(&mut self, origin: Origin, path: &Text, copied: Option<(&Copy, &CopyItem)>) {
        let origin = if let Origin::Stage(at) = origin { self.origins[at] } else { origin };
        let paths = match origin {
            Origin::Context => &mut self.main,
            Origin::Named(at) => &mut self.named[at],
            Origin::Scratch | Origin::Stage(_) | Origin::Image(_) => return,
        };
        let excludes = || copied.map(|(copy, item)| excluded_by(copy, item)).unwrap_or_default();
        paths.add(path, excludes);
        if let Some((_, item)) = copied {
            paths.add_copied(&item.source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{LinksInKeys, RequiredPath};

    fn item(source: &str) -> CopyItem {
        CopyItem {
            source: source.into(),
            destination: "/".into(),
            parents: None,
            required: None,
            must_match: false,
            optional: None,
            reads: source.into(),
        }
    }

    fn excluded(item: CopyItem, patterns: &[&str]) -> Vec<String> {
        let copy = Copy {
            origin: Origin::Context,
            items: [].into(),
            owner: None,
            mode: None,
            include: [].into(),
            exclude: patterns.iter().map(|&pattern| pattern.into()).collect(),
            link: false,
            unpack: false,
        };
        excluded_by(&copy, &item).into_iter().collect()
    }

    #[test]
    fn patterns_from_the_root() {
        for (source, pattern, expected) in [
            ("/", "a", Some("a")),
            ("/", "./a/b//", Some("a/b")),
            ("/", " **/*.log\t", Some("**/*.log")),
            ("/", "a/../b", Some("b")),
            ("/src", "a", Some("src/a")),
            ("/src/main", "**/?.o", Some("src/main/**/?.o")),
            ("/src", "**", Some("src/**")),
            // They match nothing in the directory.
            ("/src", ".", None),
            ("/src", "a/..", None),
            ("/src", "../lib", None),
            ("/src", "/lib", None),
            ("/src", "", None),
            // They may mean something else to the client, or after a directory.
            ("/", "a**", None),
            ("/", "[ab]", None),
            ("/", "a+", None),
            ("/", "a\\b", None),
            ("/a(b", "x", None),
            ("/ a", "x", None),
            // Patterns are relative to each match.
            ("/s*", "a", None),
        ] {
            let excluded = excluded(item(source), &[pattern]);
            assert_eq!(excluded.first().map(String::as_str), expected, "{source} {pattern}");
        }
        assert_eq!(excluded(item("/"), &["a", "!a/b"]), [""; 0]);
        assert_eq!(excluded(item("/"), &["./!a", "b"]), [""; 0]);
        assert_eq!(excluded(item("/"), &["b", "[c]", "a"]), ["a", "b"]);
    }

    #[test]
    fn required_and_optional_paths() {
        let optional = CopyItem { optional: Some("/src".into()), ..item("/[s]rc") };
        assert_eq!(excluded(optional, &["a"]), ["src/a"]);
        let required = RequiredPath { path: "/a".into(), kept: "a".into() };
        let required = CopyItem { required: Some(required), ..item("/") };
        assert_eq!(excluded(required, &["a"]), [""; 0]);
    }

    #[test]
    fn what_all_uses_exclude() {
        let pattern = |text: &str| BTreeSet::from([text.to_owned()]);
        let both = || BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        let excluded = |paths: &ContextPaths| {
            let links = LinksInKeys { of_roots: false, of_directories: false };
            paths.excluded(links).map(str::to_owned).collect::<Vec<_>>()
        };
        let mut paths = ContextPaths::default();
        paths.add(&"/".into(), both);
        assert_eq!(excluded(&paths), ["a", "b"]);
        paths.add(&"/x".into(), || pattern("a"));
        assert_eq!(excluded(&paths), ["a"]);
        assert_eq!(excluded(&paths.clone().without_excludes()), [""; 0]);
        paths.add(&"/y".into(), BTreeSet::new);
        paths.add(&"/".into(), both);
        assert_eq!(excluded(&paths), [""; 0]);
    }

    #[test]
    fn links_whose_targets_are_in_keys() {
        for (copied, of_roots, of_directories, expected) in [
            (&["/"][..], true, false, 0),
            (&["/"], false, true, 1),
            (&["/a"], true, false, 1),
            (&["/a"], false, true, 0),
            (&["/", "/a"], false, false, 1),
            (&["/", "/a"], false, true, 0),
        ] {
            let mut paths = ContextPaths::default();
            paths.add(&"/".into(), || BTreeSet::from(["a".to_owned()]));
            copied.iter().for_each(|directory| paths.add_copied(directory));
            let links = LinksInKeys { of_roots, of_directories };
            assert_eq!(paths.excluded(links).count(), expected, "{copied:?} {links:?}");
        }
    }
}
