//! `[stages.NAME]`: what a stage starts from and what its steps have in common.

use std::collections::BTreeMap;

use super::condition::Conditions;
use super::form::quoted;
use super::image::Image;
use super::mount::Mount;
use super::mount_set::MountList;
use super::name::{ArgName, EnvName};
use super::names::Names;
use super::read::{Read, Reader};
use super::shape::Shape;
use super::step::{Step, Verb};
use super::table::table;
use super::template::{MaybeEmpty, Scalar, Template, TextTemplate, User};
use crate::diagnostic::{Code, Diagnostic, list};
use crate::source::{Span, Spanned};
use crate::text::Text;
use crate::toml::{Kind, Value};

table! {
    /// A stage: a base, and the steps that turn it into something else.
    pub struct Stage as "a stage" {
        with conditions: Conditions;
        /// What the stage starts from: a stage, an image, or `scratch`.
        "from" from: Spanned<From>,
        /// The platform that the stage runs on: "linux/arm64", "${BUILDPLATFORM}". The target's is the default.
        "platform" platform: Option<Template>,
        /// Args that every run step gets as environment, besides those that its text names. They go before variables
        /// that the stage inherits, of its base image too. The list replaces the one that the stage inherits.
        "args" args: Option<Vec<Spanned<ArgName>>>,
        /// Args that the stage does not see: neither its strings nor its run steps get them. Not inherited.
        "no-args" no_args: Vec<Spanned<ArgName>>,
        /// Environment of every step; recorded in the image.
        "env" env: Env,
        /// Working directory of every step, made before the first; recorded in the image.
        "workdir" workdir: Option<MaybeEmpty>,
        /// User of every step; recorded in the image.
        "user" user: Option<User>,
        /// What runs the text of `run` steps.
        "shell" shell: Option<Shell>,
        /// Mounts of every run step: tables, and names of sets in `[mounts]`. They replace those that the stage
        /// inherits; `[]` takes them away.
        "mounts" mounts: Option<MountList>,
        /// What is done, in order.
        "steps" steps: Vec<Step>,
        /// Stages that must build for this one to succeed. They are built beside it, and nothing of them gets
        /// into it.
        "requires" requires: Vec<Spanned<String>>,
        /// The directory, or the one file, that `--target NAME.report` exports, whether the steps pass or not. A
        /// relative path starts at the `workdir`.
        "report" report: Option<Template>,
        /// Whether what the stage adds to its base becomes one layer. The layers of the base stay as they are.
        "squash" squash: Option<Spanned<bool>>,
        /// The default of `link` for the stage's copies.
        "link" link: Option<bool>,
        /// The default owner of what the stage's steps put into it: `chown` of `copy`, `fetch`, `git`, `unpack`, `write` and
        /// `mkdir`.
        "chown" chown: Option<Template>,
        /// What the exported image says of itself.
        "image" image: Option<Image>,
        /// Whether the stage is scanned too where the client asks for an SBOM (`--sbom`), besides the target.
        "sbom" sbom: Option<bool>,
        /// What the stage is for; shown by `--call=targets`.
        "description" description: Option<String>,
    }
}

