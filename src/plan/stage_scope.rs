//! The values that names have inside a stage: its environment first, then the args.

use std::borrow::Cow;

use super::environment::Environment;
use super::order::dependencies_first;
use super::scope::{Lookup, Scope};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::spec::{Env, Template};

/// What `${NAME}` is in the strings of a stage.
pub(super) struct StageScope<'a, 's> {
    pub(super) scope: &'a Scope<'s>,
    pub(super) environment: &'a Environment,
}

impl StageScope<'_, '_> {
    /// The text of a template, or a report of why it has none.
    pub(super) fn expand(
        &self,
        template: &Template,
        diagnostics: &mut Diagnostics,
    ) -> Option<String> {
        if let Some(literal) = template.as_literal() {
            return Some(literal.to_owned());
        }
        match template.expand(&mut |name| self.lookup(name)) {
            Ok(text) => Some(text),
            Err(error) => {
                let names: Vec<&str> = self.environment.iter().map(|(name, _)| name).collect();
                self.scope.report(error, template.span, &names, diagnostics)
            }
        }
    }

    /// The same for a key that may be absent. The outer `None` is a reported mistake.
    pub(super) fn expand_option(
        &self,
        template: Option<&Template>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Option<String>> {
        match template {
            None => Some(None),
            Some(template) => self.expand(template, diagnostics).map(Some),
        }
    }

    /// The texts of a list. What is wrong with one does not hide what is wrong with the next.
    pub(super) fn expand_all(
        &self,
        templates: &[Template],
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<String>> {
        let texts: Vec<String> =
            templates.iter().filter_map(|template| self.expand(template, diagnostics)).collect();
        (texts.len() == templates.len()).then_some(texts)
    }

    fn lookup(&self, name: &str) -> Lookup<'_> {
        match self.environment.get(name) {
            Some(value) => Ok(Some(Cow::Borrowed(value))),
            None => self.scope.lookup(name),
        }
    }
}

/// The environment with the variables of a table. In a variable's value its own name is what it was
/// before, else the arg; another name of the table is that one's new value, wherever it is written.
/// A variable whose value is a reported mistake is empty, so that nothing stumbles over it again.
pub(super) fn extend(
    environment: &Environment,
    table: &Env,
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
) -> Environment {
    let entries: Vec<(&str, &Template)> =
        table.0.iter().map(|(name, template)| (name.as_str(), template)).collect();
    let needs = |at: usize| {
        let (own, template) = entries[at];
        let mut needs = Vec::new();
        template.visit_names(&mut |name| {
            if name != own {
                needs.extend(entries.binary_search_by_key(&name, |&(known, _)| known));
            }
        });
        needs
    };
    let order = dependencies_first(entries.len(), 0..entries.len(), needs);
    let mut found = environment.clone();
    let mut broken = vec![false; entries.len()];
    for cycle in &order.cycles {
        let names: Vec<_> = cycle.iter().map(|&at| entries[at].0).collect();
        diagnostics.push(Diagnostic::new(
            Code::ValueCycle,
            entries[cycle[0]].1.span,
            format!(
                "environment variables need each other: {} -> {}",
                names.join(" -> "),
                names[0]
            ),
        ));
        for &at in cycle {
            broken[at] = true;
            found.set(entries[at].0, "");
        }
    }
    // Values are found in the order of their needs, and recorded in the order of their names, so that
    // a value that begins to use another changes no other variable's place.
    for at in order.nodes.into_iter().filter(|&at| !broken[at]) {
        let (name, template) = entries[at];
        let value = StageScope { scope, environment: &found }.expand(template, diagnostics);
        found.set(name, value.unwrap_or_default());
    }
    let mut ordered = environment.clone();
    for (name, _) in entries {
        ordered.set(name, found.get(name).unwrap_or_default());
    }
    ordered
}
