//! `RUN` as a step, and its args.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::args::ArgTable;
use super::comments;
use super::context::Context;
use super::layout;
use super::mounts;
use super::part::RunArgs;
use super::script;
use super::state::{Shell, State};
use super::toml::{Kind, Value};
use super::words::{self, Names};
use crate::dockerfile::{CommandLine, Instruction, Run};
use crate::spec::script::visit_names;

/// The command that makes a shell continue after a failure.
const GO_ON: &str = "set +e";

/// A run step, and the facts about it that its stage needs.
pub(super) struct RunStep<'r> {
    /// Its verb and value.
    pub(super) verb: (String, Value),
    /// Its keys, except those that depend on its stage.
    pub(super) keys: Vec<(String, Value)>,
    pub(super) comments: Vec<String>,
    /// Its text, unless it runs a program without a shell.
    text: Option<Cow<'r, str>>,
    /// True if a POSIX shell reads the text.
    is_posix: bool,
    /// True if its text begins with a command that makes the shell continue after a failure.
    pub(super) goes_on: bool,
}

/// Converts a `RUN`. The error is BuildKit's message.
pub(super) fn run<'r>(
    instruction: &Instruction,
    run: &'r Run,
    shell: Shell,
    user: Option<&str>,
    context: &Context<'_>,
    names: &dyn Names,
) -> Result<RunStep<'r>, String> {
    let is_posix = matches!(shell, Shell::Default | Shell::Set { is_posix: true });
    let mut above = comments::above(instruction);
    let mut goes_on = false;
    let (verb, text) = match &run.command {
        CommandLine::Exec(arguments) => {
            let words = arguments.value.iter().map(|word| Value::text(words::literal(word)));
            above.extend(instruction.inner.iter().map(|inner| inner.comment.text.clone()));
            (("exec".to_owned(), Value::list(words).at(instruction.span)), None)
        }
        CommandLine::Shell(written) => {
            let command = &written.text.value;
            // The shell's commands, without heredocs that the shell reads itself.
            let stops = |commands: &str| shell != Shell::Default || script::stops_alike(commands);
            let (kind, stops_alike, text) = match heredoc_text(run, command) {
                Some(HeredocText::Script(text)) => {
                    (Kind::Block(script::unindented(&text)), stops(&text), Cow::Owned(text))
                }
                Some(HeredocText::Whole(text)) => {
                    (Kind::Block(text.clone()), stops(command), Cow::Owned(text))
                }
                None => {
                    let laid = layout::lay_out(written, &instruction.inner, is_posix);
                    above.extend(laid.comments);
                    (laid.kind, stops(command), Cow::Borrowed(command.as_str()))
                }
            };
            goes_on = !stops_alike && !text.starts_with("#!");
            let kind = if goes_on { going_on(kind) } else { kind };
            (("run".to_owned(), Value::from(exact(kind)).at(instruction.span)), Some(text))
        }
    };
    let mounts = mounts::mounts(&run.mounts, user, context, names)?;
    let keys = keys(run, mounts);
    Ok(RunStep { verb, keys, comments: above, text, is_posix, goes_on })
}

/// The keys of a step for the flags of its `RUN`.
fn keys(run: &Run, mounts: Vec<Value>) -> Vec<(String, Value)> {
    let mut keys = Vec::new();
    if !mounts.is_empty() {
        keys.push(("mounts".to_owned(), Value::list(mounts)));
    }
    if let Some(network) = run.network.as_ref().filter(|network| network.value != "default") {
        keys.push(("network".to_owned(), Value::text(network.value.clone())));
    }
    if let Some(security) = run.security.as_ref().filter(|security| security.value != "sandbox") {
        keys.push(("security".to_owned(), Value::text(security.value.clone())));
    }
    if !run.devices.is_empty() {
        let devices = run.devices.iter().map(|device| {
            let name = Value::text(device.name.value.clone());
            match device.required {
                false => name,
                true => Value::table(vec![
                    ("name".to_owned(), name),
                    ("required".to_owned(), Value::literal(true)),
                ]),
            }
        });
        keys.push(("devices".to_owned(), Value::list(devices)));
    }
    keys
}