impl Stage {
    /// Calls `visit` with each name that the stage may use: of args, constants and variables.
    pub fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        Names::visit_names(self, visit);
    }

    /// Every step, those of branches behind the one that branches.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(|step| {
            let parallel = match &step.verb {
                Verb::Parallel(parallel) => Some(parallel),
                _ => None,
            };
            [step].into_iter().chain(parallel.into_iter().flat_map(|parallel| parallel.steps()))
        })
    }

    /// What it starts from: one base, or several that are merged, of which the first says all but files.
    pub fn bases(&self) -> impl Iterator<Item = &Spanned<From>> {
        let others = match &self.from.value {
            From::Merge { others, .. } => &others[..],
            _ => &[],
        };
        [first_of(&self.from)].into_iter().chain(others)
    }

    /// Calls `visit` with each `from` of the stage: its own, those of its mounts and those of its steps.
    pub fn visit_froms<'s>(&'s self, visit: &mut dyn FnMut(&'s Spanned<From>)) {
        self.visit_froms_where(&|_| true, visit);
    }

    /// The same without those of steps that do not exist.
    pub fn visit_froms_where<'s>(
        &'s self,
        exists: &dyn Fn(&Step) -> bool,
        visit: &mut dyn FnMut(&'s Spanned<From>),
    ) {
        self.bases().for_each(&mut *visit);
        self.mounts.iter().flat_map(MountList::iter).filter_map(Mount::from).for_each(&mut *visit);
        for step in self.all_steps().filter(|step| exists(step)) {
            step.visit_froms(visit);
        }
    }
}

/// The first of what a `from` merges, or itself.
pub fn first_of(from: &Spanned<From>) -> &Spanned<From> {
    match &from.value {
        From::Merge { first, .. } => first,
        _ => from,
    }
}

/// Where files or a base come from.
#[derive(Debug, Clone)]
pub enum From {
    /// A name whose meaning depends on what there is: a stage, `scratch`, or else an image.
    Name(Template),
    /// A stage and nothing else.
    Stage(Template),
    /// An image and nothing else.
    Image {
        /// Its reference.
        reference: Template,
        /// For which platform, where it is not the stage's.
        platform: Option<Template>,
    },
    /// A named input and nothing else.
    Source(Template),
    /// A build context that the client names, and nothing else.
    Context(Template),
    /// A stage, and over it what others changed. Each is a [`From::Stage`].
    Merge {
        /// The stage that has the config.
        first: Box<Spanned<From>>,
        /// The others.
        others: Vec<Spanned<From>>,
    },
    /// What a Dockerfile makes.
    Dockerfile {
        /// Its path, from the directory of the build file.
        file: Template,
        /// The stage of it that is built; its last without one.
        target: Option<Template>,
        /// Its build args.
        args: BTreeMap<ArgName, Scalar>,
    },
}

table! {
    /// The form of `from` that says which kind it means.
    pub(super) struct FromTable as "a `from`" {
        /// The name of a stage.
        "stage" stage: Option<Template>,
        /// The name of a source.
        "source" source: Option<Template>,
        /// The reference of an image.
        "image" image: Option<Template>,
        /// The platform of the image, where it is not the stage's.
        "platform" platform: Option<Template>,
        /// The name of a build context, which `--build-context NAME=...` gives.
        "context" context: Option<Template>,
        /// Stages: the first, and over it what each other one changed since both were the same.
        "merge" merge: Option<Vec<Spanned<Template>>>,
        /// The path of a Dockerfile, from the directory of the build file. The engine's own frontend builds it.
        "dockerfile" dockerfile: Option<Template>,
        /// The stage of a Dockerfile that is built. Its last is the default.
        "target" target: Option<Template>,
        /// The build args of a Dockerfile. It gets no others.
        "args" args: BTreeMap<ArgName, Scalar>,
    }
}

