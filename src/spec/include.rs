//! `include`: further files, whose args, constants, sources, mount sets and stages are added to
//! those of the build file.
//!
//! Input: files. Output: the files that these include, until there are no more, and then one
//! [`Spec`] for all of them. Does no I/O, and must not depend on build contexts: [`Reading`]
//! returns the files that it needs, and is given their content.

use std::collections::BTreeMap;
use std::fmt;

use super::read::Read;
use super::reader::Reader;
use super::shape::Shape;
use super::table::table;
use super::template::Allowed;
use super::{Spec, expand_mounts, read_file};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::order::dependencies_first;
use crate::source::{SourceFile, SourceMap, Span, Spanned};
use crate::toml::{Kind, Value};

/// Maximum size of a build file and its includes in bytes. No file written by hand is a tenth of
/// it, and it takes a hundred times as much memory.
pub const MAX_TEXT: usize = 4 << 20;

/// An entry of `include`.
#[derive(Debug, Clone)]
pub struct Include {
    /// The build context of the file; without one, the path is relative to the including file.
    context: Option<String>,
    /// Its path: from the directory of the including file, or from the root of the context.
    path: Spanned<String>,
}

table! {
    /// A file in a build context.
    pub(super) struct IncludeTable as "an `include`" {
        /// The name of the build context, which `--build-context NAME=...` gives.
        "context" context: Spanned<String>,
        /// The path of the file in the build context.
        "path" path: Spanned<String>,
    }
}

impl Read for Include {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let include = Self::of(value, reader);
        if let Err(reported) = include {
            reader.unread.any = Some(reported);
        }
        include
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Text, IncludeTable::shape()])
    }
}

impl Include {
    fn of(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        match value.kind {
            Kind::String(_) => {
                let path = plain(Spanned::read(value, reader)?, reader)?;
                Ok(Self { context: None, path })
            }
            Kind::Table(_) => {
                let IncludeTable { context, path } = IncludeTable::read(value, reader)?;
                let (context, path) = (plain(context, reader), plain(path, reader));
                Ok(Self { context: Some(context?.value), path: path? })
            }
            other => reader.wrong_type(span, &other, "a string or a table"),
        }
    }
}

/// Checks a name or a path, in which nothing is substituted.
fn plain(text: Spanned<String>, reader: &mut Reader<'_>) -> Result<Spanned<String>, Reported> {
    match Allowed::Line.check_written(&text) {
        Ok(()) => Ok(text),
        Err(unfit) => reader.diagnostics.error(unfit.diagnostic(text.span, true)),
    }
}

/// The location of a file. Files are identified by it, so that each is read only once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileAddress {
    /// The build context; `None` for the directory of the build file.
    pub context: Option<String>,
    /// Its path in that directory: names separated by `/`.
    pub path: String,
}

impl fmt::Display for FileAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.context {
            Some(context) => write!(f, "{context}:{}", self.path),
            None => f.write_str(&self.path),
        }
    }
}

/// An included file that has not been read.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its location.
    pub address: FileAddress,
    /// The span of its first `include`.
    pub span: Span,
}

/// The reason why an included file is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The file does not exist.
    File,
    /// The client has not given its build context.
    Context,
}

/// The files of one build while they are being read.
pub struct Reading {
    files: SourceMap,
    parts: Vec<Part>,
    /// The index of each file in `parts`.
    numbers: BTreeMap<FileAddress, usize>,
    wanted: Vec<Wanted>,
    /// The size of all files so far, in bytes.
    size: usize,
}

/// The state of one file.
struct Part {
    address: FileAddress,
    /// `None` if it has not been read, or could not be.
    spec: Option<Spec>,
    /// The parts that it includes, with the spans of the `include`s.
    includes: Vec<(usize, Span)>,
}

impl Reading {
    /// Begins with the build file.
    pub fn new(main: SourceFile, diagnostics: &mut Diagnostics) -> Self {
        // Paths of included files are relative to the directory of the build file, wherever that
        // is.
        let name = main.name().rsplit('/').next().unwrap_or_default().to_owned();
        let address = FileAddress { context: None, path: name };
        let mut reading = Self {
            size: main.text().len(),
            files: SourceMap::new(main),
            parts: Vec::new(),
            numbers: BTreeMap::new(),
            wanted: Vec::new(),
        };
        let part = reading.part(&address);
        let spec = read_file(reading.files.read_from(), diagnostics);
        reading.take(part, spec, diagnostics);
        reading
    }

    /// The files to read next. Empty once all have been read.
    pub fn wanted(&self) -> &[Wanted] {
        &self.wanted
    }

    /// The files that have been read.
    pub fn files(&self) -> &SourceMap {
        &self.files
    }

