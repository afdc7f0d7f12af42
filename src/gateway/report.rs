//! Diagnostics in the form of BuildKit's clients.

use std::ops::RangeInclusive;

use buildkit_frontend::{Bridge, Status, Warning};
use buildkit_llb::{Digest, Range, SourceInfo, visible};

use crate::diagnostic::{Diagnostic, Diagnostics, Finding, Severity, render};
use crate::source::{Place, SourceFile, SourceMap, Span};

/// Maximum number of excerpts of the file in an error. The message contains all locations.
const MAX_EXCERPTS: usize = 20;

/// Maximum total size of the excerpts of an error in bytes. Errors are sent in HTTP/2 headers,
/// encoded twice in base64 on the way to the client, and no client accepts many megabytes of those.
const MAX_EXCERPT_BYTES: usize = 256 << 10;

/// Maximum size of the excerpt of a warning in bytes.
const MAX_WARNING_BYTES: usize = 64 << 10;

/// Maximum number of warnings. Each is a message to the daemon.
const MAX_WARNINGS: usize = 100;

/// Maximum number of context lines that clients show.
const PADDING: u32 = 5;

/// The error of a build, with an excerpt of the file for each location.
pub(super) fn failure(diagnostics: &Diagnostics, files: &SourceMap) -> Status {
    let errors = diagnostics.of(Severity::Error);
    let violation = diagnostics.dockerfile().violation();
    let message = match (render::errors(&errors, files), violation) {
        (_, Some(violation)) if errors.is_empty() => violation,
        // Findings are errors only if there are no others.
        (errors, _) => errors,
    };
    let spans = errors.iter().flat_map(|error| {
        let related = error.related.iter().map(|(span, _)| *span);
        error.span.into_iter().chain(related)
    });
    let mut places: Vec<_> = spans.map(|span| files.place(span)).collect();
    places.dedup_by(|next, place| std::ptr::eq(next.file, place.file) && next.lines == place.lines);
    with_places(Status::new(message), places)
}

