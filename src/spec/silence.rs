//! `# check=skip=RULE // why`: a comment that silences the findings of a rule at one place.
//!
//! The syntax is that of comments before an instruction of a Dockerfile
//! (`WithMergedConfigFromComments` in BuildKit's `frontend/dockerfile/linter/linter.go`). The part
//! of the file to which a comment applies is determined in [`crate::toml::remarks`].

use std::ops::Range;

use crate::diagnostic::{Code, Diagnostics, Silence};
use crate::rules::unknown_rule;
use crate::source::SourceFile;
use crate::toml::{Remark, remarks};

/// Reads the comments of a file, and adds them to the diagnostics.
pub(super) fn read(file: &SourceFile, diagnostics: &mut Diagnostics) {
    // Almost no file has any.
    if !may_have(file.text()) {
        return;
    }
    let mut silences = Vec::new();
    for Remark { text, about } in remarks(file, |comment| options(comment).is_some()) {
        let Some(options) = options(&file.text()[text.clone()]) else { continue };
        let options = text.start + options.start..text.start + options.end;
        for option in split(file.text(), options, ';') {
            let written = &file.text()[option.clone()];
            let Some(names) = written.strip_prefix("skip=") else {
                diagnostics.push(unknown_rule::option_in_comment(written, file.span(option)));
                continue;
            };
            for place in split(file.text(), option.end - names.len()..option.end, ',') {
                let name = &file.text()[place.clone()];
                let (place, about) = (file.span(place), file.span(about.clone()));
                match Code::rule(name) {
                    None if name != "all" => {
                        diagnostics.push(unknown_rule::in_comment(name, place));
                    }
                    rule => silences.push(Silence { place, about, rule }),
                }
            }
        }
    }
    diagnostics.silence(silences);
}

/// True if a text may contain such a comment.
fn may_have(text: &str) -> bool {
    text.match_indices("check")
        .any(|(at, _)| text[..at].trim_end_matches([' ', '\t']).ends_with('#'))
}

/// The options in a comment, without the reason: `check=OPTIONS // why`.
fn options(comment: &str) -> Option<Range<usize>> {
    let rest = comment.trim_start().strip_prefix("check")?.trim_start().strip_prefix('=')?;
    let rest = rest.trim_start();
    let start = comment.len() - rest.len();
    let mut end = 0;
    loop {
        let word = rest[end..].len() - rest[end..].trim_start().len();
        let next = &rest[end + word..];
        let len = next.find(char::is_whitespace).unwrap_or(next.len());
        end += word + len;
        // A list may have a space after its comma.
        if len == 0 || !rest[..end].ends_with([',', ';']) {
            break;
        }
    }
    // A commented-out key named `check` has another form.
    let first = rest[..end].split_whitespace().next()?;
    let (key, _) = first.split_once('=')?;
    let is_word = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_word.then_some(start..start + end)
}

/// The parts of a range between separators, without surrounding white space.
fn split(text: &str, range: Range<usize>, separator: char) -> Vec<Range<usize>> {
    let mut at = range.start;
    let mut parts = Vec::new();
    for part in text[range].split(separator) {
        let start = at + part.len() - part.trim_start().len();
        let len = part.trim().len();
        if len > 0 {
            parts.push(start..start + len);
        }
        at += part.len() + separator.len_utf8();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_comments() {
        for (comment, expected) in [
            ("check=skip=a // why", Some("skip=a")),
            (" check = skip=a,b;error=true why", Some("skip=a,b;error=true")),
            (" check=skip=a, b // why", Some("skip=a, b")),
            (" check=skip=a,", Some("skip=a,")),
            (" check = { skip = [\"a\"] }", None),
            (" check that a=b", None),
            (" check=", None),
            ("checks=skip=a", None),
        ] {
            assert_eq!(options(comment).map(|range| &comment[range]), expected, "{comment}");
        }
        let text = "skip= a,, b";
        let parts = split(text, 5..text.len(), ',');
        assert_eq!(parts, [6..7, 10..11]);
    }
}
