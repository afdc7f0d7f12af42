//! `not-an-archive`: a file to be unpacked whose name is not that of a tar archive.
//!
//! BuildKit recognises tar archives, plain or compressed, by their content (`isArchivePath` in
//! `solver/llbsolver/file/unpack.go`), and silently copies everything else unchanged.

use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{Input, Spec, Stage, StageName, Template, Verb};

/// The extensions of other archives, and of packages based on them.
const OTHERS: &[&str] = &["7z", "deb", "jar", "rar", "rpm", "war", "whl", "zip"];

/// The extensions of compressed files. After `.tar`, they are those of tar archives.
const COMPRESSED: &[&str] = &["bz2", "gz", "xz", "zst"];

pub(super) fn check_stage(_: &StageName, stage: &Stage, diagnostics: &mut Diagnostics) {
    for step in stage.all_steps() {
        match &step.verb {
            Verb::Unpack(unpack) => check(&unpack.source, |path| path, diagnostics),
            Verb::Fetch(fetch) if fetch.extract == Some(true) => {
                check(&fetch.url, path_of_url, diagnostics);
            }
            _ => {}
        }
    }
}

pub(super) fn check_sources(spec: &Spec, diagnostics: &mut Diagnostics) {
    for source in spec.sources.values() {
        if let Input::Http { url, extract: true, .. } = &source.value {
            check(url, path_of_url, diagnostics);
        }
    }
}

fn check(file: &Template, path: fn(&str) -> &str, diagnostics: &mut Diagnostics) {
    // The extension is in the text after the last `${NAME}`, if there is any.
    let (_, end) = file.ends();
    let Some(ending) = other_ending(path(end)) else { return };
    let message = format!("a `.{ending}` file is not a tar archive: it is copied, not unpacked");
    diagnostics.push(
        Diagnostic::new(Code::NotAnArchive, file.span, message)
            .hint("unpack it in a run step with a program for its format"),
    );
}

/// The part of a URL before its query.
fn path_of_url(url: &str) -> &str {
    &url[..url.find(['?', '#']).unwrap_or(url.len())]
}

/// The extension of a path, if it is not that of a tar archive.
fn other_ending(path: &str) -> Option<&str> {
    let (name, ending) = path.rsplit_once('.')?;
    let is_tar = name.to_ascii_lowercase().ends_with(".tar");
    (is_one_of(ending, OTHERS) || is_one_of(ending, COMPRESSED) && !is_tar).then_some(ending)
}

fn is_one_of(ending: &str, endings: &[&str]) -> bool {
    endings.iter().any(|other| other.eq_ignore_ascii_case(ending))
}

#[cfg(test)]
mod tests {
    use super::{other_ending, path_of_url};

    #[test]
    fn endings() {
        for (path, ending) in [
            ("a.zip", Some("zip")),
            ("dir.tar/a.ZIP", Some("ZIP")),
            ("vendor/a-?.zip", Some("zip")),
            ("tool.gz", Some("gz")),
            ("a.tar.gz", None),
            ("a.TAR.xz", None),
            ("a.tgz", None),
            ("a.tar", None),
            ("archive", None),
            ("", None),
        ] {
            assert_eq!(other_ending(path), ending, "{path}");
        }
        assert_eq!(other_ending(path_of_url("https://x/a.zip?v=1.tar")), Some("zip"));
    }
}
