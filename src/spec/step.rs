//! Steps: one verb each.

use std::collections::BTreeMap;

use super::condition::Conditions;
use super::mount::Mount;
use super::mount_set::MountList;
use super::name::{ArgName, PathKey};
use super::parallel::Branch;
use super::pasted;
use super::read::{OneOrMany, Read, Reader, STRING, words};
use super::shape::Shape;
use super::stage::{Env, From, Shell};
use super::step_slips;
use super::synonym;
use super::table::{Keys, Table, table};
use super::template::{
    Allowed, MaybeEmpty, Template, TextTemplate, Unreadable, User, read_template,
};
use super::text::{self, dedent};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Span, Spanned};
use crate::text::Text;
use crate::toml::{Kind, Places, Value};

/// A step, with the span of its text.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its span.
    pub span: Span,
    /// Its verb with its keys.
    pub verb: Verb,
    /// Caches whether any `from` occurs, so callers can skip the step.
    has_from: bool,
}

table! {
    /// Keys of every step.
    pub struct StepKeys as "a step" {
        with conditions: Conditions;
        /// Its label in the progress.
        "name" name: Option<Template>,
        /// Its working directory; a relative one is relative to the stage's.
        "workdir" workdir: Option<MaybeEmpty>,
        /// Run it in every build. Its cache mounts are kept.
        "no-cache" no_cache: Option<bool>,
    }

    /// Keys of every step that runs a process.
    pub struct ProcessKeys as "a run step" {
        with step: StepKeys;
        /// Mounts besides those of the stage: tables, and names of sets in `[mounts]`.
        "mounts" mounts: MountList,
        /// Environment variables besides those of the stage; not recorded in the image.
        "env" env: Env,
        /// Args in the environment of the process, besides those that its text names.
        "args" args: Vec<Spanned<ArgName>>,
        /// Args to remove from the environment of the process, even if its text names them.
        "no-args" no_args: Vec<Spanned<ArgName>>,
        /// The user of the process, instead of the stage's.
        "user" user: Option<User>,
        /// The network: `sandbox` (the default), `host` or `none`. `host` must be allowed by the
        /// client.
        "network" network: Option<Network>,
        /// The privileges: `sandbox` (the default) or `insecure`, which the client must allow.
        "security" security: Option<Security>,
        /// Devices by their CDI names, such as "vendor.com/class=name".
        "devices" devices: Vec<Device>,
    }

    /// Keys of every step that creates files.
    pub struct OwnerKeys as "a copy step" {
        with step: StepKeys;
        /// The owner: `user` or `user:group`, by name or number.
        "chown" chown: Option<MaybeEmpty>,
        /// The mode: octal digits such as "0755", or a change such as "u+x".
        "chmod" chmod: Option<MaybeEmpty>,
        /// Also set the mode of `chmod` on created parent directories, as Dockerfiles do. By
        /// default, they have 0755.
        "chmod-parents" chmod_parents: Option<bool>,
        /// Put the files into a separate layer that does not depend on the layers below.
        "link" link: Option<bool>,
    }

    /// Runs text in a shell. Shorthand: the text alone.
    pub struct RunStep as "a run step" {
        with process: ProcessKeys;
        /// The text. If it begins with `#!`, it is written to a file and run.
        "run" script: Spanned<Script>,
        /// The shell for the text, instead of the stage's.
        "shell" shell: Option<Shell>,
    }

    /// Runs a program, without a shell.
    pub struct ExecStep as "an exec step" {
        with process: ProcessKeys;
        /// The program and its arguments.
        "exec" command: Spanned<Vec<TextTemplate>>,
    }

    /// Copies files of the build context, a stage or an image.
    pub struct CopyStep as "a copy step" {
        with files: OwnerKeys;
        /// The sources: a path or a pattern, a list of them, or a table with a destination for
        /// each.
        "copy" sources: Spanned<Sources>,
        /// The destination; a directory ends with a slash. By default, the working directory.
        "to" to: Option<Template>,
        /// The stage or image that contains the sources. By default, the build context.
        "from" from: Option<Spanned<From>>,
        /// Keep the parent directories of sources: all, or those after `/./` in the path.
        "parents" parents: Option<bool>,
        /// From directories, copy only files that match one of these patterns.
        "include" include: Option<Box<OneOrMany<Template>>>,
        /// From directories, do not copy files that match one of these patterns.
        "exclude" exclude: Option<Box<OneOrMany<Template>>>,
        /// Allow a plain path to be missing.
        "optional" optional: Option<bool>,
        /// Copy the file or directory that a pattern matches to `to` itself, like a plain path. Of
        /// several matching files, the last one remains.
        "rename" rename: Option<bool>,
        /// Unpack a source whose content is a tar archive, regardless of its name, into `to`, as
        /// `ADD` does. Other sources are copied.
        "extract" extract: Option<bool>,
    }

    /// Downloads a file.
    pub struct FetchStep as "a fetch step" {
        with files: OwnerKeys;
        /// The URL, http or https.
        "fetch" url: Spanned<Template>,
        /// The destination; a directory ends with a slash. By default, the working directory.
        "to" to: Option<Template>,
        /// The required digest of the file: "sha256:...".
        "checksum" checksum: Option<MaybeEmpty>,
        /// Unpack the file, which is an archive.
        "extract" extract: Option<bool>,
        /// Number of leading components to remove from paths in an archive.
        "strip" strip: Option<Spanned<u32>>,
    }

    /// Fetches a git repository.
    pub struct GitStep as "a git step" {
        with files: OwnerKeys;
        /// The URL: https, ssh or git.
        "git" url: Spanned<Template>,
        /// A branch, a tag or a commit. By default, the default branch.
        "ref" reference: Option<MaybeEmpty>,
        /// The commit to which the reference must resolve.
        "checksum" checksum: Option<MaybeEmpty>,
        /// The subdirectory of the repository to use.
        "subdir" subdir: Option<MaybeEmpty>,
        /// Keep the `.git` directory.
        "keep-git-dir" keep_git_dir: Option<bool>,
        /// Fetch submodules too; the default is `true`.
        "submodules" submodules: Option<bool>,
        /// Fetch the commit in `checksum` or `ref` without resolving the reference.
        "fetch-by-commit" fetch_by_commit: Option<Spanned<bool>>,
        /// The destination. By default, the working directory.
        "to" to: Option<Template>,
    }

    /// Unpacks a tar archive, compressed or not.
    pub struct UnpackStep as "an unpack step" {
        with step: StepKeys;
        /// The archive.
        "unpack" source: Spanned<Template>,
        /// The stage or image that contains it. By default, the build context.
        "from" from: Option<Spanned<From>>,
        /// The directory to unpack into. By default, the working directory.
        "to" to: Option<Template>,
        /// Number of leading components to remove from paths.
        "strip" strip: Option<Spanned<u32>>,
        /// The owner, instead of those in the archive.
        "chown" chown: Option<Template>,
        /// Put the files into a separate layer that does not depend on the layers below.
        "link" link: Option<bool>,
    }

    /// Writes a file.
    pub struct WriteStep as "a write step" {
        with files: OwnerKeys;
        /// The path of the file.
        "write" path: Spanned<Template>,
        /// The content. A text of several lines loses its common indentation; a list contains its
        /// lines verbatim.
        "content" content: Spanned<Content>,
        /// Substitute `${NAME}` in the content.
        "expand" expand: Option<bool>,
    }

    /// Creates directories and their parents. An existing one is left unchanged.
    pub struct MkdirStep as "a mkdir step" {
        with step: StepKeys;
        /// The directory, or a list of them.
        "mkdir" paths: Spanned<OneOrMany<Template>>,
        /// The owner: `user` or `user:group`, by name or number.
        "chown" chown: Option<Template>,
        /// The mode: octal digits such as "0755", or a change such as "u+x".
        "chmod" chmod: Option<Template>,
    }

    /// Removes files and directories.
    pub struct RemoveStep as "a remove step" {
        with step: StepKeys;
        /// The path or pattern, or a list of them.
        "remove" paths: Spanned<OneOrMany<Template>>,
        /// Allow the path to be missing.
        "missing-ok" missing_ok: Option<bool>,
    }

    /// Creates a symbolic link.
    pub struct SymlinkStep as "a symlink step" {
        with step: StepKeys;
        /// The path of the link.
        "symlink" path: Spanned<Template>,
        /// The target of the link.
        "target" target: Spanned<Template>,
    }
}