/// The text of a `RUN` with heredocs.
enum HeredocText {
    /// The content of the only heredoc.
    Script(String),
    /// A command with its heredocs, which the shell reads.
    Whole(String),
}

fn heredoc_text(run: &Run, written: &str) -> Option<HeredocText> {
    let first = run.heredocs.first()?;
    if crate::dockerfile::is_heredoc(written) {
        return Some(HeredocText::Script(first.text()));
    }
    let mut text = written.to_owned();
    for heredoc in &run.heredocs {
        text.push('\n');
        text.push_str(&heredoc.content);
        text.push_str(&heredoc.name);
    }
    text.push('\n');
    Some(HeredocText::Whole(text))
}

/// The text after a command that makes the shell continue after a failure.
fn going_on(kind: Kind) -> Kind {
    match kind {
        Kind::Script(text) => Kind::Block(format!("{GO_ON}\n{text}\n")),
        Kind::Block(text) => Kind::Block(format!("{GO_ON}\n{text}")),
        other => other,
    }
}

/// A block that a build file reads back exactly: one line is not indented, and the last one ends
/// with a line break.
fn exact(kind: Kind) -> Kind {
    let mut text = match kind {
        Kind::Block(text) => text,
        // A shell with an empty text does nothing, but a build file requires a command.
        Kind::Script(text) if text.trim().is_empty() => return Kind::Script(":".to_owned()),
        kind => return kind,
    };
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if text.trim().is_empty() {
        return Kind::Script(":".to_owned());
    }
    if text.lines().all(|line| line.starts_with([' ', '\t']) || line.is_empty()) {
        text.insert_str(0, ":\n");
    }
    Kind::Block(text)
}

/// The args for a run step, and its variables: those whose arg has a default of the stage's own.
pub(super) fn args_of(
    step: &RunStep<'_>,
    state: &State,
    args: &ArgTable,
) -> (RunArgs, Vec<(String, Value)>) {
    let text = step.text.as_deref();
    let mut named: Vec<&str> = Vec::new();
    visit_names(text.unwrap_or_default(), &mut |name| named.push(name));
    let reads_others = !state.visible.is_empty()
        && text.is_none_or(|text| !step.is_posix || script::may_read_variables(text));
    // Most steps read few of the args.
    let candidates: BTreeSet<&str> = match reads_others {
        true => state.visible.keys().map(String::as_str).collect(),
        false => {
            named.iter().copied().chain(state.read_by_tools.iter().map(String::as_str)).collect()
        }
    };
    let mut reads = BTreeSet::new();
    let mut own = Vec::new();
    let named_once: BTreeSet<&str> = named.iter().copied().collect();
    for name in candidates {
        let Some((name, arg)) = state.visible.get_key_value(name) else { continue };
        let is_named = named_once.contains(name.as_str());
        let is_read = reads_others || state.read_by_tools.contains(name);
        match &arg.default {
            Some(default) if is_named || is_read => {
                own.push((name.clone(), Value::text(format!("${{{name}-{default}}}"))));
            }
            None if state.env.contains(name) => {}
            // A base image may have a variable of that name, which an arg would not replace unless
            // it is listed.
            None if is_named && is_often_set(name) || !is_named && is_read => {
                reads.insert(name.clone());
            }
            _ => {}
        }
    }
    named.retain(|&name| {
        args.is_known(name) && !state.visible.contains_key(name) && !state.env.contains(name)
    });
    let hidden = named.into_iter().map(str::to_owned).collect();
    (RunArgs { reads, visible: state.visible.len(), hidden }, own)
}

/// True if base images often have a variable of that name.
fn is_often_set(name: &str) -> bool {
    name.ends_with("_VERSION")
        || name.ends_with("_HOME")
        || name.starts_with("LC_")
        || name == "LANG"
}
