//! Document symbols, folding ranges and code lenses.

use std::collections::BTreeMap;
use std::ops::Range;

use lsp_types::{CodeLens, Command, DocumentSymbol, FoldingRange, FoldingRangeKind, SymbolKind};
use toml_parser::Source;
use toml_parser::lexer::{Token, TokenKind};

use super::document::Document;
use super::headers::Written;
use super::index::{Definition, Kind, StepMark};

/// The declared names of a document; those of stages with their steps.
pub(super) fn symbols(document: &Document) -> Vec<DocumentSymbol> {
    let mut steps: BTreeMap<&str, Vec<&StepMark>> = BTreeMap::new();
    for step in &document.index.steps {
        steps.entry(&step.stage).or_default().push(step);
    }
    let headers: Vec<(&Written, Range<usize>)> = document
        .index
        .headers
        .iter()
        .filter_map(|found| Some((found, found.header.clone()?)))
        .collect();
    let mut symbols = Vec::new();
    for definition in document.index.definitions.iter().filter(|found| found.is_first) {
        let range = extent(document, &headers, definition);
        let is_stage = definition.kind == Kind::Stage;
        let own = steps.get(&*definition.name).filter(|_| is_stage).into_iter().flatten();
        let own = own.filter(|step| range.start <= step.range.start && step.range.end <= range.end);
        let steps: Vec<DocumentSymbol> = own.map(|step| step_symbol(document, step)).collect();
        let kind = match definition.kind {
            Kind::Stage => SymbolKind::Class,
            Kind::Arg => SymbolKind::Variable,
            Kind::Var => SymbolKind::Constant,
            Kind::Source => SymbolKind::Package,
            Kind::Mounts => SymbolKind::Module,
        };
        let (name, detail) = (definition.name.clone(), definition.kind.word().to_owned());
        let selection = definition.range.clone();
        symbols.push(symbol(document, (name, detail), kind, range, selection, steps));
    }
    symbols
}

fn step_symbol(document: &Document, step: &StepMark) -> DocumentSymbol {
    let texts = (step.label.clone(), step.verb.clone());
    let range = step.range.clone();
    symbol(document, texts, SymbolKind::Event, range.clone(), range, Vec::new())
}

fn symbol(
    document: &Document,
    (name, detail): (String, String),
    kind: SymbolKind,
    range: Range<usize>,
    selection: Range<usize>,
    children: Vec<DocumentSymbol>,
) -> DocumentSymbol {
    // A name must not be empty.
    let name = if name.is_empty() { "\"\"".to_owned() } else { name };
    let (range, selection) = (document.range(range), document.range(selection));
    let children = (!children.is_empty()).then_some(children);
    DocumentSymbol::new(name, Some(detail), kind, None, None, range, selection, children)
}

/// The range of a declaration: its sections, or its line.
fn extent(
    document: &Document,
    headers: &[(&Written, Range<usize>)],
    definition: &Definition,
) -> Range<usize> {
    let range = &definition.range;
    let key =
        Kind::KEYS.iter().find(|(_, known)| *known == definition.kind).map_or("", |(key, _)| key);
    let first = headers.partition_point(|(_, header)| header.start <= range.start).checked_sub(1);
    let first = first.filter(|&first| {
        let (written, header) = &headers[first];
        declares(written, key, &definition.name) && header.end >= range.end
    });
    let Some(first) = first else {
        let line = document.lines.range(&document.text, document.lines.line(range.start));
        return range.start..line.end.max(range.end);
    };
    let mut later = headers[first..].iter();
    let next = later.find(|(written, _)| !declares(written, key, &definition.name));
    let end = next.map_or(document.text.len(), |(_, next)| next.start);
    let end = document.text[..end].trim_end().len();
    headers[first].1.start..end.max(range.end)
}

/// True if a header is that of `table.name`, or of a table in it.
fn declares(header: &Written, table: &str, name: &str) -> bool {
    matches!(&header.parts[..], [first, second, ..] if first.name == table && second.name == name)
}