/// An error that shows lines of files.
pub(super) fn with_places<'f>(
    status: Status,
    places: impl IntoIterator<Item = Place<'f>>,
) -> Status {
    let mut left = MAX_EXCERPT_BYTES;
    let mut shown: Vec<(Place<'_>, Vec<u8>)> = Vec::new();
    for place in places.into_iter().take(MAX_EXCERPTS) {
        match excerpt(&place, left) {
            Some(data) => {
                left -= data.len();
                shown.push((place, data));
            }
            // Nothing is printed for a file without text, but programs get the location.
            None if shown.is_empty() => shown.push((place, Vec::new())),
            None => {}
        }
    }
    // Clients print the last one first.
    shown.into_iter().rev().fold(status, |status, (place, data)| {
        let definition = place.file.definition().cloned();
        let source = source_info(place.file, data).definition(definition);
        status.with_source(&source, &place.ranges())
    })
}

/// An error of the daemon at one location.
pub(super) fn at_place(status: Status, files: &SourceMap, span: Span) -> Status {
    let place = files.place(span);
    with_places(status.context(&place), [place])
}

/// The error of a lookup, appended to the errors in the file.
pub(super) fn with_errors(status: Status, diagnostics: &Diagnostics, files: &SourceMap) -> Status {
    if !diagnostics.has_errors() {
        return status;
    }
    let mut failure = failure(diagnostics, files);
    failure.add(status);
    failure
}

/// All answers, or one error that combines the failed ones.
pub(super) fn all<T>(answers: Vec<Result<T, Status>>) -> Result<Vec<T>, Status> {
    let mut failure = None;
    let found = some(answers, &mut failure);
    failure.map_or_else(|| Ok(found.into_iter().flatten().collect()), Err)
}

/// The successful answers in their order. Errors are added to `failure`.
pub(super) fn some<T>(
    answers: Vec<Result<T, Status>>,
    failure: &mut Option<Status>,
) -> Vec<Option<T>> {
    let answers = answers.into_iter();
    let found = answers.map(|answer| match (answer, &mut *failure) {
        (Ok(answer), _) => Some(answer),
        (Err(status), Some(failure)) => {
            failure.add(status);
            None
        }
        (Err(status), none) => {
            *none = Some(status);
            None
        }
    });
    found.collect()
}

/// An error of the daemon, with its location in front of the message.
pub(super) fn with_place(status: Status) -> Status {
    match place_of(&status) {
        Some((file, lines)) => status.context(format!("{file}:{}", lines.start())),
        None => status,
    }
}

/// The name of the file, and the lines, that an error shows first.
pub(super) fn place_of(status: &Status) -> Option<(String, RangeInclusive<u32>)> {
    status.sources().find_map(|source| {
        let lines = source.lines.first().filter(|lines| *lines.start() > 0)?;
        Some((source.filename, lines.clone()))
    })
}

/// Maximum size of a file that is sent whole, in bytes.
const MAX_WHOLE: usize = 16 << 10;

/// The text of a small file, and only the shown lines of a large one, with all other lines empty.
/// `None` if that exceeds `most` bytes; a line far down takes one byte for each line above it.
fn excerpt(Place { file, lines }: &Place<'_>, most: usize) -> Option<Vec<u8>> {
    let text = file.text();
    if text.len() <= MAX_WHOLE.min(most) && *visible(text) == **text {
        return Some(text.as_bytes().to_vec());
    }
    let (first, last) = (*lines.start(), *lines.end());
    if last as usize > most {
        return None;
    }
    let mut data = Vec::new();
    for number in 1..=last.saturating_add(PADDING).min(file.line_count()) {
        // A newline at the end would be another line.
        if number > 1 {
            data.push(b'\n');
        }
        if number + PADDING >= first {
            data.extend_from_slice(visible(&render::cut(file.line_text(number))).as_bytes());
        }
    }
    Some(data).filter(|data| data.len() <= most)
}

/// The file as shown by clients, without the graph that it was read from.
fn source_info(file: &SourceFile, data: Vec<u8>) -> SourceInfo {
    SourceInfo::new(file.name(), data).language(file.language())
}

/// Shows the warnings. `about` is the op of this build to which they are attached.
pub(super) async fn warn(
    bridge: &Bridge,
    diagnostics: &Diagnostics,
    files: &SourceMap,
    about: Digest,
) {
    let found = diagnostics.of(Severity::Warning);
    let of_dockerfile = &diagnostics.dockerfile().list;
    let others = (found.len() + of_dockerfile.len()).saturating_sub(MAX_WARNINGS);
    let more = (others > 0)
        .then(|| Warning::new(about.to_string(), format!("and {others} more warnings")));
    let found = found.iter().map(|diagnostic| warning(diagnostic, files, about));
    let of_dockerfile = of_dockerfile.iter().map(|found| check(found, files.main(), about));
    for warning in found.chain(of_dockerfile).take(MAX_WARNINGS).chain(more) {
        // A warning that cannot be sent must not fail the build.
        let _ = bridge.warn(warning).await;
    }
}

/// A location in short form: without the name of the file for the build file itself.
pub(super) fn line(span: Span, files: &SourceMap) -> String {
    let place = files.place(span);
    match std::ptr::eq(place.file, files.main()) {
        true => format!("line {}", place.lines.start()),
        false => place.to_string(),
    }
}

/// A warning in the format of the Dockerfile frontend (BuildKit's `LintFormatShort`).
fn warning(diagnostic: &Diagnostic, files: &SourceMap, about: Digest) -> Warning {
    let mut short = format!("{}: {}", diagnostic.code.name(), render::cut(&diagnostic.message));
    if let Some(span) = diagnostic.span {
        short.push_str(&format!(" ({})", line(span, files)));
    }
    let warning = Warning::new(about.to_string(), short)
        .detail(render::details(diagnostic, files))
        .url(diagnostic.code.url().unwrap_or_default());
    let Some(span) = diagnostic.span else { return warning };
    let place = files.place(span);
    let data = excerpt(&place, MAX_WARNING_BYTES).unwrap_or_default();
    warning.source(source_info(place.file, data), vec![Range::lines(place.lines)])
}

/// A finding of a Dockerfile check, in the form of BuildKit's own frontend.
fn check(found: &Finding, file: &SourceFile, about: Digest) -> Warning {
    let warning = Warning::new(about.to_string(), render::cut(&found.short()))
        .detail(vec![found.rule.description().to_owned()])
        .url(found.rule.url().unwrap_or_default());
    let Some(lines) = found.lines.clone() else { return warning };
    let place = Place { file, lines };
    let data = excerpt(&place, MAX_WARNING_BYTES).unwrap_or_default();
    warning.source(source_info(file, data), place.ranges().into_iter().map(Range::lines).collect())
}
