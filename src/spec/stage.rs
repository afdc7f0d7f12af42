//! `[stages.NAME]`: the base of a stage, its settings and its steps.

use std::collections::BTreeMap;

use super::condition::Conditions;
use super::form::quoted;
use super::image::Image;
use super::mount::Mount;
use super::mount_set::MountList;
use super::name::{ArgName, EnvName};
use super::names::Names;
use super::read::Read;
use super::reader::Reader;
use super::shape::Shape;
use super::step::{Step, Verb};
use super::table::table;
use super::template::{MaybeEmpty, Scalar, Template, TextTemplate, User};
use crate::diagnostic::{Code, Diagnostic, list};
use crate::source::{Span, Spanned};
use crate::text::Text;
use crate::toml::{Kind, Value};

table! {
    /// A stage: a base, and the steps that are run on it.
    pub struct Stage as "a stage" {
        with conditions: Conditions;
        /// The base of the stage: a stage, an image, or `scratch`.
        "from" from: Spanned<From>,
        /// The platform of the stage: "linux/arm64", "${BUILDPLATFORM}". By default, the target's.
        "platform" platform: Option<Template>,
        /// Args in the environment of every run step, besides those that its text names. They take
        /// precedence over variables that the stage inherits, also from its base image. The list
        /// replaces the one that the stage inherits.
        "args" args: Option<Vec<Spanned<ArgName>>>,
        /// Args that are not visible in the stage: neither in its strings nor in its run steps. Not
        /// inherited.
        "no-args" no_args: Vec<Spanned<ArgName>>,
        /// Environment of every step; recorded in the image.
        "env" env: Env,
        /// Working directory of every step, created before the first; recorded in the image.
        "workdir" workdir: Option<MaybeEmpty>,
        /// User of every step; recorded in the image.
        "user" user: Option<User>,
        /// The shell for the text of `run` steps.
        "shell" shell: Option<Shell>,
        /// Mounts of every run step: tables, and names of sets in `[mounts]`. They replace those
        /// that the stage inherits; `[]` removes them.
        "mounts" mounts: Option<MountList>,
        /// The steps, in order.
        "steps" steps: Vec<Step>,
        /// Stages that must build for this one to succeed. They are built concurrently, and their
        /// files are not added to it.
        "requires" requires: Vec<Spanned<String>>,
        /// The directory, or the single file, that `--target NAME.report` exports, even if a step
        /// fails. A relative path starts at the `workdir`.
        "report" report: Option<Template>,
        /// Merge the layers that the stage adds to its base into one. The layers of the base are
        /// kept.
        "squash" squash: Option<Spanned<bool>>,
        /// The default of `link` for the stage's copies.
        "link" link: Option<bool>,
        /// The default owner of files that the stage's steps create: `chown` of `copy`, `fetch`,
        /// `git`, `unpack`, `write` and `mkdir`.
        "chown" chown: Option<Template>,
        /// The config of the exported image.
        "image" image: Option<Image>,
        /// Include the stage in an SBOM (`--sbom`), besides the target.
        "sbom" sbom: Option<bool>,
        /// A description, shown by `--call=targets`.
        "description" description: Option<String>,
    }
}

impl Stage {
    /// Calls `visit` with each name that the stage may use: of args, constants and variables.
    pub fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        Names::visit_names(self, visit);
    }

    /// Every step; those of branches follow their `parallel` step.
    pub fn all_steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(|step| {
            let parallel = match &step.verb {
                Verb::Parallel(parallel) => Some(parallel),
                _ => None,
            };
            [step].into_iter().chain(parallel.into_iter().flat_map(|parallel| parallel.steps()))
        })
    }

    /// Its bases: one, or several that are merged. The first one provides the config.
    pub fn bases(&self) -> impl Iterator<Item = &Spanned<From>> {
        let others = match &self.from.value {
            From::Merge { others, .. } => &others[..],
            _ => &[],
        };
        [first_of(&self.from)].into_iter().chain(others)
    }

    /// Calls `visit` with each `from` of the stage: its own, those of its mounts and those of its
    /// steps.
    pub fn visit_froms<'s>(&'s self, visit: &mut dyn FnMut(&'s Spanned<From>)) {
        self.visit_froms_where(&|_| true, visit);
    }

    /// Like [`Self::visit_froms`], without those of steps that are left out.
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

/// The first stage of a merge, or the `from` itself.
pub fn first_of(from: &Spanned<From>) -> &Spanned<From> {
    match &from.value {
        From::Merge { first, .. } => first,
        _ => from,
    }
}

/// The origin of files or of a base.
#[derive(Debug, Clone)]
pub enum From {
    /// A name that is resolved to a stage, `scratch`, or otherwise an image.
    Name(Template),
    /// A stage.
    Stage(Template),
    /// An image.
    Image {
        /// Its reference.
        reference: Template,
        /// The platform, if it is not the stage's.
        platform: Option<Template>,
    },
    /// A named source.
    Source(Template),
    /// A named build context of the client.
    Context(Template),
    /// A stage with the changes of others on top. Each is a [`From::Stage`].
    Merge {
        /// The stage that provides the config.
        first: Box<Spanned<From>>,
        /// The others.
        others: Vec<Spanned<From>>,
    },
    /// The result of a Dockerfile.
    Dockerfile {
        /// Its path, from the directory of the build file.
        file: Template,
        /// The stage of it to build; by default the last one.
        target: Option<Template>,
        /// Its build args.
        args: BTreeMap<ArgName, Scalar>,
    },
}

