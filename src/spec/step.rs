//! Steps: one verb each.

use super::condition::Conditions;
use super::env::{Env, Shell};
use super::from::From;
use super::mount::Mount;
use super::mount_set::MountList;
use super::name::ArgName;
use super::read::{OneOrMany, Read};
use super::reader::Reader;
use super::shape::Shape;
use super::step_values::{Content, Device, Network, Script, Security, Sources};
use super::synonym;
use super::table::{Keys, Table, table};
use super::template::{MaybeEmpty, Template, TextTemplate, User};
use crate::diagnostic::Reported;
use crate::source::{Span, Spanned};

/// A step, with the span of its text.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its span.
    pub span: Span,
    /// Its verb with its keys.
    pub verb: Verb,
    /// Its id, which is unique in its stage.
    pub id: StepId,
}

/// A branch: steps that run in order, concurrently with those of other branches.
#[derive(Debug, Clone)]
pub struct Branch {
    /// At least one. None of them is a `parallel` step.
    pub steps: Vec<Step>,
}

impl Step {
    /// Calls `visit` with each name that the step may use: of args, constants and variables.
    pub fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        self.verb.visit_names(visit);
    }
}

/// The id of a step in its stage. Steps of other stages may have the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepId(pub(super) usize);

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

/// Reads the table of a step.
type ReadVerb = fn(Table<'_>, &mut Reader<'_>) -> Result<Verb, Reported>;

macro_rules! verbs {
    ($($(#[doc = $doc:literal])+ $verb:literal $Verb:ident($Step:ident),)+) => {
        /// The verb of a step.
        #[derive(Debug, Clone)]
        pub enum Verb { $($(#[doc = $doc])+ $Verb(Box<$Step>),)+ }

        /// The keys that are verbs.
        pub(super) const VERBS: &[&str] = &[$($verb),+];

        /// The readers of steps, by their verbs.
        pub(super) const READERS: &[(&str, ReadVerb)] = &[$(($verb, |table, reader| {
            table.named($Step::WHAT).read_all(reader).map(|step| Verb::$Verb(Box::new(step)))
        })),+];

        impl Verb {
            /// Calls `visit` with each name that the step may use.
            pub(super) fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
                match self { $(Verb::$Verb(step) => super::names::Names::visit_names(&**step, visit),)+ }
            }
        }

        pub(super) fn step_shape() -> Shape {
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

/// The verb for a word, ignoring spelling variants.
pub(super) fn verb(word: &str) -> Option<&'static str> {
    let word = synonym::plain(word);
    VERBS.iter().copied().find(|verb| *verb == word)
}

impl RunStep {
    pub(super) fn short(script: Spanned<Script>) -> Self {
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
    /// Calls `visit` with each `from` of the step itself.
    pub(super) fn visit_froms<'s>(&'s self, visit: &mut dyn FnMut(&'s Spanned<From>)) {
        self.verb.visit_froms(visit);
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
