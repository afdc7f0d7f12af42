//! The values that names have inside a stage: its environment first, then the args.

use super::environment::Environment;
use super::path;
use super::scope::{Lookup, LookupError, Scope};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::order::dependencies_first;
use crate::source::Span;
use crate::spec::{Env, ExpandError, Template, TextTemplate};
use crate::text::Text;

/// How many bytes a working directory may have (`PATH_MAX` in Linux's `limits.h`). All relative paths of a stage
/// begin with it.
const MAX_PATH: usize = 4096;

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
    ) -> Option<Text> {
        match template.expand(&mut |name| self.lookup(name, template.span), &self.scope.allowance) {
            Ok(text) => Some(text),
            Err(error) => self.report(error, template.span, diagnostics),
        }
    }

    /// The same for a key that may be absent. The outer `None` is a reported mistake.
    pub(super) fn expand_option(
        &self,
        template: Option<&Template>,
        diagnostics: &mut Diagnostics,
    ) -> Option<Option<Text>> {
        match template {
            None => Some(None),
            Some(template) => self.expand(template, diagnostics).map(Some),
        }
    }

    /// The texts of a list. What is wrong with one does not hide what is wrong with the next.
    pub(super) fn expand_all(
        &self,
        templates: &[impl AsRef<Template>],
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Text>> {
        let mut texts = Vec::with_capacity(templates.len());
        let expanded = templates.iter().map(AsRef::as_ref);
        texts.extend(expanded.filter_map(|template| self.expand(template, diagnostics)));
        (texts.len() == templates.len()).then_some(texts)
    }

    /// A program and its arguments.
    pub(super) fn command(
        &self,
        words: &[TextTemplate],
        diagnostics: &mut Diagnostics,
    ) -> Option<Vec<Text>> {
        let texts = self.expand_all(words, diagnostics)?;
        match (words.first(), texts.first()) {
            (Some(program), Some(text)) if text.trim().is_empty() => {
                diagnostics.fail(no_program(program.span))
            }
            _ => Some(texts),
        }
    }

    /// The value of a name that is used at a place.
    fn lookup(&self, name: &str, span: Span) -> Lookup {
        match self.environment.get(name) {
            Some(value) if !self.environment.yields(name) => {
                if self.environment.shadows(name) {
                    self.scope.note_shadowed(name, value, span);
                }
                Ok(Some(value.clone()))
            }
            None if self.environment.hides(name) => Ok(None),
            Some(_) | None => self.scope.lookup(name),
        }
    }

    /// Whether what is written hangs on a working directory that may be the root for want of one that could be read.
    pub(super) fn hangs_on_lost_workdir(&self, workdir: &str, written: &str) -> bool {
        workdir == "/" && !written.starts_with('/') && !self.scope.is_whole
    }

    /// A working directory, seen from the one that it would be without it. What is wrong with it is reported, and
    /// changes nothing.
    pub(super) fn workdir(
        &self,
        before: &Text,
        template: &Template,
        diagnostics: &mut Diagnostics,
    ) -> Option<Text> {
        let path = path::join(before, &self.expand(template, diagnostics)?);
        if path.len() <= MAX_PATH {
            return Some(path);
        }
        let message =
            format!("this path has {} bytes, and Linux takes no more than {MAX_PATH}", path.len());
        diagnostics.fail(Diagnostic::new(Code::TooLarge, template.span, message))
    }

    /// The working directory as an image records it: an absolute one as it is written (`NormalizeWorkdir` in
    /// `util/system/path.go` of BuildKit).
    pub(super) fn recorded_workdir(&self, template: &Template, path: &Text) -> String {
        let written = self.expand(template, &mut Diagnostics::default());
        written
            .filter(|text| text.starts_with('/') && path != "/")
            .unwrap_or(path.clone())
            .to_string()
    }

    fn report<T>(
        &self,
        error: ExpandError<LookupError>,
        span: Span,
        diagnostics: &mut Diagnostics,
    ) -> Option<T> {
        if self.environment.is_open() && self.scope.may_be_elsewhere(&error) {
            return None;
        }
        let names: Vec<&str> = self.environment.iter().map(|(name, _)| name).collect();
        self.scope.report(error, span, &names, diagnostics)
    }
}

/// Reports a command whose program has no name.
pub(super) fn no_program(span: Span) -> Diagnostic {
    Diagnostic::new(Code::InvalidValue, span, "the program of this command is empty")
        .hint("[\"PROGRAM\", \"ARGUMENT\"]")
}

/// The values of a table of variables, in its order. In a variable's value its own name is what it was
/// before, else the arg; another name of the table is that one's new value, wherever it is written. A
/// variable whose value is a reported mistake is empty, so that nothing stumbles over it again.
pub(super) fn values_of(
    table: &Env,
    environment: &Environment,
    scope: &Scope<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<(Text, Text)> {
    let before = StageScope { scope, environment };
    let entries: Vec<(&Text, &Template)> =
        table.0.iter().map(|(name, template)| (name.as_text(), template)).collect();
    let find = |name: &str| entries.binary_search_by_key(&name, |&(known, _)| known).ok();
    let needs = |at: usize| {
        let (own, template) = entries[at];
        let mut needs = Vec::new();
        template.visit_names(&mut |name| {
            if *own != name {
                needs.extend(find(name));
            }
        });
        needs
    };
    let order = dependencies_first(entries.len(), 0..entries.len(), needs);
    let mut values: Vec<Option<Text>> = vec![None; entries.len()];
    for cycle in &order.cycles {
        let names: Vec<&str> = cycle.iter().map(|&at| entries[at].0.as_str()).collect();
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
            values[at] = Some(Text::default());
        }
    }
    for at in order.nodes {
        if values[at].is_some() {
            continue;
        }
        let template = entries[at].1;
        let lookup = &mut |name: &str| match find(name).and_then(|at| values[at].as_ref()) {
            Some(value) => Ok(Some(value.clone())),
            None => before.lookup(name, template.span),
        };
        let value = match template.expand(lookup, &scope.allowance) {
            Ok(value) => Some(value),
            Err(error) => before.report(error, template.span, diagnostics),
        };
        values[at] = Some(value.unwrap_or_default());
    }
    let names = entries.into_iter().map(|(name, _)| name.clone());
    names.zip(values.into_iter().map(Option::unwrap_or_default)).collect()
}
