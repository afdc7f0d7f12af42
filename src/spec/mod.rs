//! The language: from text to a [`Spec`], a parsed build file.
//!
//! Input: a [`SourceFile`]. Output: a [`Spec`], in which every key is known, every value has the
//! type of its key, and every `${...}` is parsed; and a list of all errors. Must not depend on
//! values of args, on images, and on the meaning of a stage's `from`: see [`crate::plan`].

mod allowance;
mod arg;
mod check;
mod condition;
mod env;
mod expand_mounts;
mod form;
mod from;
mod glob;
mod here_document;
mod image;
mod include;
mod input;
mod instruction_forms;
mod mount;
mod mount_flag;
mod mount_set;
mod name;
mod names;
mod on_build;
mod other_language;
mod parallel;
mod pasted;
mod read;
mod reader;
pub(crate) mod script;
pub mod shape;
pub(crate) mod shell;
mod silence;
mod stage;
mod step;
mod step_check;
mod step_read;
mod step_slips;
mod step_values;
mod synonym;
mod table;
mod template;
mod text;
mod unfit;
mod unread;
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

pub use self::allowance::{Allowance, Spent};
pub use self::arg::{Arg, ArgType, EPOCH_ARG, Pattern};
pub use self::condition::{Condition, Conditions, Operand};
pub use self::env::{Env, Shell};
pub use self::from::{From, first_of};
pub(crate) use self::glob::Glob;
pub use self::image::{Command, Duration, Healthcheck, Image, Label, Labels};
pub use self::include::{
    Absent, BadPath, FileAddress, Include, MAX_TEXT, Reading, Wanted, included_path,
};
pub use self::input::Input;
pub(crate) use self::instruction_forms::form_of;
pub use self::mount::{BindMount, CacheMount, Mount, SecretMount, Sharing, SshMount, TmpfsMount};
pub use self::mount_set::MountList;
pub use self::name::broken_name_rule;
pub(crate) use self::name::is_env_name;
pub use self::name::{ArgName, EnvName, LabelName, MountSetName, SourceName, StageName};
pub use self::on_build::Trigger;
pub use self::read::OneOrMany;
use self::read::{Read, named_or_unread};
use self::reader::{KeyPlaces, Reader};
use self::shape::{Shape, TableShape};
pub use self::stage::Stage;
pub use self::step::{
    Branch, CopyStep, ExecStep, FetchStep, GitStep, MkdirStep, OwnerKeys, ParallelStep,
    ProcessKeys, RemoveStep, RunStep, Step, StepId, StepKeys, SymlinkStep, UnpackStep, Verb,
    WriteStep,
};
pub use self::step_values::{Content, Device, Network, Script, Security, Sources};
pub(crate) use self::synonym::cleared;
use self::table::{Field, Keys, Table, table, warn_of_misplaced_keys};
pub use self::template::{
    ExpandError, Lookup, MaybeEmpty, Piece, Scalar, Template, TextTemplate, Unfit, Unreadable, User,
};
use crate::diagnostic::{Check, Code, Diagnostic, Diagnostics, Known, Reported};
use crate::ignore::{self, IgnorePattern};
use crate::source::{SourceFile, SourceMap, Span, Spanned};
use crate::text::Text;
use crate::toml::{self, Kind, Value};

table! {
    /// A build file.
    pub struct Spec as "a build file" {
        with own: Own;
        /// The target that is built without `--target`.
        "default" default: Option<Spanned<String>>,
        /// Args of a build, which are set with `--build-arg`.
        "args" args: Args,
        /// Constants: used like args, but not changed by build args.
        "vars" vars: Vars,
        /// Patterns, in the syntax of .dockerignore, of files that are not transferred if the build
        /// context is a directory of the client; added to those of the ignore file.
        "ignore" ignore: Vec<IgnorePattern>,
        /// Advisory rules to skip, and those that fail the build.
        "check" check: Option<Check>,
        /// Named sources: repositories, files at URLs, images and build contexts.
        "sources" sources: BTreeMap<SourceName, Spanned<Input>>,
        /// Named sets of mounts. `mounts = ["NAME"]` adds the mounts of a set to any list of
        /// mounts.
        "mounts" mounts: BTreeMap<MountSetName, Spanned<MountList>>,
        /// Further files, whose args, constants, sources, mount sets and stages are added to those
        /// of this one. Their `default`, `ignore` and `check` only apply to builds of their own.
        /// Paths are relative to this file and must stay in its directory; a file elsewhere must be
        /// in a build context.
        "include" include: Vec<Include>,
        /// The stages, by name.
        "stages" stages: BTreeMap<StageName, Spanned<Stage>>,
    }
}

