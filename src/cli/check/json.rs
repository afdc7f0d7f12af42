//! Findings as a JSON document.

use std::path::Path;

use serde::Serialize;

use crate::cli::finding::{Finding, Place, Position};
use crate::cli::output::{Failure, to_json};
use crate::diagnostic::Severity;

/// The version of the document.
const VERSION: &str = "1.0.0";

#[derive(Serialize)]
struct Document<'d> {
    version: &'static str,
    files: Vec<String>,
    findings: Vec<Entry<'d>>,
}

#[derive(Serialize)]
struct Entry<'d> {
    rule: &'static str,
    severity: &'static str,
    message: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    path: String,
    #[serde(flatten)]
    range: Option<Range>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related<'d>>,
}

#[derive(Serialize)]
struct Range {
    start: At,
    end: At,
}

/// Counted from 1; columns in UTF-16 units. The end is after the last character.
#[derive(Serialize)]
struct At {
    line: u32,
    column: u32,
}

#[derive(Serialize)]
struct Related<'d> {
    message: &'d str,
    path: String,
    #[serde(flatten)]
    range: Range,
}

/// The document, with a newline at the end.
pub(super) fn document(files: &[&Path], findings: &[Finding]) -> Result<String, Failure> {
    let files = files.iter().map(|file| file.display().to_string()).collect();
    let findings = findings.iter().map(entry).collect();
    to_json(&Document { version: VERSION, files, findings })
}

fn entry(found: &Finding) -> Entry<'_> {
    let path = found.place.as_ref().map_or(&found.build_file, |place| &place.path);
    let related = found.related.iter().map(|(place, message)| Related {
        message,
        path: place.path.display().to_string(),
        range: range(place),
    });
    Entry {
        rule: found.rule.name(),
        severity: match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message: &found.message,
        help: found.help.as_deref(),
        url: found.rule.url(),
        path: path.display().to_string(),
        range: found.place.as_ref().map(range),
        related: related.collect(),
    }
}

fn range(place: &Place) -> Range {
    Range { start: at(place.start), end: at(place.end) }
}

fn at(Position { line, column }: Position) -> At {
    At { line, column }
}