impl Read for From {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        let before = reader.diagnostics.count();
        let table = match value.kind {
            Kind::String(_) => return Template::read(value, reader).map(From::Name),
            Kind::Table(_) => FromTable::read(value, reader)?,
            Kind::Integer { .. } => {
                let form = "stages have names and no numbers: from = \"NAME\"";
                return reader.wrong_form(span, &value.kind, "a string or a table", form);
            }
            other => {
                let form = "from = \"IMAGE\", from = \"STAGE\", or a table: { image = \"IMAGE\" }";
                return reader.wrong_form(span, &other, "a string or a table", form);
            }
        };
        // What it says may have been said by a key that it does not have.
        let is_told = reader.diagnostics.count() > before;
        let FromTable { stage, source, image, platform, context, merge, dockerfile, target, args } =
            table;
        let conflict = |one, other| {
            Diagnostic::new(
                Code::ConflictingKeys,
                span,
                format!("a `from` table has both `{one}` and `{other}`"),
            )
        };
        let kinds = [
            ("stage", stage.is_some()),
            ("source", source.is_some()),
            ("image", image.is_some()),
            ("context", context.is_some()),
            ("merge", merge.is_some()),
            ("dockerfile", dockerfile.is_some()),
        ];
        let mut said = kinds.iter().filter_map(|&(kind, is_said)| is_said.then_some(kind));
        let (kind, other) = (said.next(), said.next());
        if let (Some(one), Some(other)) = (kind, other) {
            return reader.diagnostics.fail(conflict(one, other));
        }
        if let (Some(kind), Some(_)) = (kind.filter(|&kind| kind != "image"), &platform) {
            let hint = match kind {
                "source" => "a source that is an image has its own platform: set it there",
                "context" => {
                    "the client gives a context for each platform: --build-context NAME::PLATFORM=..."
                }
                _ => "a stage has its own platform: set it there",
            };
            return reader.diagnostics.fail(conflict(kind, "platform").hint(hint));
        }
        let of_dockerfile = [("target", target.is_some()), ("args", !args.is_empty())];
        if let (Some(kind), Some((key, _))) = (
            kind.filter(|&kind| kind != "dockerfile"),
            of_dockerfile.iter().find(|(_, is_said)| *is_said),
        ) {
            let hint =
                format!("`{key}` is for a Dockerfile: {{ dockerfile = \"...\", {key} = ... }}");
            return reader.diagnostics.fail(conflict(kind, key).hint(hint));
        }
        if let Some(stages) = merge {
            return merged(stages, span, reader);
        }
        let reference_and_platform = image.map(|reference| From::Image { reference, platform });
        let of_dockerfile = dockerfile.map(|file| From::Dockerfile { file, target, args });
        stage
            .map(From::Stage)
            .or(source.map(From::Source))
            .or(reference_and_platform)
            .or(context.map(From::Context))
            .or(of_dockerfile)
            .or_else(|| {
                if is_told {
                    return None;
                }
                let kinds = list(kinds.map(|(kind, _)| kind));
                let message = format!("a `from` table needs one of {kinds}");
                reader.diagnostics.fail(
                    Diagnostic::new(Code::MissingKey, span, message).hint(
                        "`from = { stage = \"NAME\" }` or `from = { image = \"REFERENCE\" }`",
                    ),
                )
            })
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Template, FromTable::shape()])
    }

    /// A stage that could not be read: nothing is known of it, and nobody is blamed for using it.
    fn unread(span: Span, reader: &mut Reader<'_>) -> Option<Self> {
        reader.unread.add(UNREAD);
        Some(From::Stage(Template::literal(UNREAD, span)))
    }
}

/// Stands for the name in a `from` that cannot be read. No stage can have it.
const UNREAD: &str = "(not read)";

/// What is merged: two stages at least.
fn merged(stages: Vec<Spanned<Template>>, span: Span, reader: &mut Reader<'_>) -> Option<From> {
    let stage = |Spanned { value, span }| Spanned { value: From::Stage(value), span };
    let mut stages = stages.into_iter().map(stage);
    match (stages.next(), stages.len()) {
        (Some(first), 1..) => {
            Some(From::Merge { first: Box::new(first), others: stages.collect() })
        }
        _ => reader.diagnostics.fail(
            Diagnostic::new(Code::InvalidValue, span, "a merge needs two stages at least")
                .hint("`from = { merge = [\"base\", \"more\"] }`"),
        ),
    }
}

impl From {
    /// What was written, whichever kind it is; of a merge the first.
    pub fn template(&self) -> &Template {
        match self {
            From::Name(template)
            | From::Stage(template)
            | From::Source(template)
            | From::Context(template)
            | From::Image { reference: template, .. }
            | From::Dockerfile { file: template, .. } => template,
            From::Merge { first, .. } => first.template(),
        }
    }