/// Facts about a file besides its keys.
#[derive(Debug, Clone)]
pub struct Own {
    /// The span of its own text, as opposed to its includes.
    extent: Span,
    /// The error if not everything was read. Set when all files have been read.
    whole: Result<(), Reported>,
    /// The names of declarations that could not be read.
    unread: BTreeSet<String>,
    /// Each `$NAME` in a template, where only `${NAME}` is substituted.
    bare_dollars: Vec<Spanned<Text>>,
    /// The stages that the author of a Dockerfile did not name.
    hidden: BTreeSet<StageName>,
}

/// Derived from the file, so it has no key.
impl Keys for Own {
    const WHAT: &'static str = "a file";

    fn table_shape() -> TableShape {
        TableShape { what: Self::WHAT, docs: String::new(), keys: Vec::new() }
    }

    fn take_keys(_: &mut Table<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let extent = reader.file.span(0..reader.file.text().len());
        Ok(Self {
            extent,
            whole: Ok(()),
            unread: BTreeSet::new(),
            bare_dollars: Vec::new(),
            hidden: BTreeSet::new(),
        })
    }
}

impl Spec {
    /// True if a span is in the build file itself, and not in an include.
    pub fn is_own(&self, place: Span) -> bool {
        let Own { extent, .. } = self.own;
        (extent.start..=extent.end).contains(&place.start)
    }

    /// Each `$NAME` in a template, where only `${NAME}` is substituted.
    pub(crate) fn bare_dollars(&self) -> &[Spanned<Text>] {
        &self.own.bare_dollars
    }

    /// True if everything was read. Otherwise nothing can be built, and the spec only serves to
    /// find further errors.
    pub fn is_whole(&self) -> bool {
        self.whole().is_ok()
    }

    /// The error if not everything was read.
    pub(crate) fn whole(&self) -> Result<(), Reported> {
        self.own.whole
    }

    /// The names of declarations that could not be read. Using one of them is not an error.
    pub fn unread(&self) -> impl Iterator<Item = &str> {
        self.own.unread.iter().map(String::as_str)
    }

    /// Hides the stages whose names the conversion of a Dockerfile made up: none of them is a target
    /// or in a hint.
    pub fn hide_stages(&mut self, is_named: impl Fn(&str) -> bool) {
        let names = self.stages.keys().filter(|name| !is_named(name.as_str()));
        self.own.hidden = names.cloned().collect();
    }

    /// The names of the stages, as the author knows them.
    pub(crate) fn shown_stages(&self) -> impl Iterator<Item = &str> {
        self.stages.keys().filter(|name| !self.is_hidden(name)).map(StageName::as_str)
    }

    /// True if the conversion of a Dockerfile made up the stage's name.
    pub(crate) fn is_hidden(&self, stage: &StageName) -> bool {
        self.own.hidden.contains(stage)
    }

    /// A hint with the most similar stage for a name that is neither an image nor a stage but could
    /// be that of a stage.
    pub fn near_stage_hint(&self, name: &str) -> Option<String> {
        // The name of a stage has no tag or registry.
        if name.contains([':', '/', '.', '@']) {
            return None;
        }
        if self.shown_stages().any(|shown| shown == name) {
            return Some(format!(
                "`{name}` is also a stage, but inside that stage its name means the image"
            ));
        }
        let known = Known::new(self.shown_stages());
        let meant = known.did_you_mean(name, []).or_else(|| known.list_of("stages"))?;
        Some(format!("there is no stage `{name}`: {meant}"))
    }

    /// True if any value of the file uses an arg or a variable with that name.
    pub fn uses_name(&self, name: &str) -> bool {
        let mut uses = false;
        names::Names::visit_names(self, &mut |used| uses |= used == name);
        uses
    }

    /// Calls `see` with the name of every arg or variable that a value of the file uses.
    pub(crate) fn visit_used_names(&self, see: &mut dyn FnMut(&str)) {
        names::Names::visit_names(self, see);
    }

    /// True if a declaration with this name could not be read.
    pub fn is_unread(&self, name: &str) -> bool {
        self.own.unread.contains(name)
    }

    /// The error because of which a declaration with this name could not be read.
    pub(crate) fn error_of_unread(&self, name: &str) -> Option<Reported> {
        self.own.whole.err().filter(|_| self.is_unread(name))
    }
}

