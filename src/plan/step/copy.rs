//! Copies: their sources and destinations, in BuildKit's terms.

use std::borrow::Cow;

use super::files::Ownership;
use super::{Planned, Planner, destinations, outside};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::path_pattern::{NOTHING, exactly, guarded, plain_name};
use crate::plan::{Action, Copy, CopyItem, Origin, RequiredPath, path};
use crate::rules::unmatched_pattern::{self, Pattern};
use crate::source::Span;
use crate::spec::{CopyStep, Sources, Template};
use crate::text::Text;

/// A source of a copy and its destination, as the stage's variables give them.
struct Copied {
    span: Span,
    source: Text,
    destination: Text,
}

impl Planner<'_, '_> {
    pub(super) fn copy(
        &self,
        step: &CopyStep,
        diagnostics: &mut Diagnostics,
    ) -> Result<Planned, Reported> {
        let origin = self.context.origins.of_option(step.from.as_ref());
        let ownership = self.ownership(&step.files, diagnostics);
        let to = self.values.expand_option(step.to.as_ref(), diagnostics);
        let include = self.patterns(step.include.as_deref(), diagnostics);
        let exclude = self.patterns(step.exclude.as_deref(), diagnostics);
        let to = to?.unwrap_or_else(|| "./".into());

        let (copied, mut complete) = self.copied(step, &to, diagnostics);
        complete = complete.and(check_directories(step, &copied, diagnostics));
        complete = complete.and(check_include(step, diagnostics));
        if step.parents != Some(true)
            && let (Ok(include), Ok(exclude)) = (&include, &exclude)
        {
            check_patterns(&copied, step, include, exclude, diagnostics);
        }
        let items = self.items(step, &copied, origin, diagnostics);
        let (Ownership { owner, mode, link, flags }, include, exclude) =
            (ownership?, include?, exclude?);
        complete?;
        let items = items?;
        if matches!(step.sources.value, Sources::Each(_)) {
            let ends = items.iter().zip(&copied).map(|(item, copied)| (item.end(), copied.span));
            destinations::check(ends.collect(), diagnostics)?;
        }
        let (label, created_by) = self.copy_texts(step, &copied, &to, &flags, diagnostics);
        let copy = Copy {
            origin,
            items: items.into(),
            owner,
            mode,
            include: include.into(),
            exclude: exclude.into(),
            link,
            unpack: step.extract.unwrap_or(false),
        };
        Ok(Planned { action: Action::Copy(copy), label: label.into(), created_by })
    }

    /// Expands the sources and destinations. A list is copied to `to`.
    fn copied(
        &self,
        step: &CopyStep,
        to: &Text,
        diagnostics: &mut Diagnostics,
    ) -> (Vec<Copied>, Result<(), Reported>) {
        let mut complete = Ok(());
        let mut all = Vec::new();
        let mut add = |template: &Template,
                       destination: Result<Text, Reported>,
                       diagnostics: &mut Diagnostics| {
            match (self.values.expand(template, diagnostics), destination) {
                (Ok(source), Ok(destination)) => {
                    all.push(Copied { span: template.span, source, destination });
                }
                (Err(reported), _) | (_, Err(reported)) => complete = Err(reported),
            }
        };
        match &step.sources.value {
            Sources::To(templates) => {
                for template in templates.as_slice() {
                    add(template, Ok(to.clone()), diagnostics);
                }
            }
            Sources::Each(pairs) => {
                for (template, destination) in pairs {
                    add(template, self.values.expand(destination, diagnostics), diagnostics);
                }
            }
        }
        (all, complete)
    }

