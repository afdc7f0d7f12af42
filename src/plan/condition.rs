//! The steps and stages that are included in a build.
//!
//! Input: their `when` and `unless`, and the values of args. Output: an [`Absence`] for each one
//! that is left out. Must not depend on references to stages.

use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::source::Span;
use crate::spec::{ArgName, Condition, Conditions, Operand, Spec, Template};

/// The reason why a step or a stage is left out.
pub(super) struct Absence {
    /// The condition.
    pub(super) span: Span,
    /// The condition in words.
    pub(super) why: String,
    /// The actual values in this build.
    pub(super) here: String,
}

/// The context for evaluating conditions.
#[derive(Clone, Copy)]
pub(super) struct ConditionLookup<'a, 's> {
    pub(super) spec: &'s Spec,
    pub(super) scope: &'a Scope<'s>,
}

impl ConditionLookup<'_, '_> {
    /// The reason why something is left out, if it is. If a condition has an error, which is
    /// reported, it counts as included.
    pub(super) fn absence(
        &self,
        Conditions { when, unless }: &Conditions,
        diagnostics: &mut Diagnostics,
    ) -> Option<Absence> {
        let mut found = None;
        for (condition, wanted) in [(when, true), (unless, false)] {
            let Some(condition) = condition else { continue };
            let holds = self.holds(condition, diagnostics);
            if holds.is_ok_and(|holds| holds != wanted) && found.is_none() {
                found = Some(self.absence_by(condition, wanted));
            }
        }
        found
    }

    /// True if every arg has one of its values.
    fn holds(
        &self,
        condition: &Condition,
        diagnostics: &mut Diagnostics,
    ) -> Result<bool, Reported> {
        let mut holds = Ok(true);
        for (name, values) in &condition.tests {
            let has_one = self.has_one_of(name, values.as_slice(), values.span, diagnostics);
            holds = holds.and_then(|before| Ok(has_one? && before));
        }
        holds
    }

    fn has_one_of(
        &self,
        name: &ArgName,
        values: &[Operand],
        span: Span,
        diagnostics: &mut Diagnostics,
    ) -> Result<bool, Reported> {
        let Self { spec, scope } = self;
        if !scope.knows(name.as_str()) {
            let hint = scope.did_you_mean(name.as_str()).unwrap_or_else(|| {
                "conditions test args and constants: declare it in [args]".to_owned()
            });
            return diagnostics.error(
                Diagnostic::new(Code::UndefinedName, span, format!("`{name}` is not defined"))
                    .hint(hint),
            );
        }
        let declaration = spec.args.0.get(name.as_str());
        let mut expected = Vec::with_capacity(values.len());
        for Operand(template) in values {
            let Ok(value) = scope.expand(template, diagnostics) else { continue };
            let broken = declaration.and_then(|arg| scope.broken_rule(arg, &value, diagnostics));
            if let (Some(rule), Some(arg)) = (broken, declaration) {
                diagnostics.push(
                    Diagnostic::new(
                        Code::InvalidArg,
                        template.span,
                        format!("`{name}` can never be `{value}`: {rule}"),
                    )
                    .related(arg.span, "the arg is declared here"),
                );
                continue;
            }
            expected.push(value);
        }
        match scope.lookup(name.as_str()) {
            Ok(value) if expected.len() == values.len() => {
                Ok(value.is_some_and(|value| expected.iter().any(|known| **known == *value)))
            }
            Ok(_) => Err(diagnostics.told_elsewhere()),
            Err(err) => Err(scope.report_lookup(err, diagnostics)),
        }
    }

    fn absence_by(&self, condition: &Condition, wanted: bool) -> Absence {
        let says = condition.describe(|template: &Template| {
            self.scope.value(template).map(|text| text.to_string()).unwrap_or_default()
        });
        let why = if wanted {
            format!("it exists only if {says}")
        } else {
            format!("it exists unless {says}")
        };
        let here = condition.tests.keys().map(|name| match self.scope.lookup(name.as_str()) {
            Ok(Some(value)) => format!("`{name}` is `{value}`"),
            Ok(None) | Err(_) => format!("`{name}` has no value"),
        });
        let here = here.collect::<Vec<_>>().join(" and ");
        Absence { span: condition.span, why, here: format!("in this build, {here}") }
    }
}

impl Absence {
    /// The diagnostic for a reference to the stage.
    pub(super) fn of_stage(&self, code: Code, span: Option<Span>, name: &str) -> Diagnostic {
        let message = format!("stage `{name}` does not exist in this build: {}", self.why);
        let diagnostic = Diagnostic { span, ..Diagnostic::without_place(code, message) };
        diagnostic.hint(&self.here).related(self.span, "its condition")
    }
}
