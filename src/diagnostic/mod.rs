//! Errors and warnings about a build file: message, location and hint.
//!
//! Every check reports through a [`Diagnostics`] list that is passed to it, so that one run reports
//! everything. A function that cannot return its value returns [`Reported`], which proves that the
//! list has the reason. Rendering is in [`render`]; the form for BuildKit's clients is made in
//! [`crate::gateway`].
//!
//! Messages are lowercase phrases without a full stop that let a beginner fix the file.

mod check;
mod code;
mod dockerfile;
mod near;
mod problem;
pub mod render;
mod severity;
mod silence;

use std::collections::BTreeSet;
use std::fmt::Display;

pub use check::{Check, Rules};
pub use code::Code;
pub use dockerfile::{DockerfileRule, Finding, Findings};
pub use near::{Known, did_you_mean, nearest, suggesting};
pub use problem::Diagnostic;
pub use severity::Severity;
pub use silence::Silence;
use silence::Silences;

use crate::source::Span;

/// All diagnostics so far, in the order in which they were reported.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// The build file's configuration of rules.
    of_file: Option<Check>,
    /// The client's configuration of rules, which overrides that of the file.
    of_client: Option<Check>,
    /// The comments that silence rules at single places; they always apply.
    silences: Silences,
    /// True if findings about build files are discarded.
    rules_are_silent: bool,
    /// The findings of Dockerfile rules.
    dockerfile: Findings,
}

/// Proof that an error was reported. Only [`Diagnostics`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported(());

impl Diagnostics {
    /// Prepends `prefix` to the messages of all diagnostics after the first `count`.
    pub fn prefix_since(&mut self, count: usize, prefix: &str) {
        for found in self.list.iter_mut().skip(count) {
            found.message.insert_str(0, prefix);
        }
    }

    /// Adds a diagnostic.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// The number of diagnostics so far, for checking whether a function has added any.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Discards findings about build files: this build file is generated.
    pub fn silence_rules(&mut self) {
        self.rules_are_silent = true;
    }

    /// True if a person wrote the build file. Otherwise it was converted from a Dockerfile, and
    /// everything that Dockerfiles allow is allowed.
    pub fn is_of_build_file(&self) -> bool {
        !self.rules_are_silent
    }

    /// An empty list for a part of the same file.
    pub fn for_part(&self) -> Self {
        Self { rules_are_silent: self.rules_are_silent, ..Self::default() }
    }

    /// Adds findings of Dockerfile rules.
    pub fn add_dockerfile(&mut self, findings: Findings) {
        self.dockerfile.are_errors |= findings.are_errors;
        self.dockerfile.list.extend(findings.list);
    }

    /// The findings of Dockerfile rules.
    pub fn dockerfile(&self) -> &Findings {
        &self.dockerfile
    }

    /// Adds an error, for `return diagnostics.error(...)`.
    pub fn error<T>(&mut self, diagnostic: Diagnostic) -> Result<T, Reported> {
        Err(self.report(diagnostic))
    }