table! {
    /// Runs several branches concurrently, each on the current state, and merges their changes.
    pub struct ParallelStep as "a parallel step" {
        with step: StepKeys;
        /// The branches, in the order of merging: each a step, or `{ steps = [...] }`.
        "parallel" branches: Spanned<Vec<Branch>>,
    }
}

words! {
    /// The network of a process.
    pub enum Network as "a network" {
        /// A network of its own with outside access.
        "sandbox" Sandbox,
        /// The engine's network.
        "host" Host,
        /// No network.
        "none" None,
    }

    /// The privileges of a process.
    pub enum Security as "a security mode" {
        /// The default privileges of containers.
        "sandbox" Sandbox,
        /// All privileges.
        "insecure" Insecure,
    }
}

table! {
    /// A device that may be optional.
    pub(super) struct DeviceTable as "a device" {
        /// Its CDI name.
        "name" name: Spanned<Template>,
        /// Fail the build if the engine does not have it.
        "required" required: Option<bool>,
    }
}

/// A device of the engine.
#[derive(Debug, Clone)]
pub struct Device {
    /// Its CDI name.
    pub name: Template,
    /// Fail the build if the engine does not have it.
    pub required: bool,
}

impl Read for Device {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if let Kind::Table(_) = value.kind {
            let DeviceTable { name, required } = DeviceTable::read(value, reader)?;
            return Some(Self { name: name.value, required: required.unwrap_or(false) });
        }
        Template::read(value, reader).map(|name| Self { name, required: false })
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Template, DeviceTable::shape()])
    }
}