    /// Adds the content of wanted files, in the order of the list.
    pub fn add(
        &mut self,
        contents: impl IntoIterator<Item = Result<Vec<u8>, Absent>>,
        diagnostics: &mut Diagnostics,
    ) {
        let wanted = std::mem::take(&mut self.wanted);
        for (Wanted { address, span }, content) in wanted.into_iter().zip(contents) {
            let content = match content {
                Ok(content) => content,
                Err(absent) => {
                    diagnostics.push(absent.diagnostic(&address, span));
                    continue;
                }
            };
            self.size += content.len();
            if self.size > MAX_TEXT {
                diagnostics.push(too_large(span));
                continue;
            }
            let file = self.files.add(SourceFile::new(address.to_string(), content));
            let mut found = Diagnostics::default();
            let spec = read_file(file, &mut found);
            // An included file's configuration of rules applies only to builds of that file.
            diagnostics.absorb(found.without_check(), |_| true);
            let part = self.part(&address);
            self.take(part, spec, diagnostics);
        }
    }

    /// The files, and their combined spec, as far as it could be read: see [`super::parse`].
    pub fn finish(self, diagnostics: &mut Diagnostics) -> (SourceMap, Option<Spec>) {
        self.report_cycles(diagnostics);
        let specs: Option<Vec<Spec>> = self.parts.into_iter().map(|part| part.spec).collect();
        let spec = specs.and_then(|specs| {
            let mut specs = specs.into_iter();
            let mut main = specs.next()?;
            specs.for_each(|spec| join(&mut main, spec, diagnostics));
            expand_mounts::expand(&mut main, diagnostics);
            main.own.whole = diagnostics.no_errors();
            if main.stages.is_empty() && main.is_whole() {
                diagnostics.push(no_stages(&self.files));
                return None;
            }
            Some(main)
        });
        (self.files, spec)
    }

    /// The index of a file.
    fn part(&mut self, address: &FileAddress) -> usize {
        if let Some(&number) = self.numbers.get(address) {
            return number;
        }
        self.parts.push(Part { address: address.clone(), spec: None, includes: Vec::new() });
        self.numbers.insert(address.clone(), self.parts.len() - 1);
        self.parts.len() - 1
    }

    /// Adds a parsed file, and records its includes.
    fn take(&mut self, part: usize, spec: Result<Spec, Reported>, diagnostics: &mut Diagnostics) {
        let Ok(spec) = spec else { return };
        let mut has_all = true;
        for include in &spec.include {
            let address = address(include, &self.parts[part].address, diagnostics);
            has_all &= address.is_ok();
            let Ok(address) = address else { continue };
            let span = include.path.span;
            let known = self.parts.len();
            let number = self.part(&address);
            self.parts[part].includes.push((number, span));
            if number == known {
                self.wanted.push(Wanted { address, span });
            }
        }
        self.parts[part].spec = Some(spec).filter(|_| has_all);
    }

    fn report_cycles(&self, diagnostics: &mut Diagnostics) {
        let order = dependencies_first(self.parts.len(), [0], |at: usize| {
            self.parts[at].includes.iter().map(|&(to, _)| to).collect()
        });
        for cycle in &order.cycles {
            let (Some(&first), Some(&last)) = (cycle.first(), cycle.last()) else { continue };
            let Some(span) = self.include_of(last, first) else { continue };
            let message = format!("`{}` includes itself", self.parts[first].address);
            let mut found = Diagnostic::new(Code::IncludeCycle, span, message)
                .hint("move what the files share into another file that includes neither");
            for edge in cycle.windows(2) {
                if let Some(span) = self.include_of(edge[0], edge[1]) {
                    let included = &self.parts[edge[1]].address;
                    found = found.related(span, format!("`{included}` is included here"));
                }
            }
            diagnostics.push(found);
        }
    }

    /// The place in a part where another one is included.
    fn include_of(&self, from: usize, to: usize) -> Option<Span> {
        let mut includes = self.parts[from].includes.iter();
        includes.find_map(|&(at, span)| (at == to).then_some(span))
    }
}

/// The location of an `include` in the file at `from`.
fn address(
    Include { context, path }: &Include,
    from: &FileAddress,
    diagnostics: &mut Diagnostics,
) -> Result<FileAddress, Reported> {
    let has_context = context.is_some() || from.context.is_some();
    let from_path = if context.is_some() { "" } else { &from.path };
    let invalid = |message: String, hint: &str| {
        Diagnostic::new(Code::InvalidValue, path.span, message).hint(hint)
    };
    let found = match included_path(from_path, path) {
        Ok(found) => found,
        Err(BadPath::Variable) => {
            return diagnostics.error(invalid(
                format!("variables are not replaced in `{}`", path.value),
                "files are included before args have values: write the path in full",
            ));
        }
        Err(BadPath::Absolute) => {
            let message = format!("`{}` is not a relative path", path.value);
            return diagnostics.error(outside(path, has_context, message));
        }
        Err(BadPath::Outside) => {
            let root = match context.as_ref().or(from.context.as_ref()) {
                Some(context) => format!("the build context `{context}`"),
                None => "the directory of the build file".to_owned(),
            };
            let message = format!("`{}` is outside {root}", path.value);
            return diagnostics.error(outside(path, has_context, message));
        }
        Err(BadPath::Directory) => {
            let message = format!("`{}` is a directory", path.value);
            return diagnostics.error(invalid(message, "list each file by name"));
        }
    };
    let context = context.clone().or_else(|| from.context.clone());
    Ok(FileAddress { context, path: found })
}

