//! The build file of a Dockerfile, with the origin of each piece and remarks, as a document.

use std::ops::RangeInclusive;

use serde::Serialize;

use crate::convert::{self, Converted};
use crate::source::SourceFile;

/// The version of the document.
pub const CONVERSION_VERSION: &str = "1.0.0";

/// The build file of a Dockerfile, the origins of its pieces, and the parts that cannot be
/// converted.
#[derive(Debug, Serialize)]
pub struct Conversion {
    text: String,
    map: Vec<Mapped>,
    remarks: Vec<Remark>,
}

/// Lines of the build file, and their origin in the Dockerfile, both from 1.
#[derive(Debug, Serialize)]
struct Mapped {
    lines: [u32; 2],
    from: [u32; 2],
}

/// A part that a build file cannot express, or not exactly.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remark {
    /// The first and the last line in the Dockerfile, from 1.
    pub lines: [u32; 2],
    /// The difference.
    pub message: String,
    /// True if the build file has another meaning.
    pub is_error: bool,
}

impl Conversion {
    /// The document about a converted Dockerfile.
    pub fn new(dockerfile: &SourceFile, converted: Converted) -> Self {
        let text = SourceFile::new(convert::TARGET, converted.text.clone().into_bytes());
        let map = converted.origins.iter().map(|piece| Mapped {
            lines: ends(text.lines(text.span(piece.start..piece.end))),
            from: ends(dockerfile.lines(piece.span)),
        });
        let remarks = converted.remarks.into_iter().map(|remark| Remark {
            lines: ends(dockerfile.lines(remark.span)),
            message: remark.message,
            is_error: remark.is_error,
        });
        Self { map: map.collect(), remarks: remarks.collect(), text: converted.text }
    }

    /// The build file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The build file.
    pub fn into_text(self) -> String {
        self.text
    }

    /// The parts that a build file cannot express, or not exactly.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// True if the build file has another meaning.
    pub fn is_different(&self) -> bool {
        self.remarks.iter().any(|remark| remark.is_error)
    }
}

fn ends(lines: RangeInclusive<u32>) -> [u32; 2] {
    [*lines.start(), *lines.end()]
}
