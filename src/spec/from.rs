//! `from`: the origin of files or of a base.

use std::collections::BTreeMap;

use super::name::ArgName;
use super::names::Names;
use super::read::Read;
use super::reader::Reader;
use super::shape::Shape;
use super::table::table;
use super::template::{Scalar, Template};
use crate::diagnostic::{Code, Diagnostic, list};
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
