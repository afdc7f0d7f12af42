//! The text of a lock file: sorted, one entry per line.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::parse::VERSION;
use super::{FrontendLine, TARGET, Upstream, frontend};

/// The URL of the guide.
const GUIDE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/guides/lock-file.md");

/// The line for one reference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Its pin.
    pub pin: Option<String>,
    /// The reason why it could not be looked up. The text is constant, so that lock files differ
    /// only by their pins.
    pub remark: Option<&'static str>,
}

/// The text of a build file's lock file. `notes` are general remarks.
pub fn render(
    build_file: &str,
    frontend: Option<&FrontendLine>,
    lines: &BTreeMap<Upstream, Line>,
    notes: &[String],
) -> String {
    let mut text = format!(
        "# Pinned versions of the references in {build_file}. To update, run\n#   docker buildx build -f {build_file} --target {TARGET} -o . .\n\
         # {GUIDE}\n\
         version = {VERSION}\n"
    );
    if let Some(FrontendLine { image, line }) = frontend {
        let _ = write!(text, "\n[{}]\n", frontend::TABLE);
        write_line(&mut text, &image.without_digest(), line);
    }
    let mut last = None;
    for (upstream, line) in lines {
        let table = upstream.table();
        if last != Some(table) {
            let _ = write!(text, "\n[{}]\n", table.name());
            last = Some(table);
        }
        write_line(&mut text, &upstream.key(), line);
    }
    if !notes.is_empty() {
        text.push('\n');
    }
    for note in notes {
        comment(&mut text, note);
    }
    text
}

/// Adds the line of an entry, or a comment in its place.
fn write_line(text: &mut String, key: &str, line: &Line) {
    let key = quoted(key);
    match line {
        Line { pin: Some(pin), remark } => {
            if let Some(remark) = remark {
                comment(text, &format!("not updated: {remark}"));
            }
            let _ = writeln!(text, "{key} = {}", quoted(pin));
        }
        Line { pin: None, remark } => {
            comment(text, &format!("{key} is not pinned: {}", remark.unwrap_or_default()));
        }
    }
}

/// Adds a comment line.
fn comment(text: &mut String, remark: &str) {
    text.push_str("# ");
    text.extend(remark.chars().map(|c| if c.is_control() { ' ' } else { c }));
    text.push('\n');
}

/// A string in TOML syntax.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::lock::upstream::Table;
    use crate::lock::{Entry, parse};
    use crate::source::SourceFile;

    #[test]
    fn what_is_written_can_be_read() {
        let pinned = |pin: &str| Line { pin: Some(pin.to_owned()), remark: None };
        let image = |name| Upstream::parse(Table::Images, name).unwrap();
        let digest = format!("sha256:{}", "d".repeat(64));
        let lines = BTreeMap::from([
            (Upstream::url("https://h/\"a\\\u{7f}"), pinned(&digest)),
            (Upstream::git("https://h/a.git", "v1"), pinned(&"c".repeat(40))),
            (image("node:22"), Line { remark: Some("no registry"), ..pinned(&digest) }),
            (image("alpine"), pinned(&digest)),
            (image("local:1"), Line { pin: None, remark: Some("it is nowhere") }),
        ]);
        let frontend =
            FrontendLine { image: "myorg/mstage:1".parse().unwrap(), line: pinned(&digest) };
        let text = render("mstage.toml", Some(&frontend), &lines, &["a\nnote".to_owned()]);
        expect![[r##"
            # Pinned versions of the references in mstage.toml. To update, run
            #   docker buildx build -f mstage.toml --target mstage.lock -o . .
            # https://github.com/myorg/mstage/blob/main/docs/guides/lock-file.md
            version = 1

            [frontend]
            "docker.io/myorg/mstage:1" = "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

            [images]
            "docker.io/library/alpine:latest" = "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
            # "docker.io/library/local:1" is not pinned: it is nowhere
            # not updated: no registry
            "docker.io/library/node:22" = "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

            [git]
            "https://h/a.git#v1" = "cccccccccccccccccccccccccccccccccccccccc"

            [urls]
            "https://h/\"a\\\u007F" = "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

            # a note
        "##]].assert_eq(&text);
        let mut diagnostics = Diagnostics::default();
        let file = SourceFile::new("mstage.lock", text.into_bytes());
        let lock = parse(&file, &mut diagnostics).unwrap();
        let recorded = lock.frontend().unwrap();
        assert_eq!(recorded.image, frontend.image);
        assert_eq!(Some(&recorded.entry.pin), frontend.line.pin.as_ref());
        let read: BTreeMap<&Upstream, &String> =
            lock.entries().iter().map(|(of, Entry { pin, .. })| (of, pin)).collect();
        let written: BTreeMap<&Upstream, &String> =
            lines.iter().filter_map(|(of, line)| Some((of, line.pin.as_ref()?))).collect();
        assert_eq!(read, written);
    }
}