table! {
    /// The form of `from` with an explicit kind.
    pub(super) struct FromTable as "a `from`" {
        /// The name of a stage.
        "stage" stage: Option<Template>,
        /// The name of a source.
        "source" source: Option<Template>,
        /// The reference of an image.
        "image" image: Option<Template>,
        /// The platform of the image, if it is not the stage's.
        "platform" platform: Option<Template>,
        /// The name of a build context, which `--build-context NAME=...` gives.
        "context" context: Option<Template>,
        /// Stages to merge: the first, with the changes of each other one since their common base
        /// on top.
        "merge" merge: Option<Vec<Spanned<Template>>>,
        /// The path of a Dockerfile, from the directory of the build file. The engine's own
        /// frontend builds it.
        "dockerfile" dockerfile: Option<Template>,
        /// The stage of a Dockerfile to build. By default, the last one.
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
                let form = "refer to a stage by name, not by number: `from = \"NAME\"`";
                return reader.wrong_form(span, &value.kind, "a string or a table", form);
            }
            other => {
                let form = "write `from = \"IMAGE\"`, `from = \"STAGE\"` or a table such as `{ image = \"IMAGE\" }`";
                return reader.wrong_form(span, &other, "a string or a table", form);
            }
        };
        // If an unknown key was reported, it may have held the value.
        let is_told = reader.diagnostics.count() > before;
        let FromTable { stage, source, image, platform, context, merge, dockerfile, target, args } =
            table;
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
            return reader.diagnostics.fail(conflict(span, one, other));
        }
        if let (Some(kind), Some(_)) = (kind.filter(|&kind| kind != "image"), &platform) {
            let hint = match kind {
                "source" => "set the platform in the source",
                "context" => {
                    "pass a build context for each platform: `--build-context NAME::PLATFORM=...`"
                }
                _ => "set the platform in the stage",
            };
            return reader.diagnostics.fail(conflict(span, kind, "platform").hint(hint));
        }
        let of_dockerfile = [("target", target.is_some()), ("args", !args.is_empty())];
        if let (Some(kind), Some((key, _))) = (
            kind.filter(|&kind| kind != "dockerfile"),
            of_dockerfile.iter().find(|(_, is_said)| *is_said),
        ) {
            let hint = format!(
                "`{key}` is only allowed with `dockerfile`: `{{ dockerfile = \"...\", {key} = ... }}`"
            );
            return reader.diagnostics.fail(conflict(span, kind, key).hint(hint));
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

    /// A placeholder for a base that could not be read: nothing is known about it, and no use of it
    /// is an error.
    fn unread(span: Span, reader: &mut Reader<'_>) -> Option<Self> {
        reader.unread.add(UNREAD);
        Some(From::Stage(Template::literal(UNREAD, span)))
    }
}

fn conflict(span: Span, one: &str, other: &str) -> Diagnostic {
    Diagnostic::new(
        Code::ConflictingKeys,
        span,
        format!("a `from` table has both `{one}` and `{other}`"),
    )
}

/// The name in a `from` that cannot be read. No stage can have it.
const UNREAD: &str = "(not read)";

/// The stages of a merge: at least two.
fn merged(stages: Vec<Spanned<Template>>, span: Span, reader: &mut Reader<'_>) -> Option<From> {
    let mut stages = stages
        .into_iter()
        .map(|Spanned { value, span }| Spanned { value: From::Stage(value), span });
    match (stages.next(), stages.len()) {
        (Some(first), 1..) => {
            Some(From::Merge { first: Box::new(first), others: stages.collect() })
        }
        _ => reader.diagnostics.fail(
            Diagnostic::new(Code::InvalidValue, span, "a merge needs at least two stages")
                .hint("`from = { merge = [\"base\", \"more\"] }`"),
        ),
    }
}

impl From {
    /// Calls `visit` with each name that it may use.
    pub fn visit_names(&self, visit: &mut dyn FnMut(&str)) {
        Names::visit_names(self, visit);
    }

    /// The value, of any kind; for a merge the first one.
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

    /// The platform, if given explicitly.
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
        super::table::warn_of_misplaced_keys(table, key, reader);
        let Some(value) = table.remove(key) else { return Some(Self::default()) };
        let entries: BTreeMap<EnvName, Scalar> = super::read::named_or_unread(value, reader)?;
        Some(Self(entries.into_iter().map(|(name, Scalar(template))| (name, template)).collect()))
    }
}

/// The shell for the text of `run` steps: a program and its arguments. The text is added as the
/// last one.
#[derive(Debug, Clone)]
pub struct Shell(pub Vec<TextTemplate>);

/// A list, or the name of a shell as a shorthand.
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
                let message = format!("unknown shell `{name}`");
                let hint = match name.starts_with('/') {
                    true => format!("write the whole command as a list: [{}]", shell_of_path(&name)),
                    false => {
                        "write \"sh\", \"bash\", or the whole command as a list: [\"/bin/zsh\", \"-c\"]"
                            .to_owned()
                    }
                };
                return reader
                    .diagnostics
                    .fail(Diagnostic::new(Code::InvalidValue, span, message).hint(hint));
            }
            other => {
                let form = "write \"bash\", or a list: [\"/bin/zsh\", \"-c\"]";
                return reader.wrong_form(span, &other, "a list or a string", form);
            }
        };
        if words.is_empty() {
            return reader.diagnostics.fail(
                Diagnostic::new(Code::InvalidValue, span, "a shell needs a program")
                    .hint("the default is [\"/bin/sh\", \"-ec\"]"),
            );
        }
        Some(Self(words))
    }

    fn shape() -> Shape {
        Shape::Any(vec![Shape::Words(vec!["sh", "bash"]), Shape::List(Box::new(Shape::Template))])
    }
}

/// The words of a shell that is written as a single string.
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
            "defaults belong in [args] at the top of the file; list only names here: [{}]",
            names.join(", ")
        ))
    }

    fn shape() -> Shape {
        Shape::Text
    }
}
