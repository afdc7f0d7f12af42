//! Source files and locations in them. With them, BuildKit shows the author of a build file the
//! lines of a failing step.
//!
//! Must not depend on the language of the files.

use std::ops::RangeInclusive;

use buildkit_proto::{fields, pb};

use crate::Definition;
use crate::wire::Writer;

/// A source file that ops come from.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SourceInfo {
    /// The name to show.
    pub filename: String,
    /// Its full text, from which BuildKit takes the lines to show.
    pub data: Vec<u8>,
    /// Its language, as named by [linguist], e.g. `TOML`.
    ///
    /// [linguist]: https://github.com/github-linguist/linguist/blob/main/lib/linguist/languages.yml
    pub language: String,
    /// The graph from which the file was read.
    pub definition: Option<Definition>,
}

/// A source file of a [`Graph`](crate::Graph), returned by
/// [`Graph::add_source`](crate::Graph::add_source).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub(crate) u32);

/// The location of an op in a source file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Location {
    /// The file.
    pub source: SourceId,
    /// The first range of lines.
    pub range: Range,
    /// Further ranges. BuildKit's clients show all lines from the first range to the last.
    pub further: Vec<Range>,
}

impl Location {
    /// Lines of a file, counted from 1.
    pub fn lines(source: SourceId, lines: RangeInclusive<u32>) -> Location {
        Location { source, range: Range::lines(lines), further: Vec::new() }
    }

    /// Ranges of a file.
    pub fn new(source: SourceId, range: Range, further: Vec<Range>) -> Location {
        Location { source, range, further }
    }

    /// All its ranges.
    pub fn ranges(&self) -> impl Iterator<Item = &Range> {
        std::iter::once(&self.range).chain(&self.further)
    }
}

/// A range of a source file, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    /// The first position.
    pub start: Position,
    /// The last position.
    pub end: Position,
}

impl Range {
    /// Whole lines, counted from 1.
    pub fn lines(lines: RangeInclusive<u32>) -> Range {
        Range {
            start: Position { line: *lines.start(), character: 0 },
            end: Position { line: *lines.end(), character: 0 },
        }
    }
}

/// A position in a source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 0. BuildKit's clients mark whole lines and ignore it.
    pub character: u32,
}

impl SourceInfo {
    /// Writes its message.
    pub(crate) fn write(&self, message: &mut Writer) {
        message.text(fields::source_info::FILENAME, &self.filename);
        message.bytes(fields::source_info::DATA, &self.data);
        if let Some(definition) = &self.definition {
            message.item(fields::source_info::DEFINITION, definition.as_bytes());
        }
        message.text(fields::source_info::LANGUAGE, &self.language);
    }
}

impl SourceInfo {
    /// A file by its name and its text.
    pub fn new(filename: impl Into<String>, data: impl Into<Vec<u8>>) -> SourceInfo {
        SourceInfo { filename: filename.into(), data: data.into(), ..SourceInfo::default() }
    }
}

setters! { SourceInfo {
    language: impl Into<String>,
    definition: Option<Definition>,
} }

impl From<pb::SourceInfo> for SourceInfo {
    fn from(info: pb::SourceInfo) -> SourceInfo {
        SourceInfo {
            filename: info.filename,
            data: info.data,
            language: info.language,
            definition: info.definition.map(Definition::from),
        }
    }
}

impl From<SourceInfo> for pb::SourceInfo {
    fn from(info: SourceInfo) -> pb::SourceInfo {
        pb::SourceInfo {
            filename: info.filename,
            data: info.data,
            language: info.language,
            definition: info.definition.map(|definition| definition.to_proto()),
        }
    }
}

impl Location {
    /// Writes its message. `source_index` is the index of its file in the definition.
    pub(crate) fn write(&self, source_index: u32, message: &mut Writer) {
        message.number(fields::location::SOURCE_INDEX, source_index);
        for range in self.ranges() {
            message.message(fields::location::RANGES, |message| {
                message.message(fields::range::START, |message| range.start.write(message));
                message.message(fields::range::END, |message| range.end.write(message));
            });
        }
    }
}

impl Position {
    fn write(self, message: &mut Writer) {
        let pb::Position { line, character } = self.into();
        message.number(fields::position::LINE, line);
        message.number(fields::position::CHARACTER, character);
    }
}

impl From<Position> for pb::Position {
    fn from(position: Position) -> pb::Position {
        pb::Position {
            line: i32::try_from(position.line).unwrap_or(i32::MAX),
            character: i32::try_from(position.character).unwrap_or(i32::MAX),
        }
    }
}

impl From<Range> for pb::Range {
    fn from(range: Range) -> pb::Range {
        pb::Range { start: Some(range.start.into()), end: Some(range.end.into()) }
    }
}

impl From<pb::Range> for Range {
    fn from(range: pb::Range) -> Range {
        let start = range.start.unwrap_or_default();
        Range { start: start.into(), end: range.end.unwrap_or(start).into() }
    }
}

impl From<pb::Position> for Position {
    fn from(position: pb::Position) -> Position {
        Position {
            line: u32::try_from(position.line).unwrap_or(0),
            character: u32::try_from(position.character).unwrap_or(0),
        }
    }
}
