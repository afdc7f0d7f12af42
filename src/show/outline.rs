//! The answer to `--call=outline`: the inputs of a build of the target (BuildKit's
//! `frontend/subrequests/outline`).

use std::collections::BTreeMap;

use buildkit_llb::visible;
use serde::Serialize;

use super::columns::columns;
use super::place::{Location, texts_of};
use crate::diagnostic::list;
use crate::dockerfile::{DockerfileOutline, OutlinedArg, OutlinedInput};
use crate::plan::{Parameter, Parameters, Use};
use crate::source::SourceMap;

/// The version of the document.
pub const OUTLINE_VERSION: &str = "1.0.0";

/// The inputs of a build of a target.
#[derive(Debug, Serialize)]
pub struct Outline {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    args: Vec<OutlineArg>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secrets: Vec<Input>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ssh: Vec<Input>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cache: Vec<Cache>,
    sources: Vec<String>,
}

#[derive(Debug, Serialize)]
struct OutlineArg {
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    value: String,
    location: Location,
}

#[derive(Debug, Serialize)]
struct Input {
    name: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    required: bool,
    location: Location,
}

#[derive(Debug, Serialize)]
struct Cache {
    #[serde(rename = "ID")]
    id: String,
    location: Location,
}

impl Outline {
    /// Makes the document.
    pub fn new(parameters: Parameters<'_>, files: &SourceMap) -> Self {
        let caches = in_order_of_the_file(parameters.caches)
            .map(|(id, used)| Cache { id, location: Location::lines_of(used.span, files) });
        Self {
            name: parameters.target.to_owned(),
            description: visible(parameters.description.unwrap_or_default()).into_owned(),
            args: parameters.args.into_iter().map(|arg| outlined_arg(arg, files)).collect(),
            secrets: inputs(parameters.secrets, files),
            ssh: inputs(parameters.ssh, files),
            cache: caches.collect(),
            sources: texts_of(files),
        }
    }

    /// The document for a Dockerfile, as BuildKit makes it: without cache directories.
    pub fn of_dockerfile(outline: DockerfileOutline, files: &SourceMap) -> Self {
        Self {
            name: outline.name,
            description: shown(&outline.description),
            args: outline.args.into_iter().map(|arg| arg_of_dockerfile(arg, files)).collect(),
            secrets: outline
                .secrets
                .into_iter()
                .map(|input| input_of_dockerfile(input, files))
                .collect(),
            ssh: outline.ssh.into_iter().map(|input| input_of_dockerfile(input, files)).collect(),
            cache: Vec::new(),
            sources: texts_of(files),
        }
    }

    /// The document as text, as clients print it.
    pub fn to_text(&self) -> String {
        let mut parts = Vec::new();
        // The last stage of a Dockerfile may have no name.
        let name = if self.name.is_empty() { "(default)" } else { &self.name };
        let mut head = vec![["TARGET:", name]];
        if !self.description.is_empty() {
            head.push(["DESCRIPTION:", &self.description]);
        }
        if !self.name.is_empty() || !self.description.is_empty() {
            parts.push(columns(&head, 1));
        }
        if !self.args.is_empty() {
            let rows = self
                .args
                .iter()
                .map(|arg| [arg.name.as_str(), arg.value.as_str(), arg.description.as_str()]);
            parts.push(table(["BUILD ARG", "VALUE", "DESCRIPTION"], rows));
        }
        for (what, inputs) in [("SECRET", &self.secrets), ("SSH", &self.ssh)] {
            if !inputs.is_empty() {
                let rows = inputs
                    .iter()
                    .map(|input| [input.name.as_str(), if input.required { "true" } else { "" }]);
                parts.push(table([what, "REQUIRED"], rows));
            }
        }
        parts.iter().map(|part| format!("{part}\n")).collect()
    }
}

fn input_of_dockerfile(input: OutlinedInput, files: &SourceMap) -> Input {
    Input {
        name: shown(&input.name),
        required: input.required,
        location: Location::of_dockerfile(&input.lines, files),
    }
}

fn arg_of_dockerfile(arg: OutlinedArg, files: &SourceMap) -> OutlineArg {
    OutlineArg {
        description: shown(&arg.description),
        value: shown(&arg.value),
        location: Location::of_dockerfile(&arg.lines, files),
        name: arg.name,
    }
}

fn shown(text: &str) -> String {
    visible(text).into_owned()
}

fn inputs(uses: BTreeMap<String, Use>, files: &SourceMap) -> Vec<Input> {
    let mut inputs = Vec::new();
    for (name, used) in in_order_of_the_file(uses) {
        let location = Location::lines_of(used.span, files);
        inputs.push(Input { name, required: used.required, location });
    }
    inputs
}

fn outlined_arg(parameter: Parameter<'_>, files: &SourceMap) -> OutlineArg {
    OutlineArg {
        name: parameter.name.to_owned(),
        description: visible(&description(&parameter)).into_owned(),
        location: Location::lines_of(parameter.arg.span, files),
        value: visible(&parameter.value.unwrap_or_default()).into_owned(),
    }
}

fn table<'t, const N: usize>(
    head: [&'t str; N],
    rows: impl Iterator<Item = [&'t str; N]>,
) -> String {
    let rows: Vec<[&str; N]> = std::iter::once(head).chain(rows).collect();
    columns(&rows, 3)
}

fn in_order_of_the_file(uses: BTreeMap<String, Use>) -> impl Iterator<Item = (String, Use)> {
    let mut uses: Vec<(String, Use)> = uses.into_iter().collect();
    uses.sort_by_key(|(_, used)| used.span);
    uses.into_iter()
}

/// The description of an arg with its allowed values, for which the document has no field.
fn description(Parameter { arg, values, .. }: &Parameter<'_>) -> String {
    let required = arg.required.then(|| "required".to_owned());
    let values = (!values.is_empty()).then(|| format!("one of {}", list(values)));
    let pattern = arg.pattern.iter().map(|pattern| format!("matches `{}`", pattern.text));
    let parts: Vec<String> =
        arg.description.clone().into_iter().chain(required).chain(values).chain(pattern).collect();
    parts.join("; ")
}
