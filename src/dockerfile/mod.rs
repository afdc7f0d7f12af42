//! Dockerfiles: from text to instructions.
//!
//! Input: a [`SourceFile`]. Output: a [`Dockerfile`] with parsed instructions, and all syntax
//! errors. Must not depend on the values of args, on images and on the meaning of a name in a
//! `FROM`.
//!
//! The language is that of BuildKit's Dockerfile frontend (`frontend/dockerfile/parser` and
//! `frontend/dockerfile/instructions`), regardless of the version built into the engine. Messages
//! use its words, since people search for them.

pub mod checks;
mod directive;
pub mod evaluate;
mod flags;
mod heredoc;
mod instruction;
mod joined;
pub mod lex;
mod lines;
mod mount;
mod outline;
mod parse;
mod port;
mod recognise;
#[cfg(test)]
mod tests;
mod word;
mod words;

pub use self::directive::{Directives, Escape};
pub use self::heredoc::Heredoc;
pub use self::instruction::{
    ArgPair, CommandLine, FileAdd, FileCopy, Healthcheck, Instruction, Kind, Pair, Run, ShellText,
    StageHeader, Transfer, Trigger,
};
use self::lines::Lines;
pub use self::lines::{Comment, InnerComment};
pub use self::mount::{MountFlag, MountKind, OpenMount};
pub use self::outline::{DockerfileOutline, OutlinedArg, OutlinedInput, outline};
use self::parse::Parser;
pub use self::port::exposed;
pub use self::recognise::{is_dockerfile, is_named_like_dockerfile};
pub use self::word::{DeviceFlag, Word};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::source::{SourceFile, Span};

/// A parsed Dockerfile.
#[derive(Debug)]
pub struct Dockerfile {
    /// The directives at its top.
    pub directives: Directives,
    /// The args before the first `FROM`.
    pub global_args: Vec<Instruction>,
    /// The stages, in order.
    pub stages: Vec<DockerfileStage>,
    /// The comments after the last instruction.
    pub trailing: Vec<Comment>,
    /// The last line of each instruction that has a blank line between its lines.
    pub empty_continuations: Vec<Span>,
    /// True if an instruction that needs a stage comes before the first one.
    has_stray: bool,
}

/// A stage of a Dockerfile.
#[derive(Debug)]
pub struct DockerfileStage {
    /// The `FROM` instruction; its kind is [`Kind::From`].
    pub from: Instruction,
    /// The parsed `FROM`.
    pub header: StageHeader,
    /// The instructions of the stage.
    pub instructions: Vec<Instruction>,
}

/// The mark that some Windows editors write at the beginning of a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// True if a text consists of the opening of a heredoc: `<<EOF`.
pub fn is_heredoc(text: &str) -> bool {
    heredoc::opening(text).is_some()
}

/// Parses a Dockerfile and reports all syntax errors. Wrong instructions are left out of the
/// result, so that the rest can still be checked.
pub fn parse(file: &SourceFile, diagnostics: &mut Diagnostics) -> Dockerfile {
    if let Some(span) = file.not_text() {
        diagnostics.push(
            Diagnostic::new(Code::NotText, span, "the file is not UTF-8 text")
                .hint("save it as UTF-8"),
        );
    }
    let start =
        if file.text().starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
    let directives = directive::read(file, start, diagnostics);
    let mut lines = Lines::new(file, start, directives.escape);
    for _ in 0..directives.lines {
        lines.line();
    }
    let mut parser = Parser::new(file, directives.escape, diagnostics);
    let mut found = Dockerfile {
        directives,
        global_args: Vec::new(),
        stages: Vec::new(),
        trailing: Vec::new(),
        empty_continuations: Vec::new(),
        has_stray: false,
    };
    let mut is_empty = true;
    loop {
        let logical = match lines.logical() {
            Ok(logical) => logical,
            Err(comments) => {
                found.trailing = comments;
                break;
            }
        };
        is_empty = false;
        found.empty_continuations.extend(logical.empty_continuation);
        if let Ok(instruction) = parser.instruction(logical, &mut lines) {
            found.add(instruction, parser.diagnostics);
        }
    }
    if is_empty {
        let end = file.span(file.text().len()..file.text().len());
        let message = match file.text().is_empty() {
            true => "the Dockerfile cannot be empty",
            false => "file with no instructions",
        };
        diagnostics.push(
            Diagnostic::new(Code::NoStages, end, message)
                .hint("a Dockerfile begins with `FROM image`"),
        );
    } else if found.stages.is_empty() && !diagnostics.has_errors() {
        let end = file.span(file.text().len()..file.text().len());
        diagnostics.push(
            Diagnostic::new(Code::NoStages, end, "dockerfile contains no stages to build")
                .hint("a stage begins with `FROM image`"),
        );
    }
    found
}

impl Dockerfile {
    /// Adds an instruction to the args, to the current stage, or as a new stage.
    fn add(&mut self, instruction: Instruction, diagnostics: &mut Diagnostics) {
        if let Kind::From(header) = &instruction.kind {
            let header = header.clone();
            self.stages.push(DockerfileStage {
                from: instruction,
                header,
                instructions: Vec::new(),
            });
            return;
        }
        match (self.stages.last_mut(), &instruction.kind) {
            (Some(stage), _) => stage.instructions.push(instruction),
            (None, Kind::Arg(_)) => self.global_args.push(instruction),
            // Only the first one is reported: the others have the same fix.
            (None, _) => {
                if !std::mem::replace(&mut self.has_stray, true) {
                    diagnostics.push(
                        Diagnostic::new(
                            Code::InvalidInstruction,
                            instruction.span,
                            "no build stage in current context",
                        )
                        .hint("only `ARG` may stand before the first `FROM`"),
                    );
                }
            }
        }
    }
}