    /// The platform that it asks for itself.
    pub fn platform(&self) -> Option<&Template> {
        match self {
            From::Image { platform, .. } => platform.as_ref(),
            From::Name(_)
            | From::Stage(_)
            | From::Source(_)
            | From::Context(_)
            | From::Merge { .. }
            | From::Dockerfile { .. } => None,
        }
    }
}

/// Environment variables. Their order in the file has no meaning.
#[derive(Debug, Clone, Default)]
pub struct Env(pub BTreeMap<EnvName, Template>);

impl super::table::Field for Env {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        Shape::map(Scalar::shape())
    }

    fn take(
        table: &mut super::table::Table<'_>,
        key: &'static str,
        reader: &mut Reader<'_>,
    ) -> Option<Self> {
        super::warn_of_misplaced_keys(table, key, reader);
        let Some(value) = table.remove(key) else { return Some(Self::default()) };
        let entries: BTreeMap<EnvName, Scalar> = super::read::named_or_unread(value, reader)?;
        Some(Self(entries.into_iter().map(|(name, Scalar(template))| (name, template)).collect()))
    }
}

/// What runs the text of `run` steps: a program and its arguments, of which the text is the last.
#[derive(Debug, Clone)]
pub struct Shell(pub Vec<TextTemplate>);

/// A list, or in short the name of a shell.
impl Read for Shell {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let span = value.span;
        let words = match value.kind {
            Kind::Array(_) => Vec::<TextTemplate>::read(value, reader)?,
            Kind::String(name) if name == "bash" => ["/bin/bash", "-euo", "pipefail", "-c"]
                .map(|word| TextTemplate(Template::literal(word, span)))
                .to_vec(),
            Kind::String(name) if name == "sh" => {
                ["/bin/sh", "-ec"].map(|word| TextTemplate(Template::literal(word, span))).to_vec()
            }
            Kind::String(name) => {
                let message = format!("`{name}` is not a shell that has a short form");
                let hint = match name.starts_with('/') {
                    true => format!("the whole command is a list: [{}]", shell_of_path(&name)),
                    false => {
                        "\"sh\", \"bash\", or the whole command as a list: [\"/bin/zsh\", \"-c\"]"
                            .to_owned()
                    }
                };
                return reader
                    .diagnostics
                    .fail(Diagnostic::new(Code::InvalidValue, span, message).hint(hint));
            }
            other => {
                let form = "\"bash\", or a list: [\"/bin/zsh\", \"-c\"]";
                return reader.wrong_form(span, &other, "a list or a string", form);
            }
        };
        if words.is_empty() {
            return reader.diagnostics.fail(
                Diagnostic::new(Code::InvalidValue, span, "a shell needs at least a program")
                    .hint("[\"/bin/sh\", \"-ec\"] is the default"),
            );
        }
        Some(Self(words))
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Words(vec!["sh", "bash"]), Shape::List(Box::new(Shape::Template))])
    }
}

/// The words of a shell that is written as one text.
fn shell_of_path(text: &str) -> String {
    let mut words: Vec<_> = text.split_whitespace().map(quoted).collect();
    if words.len() == 1 {
        words.push("\"-ec\"".to_owned());
    }
    words.join(", ")
}

impl Read for ArgName {
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        use super::name::Name;
        let span = value.span;
        let text = Text::read(value, reader)?;
        ArgName::check(text, span, reader)
    }

    fn as_list(found: &Kind<'_>, _: &str) -> Option<String> {
        let Kind::Table(entries) = found else { return None };
        let names: Vec<_> = entries.iter().map(|entry| quoted(&entry.key.name)).collect();
        Some(format!(
            "defaults are in [args] at the top of the file; here are names: [{}]",
            names.join(", ")
        ))
    }

    fn shape() -> Shape {
        Shape::Text
    }
}
