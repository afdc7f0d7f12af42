//! `from`: the origin of files or of a base.

use std::collections::BTreeMap;

use super::name::ArgName;
use super::names::Names;
use super::read::Read;
use super::reader::Reader;
use super::shape::Shape;
use super::table::table;
use super::template::{Scalar, Template};
use crate::diagnostic::{Code, Diagnostic, Reported, list};
use crate::source::{Span, Spanned};
use crate::toml::{Kind, Value};

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
    fn read(value: Value<'_>, reader: &mut Reader<'_>) -> Result<Self, Reported> {
        let span = value.span;
        match value.kind {
            Kind::String(_) => Template::read(value, reader).map(From::Name),
            Kind::Table(_) => read_table(value, reader),
            Kind::Integer { .. } => {
                let form = "refer to a stage by name, not by number: `from = \"NAME\"`";
                reader.wrong_form(span, &value.kind, "a string or a table", form)
            }
            other => {
                let form = "write `from = \"IMAGE\"`, `from = \"STAGE\"` or a table such as `{ image = \"IMAGE\" }`";
                reader.wrong_form(span, &other, "a string or a table", form)
            }
        }
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

/// The keys of which a table has exactly one.
const KINDS: [&str; 6] = ["stage", "source", "image", "context", "merge", "dockerfile"];

/// Reads the form with an explicit kind.
fn read_table(value: Value<'_>, reader: &mut Reader<'_>) -> Result<From, Reported> {
    let span = value.span;
    let before = reader.diagnostics.count();
    let table = FromTable::read(value, reader)?;
    if let Some(conflict) = table.exclusive_keys(span) {
        return reader.diagnostics.error(conflict);
    }
    let FromTable { stage, source, image, platform, context, merge, dockerfile, target, args } =
        table;
    if let Some(stages) = merge {
        return merged(stages, span, reader);
    }
    let image = image.map(|reference| From::Image { reference, platform });
    let dockerfile = dockerfile.map(|file| From::Dockerfile { file, target, args });
    let from = stage
        .map(From::Stage)
        .or(source.map(From::Source))
        .or(image)
        .or(context.map(From::Context))
        .or(dockerfile);
    if let Some(from) = from {
        return Ok(from);
    }
    // An unknown key that was reported may have held the value.
    reader.diagnostics.no_errors_since(before)?;
    let message = format!("a `from` table needs one of {}", list(KINDS));
    reader.diagnostics.error(
        Diagnostic::new(Code::MissingKey, span, message)
            .hint("`from = { stage = \"NAME\" }` or `from = { image = \"REFERENCE\" }`"),
    )
}

impl FromTable {
    /// The error for keys that exclude each other.
    fn exclusive_keys(&self, span: Span) -> Option<Diagnostic> {
        let is_given = [
            self.stage.is_some(),
            self.source.is_some(),
            self.image.is_some(),
            self.context.is_some(),
            self.merge.is_some(),
            self.dockerfile.is_some(),
        ];
        let mut given = KINDS.into_iter().zip(is_given).filter(|(_, is_given)| *is_given);
        let (kind, _) = given.next()?;
        if let Some((other, _)) = given.next() {
            return Some(conflict(span, kind, other));
        }
        if kind != "image" && self.platform.is_some() {
            let hint = match kind {
                "source" => "set the platform in the source",
                "context" => {
                    "pass a build context for each platform: `--build-context NAME::PLATFORM=...`"
                }
                _ => "set the platform in the stage",
            };
            return Some(conflict(span, kind, "platform").hint(hint));
        }
        if kind == "dockerfile" {
            return None;
        }
        let of_dockerfile = [("target", self.target.is_some()), ("args", !self.args.is_empty())];
        let (key, _) = of_dockerfile.into_iter().find(|(_, is_given)| *is_given)?;
        let hint = format!(
            "`{key}` is only allowed with `dockerfile`: `{{ dockerfile = \"...\", {key} = ... }}`"
        );
        Some(conflict(span, kind, key).hint(hint))
    }
}

fn conflict(span: Span, one: &str, other: &str) -> Diagnostic {
    let message = format!("a `from` table has both `{one}` and `{other}`");
    Diagnostic::new(Code::ConflictingKeys, span, message)
}

/// The name in a `from` that cannot be read. No stage can have it.
const UNREAD: &str = "(not read)";

/// The stages of a merge: at least two.
fn merged(
    stages: Vec<Spanned<Template>>,
    span: Span,
    reader: &mut Reader<'_>,
) -> Result<From, Reported> {
    let mut stages = stages
        .into_iter()
        .map(|Spanned { value, span }| Spanned { value: From::Stage(value), span });
    match (stages.next(), stages.len()) {
        (Some(first), 1..) => Ok(From::Merge { first: Box::new(first), others: stages.collect() }),
        _ => reader.diagnostics.error(
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
