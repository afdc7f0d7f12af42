//! `RUN` as a step, and its args.

use std::collections::BTreeSet;

use super::args::ArgTable;
use super::layout;
use super::mounts;
use super::part::RunArgs;
use super::script;
use super::state::{Shell, State};
use super::toml::{Kind, Value};
use super::words::{self, Names};
use super::{Context, comments};
use crate::dockerfile::{CommandLine, Instruction, Run};
use crate::spec::script::visit_names;

/// The command that makes a shell continue after a failure.
const GO_ON: &str = "set +e";

/// A run step, and the facts about it that its stage needs.
pub(super) struct RunStep {
    /// Its verb and value.
    pub(super) verb: (String, Value),
    /// Its keys, except those that depend on its stage.
    pub(super) keys: Vec<(String, Value)>,
    pub(super) comments: Vec<String>,
    /// The variables that its text names.
    pub(super) named: Vec<String>,
    /// True if it may read variables that it does not name.
    pub(super) reads_others: bool,
    /// True if it may read variables of tools, but no others that it does not name.
    pub(super) reads_tools: bool,
    /// True if its text begins with a command that makes the shell continue after a failure.
    pub(super) goes_on: bool,
}

/// Converts a `RUN`. The error is BuildKit's message.
pub(super) fn run(
    instruction: &Instruction,
    run: &Run,
    shell: Shell,
    user: Option<&str>,
    context: &Context<'_>,
    names: &dyn Names,
) -> Result<RunStep, String> {
    let is_posix = matches!(shell, Shell::Default | Shell::Set { is_posix: true });
    let mut above = comments::above(instruction);
    let mut goes_on = false;
    let (verb, text) = match &run.command {
        CommandLine::Exec(arguments) => {
            let words = arguments.value.iter().map(|word| Value::text(words::literal(word)));
            let mut inner = comments::texts(
                &instruction.inner.iter().map(|inner| inner.comment.clone()).collect::<Vec<_>>(),
            );
            above.append(&mut inner);
            (("exec".to_owned(), Value::list(words).at(instruction.span)), None)
        }
        CommandLine::Shell(written) => {
            let command = &written.text.value;
            // The part that the shell reads as commands, without heredocs that it reads itself.
            let (kind, text, commands) = match heredoc_text(run, command) {
                Some(HeredocText::Script(text)) => {
                    (Kind::Block(script::unindented(&text)), text.clone(), text)
                }
                Some(HeredocText::Whole(text)) => {
                    (Kind::Block(text.clone()), text, command.clone())
                }
                None => {
                    let laid = layout::lay_out(written, &instruction.inner, is_posix);
                    above.extend(laid.comments);
                    (laid.kind, command.clone(), command.clone())
                }
            };
            goes_on = shell == Shell::Default
                && !text.starts_with("#!")
                && !script::stops_alike(&commands);
            let kind = if goes_on { going_on(kind) } else { kind };
            (("run".to_owned(), Value::from(exact(kind)).at(instruction.span)), Some(text))
        }
    };
    let mut named = Vec::new();
    if let Some(text) = &text {
        visit_names(text, &mut |name| named.push(name.to_owned()));
    }
    let mut keys = Vec::new();
    let mounted = mounts::mounts(&run.mounts, user, context, names)?;
    if !mounted.is_empty() {
        keys.push(("mounts".to_owned(), Value::list(mounted)));
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
    let text = text.as_deref();
    Ok(RunStep {
        verb,
        keys,
        comments: above,
        named,
        reads_others: text.is_none_or(|text| {
            !is_posix || script::may_read_variables(text) && !script::installs_only(text)
        }),
        reads_tools: text.is_none_or(script::may_read_variables),
        goes_on,
    })
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
    let is_indented = |line: &str| line.starts_with([' ', '\t']) || line.is_empty();
    if text.lines().all(is_indented) {
        text.insert_str(0, ":\n");
    }
    Kind::Block(text)
}

/// The args for a run step, and its variables: those whose arg has a default of the stage's own.
pub(super) fn args_of(
    step: &RunStep,
    state: &State,
    args: &ArgTable,
) -> (RunArgs, Vec<(String, Value)>) {
    let visible: BTreeSet<String> = state.visible.keys().cloned().collect();
    let mut reads = BTreeSet::new();
    let mut own = Vec::new();
    for (name, default) in &state.visible {
        let is_named = step.named.contains(name);
        let is_read = step.reads_others
            || step.reads_tools && script::is_read_by_tools(name)
            || script::is_read_by_tools(name);
        match default {
            Some(default) if is_named || is_read => {
                own.push((name.clone(), Value::text(format!("${{{name}-{default}}}"))));
            }
            // A base image may have a variable of that name, which an arg would not replace unless
            // it is listed.
            None if (!is_named && is_read || step.named.contains(name) && is_often_set(name))
                && !state.env.contains(name) =>
            {
                reads.insert(name.clone());
            }
            _ => {}
        }
    }
    let hidden: BTreeSet<String> = step
        .named
        .iter()
        .filter(|name| {
            args.is_known(name) && !visible.contains(*name) && !state.env.contains(*name)
        })
        .cloned()
        .collect();
    (RunArgs { reads, visible, hidden }, own)
}

/// True if base images often have a variable of that name.
fn is_often_set(name: &str) -> bool {
    name.ends_with("_VERSION")
        || name.ends_with("_HOME")
        || name.starts_with("LC_")
        || name == "LANG"
}