    /// Adds an error, and returns the proof of it.
    pub fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        self.push(diagnostic);
        Reported(())
    }

    /// Returns the proof that an error was reported, if one was.
    pub fn no_errors(&self) -> Result<(), Reported> {
        self.no_errors_since(0)
    }

    /// Returns the proof that an error was reported after the first `count` diagnostics, if one was.
    pub fn no_errors_since(&self, count: usize) -> Result<(), Reported> {
        let mut since = self.list.iter().skip(count);
        if since.any(|found| !found.code.is_rule()) { Err(Reported(())) } else { Ok(()) }
    }

    /// Returns the proof for a value that is missing because of an error that is reported elsewhere: a
    /// part of the file that could not be read, or an image that could not be looked up.
    pub fn told_elsewhere(&self) -> Reported {
        Reported(())
    }

    /// Removes the findings of a rule about an arg or a stage, after they turned out to be wrong.
    pub fn withdraw(&mut self, code: Code, name: &str) {
        self.list.retain(|found| found.code != code || found.about.as_deref() != Some(name));
    }

    /// Applies the build file's configuration of rules.
    pub fn follow_file(&mut self, check: Check) {
        self.of_file = Some(check);
    }

    /// Applies the client's configuration of rules, which overrides the build file's.
    pub fn follow_client(&mut self, check: Check) {
        self.of_client = Some(check);
    }

    /// Applies the comments of a file that silence findings.
    pub fn silence(&mut self, silences: Vec<Silence>) {
        self.silences.add(silences);
    }

    /// The comments that silence nothing of what was found so far.
    pub(crate) fn unused_silences(&self) -> Vec<Silence> {
        let findings = self.list.iter().filter(|found| found.code.is_rule());
        self.silences.unused(findings).into_iter().cloned().collect()
    }

    /// True if there is an error after which the build cannot continue. Findings of rules never
    /// count, even if a `check` makes them errors: everything else should be reported together with
    /// them.
    pub fn has_errors(&self) -> bool {
        self.no_errors().is_err()
    }

    /// True if the build fails: there is an error, or a finding that a `check` makes one.
    pub fn fail_build(&self) -> bool {
        self.list.iter().any(|found| self.severity(found) == Some(Severity::Error))
            || self.dockerfile.violation().is_some()
    }

    /// All diagnostics of one severity, in the order of the file; those without a location first.
    /// Duplicates are removed.
    pub fn of(&self, severity: Severity) -> Vec<&Diagnostic> {
        self.sorted(|found| self.severity(found) == Some(severity))
    }

    /// All errors that are not findings of rules, in the same order.
    pub fn errors(&self) -> Vec<&Diagnostic> {
        self.sorted(|found| !found.code.is_rule())
    }

    /// Like [`Self::errors`], for changing their texts.
    pub fn errors_mut(&mut self) -> impl Iterator<Item = &mut Diagnostic> {
        self.list.iter_mut().filter(|found| !found.code.is_rule())
    }

    /// All findings of rules that are not silenced, in the same order, whatever their severity.
    pub fn findings(&self) -> Vec<&Diagnostic> {
        self.sorted(|found| found.code.is_rule() && self.severity(found).is_some())
    }

    fn sorted(&self, keep: impl Fn(&Diagnostic) -> bool) -> Vec<&Diagnostic> {
        let mut found: Vec<_> = self.list.iter().filter(|found| keep(found)).collect();
        found.sort_by_key(|found| (found.span, found.code, found.message.as_str()));
        found.dedup();
        found
    }

    /// The locations of all diagnostics of a check.
    pub fn places(&self, code: Code) -> BTreeSet<Span> {
        let found = self.list.iter().filter(|found| found.code == code);
        found.filter_map(|found| found.span).collect()
    }

    /// The severity of a diagnostic after configuration; `None` if its rule is silenced.
    fn severity(&self, found: &Diagnostic) -> Option<Severity> {
        if !found.code.is_rule() {
            return Some(Severity::Error);
        }
        if self.silences.cover(found) {
            return None;
        }
        match self.of_client.as_ref().or(self.of_file.as_ref()) {
            _ if self.rules_are_silent => None,
            Some(check) if check.skip.contains(found.code) => None,
            Some(check) if check.error.contains(found.code) => Some(Severity::Error),
            _ => Some(Severity::Warning),
        }
    }

    /// Adds a hint to all diagnostics that have none.
    pub fn hint_where_none(&mut self, hint: &str) {
        for found in self.list.iter_mut().filter(|found| found.hint.is_none()) {
            found.hint = Some(hint.to_owned());
        }
    }

    /// The same diagnostics, without the build file's configuration of rules.
    pub fn without_check(self) -> Self {
        Self { of_file: None, ..self }
    }

    /// Adds the diagnostics of another list for which `keep` is true.
    pub fn absorb(&mut self, other: Diagnostics, keep: impl Fn(&Diagnostic) -> bool) {
        self.list.extend(other.list.into_iter().filter(keep));
        self.silences.absorb(other.silences);
        self.rules_are_silent |= other.rules_are_silent;
        self.add_dockerfile(other.dockerfile);
        if let Some(check) = other.of_file {
            self.follow_file(check);
        }
    }
}

/// Returns all values, or the last error. Every item is taken, so that an error does not hide
/// others.
pub fn all<T>(items: impl IntoIterator<Item = Result<T, Reported>>) -> Result<Vec<T>, Reported> {
    let items = items.into_iter();
    let mut values = Ok(Vec::with_capacity(items.size_hint().0));
    for item in items {
        match (item, &mut values) {
            (Ok(value), Ok(values)) => values.push(value),
            (Ok(_), Err(_)) => {}
            (Err(reported), _) => values = Err(reported),
        }
    }
    values
}

/// `a`, `b` and `c`, in backquotes.
pub fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    join(items, "and")
}

/// `a`, `b` or `c`, in backquotes.
pub fn either<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    join(items, "or")
}

fn join<T: Display>(items: impl IntoIterator<Item = T>, last_word: &str) -> String {
    let items: Vec<_> = items.into_iter().map(|item| format!("`{item}`")).collect();
    match items.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {last_word} {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_twice_is_told_once_and_as_a_check_says() {
        let at = |start| Span { start, end: start + 1 };
        let mut diagnostics = Diagnostics::default();
        for (code, start) in [
            (Code::UnusedArg, 5),
            (Code::SecretInEnv, 5),
            (Code::UnusedArg, 5),
            (Code::UnusedArg, 2),
            (Code::BareDollar, 1),
        ] {
            diagnostics.push(Diagnostic::new(code, at(start), "the same"));
        }
        let found = |diagnostics: &Diagnostics, severity| -> Vec<(Code, u32)> {
            let found = diagnostics.of(severity).into_iter();
            found.map(|found| (found.code, found.span.map_or(0, |span| span.start))).collect()
        };
        let all = [
            (Code::BareDollar, 1),
            (Code::UnusedArg, 2),
            (Code::UnusedArg, 5),
            (Code::SecretInEnv, 5),
        ];
        assert_eq!(found(&diagnostics, Severity::Warning), all);

        let these = |rules: &[Code]| Rules::These(rules.iter().copied().collect());
        let skip = these(&[Code::BareDollar]);
        diagnostics.follow_file(Check { skip, error: these(&[Code::UnusedArg]) });
        assert_eq!(found(&diagnostics, Severity::Warning), all[3..]);
        assert_eq!(found(&diagnostics, Severity::Error), all[1..3]);
        assert!(diagnostics.fail_build() && !diagnostics.has_errors());

        diagnostics.follow_client(Check { skip: Rules::All, error: Rules::All });
        assert!(!diagnostics.fail_build() && diagnostics.findings().is_empty());
    }

    #[test]
    fn lists() {
        assert_eq!(list(["a"]), "`a`");
        assert_eq!(list(["a", "b", "c"]), "`a`, `b` and `c`");
    }
}
