//! Findings with excerpts of their files.

use std::ops::Range;

use annotate_snippets::{
    Annotation, AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet,
};

use super::finding::{Finding, Place};
use crate::diagnostic::Severity;
use crate::source::{SourceFile, Span};

/// Maximum length in bytes of the lines of an excerpt. No line that is longer can be shown.
const MAX_EXCERPT: usize = 16 << 10;

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

/// The excerpts of a finding's own place and of the related ones: one for each file.
fn excerpts<'f>(place: &'f Place, related: &'f [(Place, String)]) -> Vec<Element<'f>> {
    let mut files: Vec<(&'f Place, Vec<Mark<'f>>)> =
        vec![(place, vec![(AnnotationKind::Primary, place, None)])];
    for (other, message) in related {
        let mark = (AnnotationKind::Context, other, Some(message.as_str()));
        match files.iter_mut().find(|(first, _)| first.path == other.path) {
            Some((_, marks)) => marks.push(mark),
            None => files.push((other, vec![mark])),
        }
    }
    files.into_iter().flat_map(|(first, marks)| excerpt(first, marks)).collect()
}

/// A marked place, with its message.
type Mark<'f> = (AnnotationKind, &'f Place, Option<&'f str>);

/// The lines of marks. They are cut out of the file first: the library looks at all lines that it
/// is given, for each excerpt again.
fn excerpt<'f>(first: &'f Place, marks: Vec<Mark<'f>>) -> Vec<Element<'f>> {
    let path = first.path.display().to_string();
    let file = &*first.file;
    let lines = |place: &Place| place.start.line..=place.end.line;
    let start = marks.iter().map(|(_, place, _)| *lines(place).start()).min().unwrap_or(1);
    let end = marks.iter().map(|(_, place, _)| *lines(place).end()).max().unwrap_or(1);
    let window = range_of_lines(file, start, end);
    let is_long = (start..=end).any(|line| file.line_text(line).len() > MAX_EXCERPT);
    if is_long {
        let origin = Origin::path(path).line(first.start.line as usize);
        return vec![origin.char_column(first.start.column as usize).into()];
    }
    let annotations = marks.into_iter().map(|(kind, place, label)| {
        let range = trimmed(place);
        let start = range.start - window.start;
        kind.span(start..range.end - window.start).label(label)
    });
    let annotations: Vec<Annotation<'f>> = annotations.collect();
    let text = &file.text()[window];
    let snippet = Snippet::source(text).path(path).line_start(start as usize);
    vec![snippet.annotations(annotations).into()]
}

fn range_of_lines(file: &SourceFile, first: u32, last: u32) -> Range<usize> {
    file.range(Span { start: file.line_start(first), end: file.line_end(last) })
}

/// The range of a place. That of whole lines begins at the first character and not before.
fn trimmed(place: &Place) -> Range<usize> {
    let text = &place.file.text()[place.range.clone()];
    let (start, end) = (text.len() - text.trim_start().len(), text.trim_end().len());
    match start < end {
        true => place.range.start + start..place.range.start + end,
        false => place.range.clone(),
    }
}
