//! Errors about a Dockerfile in the words of BuildKit's Dockerfile frontend, which people and
//! scripts search for.
//!
//! Most errors in a Dockerfile are found by the checks for build files. Their messages are appended
//! to BuildKit's words.

use crate::collect::collect_map;
use crate::convert::ReadDockerfile;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::dockerfile::{Dockerfile, FileCopy, Instruction, Kind, StageHeader, Word};
use crate::plan::GitUrl;
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
        _ if problem.code == Code::RequiredValue => {
            let (name, reason) = message.strip_prefix('`')?.split_once("`: ")?;
            Some(format!("{name}: {reason}"))
        }
        Kind::Copy(copy) => of_copy(copy, is_at, problem),
        Kind::Add(_) => of_owner(message),
        Kind::Run(_) => of_run(message),
        Kind::Volume(_) if is_empty(message) => {
            Some(format!("VOLUME specified can not be an empty string: {message}"))
        }
        Kind::StopSignal(_) if is_empty(message) => Some(format!("invalid signal: : {message}")),
        Kind::StopSignal(_) => {
            let signal = message.strip_prefix("unknown signal `")?;
            Some(format!("invalid signal: {}", signal.strip_suffix('`')?))
        }
        _ => None,
    }
}

/// True for the error about a value that is empty.
fn is_empty(message: &str) -> bool {
    ["the value is empty after", "empty string", "the value is blank"]
        .iter()
        .any(|start| message.starts_with(start))
}

fn of_copy(copy: &FileCopy, is_at: impl Fn(&Word) -> bool, problem: &Diagnostic) -> Option<String> {
    let message = &problem.message;
    if problem.code == Code::InvalidReference {
        return Some(stage_name(&copy.from.as_ref()?.value, message));
    }
    if !message.ends_with("found a URL") {
        return of_owner(message);
    }
    let source = copy.transfer.sources.iter().find(|source| is_at(source));
    let is_git = source.is_some_and(|source| GitUrl::parse(&source.value).is_some());
    let what = if is_git { "git ref" } else { "URL" };
    Some(format!("source can't be a {what} for COPY: {message}"))
}

/// The words of the engine for a name that nothing can look up (`readUser` in
/// `solver/llbsolver/file/user_linux.go`).
fn of_owner(message: &str) -> Option<String> {
    let is_named = message.starts_with("cannot look up `");
    is_named.then(|| format!("invalid user index: -1: {message}"))
}

fn of_run(message: &str) -> Option<String> {
    if let Some((target, why)) =
        message.strip_prefix("invalid mount target `").and_then(|rest| rest.split_once('`'))
    {
        return Some(format!("invalid mount target {target:?}{why}"));
    }
    if message.starts_with("there is nothing to execute") {
        return Some(format!("arguments are required: {message}"));
    }
    let size = message.strip_prefix("expected a size, found `")?.strip_suffix('`')?;
    Some(format!("invalid value for size: {size}"))
}

/// The words about a name that is not a reference to an image. BuildKit normalizes the name first.
fn stage_name(name: &str, message: &str) -> String {
    let start = format!("failed to parse stage name {name:?}: invalid reference format");
    if !message.ends_with("the name must be lowercase") {
        return format!("{start}: {message}");
    }
    let path = match name.split_once('@').map_or(name, |(path, _)| path).rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => path,
        _ => name,
    };
    let library = if path.contains('/') { "" } else { "library/" };
    format!("{start}: repository name ({library}{path}) must be lowercase")
}

fn of_from(
    header: &StageHeader,
    is_at: impl Fn(&Word) -> bool,
    problem: &Diagnostic,
) -> Option<String> {
    let message = &problem.message;
    let is_empty = is_empty(message);
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
        Code::InvalidReference => Some(stage_name(base, message)),
        _ => None,
    }
}