/// The reason why a path cannot be that of an included file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadPath {
    /// It contains `${NAME}`.
    Variable,
    /// It begins with `/`.
    Absolute,
    /// It leads out of the root directory.
    Outside,
    /// It can only be a directory.
    Directory,
}

/// The path of a file that the file at `from` includes by a relative path. Both are paths in one
/// root directory, without `.` and `..`; an empty `from` is that directory.
pub fn included_path(from: &str, path: &str) -> Result<String, BadPath> {
    if path.contains("${") {
        return Err(BadPath::Variable);
    }
    if path.starts_with('/') {
        return Err(BadPath::Absolute);
    }
    let directory = from.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop().ok_or(BadPath::Outside)?;
            }
            part => parts.push(part),
        }
    }
    match parts.is_empty() || path.ends_with('/') {
        true => Err(BadPath::Directory),
        false => Ok(parts.join("/")),
    }
}

fn outside(path: &Spanned<String>, has_context: bool, message: String) -> Diagnostic {
    let hint = match has_context {
        true => "use a directory that holds both as the build context",
        false => {
            "to include files of another directory, pass it as a build context: `include = [{ context = \"shared\", path = \"...\" }]` with `--build-context shared=DIR`"
        }
    };
    Diagnostic::new(Code::PathOutside, path.span, message).hint(hint)
}

/// The error for files that exceed the size limit, at the `include` of the file that does.
fn too_large(span: Span) -> Diagnostic {
    let message =
        format!("the build file and its included files are larger than {} MiB", MAX_TEXT >> 20);
    Diagnostic::new(Code::TooLarge, span, message)
        .hint("move data and long scripts into files that steps copy, or split the build file")
}

impl Absent {
    fn diagnostic(self, address: &FileAddress, span: Span) -> Diagnostic {
        let path = &address.path;
        match (self, &address.context) {
            (Absent::Context, context) => {
                let context = context.as_deref().unwrap_or_default();
                let message = format!("there is no build context `{context}`");
                Diagnostic::new(Code::UnknownContext, span, message)
                    .hint(format!("pass `--build-context {context}=DIR`"))
            }
            (Absent::File, Some(context)) => {
                let message = format!("there is no file `{path}` in the build context `{context}`");
                Diagnostic::new(Code::MissingInclude, span, message)
            }
            (Absent::File, None) => {
                let message =
                    format!("there is no file `{path}` in the directory of the build file");
                Diagnostic::new(Code::MissingInclude, span, message)
                    .hint("paths are relative to the file that includes them")
            }
        }
    }
}

/// Adds the declarations of an included file. Its settings for its own builds (the default target,
/// ignored files, rules) are dropped.
fn join(spec: &mut Spec, included: Spec, diagnostics: &mut Diagnostics) {
    spec.own.unread.extend(included.own.unread);
    spec.own.bare_dollars.extend(included.own.bare_dollars);
    join_names("arg", &mut spec.args.0, included.args.0, |arg| arg.span, diagnostics);
    join_names("var", &mut spec.vars.0, included.vars.0, |var| var.0.span, diagnostics);
    join_names("source", &mut spec.sources, included.sources, |source| source.span, diagnostics);
    join_names(
        "set of mounts",
        &mut spec.mounts,
        included.mounts,
        |mounts| mounts.span,
        diagnostics,
    );
    join_names("stage", &mut spec.stages, included.stages, |stage| stage.span, diagnostics);
}

fn join_names<K: Ord + fmt::Display, T>(
    what: &str,
    names: &mut BTreeMap<K, T>,
    included: BTreeMap<K, T>,
    place: impl Fn(&T) -> Span,
    diagnostics: &mut Diagnostics,
) {
    for (name, value) in included {
        match names.get(&name) {
            Some(first) => diagnostics.push(
                Diagnostic::new(
                    Code::DuplicateName,
                    place(&value),
                    format!("{what} `{name}` is defined twice"),
                )
                .hint("included files share one namespace: rename or remove one")
                .related(place(first), "the other definition"),
            ),
            None => {
                names.insert(name, value);
            }
        }
    }
}

fn no_stages(files: &SourceMap) -> Diagnostic {
    let message = format!("{} has no stages", files.main().name());
    Diagnostic::without_place(Code::MissingKey, message).hint("add a stage: [stages.runtime]")
}
