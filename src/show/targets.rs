//! The answer to `--call=targets`: the targets of a file (BuildKit's
//! `frontend/subrequests/targets`).

use buildkit_llb::visible;
use serde::Serialize;

use super::columns::columns;
use super::place::{Location, texts_of};
use crate::dockerfile::evaluate::Input as DockerfileInput;
use crate::plan::report_of;
use crate::source::SourceMap;
use crate::spec::{Condition, Conditions, Spec, Stage, StageName, Template};

/// The version of the document.
pub const TARGETS_VERSION: &str = "1.0.0";

/// The targets, in the order of the file.
#[derive(Debug, Serialize)]
pub struct Targets {
    targets: Vec<Target>,
    sources: Vec<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Target {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    default: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    /// The base image as written.
    base: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    platform: String,
    location: Location,
}

impl Targets {
    /// Makes the document. `default` is the target that is built without `--target`.
    pub fn new(spec: &Spec, default: Option<&StageName>, files: &SourceMap) -> Self {
        let mut stages: Vec<_> = spec.stages.iter().collect();
        stages.sort_by_key(|(_, stage)| stage.span);
        let targets = stages.into_iter().flat_map(|(name, stage)| {
            let platform = stage.platform.as_ref().or(stage.from.platform());
            let target = Target {
                name: name.to_string(),
                default: default == Some(name),
                description: description(stage, files),
                base: written(stage.from.template(), files),
                platform: platform.map(|platform| written(platform, files)).unwrap_or_default(),
                location: Location::lines_of(stage.span, files),
            };
            let report = stage.report.as_ref().map(|report| Target {
                name: report_of(name),
                default: false,
                description: format!("the report of `{name}`: {}", written(report, files)),
                location: Location::lines_of(report.span, files),
                ..target.clone()
            });
            [target].into_iter().chain(report)
        });
        Self { targets: targets.collect(), sources: texts_of(files) }
    }

    /// The document for a Dockerfile, as BuildKit makes it: the last stage is the default.
    pub fn of_dockerfile(input: &DockerfileInput<'_>, files: &SourceMap) -> Self {
        let stages = &input.dockerfile.stages;
        let targets = stages.iter().enumerate().map(|(index, stage)| {
            let header = &stage.header;
            let name = header.name.as_ref().map(|name| name.value.to_lowercase());
            let name = name.unwrap_or_default();
            let platform = header.platform.as_ref().map(|platform| platform.value.clone());
            let description = input.description_of(&stage.from, &name);
            Target {
                description: visible(description).into_owned(),
                name,
                default: index + 1 == stages.len(),
                base: visible(&header.base.value).into_owned(),
                platform: visible(&platform.unwrap_or_default()).into_owned(),
                location: Location::of_dockerfile(&input.lines(&stage.from), files),
            }
        });
        Self { targets: targets.collect(), sources: texts_of(files) }
    }

    /// The document as text, as clients print it.
    pub fn to_text(&self) -> String {
        let names: Vec<String> = self.targets.iter().map(name_of).collect();
        let rows = names.iter().zip(&self.targets);
        let rows = rows.map(|(name, target)| [name.as_str(), target.description.as_str()]);
        let rows: Vec<[&str; 2]> = std::iter::once(["TARGET", "DESCRIPTION"]).chain(rows).collect();
        columns(&rows, 1)
    }
}

fn name_of(target: &Target) -> String {
    match (&*target.name, target.default) {
        ("", true) => "(default)".to_owned(),
        (name, true) => format!("{name} (default)"),
        (name, false) => name.to_owned(),
    }
}

/// The description of a stage with its conditions, for which the document has no field.
fn description(stage: &Stage, files: &SourceMap) -> String {
    let Conditions { when, unless } = &stage.conditions;
    let condition = |word: &str, condition: &Condition| {
        format!("{word} {}", condition.describe(|template| written(template, files)))
    };
    let when = when.iter().map(|when| condition("when", when));
    let unless = unless.iter().map(|unless| condition("unless", unless));
    let parts: Vec<String> =
        stage.description.clone().into_iter().chain(when).chain(unless).collect();
    visible(&parts.join("; ")).into_owned()
}

/// A string as written in the file, without its quotes.
fn written(template: &Template, files: &SourceMap) -> String {
    match template.as_literal() {
        Some(text) => text.to_owned(),
        None => files.written(template.span).to_owned(),
    }
}