/// The sources of a copy.
#[derive(Debug, Clone)]
pub enum Sources {
    /// Sources with one destination.
    To(OneOrMany<Template>),
    /// Sources with a destination each.
    Each(Vec<(Template, Template)>),
}

impl Read for Sources {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let Kind::Table(_) = value.kind else {
            return OneOrMany::read(value, reader).map(Sources::To);
        };
        step_slips::warn_of_keys_for_paths(&value, reader.diagnostics);
        let pairs: BTreeMap<PathKey, Template> = BTreeMap::read(value, reader)?;
        let expected = pairs.len();
        let pairs: Vec<_> = pairs
            .into_iter()
            .filter_map(|(PathKey { text, span }, to)| {
                Some((read_template(text, span, Allowed::Line, reader)?, to))
            })
            .collect();
        (pairs.len() == expected).then_some(Sources::Each(pairs))
    }

    fn shape() -> Shape {
        let paths = Shape::List(Box::new(Shape::Template));
        Shape::Any(vec![Shape::Template, paths, Shape::map(Shape::Template)])
    }
}

impl Sources {
    fn is_empty(&self) -> bool {
        match self {
            Sources::To(sources) => sources.as_slice().is_empty(),
            Sources::Each(pairs) => pairs.is_empty(),
        }
    }
}

/// The content of a written file, without the indentation of the build file.
#[derive(Debug, Clone)]
pub struct Content {
    /// The literal text.
    pub text: Text,
    /// The parsed template for `expand`, or the reason why it cannot be parsed.
    pub template: Result<Template, Unreadable>,
}