    /// Plans each source.
    fn items(
        &self,
        step: &CopyStep,
        copied: &[Copied],
        origin: Origin,
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<CopyItem>, Reported> {
        let mut complete = Ok(());
        let mut items = Vec::with_capacity(copied.len());
        for Copied { span, source, destination } in copied {
            let destination = path::destination(&self.workdir, destination);
            self.context.scope.spend(destination.len(), *span, diagnostics)?;
            match CopyItem::new(source, destination, step) {
                Some(item) => items.push(item),
                None => complete = diagnostics.error(outside(*span, source, origin)),
            }
        }
        complete.map(|()| items)
    }

    /// The label of the step, and its text in the history. `flags` are those of its files.
    fn copy_texts(
        &self,
        step: &CopyStep,
        copied: &[Copied],
        to: &Text,
        flags: &str,
        diagnostics: &mut Diagnostics,
    ) -> (String, String) {
        let from = step
            .from
            .as_ref()
            .and_then(|from| self.context.scope.expand(from.template(), diagnostics).ok());
        let destination = match &step.sources.value {
            Sources::To(_) => to.as_str(),
            Sources::Each(_) => "several places",
        };
        let names: Vec<&str> =
            copied.iter().flat_map(|copied| [" ", copied.source.as_str()]).collect();
        let names = names.concat();
        let (from_word, from) = from.as_ref().map_or(("", ""), |from| (" from ", from.as_str()));
        let label = ["copy", &names, from_word, from, " to ", destination].concat();
        let created_by = self.record(|| {
            let from_flag = if from_word.is_empty() { "" } else { " --from=" };
            format!("COPY{from_flag}{from}{flags}{names} {destination}")
        });
        (label, created_by)
    }
}

/// Reports `include` in a copy with `parents`.
fn check_include(step: &CopyStep, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    if step.parents != Some(true) || step.include.is_none() {
        return Ok(());
    }
    diagnostics.error(
        Diagnostic::new(
            Code::ConflictingKeys,
            step.sources.span,
            "a copy has both `parents` and `include`",
        )
        .hint("with `parents`, write the patterns as sources, such as \"src/./**/*.txt\""),
    )
}

/// Warns about patterns that can match nothing.
fn check_patterns(
    copied: &[Copied],
    step: &CopyStep,
    include: &[Text],
    exclude: &[Text],
    diagnostics: &mut Diagnostics,
) {
    let keys = [("include", &step.include, include), ("exclude", &step.exclude, exclude)];
    let patterns = keys.into_iter().flat_map(|(key, templates, texts)| {
        let templates = templates.iter().flat_map(|templates| templates.as_slice());
        templates
            .zip(texts)
            .map(|(template, text): (&Template, &'_ Text)| (template.span, text.to_string()))
            .map(move |(span, text)| Pattern { text, span, key })
    });
    let patterns: Vec<Pattern> = patterns.collect();
    if !patterns.is_empty() {
        let sources: Vec<&str> = copied.iter().map(|copied| copied.source.as_str()).collect();
        unmatched_pattern::check(&sources, &patterns, diagnostics);
    }
}

/// Reports destinations that must be directories but are not written as such: those of several
/// sources, and those of patterns, which may match several files.
fn check_directories(
    step: &CopyStep,
    copied: &[Copied],
    diagnostics: &mut Diagnostics,
) -> Result<(), Reported> {
    let is_list = matches!(step.sources.value, Sources::To(_));
    if is_list && copied.len() > 1 && !path::is_directory(&copied[0].destination) {
        let to = &copied[0].destination;
        let span = step.to.as_ref().map_or(step.sources.span, |to| to.span);
        return diagnostics.error(
            Diagnostic::new(
                Code::NotADirectory,
                span,
                format!("cannot copy several files to one file, `{to}`"),
            )
            .hint(format!("end a directory with a slash: \"{to}/\"")),
        );
    }
    let mut complete = Ok(());
    if step.rename == Some(true) {
        return complete;
    }
    for Copied { span, source, destination: to } in copied {
        if path::has_wildcard(source) && !path::is_directory(to) {
            let span = step.to.as_ref().map_or(*span, |to| to.span);
            complete = diagnostics.error(
                Diagnostic::new(
                    Code::NotADirectory,
                    span,
                    format!("cannot copy `{source}` to one file, `{to}`: it may match several files"),
                )
                .hint(format!(
                    "end a directory with a slash: \"{to}/\"; if only one file matches, set `rename = true`"
                )),
            );
        }
    }
    complete
}

impl CopyItem {
    /// Plans one source of a copy. `None` if it leaves its tree.
    fn new(written: &Text, destination: Text, step: &CopyStep) -> Option<Self> {
        let optional = step.optional.unwrap_or(false);
        if !step.parents.unwrap_or(false) {
            let inside = path::inside(written)?;
            let plain =
                (optional && !path::has_wildcard(&inside)).then(|| inside.clone().map(plain_name));
            let (source, must_match) = path::source_of(inside);
            let reads = path::as_pattern(&source);
            // In a pattern, a backslash escapes the next character; in a plain path it is literal.
            let source = match optional {
                true if path::has_wildcard(&source) => source.map(missing_allowed),
                true => source.map(exactly).map(missing_allowed),
                false => source,
            };
            let must_match = must_match && !optional;
            let required = None;
            let (parents, optional) = (None, plain);
            return Some(Self {
                source,
                destination,
                parents,
                required,
                must_match,
                optional,
                reads,
            });
        }
        // Everything after the pivot `/./` is kept; without one, the whole path.
        let (base, kept) = written.split_once("/./").unwrap_or(("/", written));
        let base = path::inside(&written.piece(base))?;
        let kept = path::inside(&written.piece(kept))?;
        let kept = kept.piece(kept.trim_start_matches('/'));
        let whole = path::join(&base, &kept);
        let is_plain = !path::has_wildcard(&whole);
        let reads = match is_plain {
            true => path::as_pattern(&path::source_of(whole.clone()).0),
            false => path::as_pattern(&whole.clone().map(path::before_double_star)),
        };
        let kept_name = kept.clone().map(plain_name);
        let parents = match path::has_wildcard(&kept) {
            true => kept.map(guarded),
            false => kept_name.clone().map(exactly),
        };
        let required = (is_plain && !optional && !kept_name.is_empty())
            .then(|| RequiredPath { path: whole.map(plain_name), kept: kept_name });
        let (source, must_match) = path::source_of(base);
        let parents = Some(parents).filter(|parents| !parents.is_empty());
        Some(Self { source, destination, parents, required, must_match, optional: None, reads })
    }

    /// The path that it names; with `parents` and a pattern, the directory from which it starts.
    pub(crate) fn named(&self) -> &str {
        self.required.as_ref().map_or(&self.source, |required| &required.path)
    }

    /// Replaces an optional path by a pattern that matches nothing.
    pub(crate) fn leave_out(&mut self) {
        self.source = NOTHING.into();
    }

    /// The path that contains all copies, as far as it is known.
    pub(crate) fn end(&self) -> Text {
        match &self.required {
            Some(required) => path::join(&self.destination, &required.kept),
            None => self.destination.clone(),
        }
    }
}

/// A pattern that matches the path, and may match nothing. Its first component is the pattern:
/// BuildKit requires the directories before a pattern to exist.
fn missing_allowed(path: &str) -> Cow<'_, str> {
    let path = path.trim_start_matches('/');
    let end = path.find('/').unwrap_or(path.len());
    let (first, rest) = path.split_at(end);
    if path::has_wildcard(first) {
        return format!("/{path}").into();
    }
    // Most characters are literal in a class; the others need a backslash.
    let plain = first.char_indices().find(|(_, c)| c.is_alphanumeric() || "._".contains(*c));
    let (at, c, escape) = match (plain, first.chars().next()) {
        (Some((at, c)), _) => (at, c, ""),
        (None, Some('\\') | None) => return format!("/{path}").into(),
        (None, Some(c)) => (0, c, "\\"),
    };
    let (before, behind) = (&first[..at], &first[at + c.len_utf8()..]);
    format!("/{before}[{escape}{c}]{behind}{rest}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_may_match_nothing() {
        let cases = [
            ("/go.sum", "/[g]o.sum"),
            ("/.env", "/[.]env"),
            ("/-x/a", "/-[x]/a"),
            ("/--/a", "/[\\-]-/a"),
            ("/*/a", "/*/a"),
            ("/[ab]/a", "/[ab]/a"),
            ("/@/a", "/[\\@]/a"),
            ("/\u{e9}t\u{e9}", "/[\u{e9}]t\u{e9}"),
            ("/", "/"),
        ];
        for (path, pattern) in cases {
            assert_eq!(missing_allowed(path), pattern, "{path}");
        }
    }

    #[test]
    fn paths_that_may_be_missing() {
        assert_eq!(missing_allowed("/a/b"), "/[a]/b");
        assert_eq!(missing_allowed("/.env"), "/[.]env");
        assert_eq!(missing_allowed("/*.txt"), "/*.txt");
        assert_eq!(missing_allowed("/"), "/");
    }
}
