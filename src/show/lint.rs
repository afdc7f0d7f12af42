//! The answer to `--check`: findings of rules, and errors that would fail a build (BuildKit's
//! `frontend/subrequests/lint`).

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use buildkit_llb::visible;
use serde::Serialize;

use super::place::{Location, SourceInfo, excerpt};
use crate::diagnostic::{Diagnostic, Diagnostics, Finding, Severity, list, render};
use crate::source::{Place, SourceMap};

/// The version of the document.
pub const LINT_VERSION: &str = "1.0.0";

/// Findings of rules, and the error that would fail a build.
#[derive(Debug, Serialize)]
pub struct Lint {
    warnings: Vec<Warning>,
    sources: Vec<SourceInfo>,
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
    /// Always present, because clients do not check for it.
    location: Location,
    /// The file and the lines, for the text form.
    #[serde(skip)]
    place: Option<(usize, RangeInclusive<u32>)>,
}

/// The error that would fail a build.
#[derive(Debug, Serialize)]
pub struct BuildError {
    message: String,
    location: Location,
}

impl BuildError {
    /// An error, with its lines and the name of their file.
    pub fn new(
        message: impl Into<String>,
        place: Option<(String, RangeInclusive<u32>)>,
        files: &SourceMap,
    ) -> Self {
        let number = |name: &str| files.files().position(|file| file.name() == name);
        let mut message = message.into();
        if let Some((name, lines)) = &place
            && files.main().language() == "Dockerfile"
            && let Some(rest) = message.strip_prefix(&format!("{name}:{}: ", lines.start()))
        {
            message = rest.to_owned();
        }
        let place = place.and_then(|(name, lines)| Some((number(&name)?, lines)));
        let location = place.map(|(source, lines)| Location::of_lines(source, &lines));
        Self::at(message, location)
    }

    fn at(message: impl Into<String>, location: Option<Location>) -> Self {
        let message = visible(&message.into()).into_owned();
        Self { message, location: location.unwrap_or_else(Location::nowhere) }
    }
}

impl Lint {
    /// Makes the document. `failure` is an error that is not in the diagnostics.
    pub fn new(diagnostics: &Diagnostics, failure: Option<BuildError>, files: &SourceMap) -> Self {
        let found = diagnostics.findings().into_iter().map(|found| Warning::new(found, files));
        let of_dockerfile = diagnostics.dockerfile().list.iter();
        let of_dockerfile = of_dockerfile.map(|found| Warning::of_dockerfile(found, files));
        let warnings: Vec<Warning> = found.chain(of_dockerfile).collect();
        let error = match (of_errors(diagnostics, files), failure) {
            (Some(errors), Some(failure)) => Some(BuildError {
                message: format!("{}\n{}", errors.message, failure.message),
                ..errors
            }),
            (errors, failure) => errors.or(failure).or_else(|| of_violations(diagnostics)),
        };
        Self { warnings, sources: files.files().map(SourceInfo::new).collect(), error }
    }

    /// True if there are no findings and no error.
    pub fn is_clean(&self) -> bool {
        self.warnings.is_empty() && self.error.is_none()
    }

    /// The document as text, as clients print it.
    pub fn to_text(&self, files: &SourceMap) -> String {
        let mut text = String::new();
        let mut warnings: Vec<&Warning> = self.warnings.iter().collect();
        warnings.sort_by_key(|warning| {
            warning.place.as_ref().map(|(file, lines)| (*file, *lines.start()))
        });
        for warning in warnings {
            let url = warning.url.as_ref().map(|url| format!(" - {url}")).unwrap_or_default();
            text.push_str(&format!("\nWARNING: {}{url}\n{}\n", warning.rule_name, warning.detail));
            if let Some((file, lines)) = &warning.place
                && let Some(file) = files.files().nth(*file)
            {
                text.push_str(&excerpt(&Place { file, lines: lines.clone() }));
            }
        }
        text
    }
}

impl Warning {
    fn new(found: &Diagnostic, files: &SourceMap) -> Self {
        let mut message = found.message.clone();
        // Clients print the build file's name above every excerpt.
        let place = found.span.map(|span| files.place(span));
        if let Some(place) = place.as_ref().filter(|place| place.file.name() != files.main().name())
        {
            message.push_str(&format!(" ({place})"));
        }
        let details = render::details(found, files).into_iter();
        let detail: Vec<String> = std::iter::once(message).chain(details).collect();
        Self {
            rule_name: found.code.name(),
            description: found.code.description(),
            url: found.code.url(),
            detail: detail.join("\n"),
            location: found
                .span
                .map_or_else(Location::nowhere, |span| Location::of_span(span, files)),
            place: place.map(|place| {
                let number = found.span.map_or(0, |span| files.number(span));
                (number, place.lines)
            }),
        }
    }

    /// A finding of a Dockerfile check.
    fn of_dockerfile(found: &Finding, files: &SourceMap) -> Self {
        Self {
            rule_name: found.rule.name(),
            description: found.rule.description(),
            url: found.rule.url(),
            detail: visible(&found.detail).into_owned(),
            location: match &found.lines {
                Some(lines) => Location::of_dockerfile(lines, files),
                None => Location::nowhere(),
            },
            place: found.lines.clone().map(|lines| (0, lines)),
        }
    }
}

/// The errors of the file in one message. Clients print all lines between two locations of one
/// error, so only the first location is given, and the message contains the others.
fn of_errors(diagnostics: &Diagnostics, files: &SourceMap) -> Option<BuildError> {
    let errors = diagnostics.errors();
    // For a Dockerfile, use BuildKit's message unchanged: clients and people search for it.
    if let ([error], "Dockerfile") = (&errors[..], files.main().language()) {
        let location =
            error.span.map(|span| Location::of_dockerfile(&files.place(span).lines, files));
        return Some(BuildError::at(error.message.as_str(), location));
    }
    let first = errors.iter().find_map(|error| error.span);
    let location = first.map(|span| Location::of_span(span, files));
    (!errors.is_empty()).then(|| BuildError::at(render::errors(&errors, files), location))
}

/// The error for findings that a `check` turns into errors.
fn of_violations(diagnostics: &Diagnostics) -> Option<BuildError> {
    if let Some(message) = diagnostics.dockerfile().violation() {
        return Some(BuildError::at(message, None));
    }
    let violations =
        diagnostics.of(Severity::Error).into_iter().filter(|found| found.code.is_rule());
    let rules: BTreeSet<&str> = violations.map(|found| found.code.name()).collect();
    (!rules.is_empty()).then(|| {
        let message = format!("`check` turns findings of these rules into errors: {}", list(rules));
        BuildError::at(message, None)
    })
}
