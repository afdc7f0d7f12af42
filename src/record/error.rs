//! Errors about a Dockerfile in the words of BuildKit's Dockerfile frontend, which people and
//! scripts search for.
//!
//! Most errors in a Dockerfile are found by the checks for build files. Their messages are appended
//! to BuildKit's words.

use crate::collect::collect_map;
use crate::convert::ReadDockerfile;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::dockerfile::{Dockerfile, Healthcheck, Instruction, Kind, StageHeader, Word};
use crate::source::{SourceMap, Span};

/// The hint for the report of a stage of a Dockerfile.
const NO_REPORT: &str = "a Dockerfile cannot declare one: write its build file with `--target mstage.toml -o .`, and set `report` in the stage";

/// Prepends BuildKit's words to the errors of a Dockerfile.
pub fn reword(read: &ReadDockerfile, files: &SourceMap, diagnostics: &mut Diagnostics) {
    if !diagnostics.has_errors() {
        return;
    }
    let instructions = instructions(&read.dockerfile);
    let places = collect_map(instructions.map(|instruction| (instruction.span.start, instruction)));
    for problem in diagnostics.errors_mut() {
        if problem.code == Code::UnknownTarget && problem.message.ends_with(" has no report") {
            problem.hint = Some(NO_REPORT.to_owned());
        }
        let Some(place) = problem.span.map(|span| files.written_span(span)) else { continue };
        let Some((_, instruction)) = places.range(..=place.start).next_back() else { continue };
        if place.end <= instruction.span.end
            && let Some(known) = known_words(instruction, place, problem)
        {
            problem.message = known;
        }
    }
}

fn instructions(dockerfile: &Dockerfile) -> impl Iterator<Item = &Instruction> {
    let stages = &dockerfile.stages;
    let of_stages =
        stages.iter().flat_map(|stage| std::iter::once(&stage.from).chain(&stage.instructions));
    dockerfile.global_args.iter().chain(of_stages)
}

/// The message of an error at a location in an instruction; `None` if BuildKit has no words of its
/// own for it.
fn known_words(instruction: &Instruction, place: Span, problem: &Diagnostic) -> Option<String> {
    let message = &problem.message;
    let is_at = |word: &Word| word.span.start <= place.start && place.end <= word.span.end;
    match &instruction.kind {
        Kind::From(header) => of_from(header, is_at, problem),
        Kind::Copy(_) if message.ends_with("found a URL") => {
            Some(format!("source can't be a URL for COPY: {message}"))
        }
        Kind::Expose(ports) => {
            let port = &ports.iter().find(|port| is_at(port))?.value;
            let why = match port.split_once('/') {
                Some((_, protocol)) if !is_protocol(protocol) => {
                    format!("invalid proto: {protocol}")
                }
                _ => format!("invalid containerPort: {port}"),
            };
            Some(format!("invalid port: {port:?}: {why}"))
        }
        Kind::StopSignal(_) => {
            let signal = message.strip_prefix("unknown signal `")?;
            Some(format!("invalid signal: {}", signal.strip_suffix('`')?))
        }
        Kind::Healthcheck(Healthcheck::Command { options, .. }) => {
            let value = message
                .strip_prefix("expected a duration of at least 1ms, found `")?
                .strip_suffix('`')?;
            let (name, _) = options.iter().find(|(_, written)| written.value == value)?;
            Some(match value.ends_with(is_unit) && value.starts_with(char::is_numeric) {
                true => format!("Interval {name:?} cannot be less than 1ms: {message}"),
                false => format!("time: invalid duration {value:?}: {message}"),
            })
        }
        _ => None,
    }
}

fn is_unit(c: char) -> bool {
    c.is_ascii_alphabetic()
}

fn of_from(
    header: &StageHeader,
    is_at: impl Fn(&Word) -> bool,
    problem: &Diagnostic,
) -> Option<String> {
    let message = &problem.message;
    let is_empty = ["the value is empty after", "empty string", "the value is blank"]
        .iter()
        .any(|start| message.starts_with(start));
    if let Some(platform) = header.platform.as_ref().filter(|platform| is_at(platform)) {
        let written = &platform.value;
        return Some(match is_empty {
            true => format!("empty platform value from expression {written}"),
            false => format!("failed to parse platform {written}: {message}"),
        });
    }
    if !is_at(&header.base) {
        return None;
    }
    let base = &header.base.value;
    match problem.code {
        Code::InvalidValue if is_empty => Some(format!("base name ({base}) should not be blank")),
        Code::InvalidReference => Some(format!(
            "failed to parse stage name {base:?}: invalid reference format: {message}"
        )),
        _ => None,
    }
}

fn is_protocol(text: &str) -> bool {
    ["", "tcp", "udp", "sctp"].iter().any(|known| text.eq_ignore_ascii_case(known))
}
