//! Diagnostics as BuildKit's clients show them.

use std::ops::RangeInclusive;

use buildkit_llb::{Digest, Range};
use buildkit_proto::pb;
use serde::Deserialize;

use super::bridge::{Bridge, Status, Warning};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, render};
use crate::show::LANGUAGE;
use crate::source::SourceFile;

/// How many excerpts of the file an error carries. The message has all places.
const MAX_EXCERPTS: usize = 20;

/// How many lines around a place clients show at most.
const PADDING: u32 = 5;

/// The build's failure, with an excerpt of the file for each place.
pub(super) fn failure(diagnostics: &Diagnostics, file: &SourceFile) -> Status {
    let errors = diagnostics.of(Severity::Error);
    let message = render::errors(&errors, file);
    let spans = errors.iter().flat_map(|error| {
        let related = error.related.iter().map(|(span, _)| *span);
        error.span.into_iter().chain(related)
    });
    let mut lines: Vec<_> = spans.map(|span| file.lines(span)).collect();
    lines.dedup();
    with_lines(Status::new(message), file, lines)
}

/// A failure that shows lines of the file.
pub(super) fn with_lines(
    status: Status,
    file: &SourceFile,
    places: impl IntoIterator<Item = RangeInclusive<u32>>,
) -> Status {
    // Clients print what was added last first.
    let places: Vec<_> = places.into_iter().take(MAX_EXCERPTS).collect();
    places.into_iter().rev().fold(status, |status, lines| {
        let excerpt = excerpt(file, *lines.start(), *lines.end());
        status.with_source(file.name(), &excerpt, LANGUAGE, &[lines])
    })
}

/// A failure that the daemon reported about one place of the file.
pub(super) fn at_place(status: Status, file: &SourceFile, span: crate::source::Span) -> Status {
    let lines = file.lines(span);
    let place = format!("{}:{}", file.name(), lines.start());
    with_lines(status.context(place), file, [lines])
}

/// All answers, or one failure with what is wrong with each.
pub(super) fn all<T>(answers: Vec<Result<T, Status>>) -> Result<Vec<T>, Status> {
    let mut found = Vec::with_capacity(answers.len());
    let mut failure: Option<Status> = None;
    for answer in answers {
        match (answer, &mut failure) {
            (Ok(answer), _) => found.push(answer),
            (Err(status), Some(failure)) => failure.add(status),
            (Err(status), none) => *none = Some(status),
        }
    }
    failure.map_or(Ok(found), Err)
}

/// A failure that the daemon reported, with the place that it is about in front of the message.
pub(super) fn with_place(status: Status) -> Status {
    match place_of(&status) {
        Some((file, lines)) => status.context(format!("{file}:{}", lines.start())),
        None => status,
    }
}

/// The lines that a failure is about.
pub(super) fn lines_of(status: &Status) -> Option<RangeInclusive<u32>> {
    place_of(status).map(|(_, lines)| lines)
}

/// The file and the lines that a failure shows first.
fn place_of(status: &Status) -> Option<(String, RangeInclusive<u32>)> {
    #[derive(Deserialize)]
    struct Source {
        info: Info,
        ranges: Vec<Range>,
    }
    #[derive(Deserialize)]
    struct Info {
        filename: String,
    }
    #[derive(Deserialize)]
    struct Range {
        start: Position,
        end: Position,
    }
    #[derive(Deserialize)]
    struct Position {
        /// 20.10 writes the names of Go's fields.
        #[serde(alias = "Line")]
        line: u32,
    }
    status.details("errdefs.Source").find_map(|json| {
        let source: Source = serde_json::from_slice(json).ok()?;
        let lines = source.ranges.first().map(|range| range.start.line..=range.end.line)?;
        Some((source.info.filename, lines))
    })
}

/// The file with nothing but the lines that a client shows; the others are there, and empty.
fn excerpt(file: &SourceFile, first: u32, last: u32) -> Vec<u8> {
    let mut data = Vec::new();
    for number in 1..=last.saturating_add(PADDING).min(file.line_count()) {
        // A newline at the end would be one more line.
        if number > 1 {
            data.push(b'\n');
        }
        if number + PADDING >= first {
            data.extend_from_slice(file.line_text(number).as_bytes());
        }
    }
    data
}

/// Shows the warnings. `about` is an op of this build that they can stand beside.
pub(super) async fn warn(
    bridge: &Bridge,
    diagnostics: &Diagnostics,
    file: &SourceFile,
    about: Digest,
) {
    for diagnostic in diagnostics.of(Severity::Warning) {
        // A warning that does not get through must not stop a build that would.
        let _ = bridge.warn(warning(diagnostic, file, about)).await;
    }
}

/// In the form of the Dockerfile frontend's own (BuildKit's `LintFormatShort`).
fn warning(diagnostic: &Diagnostic, file: &SourceFile, about: Digest) -> Warning {
    let line = diagnostic.span.map(|span| format!(" (line {})", file.line(span.start)));
    Warning {
        digest: about.to_string(),
        level: 1,
        short: format!(
            "{}: {}{}",
            diagnostic.code.name(),
            diagnostic.message,
            line.unwrap_or_default()
        ),
        detail: render::details(diagnostic, file),
        url: diagnostic.code.url().unwrap_or_default(),
        source: diagnostic.span.map(|span| {
            let lines = file.lines(span);
            let info = pb::SourceInfo {
                filename: file.name().to_owned(),
                data: excerpt(file, *lines.start(), *lines.end()),
                definition: None,
                language: LANGUAGE.to_owned(),
            };
            (info, vec![Range::lines(lines).into()])
        }),
    }
}
