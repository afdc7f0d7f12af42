//! A key under the wrong header, moved to the table that has it.

use std::ops::Range;

use super::Fix;
use crate::diagnostic::Code;
use crate::lsp::document::Document;
use crate::lsp::findings::Finding;
use crate::lsp::headers::Written;
use crate::lsp::language::language;

/// The key and its value, moved from its section to that of the stage or its image.
pub(super) fn fix(document: &Document, finding: &Finding) -> Option<Fix> {
    if !matches!(finding.code, Code::MisplacedKey | Code::UnknownKey)
        || !document.mended.blanked.is_empty()
    {
        return None;
    }
    let headers = &document.index.headers;
    let at = headers.iter().position(|written| {
        written.header.is_none()
            && written.parts.len() == 1
            && written.parts[0].range.start >= finding.range.start
            && written.parts[0].range.end <= finding.range.end
    })?;
    let entry = &headers[at];
    let name = &entry.parts[0].name;
    let section: Vec<&str> = entry.inherited.iter().map(String::as_str).collect();
    let is_key_of =
        |what: &str| language().table(what).is_some_and(|table| table.key(name).is_some());
    let target: Vec<&str> = match section[..] {
        ["stages", stage] if is_key_of("an image") => vec!["stages", stage, "image"],
        ["stages", stage, "image", "env" | "labels" | "annotations", ..]
            if is_key_of("an image") =>
        {
            vec!["stages", stage, "image"]
        }
        ["stages", stage, _, ..] if is_key_of("a stage") => vec!["stages", stage],
        _ => return None,
    };
    let is_there_already = headers.iter().any(|written| {
        let mut path = written.inherited.iter().chain(written.parts.iter().map(|part| &part.name));
        let is_in_target = target.iter().all(|part| path.next().is_some_and(|name| name == part));
        is_in_target && path.next() == Some(name)
    });
    if is_there_already {
        return None;
    }
    let lines = lines_of(document, headers, at);
    let moved = document.text[lines.clone()].trim_end().to_owned() + "\n";
    let place = headers.iter().position(|written| {
        written.header.is_some()
            && written.parts.iter().map(|part| &*part.name).eq(target.iter().copied())
    });
    let header = format!("[{}]", target.join("."));
    let title = format!("Move `{name}` to {header}");
    let insert = match place {
        Some(place) => (end_of_section(document, headers, place), moved),
        None => {
            let own = (0..at).rev().find(|&at| headers[at].header.is_some())?;
            let end = end_of_section(document, headers, own);
            (end, format!("\n{header}\n{moved}"))
        }
    };
    // A line that ends the file without a newline must not be continued.
    let text = match document.text[..insert.0].ends_with('\n') || insert.0 == 0 {
        true => insert.1,
        false => format!("\n{}", insert.1),
    };
    let edits = vec![(lines, String::new()), (insert.0..insert.0, text)];
    Some(Fix { title, edits, is_preferred: false })
}

/// The lines of an entry, up to the next one.
fn lines_of(document: &Document, headers: &[Written], at: usize) -> Range<usize> {
    let text = &document.text;
    let start =
        document.lines.range(text, document.lines.line(headers[at].parts[0].range.start)).start;
    let next = headers.get(at + 1).map_or(text.len(), |next| match &next.header {
        Some(header) => header.start,
        None => document.lines.range(text, document.lines.line(next.parts[0].range.start)).start,
    });
    // Comments and blank lines before the next entry are its own.
    let mut end = start;
    for line in text[start..next].split_inclusive('\n').collect::<Vec<_>>().iter().rev() {
        let is_of_next = line.trim().is_empty() || line.trim_start().starts_with('#');
        if !is_of_next {
            break;
        }
        end += line.len();
    }
    start..next - (end - start)
}

/// The offset after the last entry of a section.
fn end_of_section(document: &Document, headers: &[Written], at: usize) -> usize {
    let next = (at + 1..headers.len()).find(|&next| headers[next].header.is_some());
    let last = next.unwrap_or(headers.len()) - 1;
    if last == at {
        let text = &document.text;
        let header = headers[at].header.clone().unwrap_or_default();
        let line = document.lines.range(text, document.lines.line(header.start));
        return (line.end + 1).min(text.len());
    }
    lines_of(document, headers, last).end
}
