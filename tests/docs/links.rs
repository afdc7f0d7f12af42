//! Links: the file and the heading that each refers to must exist. The pages in `docs` are also a
//! book that contains nothing else: they refer to other files of the repository by URL.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{collect, root};

/// The URL prefix of files of this repository in pages and messages.
const REPOSITORY: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/");

#[test]
fn links_lead_somewhere() {
    let mut problems = Vec::new();
    for path in pages() {
        let text = fs::read_to_string(root().join(&path)).unwrap();
        for link in links(&text) {
            if let Err(problem) = check(&path, &link) {
                problems.push(format!("{}: {link}: {problem}", path.display()));
            }
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Messages refer to pages of the documentation by URL.
#[test]
fn urls_in_messages_lead_somewhere() {
    let mut files = Vec::new();
    collect(&root().join("src"), "rs", &mut files);
    let mut count = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for rest in text.split("/blob/main/").skip(1) {
            let end = rest.find(|c: char| c.is_whitespace() || "\"'`){".contains(c));
            let path = &rest[..end.unwrap_or(rest.len())];
            assert!(root().join(path).exists(), "{}: {path} does not exist", file.display());
            count += 1;
        }
    }
    assert!(count >= 3, "the search finds only {count} URLs");
}

/// The files and folders that the pages for contributors name exist.
#[test]
fn paths_in_prose_exist() {
    let mut count = 0;
    for page in ["CONTRIBUTING.md", "docs/explanation/architecture.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let prose: String = prose(&text).collect::<Vec<_>>().join("\n");
        for code in prose.split('`').skip(1).step_by(2) {
            let is_path = ["src/", "tests/", "crates/", "docs/", "scripts/"]
                .iter()
                .any(|folder| code.starts_with(folder));
            if is_path && !code.contains(char::is_whitespace) {
                assert!(root().join(code).exists(), "{page}: {code} does not exist");
                count += 1;
            }
        }
    }
    assert!(count > 20, "the search finds only {count} paths");
}

#[test]
fn the_summary_lists_every_page_once() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let listed = links(&summary);
    let unique: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), unique.len(), "a page is listed twice");
    let pages: BTreeSet<String> = pages()
        .iter()
        .filter_map(|path| Some(path.strip_prefix("docs").ok()?.to_str()?.to_owned()))
        .filter(|path| path != "SUMMARY.md")
        .collect();
    assert_eq!(unique, pages);
}

/// Checks a link of a page; the error is the reason why it is broken.
fn check(page: &Path, link: &str) -> Result<(), String> {
    let (address, anchor) = link.split_once('#').map_or((link, None), |(a, b)| (a, Some(b)));
    let target = if let Some(rest) = address.strip_prefix(REPOSITORY) {
        match rest.split_once("/main/") {
            Some(("blob" | "tree", path)) => PathBuf::from(path),
            _ => return Ok(()),
        }
    } else if address.contains("://") {
        return Ok(());
    } else if address.is_empty() {
        page.to_owned()
    } else {
        let target = normal(&page.parent().unwrap().join(address));
        if page.starts_with("docs") && !target.starts_with("docs") {
            return Err(format!("outside of the book, so write {REPOSITORY}blob/main/..."));
        }
        target
    };
    if !root().join(&target).exists() {
        return Err("the file does not exist".to_owned());
    }
    let Some(anchor) = anchor else { return Ok(()) };
    let text = fs::read_to_string(root().join(&target)).map_err(|err| err.to_string())?;
    let anchors = anchors(&text);
    if anchors.iter().any(|known| known == anchor) {
        Ok(())
    } else {
        Err(format!("its headings are {}", anchors.join(", ")))
    }
}

/// The targets of a page's inline links, except for links in code.
fn links(text: &str) -> Vec<String> {
    let prose: String = prose(text).collect::<Vec<_>>().join("\n");
    // The odd parts between backticks are code.
    let plain: String = prose.split('`').step_by(2).collect::<Vec<_>>().join("code");
    plain
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(link, _)| link.to_owned()))
        .collect()
}

/// The anchors of a page's headings, as GitHub and mdBook make them.
fn anchors(text: &str) -> Vec<String> {
    let headings = prose(text).filter(|line| line.starts_with('#'));
    headings
        .map(|line| line.trim_start_matches('#').trim())
        .map(|title| {
            let kept = title.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.collect::<String>().to_lowercase().replace(' ', "-")
        })
        .collect()
}

/// The lines outside fenced code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// Every Markdown page of the repository for users, as its path from the root.
fn pages() -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]
        .iter()
        .map(|name| root().join(name))
        .filter(|path| path.exists())
        .collect();
    for folder in ["docs", "examples", "crates"] {
        collect(&root().join(folder), "md", &mut found);
    }
    found.iter().map(|path| path.strip_prefix(root()).unwrap().to_owned()).collect()
}

/// A path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts
}
