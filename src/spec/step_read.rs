//! Reading a step: a table with one verb, or a text.

use super::read::Read;
use super::reader::Reader;
use super::shape::Shape;
use super::step::{READERS, RunStep, Step, StepId, Verb, step_shape};
use super::table::Table;
use super::{step_check, step_slips};
use crate::diagnostic::{Code, Diagnostic, Reported};
use crate::source::{Span, Spanned};
use crate::toml::{Kind, Value};

/// A table with one verb, or the text of a run step as a shorthand.
impl Read for Step {
    const MAY_BE_ALONE: bool = true;

    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        let verb = match value.kind {
            Kind::String(_) => Verb::Run(Box::new(RunStep::short(Spanned::read(value, reader)?))),
            Kind::Table(_) => read_table(Table::new(value, "a step", reader)?, span, reader)?,
            other => {
                let form = match &other {
                    Kind::Array(_) => {
                        "use `{ exec = [...] }` for a program with arguments, or `{ steps = [...] }` for a branch of several steps"
                    }
                    _ => {
                        "write a command as a string, or a table with a verb, such as `{ copy = \"FILE\" }`"
                    }
                };
                return reader.wrong_form(span, &other, "a string or a table", form);
            }
        };
        step_check::check(&verb, reader)?;
        reader.steps += 1;
        Ok(Self { span, verb, id: StepId(reader.steps) })
    }

    fn shape() -> Shape {
        step_shape()
    }
}

fn read_table(table: Table<'_>, span: Span, reader: &mut Reader<'_>) -> Result<Verb, Reported> {
    let mut verbs = READERS.iter().filter(|(verb, _)| table.has(verb));
    match (verbs.next(), verbs.next()) {
        (Some((one, _)), Some((other, _))) => reader.diagnostics.error(
            Diagnostic::new(
                Code::SeveralVerbs,
                span,
                format!("a step has both `{one}` and `{other}`"),
            )
            .hint(step_slips::with_two_verbs(one, other)),
        ),
        (Some((verb, read)), None) => {
            if let Some(slip) = step_slips::slip(verb, &table, reader.file) {
                return reader.diagnostics.error(slip);
            }
            read(table, reader)
        }
        (None, _) => {
            let hint = step_slips::without_verb(&table);
            reader
                .diagnostics
                .error(Diagnostic::new(Code::NoVerb, span, "a step has no verb").hint(hint))
        }
    }
}