impl Read for Content {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        if let Kind::Array(_) = value.kind {
            let lines = Vec::<Spanned<Text>>::read(value, reader)?;
            let mut text = String::new();
            let mut starts = Vec::with_capacity(lines.len());
            for line in lines {
                starts.push((text.len(), line.span));
                text.push_str(&line.value);
                text.push('\n');
            }
            let text = Text::from(text);
            let places = || Places::of_strings(starts);
            let template = Template::parse(&text, span, Allowed::Bytes, places);
            return Some(Self { text, template });
        }
        let text = match value.kind {
            // A file may contain NUL, which no other text may.
            Kind::String(text) => reader.text(&text).map(dedent),
            other => return reader.wrong_type(span, &other, STRING),
        };
        let places = || text::places(reader.file.slice(span), span.start);
        let template = Template::parse(&text, span, Allowed::Bytes, places);
        if let Some(pasted) = pasted::in_content(&text, span) {
            return reader.diagnostics.fail(pasted);
        }
        Some(Self { text, template })
    }

    fn shape() -> Shape {
        Shape::Text.or_list()
    }
}

/// The text of a run step, without the indentation of the build file.
#[derive(Debug, Clone)]
pub struct Script(pub Text, Written);

/// The token of a string, with its quotes.
#[derive(Debug, Clone)]
struct Written(Text);

impl Spanned<Script> {
    /// The locations of the text in the file.
    pub fn places(&self) -> Places {
        let Script(_, Written(token)) = &self.value;
        text::places(token, self.span.start)
    }
}

impl Read for Script {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        if let found @ Kind::Array(_) = &value.kind {
            let form = "a program and its arguments are run with exec = [...]; several commands are several steps, or the lines of one text";
            return reader.wrong_form(span, found, STRING, form);
        }
        let written = Written(reader.text(reader.file.slice(span)));
        let script = Text::read(value, reader)?.map(dedent);
        let script = script.piece(script.trim_end());
        if script.is_empty() {
            return reader.diagnostics.fail(
                Diagnostic::new(Code::InvalidValue, span, "there is nothing to run")
                    .hint("write a command, or leave the step out"),
            );
        }
        if let Some(pasted) = pasted::in_script(&script, span) {
            return reader.diagnostics.fail(pasted);
        }
        Some(Self(script, written))
    }

    fn shape() -> Shape {
        Shape::Text
    }
}

