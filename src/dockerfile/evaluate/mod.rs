//! The values that the words of a Dockerfile have in one build.
//!
//! Input: a [`Dockerfile`], the args of a build and what base images record. Output: for each stage, and for each
//! instruction of it, its values, and the names in them that have none. Must not depend on rules.
//!
//! Follows `frontend/dockerfile/dockerfile2llb/convert.go` of BuildKit, whose checks and outlines are made of these
//! values. The build itself does not use them: it goes through the converted build file.

mod expand;
mod from;
mod globals;
mod graph;
mod instruction;
mod near;
mod stages;
mod variables;

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

pub(crate) use self::from::{FromValues, from_values};
pub(crate) use self::globals::Globals;
pub(crate) use self::graph::Graph;
pub(crate) use self::instruction::{MountValue, Values};
pub(crate) use self::near::Near;
pub(crate) use self::stages::{Step, walk};
use super::{Dockerfile, Instruction};
use crate::source::SourceFile;
use crate::spec::Allowance;

/// How many bytes all values together may have. Values that double each other would be more than any memory holds.
const ALLOWANCE: usize = 64 << 20;

/// A Dockerfile and what a client gives a build of it.
pub struct Input<'i> {
    /// The file.
    pub file: &'i SourceFile,
    /// Its instructions.
    pub dockerfile: &'i Dockerfile,
    /// The build args of the client.
    pub build_args: &'i BTreeMap<String, String>,
    /// The args that every Dockerfile has: `BUILDPLATFORM`, `TARGETARCH` and their kind.
    pub predefined: Vec<(&'static str, String)>,
    /// The stage that is built; the last one without a name.
    pub target: Option<&'i str>,
    /// What is left of values to be made.
    pub allowance: Allowance,
}

/// What is known of the images that stages start from, and that files are copied from.
pub trait Images {
    /// The image that a name in a `FROM`, after replacing variables, stands for. `platform` is what `--platform` says.
    fn image(&self, name: &str, platform: Option<&str>) -> Base;

    /// What stands in place of a stage of that name, where the client says so.
    fn replacement(&self, stage: &str) -> Option<Base>;
}

/// What a stage starts from.
#[derive(Debug, Clone)]
pub enum Base {
    /// It could not be looked up, or was not.
    Unknown,
    /// An image.
    Image(BaseImage),
}

/// What a base image records, as far as instructions depend on it.
#[derive(Debug, Clone, Default)]
pub struct BaseImage {
    /// Its environment, as `NAME=value`.
    pub env: Vec<String>,
    /// Whether it says which shell runs commands.
    pub has_shell: bool,
    /// Its `ONBUILD` triggers.
    pub triggers: Vec<String>,
    /// The platform that it was to have, and the one that it has, where they are not the same.
    pub other_platform: Option<[String; 2]>,
    /// Whether it is for Windows.
    pub is_windows: bool,
}

/// Nothing is known of any image.
pub struct NoImages;

impl Images for NoImages {
    fn image(&self, _: &str, _: Option<&str>) -> Base {
        Base::Unknown
    }

    fn replacement(&self, _: &str) -> Option<Base> {
        None
    }
}

impl<'i> Input<'i> {
    /// A build of the last stage, without anything that the client gives.
    pub fn new(
        file: &'i SourceFile,
        dockerfile: &'i Dockerfile,
        build_args: &'i BTreeMap<String, String>,
    ) -> Self {
        let allowance = Allowance::new(ALLOWANCE);
        Self { file, dockerfile, build_args, predefined: Vec::new(), target: None, allowance }
    }

    /// The lines of an instruction, heredocs included.
    pub(crate) fn lines(&self, instruction: &Instruction) -> RangeInclusive<u32> {
        self.file.lines(instruction.span)
    }

    /// The character that escapes in values.
    pub(crate) fn escape(&self) -> char {
        self.dockerfile.directives.escape.char()
    }

    /// The comments that are about an instruction: those above it, from the last empty comment on.
    ///
    /// Follows `Parse` in `frontend/dockerfile/parser/parser.go` of BuildKit: a blank line ends nothing, and a comment
    /// that is indented keeps its `#`, so that it describes nothing.
    pub(crate) fn comments<'d>(&self, instruction: &'d Instruction) -> Vec<&'d str> {
        let mut found = Vec::new();
        for comment in &instruction.leading {
            let line = self.file.line_text(self.file.line(comment.span.start));
            let is_indented = !line.trim_start_matches(super::BYTE_ORDER_MARK).starts_with('#');
            match (&*comment.text, is_indented) {
                (_, true) => found.push("#"),
                ("", false) => found.clear(),
                (text, false) => found.push(text),
            }
        }
        found
    }
}

impl Input<'_> {
    /// What a comment above an instruction says of a name that it declares.
    pub(crate) fn description_of<'d>(&self, instruction: &'d Instruction, name: &str) -> &'d str {
        description(&self.comments(instruction), name)
    }
}

/// What a comment says of a name: the text behind it (`getDocComment` of BuildKit).
pub(crate) fn description<'c>(comments: &[&'c str], name: &str) -> &'c str {
    let of_name = |comment: &&'c str| comment.strip_prefix(name)?.strip_prefix(' ');
    match name.is_empty() {
        true => "",
        false => comments.iter().find_map(of_name).unwrap_or_default(),
    }
}
