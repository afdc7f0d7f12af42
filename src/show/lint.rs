//! The answer to `--check`: what rules find, and what would stop a build (BuildKit's
//! `frontend/subrequests/lint`).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde::Serialize;

use super::place::{Location, SourceInfo, excerpt};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, list, render};
use crate::source::SourceFile;

/// The version of the document.
pub const LINT_VERSION: &str = "1.0.0";

/// What rules find, and what would stop a build.
#[derive(Debug, Serialize)]
pub struct Lint {
    warnings: Vec<Warning>,
    sources: [SourceInfo; 1],
    #[serde(rename = "buildError", skip_serializing_if = "Option::is_none")]
    error: Option<BuildError>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Warning {
    rule_name: &'static str,
    description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    detail: String,
    /// Clients look into it without asking whether there is one.
    location: Location,
    #[serde(skip)]
    lines: Option<RangeInclusive<u32>>,
}

/// Why a build would fail.
#[derive(Debug, Serialize)]
pub struct BuildError {
    message: String,
    location: Location,
}

impl BuildError {
    /// A failure, with the lines that it is about.
    pub fn new(message: impl Into<String>, lines: Option<&RangeInclusive<u32>>) -> Self {
        Self { message: message.into(), location: Location::of_lines(lines) }
    }
}

impl Lint {
    /// Makes the document. `failure` is what went wrong besides what is told in the diagnostics.
    pub fn new(diagnostics: &Diagnostics, failure: Option<BuildError>, file: &SourceFile) -> Self {
        let warnings: Vec<Warning> =
            diagnostics.findings().iter().map(|found| Warning::new(found, file)).collect();
        let error = of_errors(diagnostics, file).or(failure).or_else(|| of_violations(diagnostics));
        Self { warnings, sources: [SourceInfo::new(file)], error }
    }

    /// Whether all is well.
    pub fn is_clean(&self) -> bool {
        self.warnings.is_empty() && self.error.is_none()
    }

    /// The document for people, as clients print it.
    pub fn to_text(&self, file: &SourceFile) -> String {
        let mut text = String::new();
        for warning in &self.warnings {
            let url = warning.url.as_ref().map(|url| format!(" - {url}")).unwrap_or_default();
            text.push_str(&format!("\nWARNING: {}{url}\n{}\n", warning.rule_name, warning.detail));
            if let Some(lines) = &warning.lines {
                text.push_str(&excerpt(file, lines));
            }
        }
        text
    }
}

impl Warning {
    fn new(found: &Diagnostic, file: &SourceFile) -> Self {
        let lines = found.span.map(|span| file.lines(span));
        let details = render::details(found, file).into_iter();
        let detail: Vec<String> = std::iter::once(found.message.clone()).chain(details).collect();
        Self {
            rule_name: found.code.name(),
            description: found.code.description(),
            url: found.code.url(),
            detail: detail.join("\n"),
            location: Location::of_lines(lines.as_ref()),
            lines,
        }
    }
}

/// The errors of the file in one message. Clients print all that lies between two places of one error:
/// here it is the first place, and the message has the others.
fn of_errors(diagnostics: &Diagnostics, file: &SourceFile) -> Option<BuildError> {
    let errors = diagnostics.errors();
    let first = errors.iter().find_map(|error| error.span).map(|span| file.lines(span));
    (!errors.is_empty()).then(|| BuildError::new(render::errors(&errors, file), first.as_ref()))
}

/// The error that findings are where a `check` says so.
fn of_violations(diagnostics: &Diagnostics) -> Option<BuildError> {
    let violations =
        diagnostics.of(Severity::Error).into_iter().filter(|found| found.code.is_rule());
    let rules: BTreeSet<&str> = violations.map(|found| found.code.name()).collect();
    (!rules.is_empty()).then(|| {
        let message = format!("`check` makes what these rules find an error: {}", list(rules));
        BuildError::new(message, None)
    })
}
