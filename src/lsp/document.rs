//! A document: its text as the client has it, and what is known of the text alone.

use std::ops::Range;

use lsp_types::{Position, Uri};

use super::index::Index;
use super::mend::{Mended, mend};
use super::position::{Encoding, Lines};
use crate::spec::MAX_TEXT;

/// A build file or an included file.
pub(super) struct Document {
    /// Its address, as the client writes it.
    pub(super) uri: Uri,
    /// Its path, with `/` between names; the address if it has none.
    pub(super) path: String,
    /// The version of the client; `None` for a file that is not open.
    pub(super) version: Option<i32>,
    /// The language that the client gave.
    pub(super) language: String,
    pub(super) text: String,
    pub(super) lines: Lines,
    /// The text that is parsed.
    pub(super) mended: Mended,
    pub(super) index: Index,
}

impl Document {
    /// A document. `edited` is the offset of the last change, if known.
    pub(super) fn new(
        uri: Uri,
        version: Option<i32>,
        language: String,
        text: String,
        edited: Option<usize>,
        encoding: Encoding,
    ) -> Self {
        let path = path_of(&uri);
        let lines = Lines::new(&text, encoding);
        // Nothing is said about a file that no build would read.
        let is_too_large = text.len() > MAX_TEXT;
        let mended = if is_too_large { Mended::default() } else { mend(&text, edited) };
        let index = match is_too_large {
            true => Index::default(),
            false => Index::new(mended.text(&text)),
        };
        Self { uri, path, version, language, text, lines, mended, index }
    }

    /// The valid text: as long as the text, without the lines that cannot be parsed.
    pub(super) fn valid_text(&self) -> &str {
        self.mended.text(&self.text)
    }

    /// True if no build would read it.
    pub(super) fn is_too_large(&self) -> bool {
        self.text.len() > MAX_TEXT
    }

    /// The range of offsets in the protocol's form.
    pub(super) fn range(&self, range: Range<usize>) -> lsp_types::Range {
        self.lines.to_range(&self.text, range)
    }

    /// The offset of a position.
    pub(super) fn offset(&self, position: Position) -> usize {
        self.lines.offset(&self.text, position)
    }

    /// True for a build file. Editors send every TOML file.
    pub(super) fn is_build_file(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        let first = self.text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
        self.language == "mstage"
            || name == "mstage.toml"
            || name.ends_with(".mstage.toml")
            || name.ends_with(".toml") && is_directive(first)
    }

    /// The directory of the document; empty for none.
    pub(super) fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(directory, _)| directory)
    }
}

/// True for `# syntax=...`.
fn is_directive(line: &str) -> bool {
    let words = line.trim_start().strip_prefix('#').unwrap_or_default().trim_start();
    words.strip_prefix("syntax").is_some_and(|rest| rest.trim_start().starts_with('='))
}

/// The path of an address; the address itself if it is not that of a file.
pub(super) fn path_of(uri: &Uri) -> String {
    let Some(rest) = uri.0.strip_prefix("file://") else { return uri.0.clone() };
    // A host, as in `file://host/share`, stays a part of the path.
    let decoded = decode(rest);
    match decoded.as_bytes() {
        // A drive of Windows, as in `/C:/x`.
        [b'/', b'A'..=b'Z' | b'a'..=b'z', b':', ..] => decoded[1..].to_owned(),
        _ => decoded,
    }
}

/// The address of a path.
pub(super) fn uri_of(path: &str) -> Uri {
    if path.contains("://") {
        return Uri(path.to_owned());
    }
    let mut uri = "file://".to_owned();
    if !path.starts_with('/') {
        uri.push('/');
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/:+@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    Uri(uri)
}

/// Replaces `%20` and the like. What is not UTF-8 afterwards is replaced.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = (byte == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let value = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(value.unwrap_or(byte));
        at += if value.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths() {
        for (uri, path) in [
            ("file:///a/b%20c/m%C3%A4.toml", "/a/b c/m\u{e4}.toml"),
            ("file:///c%3A/x.toml", "c:/x.toml"),
            ("file:///100%", "/100%"),
            ("untitled:Untitled-1", "untitled:Untitled-1"),
        ] {
            assert_eq!(path_of(&uri.into()), path);
        }
        assert_eq!(uri_of("/a/b c/m\u{e4}.toml").0, "file:///a/b%20c/m%C3%A4.toml");
        assert_eq!(uri_of("c:/x.toml").0, "file:///c:/x.toml");
    }

    #[test]
    fn build_files_among_toml_files() {
        let is = |name: &str, language: &str, text: &str| {
            let uri = uri_of(&format!("/w/{name}"));
            let text = text.to_owned();
            Document::new(uri, None, language.to_owned(), text, None, Encoding::Utf8)
                .is_build_file()
        };
        assert!(is("mstage.toml", "toml", ""));
        assert!(is("ci.mstage.toml", "toml", ""));
        assert!(is("x.toml", "toml", "# syntax = myorg/mstage\n"));
        assert!(is("x", "mstage", ""));
        assert!(!is("Cargo.toml", "toml", "[package]\n"));
        assert!(!is("Dockerfile", "dockerfile", "# syntax=docker/dockerfile\n"));
    }
}
