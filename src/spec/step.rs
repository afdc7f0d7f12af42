//! Steps: one verb each.

use toml::de::DeValue;

use super::mount::Mount;
use super::name::ArgName;
use super::read::{Keys, OneOrMany, Read, Reader, Table, Value, table};
use super::stage::{Env, From, Shell};
use super::template::Template;
use super::text::dedent;
use crate::diagnostic::{Code, Diagnostic, did_you_mean, list};
use crate::source::{Span, Spanned};

/// A step, and the whole of its text.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where the step is written.
    pub span: Span,
    /// What it does.
    pub verb: Verb,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Verb {
    /// Runs text in a shell.
    Run(RunStep),
    /// Runs a program.
    Exec(ExecStep),
    /// Copies files.
    Copy(CopyStep),
}

table! {
    /// What every step may say.
    pub struct StepKeys as "a step" {
        /// Its label in the progress.
        "name" name: Option<Template>,
        /// Its working directory; a relative one continues the stage's.
        "workdir" workdir: Option<Template>,
    }

    /// What every step that runs a process may say.
    pub struct ProcessKeys as "a run step" {
        with step: StepKeys;
        /// Mounts besides those of the stage.
        "mounts" mounts: Vec<Mount>,
        /// Environment besides that of the stage; not recorded in the image.
        "env" env: Env,
        /// Args that the process gets as environment, besides those that its text names.
        "args" args: Vec<Spanned<ArgName>>,
        /// The user that it runs as, in place of the stage's.
        "user" user: Option<Template>,
    }

    /// Runs text in a shell.
    pub struct RunStep as "a run step" {
        with process: ProcessKeys;
        /// The text.
        "run" script: Spanned<Script>,
        /// What runs the text, in place of the stage's.
        "shell" shell: Option<Shell>,
    }

    /// Runs a program, without a shell.
    pub struct ExecStep as "an exec step" {
        with process: ProcessKeys;
        /// The program and its arguments.
        "exec" command: Spanned<Vec<Template>>,
    }

    /// Copies files.
    pub struct CopyStep as "a copy step" {
        with step: StepKeys;
        /// What is copied: a path or a pattern, or a list of them.
        "copy" sources: Spanned<OneOrMany<Template>>,
        /// Where to; a directory ends with a slash. The working directory is the default.
        "to" to: Option<Template>,
        /// Whose files: a stage or an image; the build context is the default.
        "from" from: Option<Spanned<From>>,
        /// `user`, `user:group`, by name or number.
        "chown" chown: Option<Template>,
        /// The mode, in octal digits or symbolic.
        "chmod" chmod: Option<Template>,
    }
}

/// The text of a run step, without the indentation that it has from the file.
#[derive(Debug, Clone)]
pub struct Script(pub String);

impl Read for Script {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span().into();
        let script = dedent(&String::read(value, reader)?).trim_end().to_owned();
        if script.is_empty() {
            return reader.diagnostics.fail(
                Diagnostic::new(Code::InvalidValue, span, "there is nothing to run")
                    .hint("write a command, or leave the step out"),
            );
        }
        Some(Self(script))
    }
}

/// The keys that say what a step does.
const VERBS: [&str; 3] = ["run", "exec", "copy"];

/// A table with one verb, or in short the text of a run step.
impl Read for Step {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span: Span = value.span().into();
        let verb = match value.get_ref() {
            DeValue::String(_) => Verb::Run(RunStep::short(Spanned::read(value, reader)?)),
            DeValue::Table(_) => read_table(Table::new(value, "a step", reader)?, span, reader)?,
            other => return reader.wrong_type(span, other, "a string or a table"),
        };
        Some(Self { span, verb })
    }
}

fn read_table(table: Table<'_>, span: Span, reader: &mut Reader<'_>) -> Option<Verb> {
    let mut verbs = VERBS.into_iter().filter(|verb| table.key_span(verb).is_some());
    match (verbs.next(), verbs.next()) {
        (Some(one), Some(other)) => reader.diagnostics.fail(
            Diagnostic::new(
                Code::SeveralVerbs,
                span,
                format!("a step has both `{one}` and `{other}`"),
            )
            .hint("write one table for each step: a step has exactly one verb"),
        ),
        (Some("run"), None) => table.named(RunStep::WHAT).read_all(reader).map(Verb::Run),
        (Some("exec"), None) => {
            let step: ExecStep = table.named(ExecStep::WHAT).read_all(reader)?;
            if step.command.is_empty() {
                return reader.diagnostics.fail(
                    Diagnostic::new(
                        Code::InvalidValue,
                        step.command.span,
                        "there is nothing to execute",
                    )
                    .hint("exec = [\"program\", \"argument\"]"),
                );
            }
            Some(Verb::Exec(step))
        }
        (Some(_), None) => {
            let step: CopyStep = table.named(CopyStep::WHAT).read_all(reader)?;
            if step.sources.as_slice().is_empty() {
                return reader.diagnostics.fail(
                    Diagnostic::new(
                        Code::InvalidValue,
                        step.sources.span,
                        "there is nothing to copy",
                    )
                    .hint("copy = [\"a\", \"b\"], or leave the step out"),
                );
            }
            Some(Verb::Copy(step))
        }
        (None, _) => {
            let hint = table
                .keys()
                .find_map(|key| did_you_mean(key, VERBS))
                .unwrap_or_else(|| format!("it needs one of {}", list(VERBS)));
            reader
                .diagnostics
                .fail(Diagnostic::new(Code::NoVerb, span, "a step has no verb").hint(hint))
        }
    }
}

impl RunStep {
    fn short(script: Spanned<Script>) -> Self {
        Self {
            process: ProcessKeys {
                step: StepKeys { name: None, workdir: None },
                mounts: Vec::new(),
                env: Env::default(),
                args: Vec::new(),
                user: None,
            },
            script,
            shell: None,
        }
    }
}

impl Verb {
    /// What every step may say.
    pub fn keys(&self) -> &StepKeys {
        match self {
            Verb::Run(step) => &step.process.step,
            Verb::Exec(step) => &step.process.step,
            Verb::Copy(step) => &step.step,
        }
    }

    /// What a step says that runs a process.
    pub fn process(&self) -> Option<&ProcessKeys> {
        match self {
            Verb::Run(step) => Some(&step.process),
            Verb::Exec(step) => Some(&step.process),
            Verb::Copy(_) => None,
        }
    }
}
