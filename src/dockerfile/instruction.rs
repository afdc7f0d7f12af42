//! The instructions of a Dockerfile, as they are written.
//!
//! Values are raw: quotes, escapes and `$NAME` are still in them, and [`super::lex`] takes them apart.

use super::heredoc::Heredoc;
use super::lines::{Comment, InnerComment};
use super::mount::MountFlag;
use crate::source::{Span, Spanned};

/// A value as it is written, with its place.
pub type Word = Spanned<String>;

/// An instruction, and the comments that belong to it.
#[derive(Debug, Clone)]
pub struct Instruction {
    /// All its lines, heredocs included.
    pub span: Span,
    /// Its keyword as written: `RUN`, `run`.
    pub keyword: Word,
    /// Its text in one line, as it is recorded in the history of an image.
    pub text: String,
    /// The comments above it.
    pub leading: Vec<Comment>,
    /// The comments between its lines.
    pub inner: Vec<InnerComment>,
    /// Whether a blank line is right above it, between it and its comments.
    pub after_blank: bool,
    /// What it says.
    pub kind: Kind,
}

/// What an instruction says.
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
    /// The name behind `AS`, as written; stages are known by it in lower case.
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
    /// Whether it is the old form, without `=`.
    pub is_legacy: bool,
}

/// An arg, with its default if it has one.
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
    /// `["program", "arg"]`, run as it is.
    Exec(Spanned<Vec<String>>),
    /// Text for a shell.
    Shell(ShellText),
}

/// Text for a shell, and how it was laid out.
#[derive(Debug, Clone)]
pub struct ShellText {
    /// The text in one line.
    pub text: Word,
    /// The offsets in the text at which its further lines begin.
    pub breaks: Vec<usize>,
}

/// `RUN`.
#[derive(Debug, Clone)]
pub struct Run {
    /// What is run.
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

/// `--device=name[,required]`.
#[derive(Debug, Clone)]
pub struct DeviceFlag {
    /// The CDI name.
    pub name: Word,
    /// Whether a build without the device fails.
    pub required: bool,
}

/// What `COPY` and `ADD` copy, and where to.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Paths and patterns; for `ADD` also URLs and repositories.
    pub sources: Vec<Word>,
    /// Files whose content is in the Dockerfile.
    pub heredocs: Vec<Heredoc>,
    /// The destination.
    pub destination: Word,
    /// The value of `--chown`.
    pub chown: Option<Word>,
    /// The value of `--chmod`.
    pub chmod: Option<Word>,
    /// Whether there is `--link`.
    pub link: bool,
    /// The values of `--exclude`.
    pub exclude: Vec<Word>,
}

/// `COPY`.
#[derive(Debug, Clone)]
pub struct FileCopy {
    /// What is copied.
    pub transfer: Transfer,
    /// The value of `--from`.
    pub from: Option<Word>,
    /// Whether there is `--parents`.
    pub parents: bool,
}

/// `ADD`.
#[derive(Debug, Clone)]
pub struct FileAdd {
    /// What is added.
    pub transfer: Transfer,
    /// The value of `--checksum`.
    pub checksum: Option<Word>,
    /// The value of `--keep-git-dir`, where it is given.
    pub keep_git_dir: Option<bool>,
    /// The value of `--unpack`, where it is given.
    pub unpack: Option<bool>,
}

/// `HEALTHCHECK`.
#[derive(Debug, Clone)]
pub enum Healthcheck {
    /// `HEALTHCHECK NONE`.
    None,
    /// `HEALTHCHECK [options] CMD command`.
    Command {
        /// What is run.
        command: CommandLine,
        /// The values of `--interval` and its kind, by name without dashes, as written.
        options: Vec<(&'static str, Word)>,
    },
}

/// The instruction that an `ONBUILD` records.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// Its text as it is recorded, heredocs included.
    pub text: String,
    /// The instruction.
    pub instruction: Box<Instruction>,
}
