//! The text of an instruction in the history of an image.
//!
//! Follows `commitToHistory` and its callers in `frontend/dockerfile/dockerfile2llb/convert.go` of BuildKit.

use super::go;
use super::state::{Place, State};
use crate::dockerfile::{
    CommandLine, FileAdd, FileCopy, Healthcheck, Heredoc, Run, Transfer, Word, is_heredoc,
};
use crate::duration::parse_duration;
use crate::plan::port_range;

/// Suffix of the texts of instructions that create a layer.
const LAYER: &str = " # buildkit";

/// The default shell of an image.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// The text of a `RUN`: its args and its command.
pub(super) fn run(run: &Run, state: &State) -> String {
    let mut text = String::from("RUN ");
    let args = state.passed_args();
    if !args.is_empty() {
        text.push_str(&format!("|{} ", args.len()));
        for (name, value) in args {
            text.push_str(&format!("{name}={value} "));
        }
    }
    let words = match &run.command {
        CommandLine::Exec(words) => words.value.clone(),
        CommandLine::Shell(written) => with_shell(whole_text(run, &written.text.value), state),
    };
    text.push_str(&words.join(" "));
    text.push_str(LAYER);
    text
}

/// The words of the process for a `RUN`, as in BuildKit's Dockerfile frontend (`dispatchRun`): the
/// shell and the text as written. `None` for an exec form, a script with `#!` in a heredoc, and an
/// empty text.
pub(super) fn process(run: &Run, state: &State) -> Option<Vec<String>> {
    let CommandLine::Shell(written) = &run.command else { return None };
    if only_heredoc(run).is_some_and(|heredoc| heredoc.text().starts_with("#!")) {
        return None;
    }
    let text = whole_text(run, &written.text.value);
    (!text.trim().is_empty()).then(|| with_shell(text, state))
}

/// The heredoc of a `RUN` that consists of a heredoc only.
pub(super) fn only_heredoc(run: &Run) -> Option<&Heredoc> {
    let CommandLine::Shell(written) = &run.command else { return None };
    run.heredocs.first().filter(|_| is_heredoc(&written.text.value))
}

/// The text for the shell, including its heredocs.
fn whole_text(run: &Run, written: &str) -> String {
    if let Some(only) = only_heredoc(run) {
        let text = only.text();
        // A script with `#!` is a file, whose path is passed to the shell.
        return match text.starts_with("#!") {
            true => format!("/dev/pipes/{}", only.name),
            false => text,
        };
    }
    let mut text = written.to_owned();
    for heredoc in &run.heredocs {
        text.extend(["\n", &heredoc.content, &heredoc.name]);
    }
    text
}

/// The text of a `COPY`.
pub(super) fn copy(copy: &FileCopy, place: &Place<'_>) -> String {
    let flag = if copy.parents { " --parents" } else { "" };
    format!("COPY{flag}{}", transfer(&copy.transfer, place))
}

/// The text of an `ADD`.
pub(super) fn add(add: &FileAdd, place: &Place<'_>) -> String {
    format!("ADD{}", transfer(&add.transfer, place))
}

fn transfer(transfer: &Transfer, place: &Place<'_>) -> String {
    let mut text = String::new();
    for (flag, word) in [("chown", &transfer.chown), ("chmod", &transfer.chmod)] {
        let value = word.as_ref().map(|word| place.word(word)).unwrap_or_default();
        if !value.is_empty() {
            text.push_str(&format!(" --{flag}={value}"));
        }
    }
    for source in &transfer.sources {
        text.extend([" ", &place.word(source)]);
    }
    for heredoc in &transfer.heredocs {
        text.extend([" <<", &heredoc.name]);
    }
    text.extend([" ", &place.word(&transfer.destination), LAYER]);
    text
}

/// `CMD` and `ENTRYPOINT`.
pub(super) fn command(keyword: &str, command: &CommandLine, state: &State) -> String {
    let words = match command {
        CommandLine::Exec(words) => words.value.clone(),
        CommandLine::Shell(text) => with_shell(text.text.value.clone(), state),
    };
    format!("{keyword} {}", go::quoted_list(&words))
}

fn with_shell(text: String, state: &State) -> Vec<String> {
    let mut words = match &state.shell {
        Some(shell) => shell.clone(),
        None => SHELL.map(str::to_owned).to_vec(),
    };
    words.push(text);
    words
}

/// `HEALTHCHECK` with all its fields.
pub(super) fn healthcheck(healthcheck: &Healthcheck) -> String {
    let (test, options) = match healthcheck {
        Healthcheck::None => (vec!["NONE".to_owned()], &[][..]),
        Healthcheck::Command { command, options } => {
            let test = match command {
                CommandLine::Exec(words) => [vec!["CMD".to_owned()], words.value.clone()].concat(),
                CommandLine::Shell(text) => {
                    vec!["CMD-SHELL".to_owned(), text.text.value.clone()]
                }
            };
            (test, &options[..])
        }
    };
    let option = |name: &str| options.iter().find(|(known, _)| *known == name);
    let duration = |name: &str| {
        let value = option(name).and_then(|(_, word)| parse_duration(&word.value).ok());
        go::duration(value.unwrap_or(0))
    };
    format!(
        "HEALTHCHECK {{Test:{} Interval:{} Timeout:{} StartPeriod:{} StartInterval:{} Retries:{}}}",
        go::list(&test),
        duration("interval"),
        duration("timeout"),
        duration("start-period"),
        duration("start-interval"),
        option("retries").map_or("0", |(_, word)| word.value.as_str()),
    )
}

/// `EXPOSE`: the ports in order, ranges expanded.
pub(super) fn expose(ports: &[Word], place: &Place<'_>) -> String {
    let mut written: Vec<&Word> = ports.iter().collect();
    written.sort_by(|one, other| one.value.cmp(&other.value));
    let mut names = Vec::new();
    for word in written {
        for port in place.word(word).split_whitespace() {
            let in_container = port.rsplit(':').next().unwrap_or(port);
            match port_range(in_container.trim_end_matches('/')) {
                Some((range, protocol)) => {
                    names.extend(range.map(|port| format!("{port}/{protocol}")));
                }
                None => names.push(port.to_owned()),
            }
        }
    }
    format!("EXPOSE {}", go::list(&names))
}

/// `VOLUME` and `SHELL`.
pub(super) fn list(keyword: &str, values: &[String]) -> String {
    format!("{keyword} {}", go::list(values))
}

/// A keyword and its values: `ENV a=b c=d`.
pub(super) fn words(keyword: &str, values: impl IntoIterator<Item = String>) -> String {
    let mut text = keyword.to_owned();
    for value in values {
        text.extend([" ", &value]);
    }
    text
}