/// The ranges of sections, of values of several lines, and of blocks of comments.
pub(super) fn folding(document: &Document) -> Vec<FoldingRange> {
    let tokens: Vec<Token> = Source::new(document.valid_text()).lex().collect();
    let tables = sections(document).into_iter().chain(long_values(&tokens, document));
    let comments = comment_blocks(&tokens, document).into_iter();
    let mut ranges: Vec<(usize, usize, Option<FoldingRangeKind>)> = tables
        .map(|(first, last)| (first, last, None))
        .chain(comments.map(|(first, last)| (first, last, Some(FoldingRangeKind::Comment))))
        .collect();
    ranges.retain(|(first, last, _)| first < last);
    ranges.sort_by_key(|(first, last, _)| (*first, *last));
    ranges.dedup_by_key(|(first, last, _)| (*first, *last));
    ranges
        .into_iter()
        .map(|(first, last, kind)| FoldingRange {
            start_line: u32::try_from(first).unwrap_or(u32::MAX),
            end_line: u32::try_from(last).unwrap_or(u32::MAX),
            kind,
            ..FoldingRange::default()
        })
        .collect()
}

/// The first and the last line of a range.
type Lines = (usize, usize);

/// The tables with a header.
fn sections(document: &Document) -> Vec<Lines> {
    let text = document.valid_text();
    let headers = document.index.headers.iter();
    let starts: Vec<usize> =
        headers.filter_map(|found| Some(found.header.clone()?.start)).collect();
    let mut ranges = Vec::with_capacity(starts.len());
    for (at, &start) in starts.iter().enumerate() {
        let end = starts.get(at + 1).copied().unwrap_or(text.len());
        // Comments directly above the next header belong to that.
        let mut end = text[..end].trim_end().len();
        while let Some(last) = text[start..end].rfind('\n') {
            let last_line = text[start + last + 1..end].trim_start();
            if !(last_line.is_empty() || last_line.starts_with('#')) {
                break;
            }
            end = start + last;
        }
        ranges.push((document.lines.line(start), document.lines.line(end)));
    }
    ranges
}

/// Arrays, inline tables and texts.
fn long_values(tokens: &[Token], document: &Document) -> Vec<Lines> {
    let lines = &document.lines;
    let mut ranges = Vec::new();
    let mut open = Vec::new();
    for token in tokens {
        let (start, end) = (token.span().start(), token.span().end());
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => {
                open.push(lines.line(start));
            }
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                if let Some(first) = open.pop() {
                    // The line with the closing bracket stays visible.
                    ranges.push((first, lines.line(start).saturating_sub(1)));
                }
            }
            TokenKind::MlLiteralString | TokenKind::MlBasicString => {
                ranges.push((lines.line(start), lines.line(end.saturating_sub(1))));
            }
            _ => {}
        }
    }
    ranges
}

/// Comments on lines that follow each other.
fn comment_blocks(tokens: &[Token], document: &Document) -> Vec<Lines> {
    let mut blocks: Vec<Lines> = Vec::new();
    for token in tokens.iter().filter(|token| token.kind() == TokenKind::Comment) {
        let line = document.lines.line(token.span().start());
        match blocks.last_mut() {
            Some((_, last)) if *last + 1 == line => *last = line,
            _ => blocks.push((line, line)),
        }
    }
    blocks
}

/// Commands above the first line and above each stage. The client runs them.
pub(super) fn lenses(document: &Document) -> Vec<CodeLens> {
    let uri = document.uri.0.as_str();
    let lens = |range: Range<usize>, title: &str, command: &str, stage: Option<&str>| CodeLens {
        range: document.range(range),
        command: Some(Command {
            title: title.to_owned(),
            command: command.to_owned(),
            arguments: Some([Some(uri), stage].into_iter().flatten().map(Into::into).collect()),
            ..Command::default()
        }),
        data: None,
    };
    let mut lenses =
        vec![lens(0..0, "check", "mstage.check", None), lens(0..0, "graph", "mstage.graph", None)];
    let stages = document.index.definitions.iter();
    for stage in stages.filter(|found| found.kind == Kind::Stage && found.is_first) {
        let name = Some(stage.name.as_str());
        lenses.push(lens(stage.range.clone(), "build", "mstage.build", name));
        lenses.push(lens(stage.range.clone(), "graph", "mstage.graph", name));
    }
    lenses
}
