//! Findings with excerpts of their files, for people.

use std::io;
use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet,
};

use super::finding::{Finding, Place};
use super::output::{is_coloured, note};
use crate::diagnostic::Severity;
use crate::source::{SourceFile, Span};

/// Maximum length in bytes of the lines of an excerpt. No line that is longer can be shown.
const MAX_EXCERPT: usize = 16 << 10;

/// Maximum number of lines between two marks in one excerpt.
const MAX_GAP: u32 = 8;

/// Maximum number of lines of a mark.
const MAX_LINES: u32 = 8;

/// The excerpts of findings.
pub(super) struct Excerpts {
    renderer: Renderer,
    is_coloured: bool,
}

impl Excerpts {
    pub(super) fn new(is_coloured: bool) -> Self {
        let renderer = if is_coloured { Renderer::styled() } else { Renderer::plain() };
        Self { renderer: renderer.term_width(120), is_coloured }
    }

    /// A finding with its excerpt, and an empty line.
    pub(super) fn render(&self, found: &Finding) -> String {
        let level = match found.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut title = level.primary_title(found.message.as_str()).id(found.rule.name());
        if let Some(url) = found.rule.url().filter(|_| self.is_coloured) {
            title = title.id_url(url);
        }
        let mut elements: Vec<Element<'_>> = Vec::new();
        match &found.place {
            Some(place) => elements.extend(excerpts(place, &found.related)),
            None => elements.push(Origin::path(found.build_file.display().to_string()).into()),
        }
        if let Some(help) = &found.help {
            elements.push(Level::HELP.message(help.as_str()).into());
        }
        let report = [Group::with_title(title).elements(elements)];
        format!("{}\n\n", self.renderer.render(&report))
    }
}

/// Writes the errors among findings to standard error, and the number of them.
pub(super) fn report_errors(findings: &[Finding]) {
    let excerpts = Excerpts::new(is_coloured(&io::stderr()));
    for finding in findings.iter().filter(|found| found.severity == Severity::Error) {
        note(excerpts.render(finding).trim_end());
        note("");
    }
}

/// The excerpts of a finding's own place and of the related ones. Marks that are near each other in
/// a file share one.
fn excerpts<'f>(place: &'f Place, related: &'f [(Place, String)]) -> Vec<Element<'f>> {
    let mut marks: Vec<Mark<'f>> = vec![Mark { kind: AnnotationKind::Primary, place, label: None }];
    let kind = AnnotationKind::Context;
    marks.extend(related.iter().map(|(place, label)| Mark { kind, place, label: Some(label) }));
    // By file, in the order of mention, and by line.
    let files: Vec<_> = marks.iter().map(|mark| &mark.place.path).collect();
    marks.sort_by_key(|mark| {
        let file = files.iter().position(|path| **path == mark.place.path);
        (file, mark.place.start.line)
    });
    let mut groups: Vec<Vec<Mark<'f>>> = Vec::new();
    for mark in marks {
        let last = groups.last_mut().filter(|group| {
            group.last().is_some_and(|last| {
                last.place.path == mark.place.path
                    && mark.place.start.line <= last.last_line() + MAX_GAP
            })
        });
        match last {
            Some(group) => group.push(mark),
            None => groups.push(vec![mark]),
        }
    }
    // The finding's own place first.
    groups.sort_by_key(|group| group.iter().all(|mark| mark.kind != AnnotationKind::Primary));
    groups.into_iter().map(excerpt).collect()
}

/// A marked place, with its message.
#[derive(Clone, Copy)]
struct Mark<'f> {
    kind: AnnotationKind,
    place: &'f Place,
    label: Option<&'f str>,
}

impl Mark<'_> {
    /// True if the place is too long for an excerpt: then only its first line is shown.
    fn is_long(&self) -> bool {
        self.place.end.line - self.place.start.line > MAX_LINES
    }

    fn last_line(&self) -> u32 {
        if self.is_long() { self.place.start.line } else { self.place.end.line }
    }

    /// The marked range, without blanks at its ends: that of whole lines begins at the first
    /// character.
    fn range(&self) -> Range<usize> {
        let Place { file, range, start, .. } = self.place;
        let end = match self.is_long() {
            true => range_of_lines(file, start.line, start.line).end,
            false => range.end,
        };
        let text = &file.text()[range.start..end];
        let (from, to) = (text.len() - text.trim_start().len(), text.trim_end().len());
        match from < to {
            true => range.start + from..range.start + to,
            false => range.start..end,
        }
    }
}

/// The lines of marks in one file. They are cut out of the file first: the library looks at all
/// lines that it is given, for each excerpt again.
fn excerpt(marks: Vec<Mark<'_>>) -> Element<'_> {
    let first = marks[0].place;
    let path = first.path.display().to_string();
    let file = &*first.file;
    let start = marks.iter().map(|mark| mark.place.start.line).min().unwrap_or(1);
    let end = marks.iter().map(Mark::last_line).max().unwrap_or(1);
    let window = range_of_lines(file, start, end);
    if (start..=end).any(|line| file.line_text(line).len() > MAX_EXCERPT) {
        let origin = Origin::path(path).line(first.start.line as usize);
        return origin.char_column(first.start.column as usize).into();
    }
    let annotations = marks.iter().map(|mark| {
        let range = mark.range();
        mark.kind.span(range.start - window.start..range.end - window.start).label(mark.label)
    });
    let annotations: Vec<Annotation<'_>> = annotations.collect();
    let text = &file.text()[window.clone()];
    let snippet = Snippet::source(text).path(path).line_start(start as usize);
    snippet.annotations(annotations).into()
}

fn range_of_lines(file: &SourceFile, first: u32, last: u32) -> Range<usize> {
    file.range(Span { start: file.line_start(first), end: file.line_end(last) })
}
