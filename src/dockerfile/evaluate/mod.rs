//! The values of the words of a Dockerfile in one build.
//!
//! Input: a [`Dockerfile`], the args of a build and the configs of base images. Output: for each
//! stage and each of its instructions, the values, and the variables that are not set. Must not
//! depend on rules.
//!
//! Follows `frontend/dockerfile/dockerfile2llb/convert.go` of BuildKit. Only checks and outlines
//! use these values; the build itself uses the converted build file.

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

/// Limit on the total size of all values, in bytes. Values that double each other would exhaust the
/// memory.
const ALLOWANCE: usize = 64 << 20;

/// A Dockerfile and the client's options for a build of it.
pub struct Input<'i> {
    /// The file.
    pub file: &'i SourceFile,
    /// Its instructions.
    pub dockerfile: &'i Dockerfile,
    /// The build args of the client.
    pub build_args: &'i BTreeMap<String, String>,
    /// The predefined args: `BUILDPLATFORM`, `TARGETARCH` and the like.
    pub predefined: Vec<(&'static str, String)>,
    /// The stage to build; `None` for the last one.
    pub target: Option<&'i str>,
    /// The rest of the limit on the size of values.
    pub allowance: Allowance,
}

/// Metadata of the images that stages use.
pub trait Images {
    /// The image for a `FROM` with `name`, after variable expansion. `platform` is the value of
    /// `--platform`.
    fn image(&self, name: &str, platform: Option<&str>) -> Base;

    /// The client's replacement for a stage, if it gave one.
    fn replacement(&self, stage: &str) -> Option<Base>;
}

/// The base of a stage.
#[derive(Debug, Clone)]
pub enum Base {
    /// It was not looked up, or the lookup failed.
    Unknown,
    /// An image.
    Image(BaseImage),
}

/// The parts of a base image's config that instructions depend on.
#[derive(Debug, Clone, Default)]
pub struct BaseImage {
    /// Its environment, as `NAME=value`.
    pub env: Vec<String>,
    /// True if it sets a shell.
    pub has_shell: bool,
    /// Its `ONBUILD` triggers.
    pub triggers: Vec<String>,
    /// The requested platform and the image's own, if they differ.
    pub other_platform: Option<[String; 2]>,
    /// True for a Windows image.
    pub is_windows: bool,
}

/// An [`Images`] without any metadata.
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
    /// A build of the last stage, without any options of the client.
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

    /// The escape character in values.
    pub(crate) fn escape(&self) -> char {
        self.dockerfile.directives.escape.char()
    }

    /// The comments that describe an instruction: those above it, after the last empty comment.
    ///
    /// Follows `Parse` in `frontend/dockerfile/parser/parser.go` of BuildKit: a blank line does not
    /// separate them, and an indented comment keeps its `#`, so that it describes nothing.
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
    /// The description of a name that an instruction declares, from the comments above it.
    pub(crate) fn description_of<'d>(&self, instruction: &'d Instruction, name: &str) -> &'d str {
        description(&self.comments(instruction), name)
    }
}

/// The text after a name in a comment that begins with it (`getDocComment` of BuildKit).
pub(crate) fn description<'c>(comments: &[&'c str], name: &str) -> &'c str {
    match name.is_empty() {
        true => "",
        false => comments
            .iter()
            .find_map(|comment: &&'c str| comment.strip_prefix(name)?.strip_prefix(' '))
            .unwrap_or_default(),
    }
}