/// A pattern of `ignore`, with the syntax of a line in an ignore file.
impl Read for IgnorePattern {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        let written = String::read(value, reader)?;
        let problem = if written.contains('\n') {
            "it has several lines: write each pattern as its own string".to_owned()
        } else if written.starts_with('#') {
            "it would be a comment in an ignore file: write `\\#` for a name that begins with `#`"
                .to_owned()
        } else {
            match ignore::parse(&written) {
                Ok(text) => return Ok(Self { text, span }),
                Err(problem) => problem.to_string(),
            }
        };
        let message = format!("invalid pattern {written:?}: {problem}");
        reader.diagnostics.error(Diagnostic::new(Code::InvalidValue, span, message).hint(
            "patterns are written as in .dockerignore: `ignore = [\"/dist\", \"**/*.log\", \"!keep.log\"]`",
        ))
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

/// Args by name.
#[derive(Debug, Clone, Default)]
pub struct Args(pub BTreeMap<ArgName, Arg>);

/// Constants by name.
#[derive(Debug, Clone, Default)]
pub struct Vars(pub BTreeMap<ArgName, Scalar>);

impl Field for Vars {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        Shape::map(Scalar::shape())
    }

    fn take(
        table: &mut Table<'_>,
        key: &'static str,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Reported> {
        warn_of_misplaced_keys(table, key, reader);
        let Some(value) = table.remove(key) else { return Ok(Self::default()) };
        named_or_unread(value, reader).map(Self)
    }
}

impl Field for Args {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        Shape::named(<ArgName as name::Name>::PATTERN, Arg::shape())
    }

    fn take(
        table: &mut Table<'_>,
        key: &'static str,
        reader: &mut Reader<'_>,
    ) -> Result<Self, Reported> {
        warn_of_misplaced_keys(table, key, reader);
        let Some(value) = table.remove(key) else { return Ok(Self::default()) };
        let mut names: BTreeMap<String, Span> = BTreeMap::new();
        if let Kind::Table(entries) = &value.kind {
            names.extend(entries.iter().map(|entry| (entry.key.name.to_string(), entry.key.span)));
        }
        let mut args: BTreeMap<ArgName, Arg> = named_or_unread(value, reader)?;
        for (name, arg) in &mut args {
            arg.span = names.get(name.as_str()).copied().unwrap_or(arg.span);
        }
        Ok(Self(args))
    }
}

/// Parses a build file without includes, and reports all errors. A spec that is not
/// [whole](Spec::is_whole) is the readable part of a file with errors; `None` means that nothing
/// was readable.
pub fn parse(file: SourceFile, diagnostics: &mut Diagnostics) -> (SourceMap, Option<Spec>) {
    parse_with(file, |_| Err(Absent::File), diagnostics)
}

/// Parses a build file and its includes, which `read` returns. Use [`Reading`] if files must be
/// awaited.
pub fn parse_with(
    file: SourceFile,
    read: impl Fn(&FileAddress) -> Result<Vec<u8>, Absent>,
    diagnostics: &mut Diagnostics,
) -> (SourceMap, Option<Spec>) {
    let mut reading = Reading::new(file, diagnostics);
    while !reading.wanted().is_empty() {
        let contents: Vec<_> = reading.wanted().iter().map(|file| read(&file.address)).collect();
        reading.add(contents, diagnostics);
    }
    reading.finish(diagnostics)
}

/// Reads one file, unless too much is missing to check the rest.
fn read_file(file: &SourceFile, diagnostics: &mut Diagnostics) -> Result<Spec, Reported> {
    if let Some(span) = file.not_text() {
        return diagnostics.error(
            Diagnostic::new(Code::NotText, span, "the file is not UTF-8 text")
                .hint("save the file as UTF-8"),
        );
    }
    if let Some(problem) = other_language::check(file) {
        return diagnostics.error(problem);
    }
    let before = diagnostics.count();
    let document = toml::parse(file, diagnostics);
    let is_toml = diagnostics.no_errors_since(before);
    let mut found = Diagnostics::default();
    let mut reader = Reader::new(file, &KEY_PLACES, &mut found);
    let spec: Result<Spec, Reported> =
        Table::document(document.entries, Spec::WHAT, &reader).read_all(&mut reader);
    let Reader { unread, bare_dollars, .. } = reader;
    silence::read(file, &mut found);
    match document.reliable_until {
        Some(reliable_until) => keep_reliable(reliable_until, found, diagnostics),
        None => diagnostics.absorb(found, |_| true),
    }
    is_toml?;
    let mut spec = spec?;
    if let Some(reported) = unread.any {
        return Err(reported);
    }
    spec.own.unread = unread.names;
    spec.own.bare_dollars = bare_dollars;
    Ok(spec)
}

