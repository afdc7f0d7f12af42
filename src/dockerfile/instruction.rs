//! The instructions of a Dockerfile, as they are written.
//!
//! Values are raw: they still contain quotes, escapes and `$NAME`; [`super::lex`] splits them.

use super::heredoc::Heredoc;
use super::lines::{Comment, InnerComment};
use super::mount::MountFlag;
use super::word::{DeviceFlag, Word};
use crate::source::{Span, Spanned};

/// An instruction, and the comments that belong to it.
#[derive(Debug, Clone)]
pub struct Instruction {
    /// All its lines, including heredocs.
    pub span: Span,
    /// Its keyword as written: `RUN`, `run`.
    pub keyword: Word,
    /// Its text in one line, as it is recorded in the history of an image.
    pub text: String,
    /// The comments above it.
    pub leading: Vec<Comment>,
    /// The comments between its lines.
    pub inner: Vec<InnerComment>,
    /// True if there is a blank line directly above it, between it and its comments.
    pub after_blank: bool,
    /// Its parsed form.
    pub kind: Kind,
}

/// The parsed form of an instruction.
#[derive(Debug, Clone)]
pub enum Kind {
    /// `FROM`: the beginning of a stage.
    From(StageHeader),
    /// `ARG NAME[=value]...`.
    Arg(Vec<ArgPair>),
    /// `ENV name=value...`.
    Env(Vec<Pair>),
    /// `LABEL name=value...`.
    Label(Vec<Pair>),
    /// `RUN`.
    Run(Box<Run>),
    /// `COPY`.
    Copy(Box<FileCopy>),
    /// `ADD`.
    Add(Box<FileAdd>),
    /// `CMD`.
    Cmd(CommandLine),
    /// `ENTRYPOINT`.
    Entrypoint(CommandLine),
    /// `SHELL ["program", "arg"]`: the values of the list.
    Shell(Vec<String>),
    /// `HEALTHCHECK`.
    Healthcheck(Healthcheck),
    /// `EXPOSE port...`.
    Expose(Vec<Word>),
    /// `VOLUME path...`.
    Volume(Vec<Word>),
    /// `USER user[:group]`.
    User(Word),
    /// `WORKDIR path`.
    Workdir(Word),
    /// `STOPSIGNAL signal`.
    StopSignal(Word),
    /// `MAINTAINER name`.
    Maintainer(Word),
    /// `ONBUILD instruction`.
    Onbuild(Trigger),
}

/// `FROM [--platform=...] base [AS name]`.
#[derive(Debug, Clone)]
pub struct StageHeader {
    /// The base: an image, a stage or `scratch`.
    pub base: Word,
    /// The value of `--platform`.
    pub platform: Option<Word>,
    /// The name after `AS`, as written; stages are referred to by its lower-case form.
    pub name: Option<Word>,
    /// The `AS` before it, as written.
    pub as_keyword: Option<Word>,
}

/// `name=value`, or in the old form `name value`.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The name.
    pub name: Word,
    /// The value.
    pub value: Word,
    /// True for the old form, without `=`.
    pub is_legacy: bool,
}

/// An arg, with its default if any.
#[derive(Debug, Clone)]
pub struct ArgPair {
    /// The name.
    pub name: Word,
    /// The default.
    pub default: Option<Word>,
}

/// A command, in one of its two forms.
#[derive(Debug, Clone)]
pub enum CommandLine {
    /// `["program", "arg"]`, run without a shell.
    Exec(Spanned<Vec<String>>),
    /// Text for a shell.
    Shell(ShellText),
}

/// Text for a shell, and its layout.
#[derive(Debug, Clone)]
pub struct ShellText {
    /// The text in one line.
    pub text: Word,
    /// The offsets in the text at which its second and later lines begin.
    pub breaks: Vec<usize>,
}

/// `RUN`.
#[derive(Debug, Clone)]
pub struct Run {
    /// The command to run.
    pub command: CommandLine,
    /// The heredocs of its text.
    pub heredocs: Vec<Heredoc>,
    /// The `--mount` flags.
    pub mounts: Vec<MountFlag>,
    /// The value of `--network`.
    pub network: Option<Word>,
    /// The value of `--security`.
    pub security: Option<Word>,
    /// The values of `--device`.
    pub devices: Vec<DeviceFlag>,
}

/// The sources, destination and common flags of `COPY` and `ADD`.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Paths and patterns; for `ADD` also URLs and repositories.
    pub sources: Vec<Word>,
    /// Files with inline content.
    pub heredocs: Vec<Heredoc>,
    /// The destination.
    pub destination: Word,
    /// The value of `--chown`.
    pub chown: Option<Word>,
    /// The value of `--chmod`.
    pub chmod: Option<Word>,
    /// True if `--link` is given.
    pub link: bool,
    /// The values of `--exclude`.
    pub exclude: Vec<Word>,
}

/// `COPY`.
#[derive(Debug, Clone)]
pub struct FileCopy {
    /// The common part.
    pub transfer: Transfer,
    /// The value of `--from`.
    pub from: Option<Word>,
    /// True if `--parents` is given.
    pub parents: bool,
}

/// `ADD`.
#[derive(Debug, Clone)]
pub struct FileAdd {
    /// The common part.
    pub transfer: Transfer,
    /// The value of `--checksum`.
    pub checksum: Option<Word>,
    /// The value of `--keep-git-dir`, if given.
    pub keep_git_dir: Option<bool>,
    /// The value of `--unpack`, if given.
    pub unpack: Option<bool>,
}

/// `HEALTHCHECK`.
#[derive(Debug, Clone)]
pub enum Healthcheck {
    /// `HEALTHCHECK NONE`.
    None,
    /// `HEALTHCHECK [options] CMD command`.
    Command {
        /// The command to run.
        command: CommandLine,
        /// The values of `--interval` and the other options, by name without dashes, as written.
        options: Vec<(&'static str, Word)>,
    },
}

/// The instruction that an `ONBUILD` records.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Its recorded text, including heredocs.
    pub text: String,
    /// The instruction.
    pub instruction: Box<Instruction>,
}
