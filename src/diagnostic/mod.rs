//! What is wrong with a build file, where, and what to do about it.
//!
//! Every check of the project reports through a [`Diagnostics`] list that is handed down to it, so
//! that one run tells everything. A function that cannot go on returns `None` after it has reported
//! why. Rendering is in [`render`]; what BuildKit's clients get is made in [`crate::gateway`].
//!
//! Messages are lowercase phrases without a full stop, enough for a beginner to mend the file.

mod check;
mod code;
mod dockerfile;
mod near;
pub mod render;
mod silence;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Display;

use buildkit_llb::visible_line;

pub use check::{Check, Rules};
pub use code::Code;
pub use dockerfile::{DockerfileRule, Finding, Findings};
pub use near::{Known, did_you_mean, nearest, suggesting};
pub use silence::Silence;
use silence::Silences;

use crate::source::Span;

/// Whether a build can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The build stops.
    Error,
    /// The build goes on, and very likely does not do what was meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which check speaks: a stable name for docs, tests and filters.
    pub code: Code,
    /// Where it is wrong; `None` for what does not stand in the file (an option of the client).
    pub span: Option<Span>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Other places that have a part in it.
    pub related: Vec<(Span, String)>,
    /// The name of the arg or the stage that it is about, where more than the file decides ([`Diagnostics::withdraw`]).
    pub about: Option<String>,
}

/// All that was found wrong so far, in the order in which it was found.
#[derive(Debug, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    /// What the build file says of rules.
    of_file: Option<Check>,
    /// What the client says of them; the file's word does not count then.
    of_client: Option<Check>,
    /// What comments say of single places; that always counts.
    silences: Silences,
    /// Whether nothing that rules of build files find is told.
    rules_are_silent: bool,
    /// What rules of Dockerfiles have found.
    dockerfile: Findings,
}

impl Diagnostic {
    /// A diagnostic at a place of the file.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { span: Some(span), ..Self::without_place(code, message) }
    }

    /// A diagnostic about something that the client asked for.
    pub fn without_place(code: Code, message: impl Into<String>) -> Self {
        let message = shown(message);
        Self { code, span: None, message, hint: None, related: Vec::new(), about: None }
    }

    /// Says what to do.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(shown(hint));
        self
    }

    /// Says what to do, where there is anything to say.
    pub fn maybe_hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(shown);
        self
    }

    /// Says which arg or stage it is about.
    pub fn about(mut self, name: impl Into<String>) -> Self {
        self.about = Some(name.into());
        self
    }

    /// Points at another place.
    pub fn related(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related.push((span, shown(message)));
        self
    }
}

impl Diagnostics {
    /// Says in front of all that was added since there were `count` what they are about.
    pub fn prefix_since(&mut self, count: usize, prefix: &str) {
        for found in self.list.iter_mut().skip(count) {
            found.message.insert_str(0, prefix);
        }
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// The number of diagnostics so far, to find out whether a function has added any.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Tells nothing of what rules of build files find: the build file is one that nobody has written.
    pub fn silence_rules(&mut self) {
        self.rules_are_silent = true;
    }

    /// Returns whether somebody has written the build file: it is not the form of a Dockerfile, in which all that
    /// Dockerfiles may say is right.
    pub fn is_of_build_file(&self) -> bool {
        !self.rules_are_silent
    }

    /// An empty list for a part of the same file.
    pub fn for_part(&self) -> Self {
        Self { rules_are_silent: self.rules_are_silent, ..Self::default() }
    }

    /// Adds what rules of Dockerfiles have found.
    pub fn add_dockerfile(&mut self, findings: Findings) {
        self.dockerfile.are_errors |= findings.are_errors;
        self.dockerfile.list.extend(findings.list);
    }

    /// What rules of Dockerfiles have found.
    pub fn dockerfile(&self) -> &Findings {
        &self.dockerfile
    }

    /// Adds an error and returns `None`, for `return diagnostics.fail(...)`.
    pub fn fail<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.push(diagnostic);
        None
    }

    /// Removes what a rule has found about an arg or a stage: what was learned since shows that it is not so.
    pub fn withdraw(&mut self, code: Code, name: &str) {
        self.list.retain(|found| found.code != code || found.about.as_deref() != Some(name));
    }

    /// Follows what the build file says of rules.
    pub fn follow_file(&mut self, check: Check) {
        self.of_file = Some(check);
    }

    /// Follows what the client says of rules, whatever the build file says.
    pub fn follow_client(&mut self, check: Check) {
        self.of_client = Some(check);
    }

    /// Follows the comments of a file that silence findings.
    pub fn silence(&mut self, silences: Vec<Silence>) {
        self.silences.add(silences);
    }

    /// The comments that silence nothing of what was found so far.
    pub(crate) fn unused_silences(&self) -> Vec<Silence> {
        let findings = self.list.iter().filter(|found| found.code.is_rule());
        self.silences.unused(findings).into_iter().cloned().collect()
    }

    /// Whether anything is so wrong that there is no going on. What rules found never is, even where a
    /// `check` makes it an error: everything else is to be told with it.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|diagnostic| !diagnostic.code.is_rule())
    }

    /// Whether the build fails: there is an error, or the finding of a rule that a `check` makes one.
    pub fn fail_build(&self) -> bool {
        self.list.iter().any(|found| self.severity(found) == Some(Severity::Error))
            || self.dockerfile.violation().is_some()
    }

    /// All of one severity, in the order of the file; those without a place first. What was found
    /// twice at one place is there once.
    pub fn of(&self, severity: Severity) -> Vec<&Diagnostic> {
        self.sorted(|found| self.severity(found) == Some(severity))
    }

    /// What is wrong in itself, in the same order.
    pub fn errors(&self) -> Vec<&Diagnostic> {
        self.sorted(|found| !found.code.is_rule())
    }

    /// The same, to put them into other words.
    pub fn errors_mut(&mut self) -> impl Iterator<Item = &mut Diagnostic> {
        self.list.iter_mut().filter(|found| !found.code.is_rule())
    }

    /// What rules have found that are not silent, in the same order, whatever weight it has.
    pub fn findings(&self) -> Vec<&Diagnostic> {
        self.sorted(|found| found.code.is_rule() && self.severity(found).is_some())
    }

    fn sorted(&self, keep: impl Fn(&Diagnostic) -> bool) -> Vec<&Diagnostic> {
        let mut found: Vec<_> = self.list.iter().filter(|found| keep(found)).collect();
        found.sort_by_key(|found| (found.span, found.code, found.message.as_str()));
        found.dedup();
        found
    }

    /// The places of which a check has spoken.
    pub fn places(&self, code: Code) -> BTreeSet<Span> {
        let found = self.list.iter().filter(|found| found.code == code);
        found.filter_map(|found| found.span).collect()
    }

    /// How much weight it has here; `None` where its rule is silent.
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

    /// Says what to do of all that does not yet.
    pub fn hint_where_none(&mut self, hint: &str) {
        for found in self.list.iter_mut().filter(|found| found.hint.is_none()) {
            found.hint = Some(hint.to_owned());
        }
    }

    /// The same, without what its file says of rules.
    pub fn without_check(self) -> Self {
        Self { of_file: None, ..self }
    }

    /// Takes over what another list holds, where `keep` says so.
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

/// A text in one line that no terminal obeys: it may quote anything that is in a file.
fn shown(text: impl Into<String>) -> String {
    let text = text.into();
    match visible_line(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => shown,
    }
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