/// Drops the errors after the position up to which the document is reliable, and errors about
/// missing keys, which may be in the rest.
fn keep_reliable(reliable_until: u32, found: Diagnostics, diagnostics: &mut Diagnostics) {
    let missing = [Code::MissingKey, Code::NoVerb];
    diagnostics.absorb(found, |diagnostic| {
        !missing.contains(&diagnostic.code)
            && diagnostic.span.is_some_and(|span| span.end <= reliable_until)
    });
}

static KEY_PLACES: KeyPlaces = KeyPlaces { header_of, place_of, tables_with_key };

/// The tables that have a key, with their articles.
fn tables_with_key(key: &str) -> &'static [&'static str] {
    static TABLES: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
        let fixed = [Spec::table_shape, Stage::table_shape, Image::table_shape];
        let mounts = [CacheMount::table_shape, BindMount::table_shape, SecretMount::table_shape];
        let mut tables: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for table in fixed.iter().chain(step::STEP_TABLES).chain(&mounts).map(|shape| shape()) {
            for key in &table.keys {
                let whats = tables.entry(key.name).or_default();
                if !whats.contains(&table.what) {
                    whats.push(table.what);
                }
            }
        }
        tables
    });
    TABLES.get(key).map_or(&[], Vec::as_slice)
}

/// The place of a key that a build file, a stage, an image, a step or a mount has, ignoring
/// spelling.
fn place_of(key: &str) -> Option<String> {
    let key = synonym::plain(key);
    let (stage, image) = (key_of(Stage::table_shape, &key), key_of(Image::table_shape, &key));
    let (known, place) = if let (Some(known), Some(_)) = (stage, image) {
        (known, "in [stages.NAME], or in [stages.NAME.image] for the container only".to_owned())
    } else if let Some(known) = stage {
        (known, "in [stages.NAME]".to_owned())
    } else if let Some(known) = image {
        (known, "in [stages.NAME.image]".to_owned())
    } else if let Some(known) = key_of(Spec::table_shape, &key) {
        (known, "at the top of the file".to_owned())
    } else if let Some(verb) = step::verb(&key) {
        (verb, format!("in a step: `steps = [{{ {verb} = ... }}]`"))
    } else {
        let kind = mount::KINDS.into_iter().find(|kind| *kind == key)?;
        (kind, format!("in a mount: `mounts = [{{ {kind} = ... }}]`"))
    };
    Some(format!("`{known}` belongs {place}"))
}

fn key_of(table: fn() -> TableShape, key: &str) -> Option<&'static str> {
    let keys = table().keys;
    keys.iter().map(|known| known.name).find(|known| synonym::plain(known) == key)
}

/// The shapes of all tables with fixed keys.
#[cfg(test)]
fn all_tables() -> Vec<TableShape> {
    fn visit(shape: &Shape, tables: &mut Vec<TableShape>) {
        match shape {
            Shape::List(inner) => visit(inner, tables),
            Shape::Map { values, .. } => visit(values, tables),
            Shape::Any(shapes) => shapes.iter().for_each(|shape| visit(shape, tables)),
            Shape::Table(table) if tables.iter().all(|known| known.what != table.what) => {
                tables.push(table.clone());
                table.keys.iter().for_each(|key| visit(&(key.shape)(), tables));
            }
            _ => {}
        }
    }
    let mut tables = Vec::new();
    visit(&shape(), &mut tables);
    tables
}

/// The header of the table for a key of a build file, a stage or an image.
fn header_of(key: &str) -> Option<String> {
    let tables: [(fn() -> TableShape, _); 3] = [
        (Spec::table_shape, ""),
        (Stage::table_shape, "stages.NAME."),
        (Image::table_shape, "stages.NAME.image."),
    ];
    let (_, before) = tables.into_iter().find(|&(table, _)| has_table(table, key))?;
    Some(format!("[{before}{key}]"))
}

fn has_table(table: fn() -> TableShape, key: &str) -> bool {
    table().keys.iter().any(|known| known.name == key && (known.shape)().takes_table())
}

/// The shape of a whole build file.
pub fn shape() -> Shape {
    Spec::shape()
}
