//! Branches of a `parallel` step, which run concurrently.

use super::names::Names;
use super::read::Read;
use super::reader::Reader;
use super::shape::Shape;
use super::step::{Branch, Step, Verb};
use super::table::table;
use crate::diagnostic::{Code, Diagnostic, Reported};
use crate::source::Span;
use crate::toml::{Kind, Value};

table! {
    /// A branch of several steps.
    pub(super) struct BranchTable as "a branch" {
        /// The steps, in order.
        "steps" steps: Vec<Step>,
    }
}

/// A step, or a table with several.
impl Read for Branch {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        let steps = match &value.kind {
            Kind::Table(entries) if entries.iter().any(|entry| entry.key.name == "steps") => {
                BranchTable::read(value, reader)?.steps
            }
            _ => vec![Step::read(value, reader)?],
        };
        if steps.is_empty() {
            let hint = "add steps, `{ steps = [...] }`, or remove the branch";
            return reader.diagnostics.error(wrong(span, "this branch has no steps", hint));
        }
        let inner = steps.iter().find(|step| matches!(step.verb, Verb::Parallel(_)));
        if let Some(inner) = inner {
            let hint = "add its branches to the outer list, or move it to a separate stage";
            let message = "`parallel` cannot be nested";
            return reader.diagnostics.error(wrong(inner.span, message, hint));
        }
        Ok(Self { steps })
    }

    fn shape() -> Shape {
        Shape::Any(vec![Step::shape(), BranchTable::shape()])
    }
}

fn wrong(span: Span, message: &str, hint: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidValue, span, message).hint(hint)
}

impl Names for Branch {
    fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.steps.visit_names(visit);
    }
}