macro_rules! verbs {
    ($($(#[doc = $doc:literal])+ $verb:literal $Verb:ident($Step:ident),)+) => {
        /// The verb of a step.
        #[derive(Debug, Clone)]
        pub enum Verb { $($(#[doc = $doc])+ $Verb(Box<$Step>),)+ }

        /// The keys that are verbs.
        pub(super) const VERBS: &[&str] = &[$($verb),+];

        /// Reads the table of a step whose verb is known.
        fn read_verb(verb: &str, table: Table<'_>, reader: &mut Reader<'_>) -> Option<Verb> {
            match verb {
                $($verb => table.named($Step::WHAT).read_all(reader).map(|step| Verb::$Verb(Box::new(step))),)+
                _ => None,
            }
        }

        impl Verb {
            /// Calls `visit` with each name that the step may use.
            pub(super) fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
                match self { $(Verb::$Verb(step) => super::names::Names::visit_names(&**step, visit),)+ }
            }
        }

        fn step_shape() -> Shape {
            Shape::Any(vec![Shape::Text, $($Step::shape()),+])
        }

        /// The tables of all steps.
        pub(super) const STEP_TABLES: &[fn() -> super::shape::TableShape] = &[$($Step::table_shape),+];
    };
}

verbs! {
    /// Runs text in a shell.
    "run" Run(RunStep),
    /// Runs a program.
    "exec" Exec(ExecStep),
    /// Copies files.
    "copy" Copy(CopyStep),
    /// Downloads a file.
    "fetch" Fetch(FetchStep),
    /// Fetches a git repository.
    "git" Git(GitStep),
    /// Unpacks an archive.
    "unpack" Unpack(UnpackStep),
    /// Writes a file.
    "write" Write(WriteStep),
    /// Creates directories.
    "mkdir" Mkdir(MkdirStep),
    /// Removes files.
    "remove" Remove(RemoveStep),
    /// Creates a symbolic link.
    "symlink" Symlink(SymlinkStep),
    /// Runs several branches concurrently.
    "parallel" Parallel(ParallelStep),
}

/// A table with one verb, or the text of a run step as a shorthand.
impl Read for Step {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        let verb = match value.kind {
            Kind::String(_) => Verb::Run(Box::new(RunStep::short(Spanned::read(value, reader)?))),
            Kind::Table(_) => read_table(Table::new(value, "a step", reader)?, span, reader)?,
            other => {
                let form = match &other {
                    Kind::Array(_) => {
                        "{ exec = [...] } runs a program with arguments; a branch of several steps is { steps = [...] }"
                    }
                    _ => "'TEXT' is run, and a table does what its verb says: { copy = \"FILE\" }",
                };
                return reader.wrong_form(span, &other, "a string or a table", form);
            }
        };
        check(&verb, reader)?;
        let mut step = Self { span, verb, has_from: false };
        step.look_for_froms();
        Some(step)
    }

    fn shape() -> Shape {
        step_shape()
    }
}

fn read_table(table: Table<'_>, span: Span, reader: &mut Reader<'_>) -> Option<Verb> {
    let mut verbs = VERBS.iter().copied().filter(|verb| table.has(verb));
    match (verbs.next(), verbs.next()) {
        (Some(one), Some(other)) => reader.diagnostics.fail(
            Diagnostic::new(
                Code::SeveralVerbs,
                span,
                format!("a step has both `{one}` and `{other}`"),
            )
            .hint(step_slips::with_two_verbs(one, other)),
        ),
        (Some(verb), None) => {
            if let Some(slip) = step_slips::slip(verb, &table, reader.file) {
                return reader.diagnostics.fail(slip);
            }
            read_verb(verb, table, reader)
        }
        (None, _) => {
            let hint = step_slips::without_verb(&table);
            reader
                .diagnostics
                .fail(Diagnostic::new(Code::NoVerb, span, "a step has no verb").hint(hint))
        }
    }
}

/// The verb for a word, ignoring spelling variants.
pub(super) fn verb(word: &str) -> Option<&'static str> {
    let word = synonym::plain(word);
    VERBS.iter().copied().find(|verb| *verb == word)
}

/// Maximum number of leading path components to remove.
const MAX_STRIP: u32 = 64;

/// Checks the combination of keys.
fn check(verb: &Verb, reader: &mut Reader<'_>) -> Option<()> {
    let nothing = |span: Span, what: &str, hint: &str| {
        Diagnostic::new(Code::InvalidValue, span, format!("there is nothing to {what}")).hint(hint)
    };
    let diagnostic = match verb {
        Verb::Exec(step) if step.command.is_empty() => {
            nothing(step.command.span, "execute", "exec = [\"program\", \"argument\"]")
        }
        Verb::Copy(step) if step.sources.is_empty() => {
            nothing(step.sources.span, "copy", "copy = [\"a\", \"b\"], or leave the step out")
        }
        Verb::Mkdir(step) if step.paths.as_slice().is_empty() => {
            nothing(step.paths.span, "make", "mkdir = \"/dir\", or leave the step out")
        }
        Verb::Remove(step) if step.paths.as_slice().is_empty() => {
            nothing(step.paths.span, "remove", "remove = \"/path\", or leave the step out")
        }
        Verb::Parallel(step) if step.branches.is_empty() => {
            nothing(step.branches.span, "do at once", "parallel = [...], or leave the step out")
        }
        Verb::Copy(step) if let (Some(to), Sources::Each(_)) = (&step.to, &step.sources.value) => {
            Diagnostic::new(
                Code::ConflictingKeys,
                to.span,
                "a `copy` table has a destination for each source, and `to` besides",
            )
            .hint("leave `to` out, or write the sources as a list")
        }
        Verb::Fetch(step) if let (Some(strip), None | Some(false)) = (step.strip, step.extract) => {
            Diagnostic::new(
                Code::ConflictingKeys,
                strip.span,
                "`strip` is for archives, and this file is not unpacked",
            )
            .hint("add extract = true")
        }
        Verb::Fetch(step) if let Some(too_many) = too_many_parts(step.strip) => too_many,
        Verb::Unpack(step) if let Some(too_many) = too_many_parts(step.strip) => too_many,
        _ => match pasted::in_paths(verb, reader) {
            Some(pasted) => pasted,
            None => return Some(()),
        },
    };
    reader.diagnostics.fail(diagnostic)
}

/// The error for removing more components than a path can have.
fn too_many_parts(strip: Option<Spanned<u32>>) -> Option<Diagnostic> {
    let Spanned { value, span } = strip.filter(|strip| strip.value > MAX_STRIP)?;
    let message = format!("`{value}` parts are more than any path has");
    Some(Diagnostic::new(Code::InvalidValue, span, message).hint(format!("at most {MAX_STRIP}")))
}

impl RunStep {
    fn short(script: Spanned<Script>) -> Self {
        Self {
            process: ProcessKeys {
                step: StepKeys {
                    conditions: Conditions::NONE,
                    name: None,
                    workdir: None,
                    no_cache: None,
                },
                mounts: MountList::default(),
                env: Env::default(),
                args: Vec::new(),
                no_args: Vec::new(),
                user: None,
                network: None,
                security: None,
                devices: Vec::new(),
            },
            script,
            shell: None,
        }
    }
}

impl Step {
    /// Updates the cached flag after a change.
    pub(super) fn look_for_froms(&mut self) {
        let mut has_from = false;
        self.verb.visit_froms(&mut |_| has_from = true);
        self.has_from = has_from;
    }

    /// Calls `visit` with each `from` of the step itself.
    pub(super) fn visit_froms<'s>(&'s self, visit: &mut dyn FnMut(&'s Spanned<From>)) {
        if self.has_from {
            self.verb.visit_froms(visit);
        }
    }
}

impl ParallelStep {
    /// The steps of all branches.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.branches.iter().flat_map(|branch| &branch.steps)
    }
}

impl Verb {
    /// The keys of every step.
    pub fn keys(&self) -> &StepKeys {
        match self {
            Verb::Run(step) => &step.process.step,
            Verb::Exec(step) => &step.process.step,
            Verb::Copy(step) => &step.files.step,
            Verb::Fetch(step) => &step.files.step,
            Verb::Git(step) => &step.files.step,
            Verb::Unpack(step) => &step.step,
            Verb::Write(step) => &step.files.step,
            Verb::Mkdir(step) => &step.step,
            Verb::Remove(step) => &step.step,
            Verb::Symlink(step) => &step.step,
            Verb::Parallel(step) => &step.step,
        }
    }

    fn visit_froms<'s>(&'s self, visit: &mut dyn FnMut(&'s Spanned<From>)) {
        let mut visit_mounts =
            |mounts: &'s MountList| mounts.iter().filter_map(Mount::from).for_each(&mut *visit);
        match self {
            Verb::Run(step) => visit_mounts(&step.process.mounts),
            Verb::Exec(step) => visit_mounts(&step.process.mounts),
            Verb::Copy(step) => step.from.iter().for_each(visit),
            Verb::Unpack(step) => step.from.iter().for_each(visit),
            Verb::Fetch(_)
            | Verb::Git(_)
            | Verb::Write(_)
            | Verb::Mkdir(_)
            | Verb::Remove(_)
            | Verb::Symlink(_)
            | Verb::Parallel(_) => {}
        }
    }
}
