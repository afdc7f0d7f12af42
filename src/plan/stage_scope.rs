//! The values of names inside a stage: first its environment, then the args.

use super::environment::Environment;
use super::path;
use super::scope::{Lookup, LookupError, Scope};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported, all};
use crate::order::dependencies_first;
use crate::source::Span;
use crate::spec::{Env, ExpandError, Template, TextTemplate};
use crate::text::Text;

/// Maximum length of a working directory in bytes (`PATH_MAX` in Linux's `limits.h`). All relative
/// paths of a stage begin with it.
const MAX_PATH: usize = 4096;

/// The context for expanding the strings of a stage.
pub(super) struct StageScope<'a, 's> {
    pub(super) scope: &'a Scope<'s>,
    pub(super) environment: &'a Environment,
}

impl StageScope<'_, '_> {
    /// The expanded text of a template.
    pub(super) fn expand(
        &self,
        template: &Template,
        diagnostics: &mut Diagnostics,
    ) -> Result<Text, Reported> {
        self.value(template).map_err(|error| self.report(error, template.span, diagnostics))
    }

    /// Like [`Self::expand`], returning the error without reporting it.
    pub(super) fn value(&self, template: &Template) -> Result<Text, ExpandError<LookupError>> {
        template.expand(&mut |name| self.lookup(name, template.span), &self.scope.allowance)
    }

    /// Like [`Self::expand`], for an optional key.
    pub(super) fn expand_option(
        &self,
        template: Option<&Template>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Text>, Reported> {
        template.map(|template| self.expand(template, diagnostics)).transpose()
    }

    /// The expanded texts of a list. An error in one does not hide errors in others.
    pub(super) fn expand_all(
        &self,
        templates: &[impl AsRef<Template>],
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<Text>, Reported> {
        let expanded = templates.iter().map(|template| self.expand(template.as_ref(), diagnostics));
        all(expanded)
    }

    /// A program and its arguments.
    pub(super) fn command(
        &self,
        words: &[TextTemplate],
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<Text>, Reported> {
        let texts = self.expand_all(words, diagnostics)?;
        match (words.first(), texts.first()) {
            (Some(program), Some(text)) if text.trim().is_empty() => {
                diagnostics.error(no_program(program.span))
            }
            _ => Ok(texts),
        }
    }

    /// The value of a name at the place of its use.
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

    /// True if a path depends on a working directory that may only seem to be the root, because a
    /// part of the file could not be read.
    pub(super) fn hangs_on_lost_workdir(&self, workdir: &str, written: &str) -> bool {
        workdir == "/" && !written.starts_with('/') && !self.scope.is_whole
    }

    /// A working directory, relative to the previous one. An error is reported, and leaves it
    /// unchanged.
    pub(super) fn workdir(
        &self,
        before: &Text,
        template: &Template,
        diagnostics: &mut Diagnostics,
    ) -> Result<Text, Reported> {
        let path = path::join(before, &self.expand(template, diagnostics)?);
        if path.len() <= MAX_PATH {
            return Ok(path);
        }
        let message =
            format!("this path has {} bytes, but Linux allows at most {MAX_PATH}", path.len());
        diagnostics.error(Diagnostic::new(Code::TooLarge, template.span, message))
    }

    /// The working directory in the image's config: an absolute one as written (`NormalizeWorkdir`
    /// in `util/system/path.go` of BuildKit).
    pub(super) fn recorded_workdir(&self, template: &Template, path: &Text) -> String {
        let written = self.value(template).ok();
        written
            .filter(|text| text.starts_with('/') && path != "/")
            .unwrap_or(path.clone())
            .to_string()
    }

    fn report(
        &self,
        error: ExpandError<LookupError>,
        span: Span,
        diagnostics: &mut Diagnostics,
    ) -> Reported {
        if self.environment.is_open() && self.scope.may_be_elsewhere(&error) {
            return diagnostics.told_elsewhere();
        }
        let names: Vec<&str> = self.environment.iter().map(|(name, _)| name).collect();
        self.scope.report(error, span, &names, diagnostics)
    }
}

/// The error for a command whose program has no name.
pub(super) fn no_program(span: Span) -> Diagnostic {
    Diagnostic::new(Code::InvalidValue, span, "the program of this command is empty")
        .hint("[\"PROGRAM\", \"ARGUMENT\"]")
}

/// The values of a table of variables, in its order. In a variable's value, its own name means the
/// previous value, or else the arg; another name in the table means that variable's new value,
/// regardless of the order. A variable whose value has a reported error is empty, so that it causes
/// no further errors.
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
            format!("environment variables form a cycle: {} -> {}", names.join(" -> "), names[0]),
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
            Ok(value) => value,
            Err(error) => {
                before.report(error, template.span, diagnostics);
                Text::default()
            }
        };
        values[at] = Some(value);
    }
    let names = entries.into_iter().map(|(name, _)| name.clone());
    names.zip(values.into_iter().map(Option::unwrap_or_default)).collect()
}
