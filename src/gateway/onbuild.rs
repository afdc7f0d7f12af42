//! The `ONBUILD` triggers of an image that a stage is based on.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use buildkit_frontend::{Status, keys};
use buildkit_llb::{Cap, Definition, FileOp, Graph, Metadata, MkfileAction, State};
use serde_json::json;

use super::dockerfile;
use super::project::Project;
use crate::lower::{MainContext, MainSource, main_context};
use crate::plan::{ImageQuery, Request, Triggered, args_for_triggers, froms_of};
use crate::reference::Reference;
use crate::spec::Spec;
use crate::text::Text;

/// Runs the engine's own Dockerfile frontend on `FROM` with that image: it runs the triggers, with
/// the client's context, and no parser is needed here. Stages that triggers copy from are passed as
/// build contexts with their names.
pub(super) async fn fire(
    project: &Project<'_>,
    query: &ImageQuery,
    reference: &Reference,
    triggers: &[String],
    pending: &[&str],
) -> Result<Triggered, Status> {
    let Project { bridge, spec, .. } = *project;
    let mut nested = NestedBuild::new(project, query, reference, triggers)?;
    // Dockerfiles support such triggers since the release that also added this capability.
    let takes_stages = bridge.capabilities().llb.supports(Cap::EXEC_VALID_EXIT_CODE.id());
    let mut beside = Vec::new();
    for name in stages_named(triggers, spec) {
        if !takes_stages {
            return Err(Status::new(format!(
                "the engine does not support stages in ONBUILD triggers, such as `{name}` in {reference}; this needs BuildKit {} or later",
                Cap::EXEC_VALID_EXIT_CODE.since()
            )));
        }
        if pending.contains(&name) {
            return Err(Status::new(format!(
                "the ONBUILD triggers of {reference} copy from the stage `{name}`, which starts from that image"
            )));
        }
        // The stage may have such a base too.
        let stage = (project.build_stage)(project, name, &query.platform, pending).await?;
        nested.add_stage(name, stage.definition, stage.config);
        beside.extend(stage.beside);
    }
    let fired = dockerfile::solve(project, nested.opts, nested.inputs).await;
    let fired = fired.map_err(|status| status.context("ONBUILD"))?;
    Ok(Triggered { beside, ..fired })
}

/// A build of a Dockerfile that is only `FROM` with an image.
struct NestedBuild {
    opts: BTreeMap<String, String>,
    inputs: BTreeMap<String, Definition>,
}

impl NestedBuild {
    fn new(
        project: &Project<'_>,
        query: &ImageQuery,
        reference: &Reference,
        triggers: &[String],
    ) -> Result<Self, Status> {
        let mut graph = Graph::new();
        let request =
            Request { target_platform: query.platform.clone(), ..project.options.request.clone() };
        let args = args_for_triggers(triggers, project.spec, &request);
        // No instruction can contain a line break.
        let (several_lines, one_line): (Vec<_>, Vec<_>) =
            args.into_iter().partition(|(_, value)| value.contains(['\n', '\r']));
        let text = dockerfile_of(reference, &one_line);
        let file = MkfileAction::new("/Dockerfile", 0o644, text.into_bytes());
        let label = Metadata::named(format!("[internal] ONBUILD of {}", query.reference));
        let file = graph.add(FileOp::new(State::SCRATCH).then(file), label);
        let mut opts = dockerfile::options(project, &query.platform);
        opts.remove("dockerfilekey");
        let several_lines = several_lines.into_iter();
        opts.extend(
            several_lines.map(|(name, value)| (format!("build-arg:{name}"), value.to_string())),
        );
        opts.insert("filename".to_owned(), "Dockerfile".to_owned());
        // Marks the syntax line as processed, so that no other frontend is started.
        opts.insert("cmdline".to_owned(), "mstage".to_owned());
        let mut inputs = BTreeMap::from([("dockerfile".to_owned(), graph.definition(file))]);
        if let MainSource::Git(_) | MainSource::Http { .. } = &project.context.source {
            // With such an option, the Dockerfile is looked for there instead of in the inputs.
            let key = opts.remove("contextkey").unwrap_or_else(|| "context".to_owned());
            opts.remove(&key);
            // The subdirectory that is the context is still in the options.
            let whole = MainContext { subdir: String::new(), ..project.context.clone() };
            let context = main_context(&whole, &mut graph);
            let context = context.map_err(|err| Status::new(err.to_string()))?;
            inputs.insert("context".to_owned(), graph.definition(context));
        }
        Ok(Self { opts, inputs })
    }

    /// Adds the result of a stage and its image config, as a build context with its name.
    fn add_stage(&mut self, name: &str, definition: Definition, config: Vec<u8>) {
        let config = json!({ (keys::IMAGE_CONFIG): BASE64_STANDARD.encode(config) }).to_string();
        // A name that no input of the client has, and that has no special meaning.
        let input = format!("stage:{name}");
        self.opts.insert(format!("context:{name}"), format!("input:{input}"));
        self.opts.insert(format!("input-metadata:{input}"), config);
        self.inputs.insert(input, definition);
    }
}

/// A Dockerfile based on an image, with args that its triggers may declare: an arg before `FROM`
/// gives a default to an `ARG` without one, as in any Dockerfile.
fn dockerfile_of(reference: &Reference, args: &[(String, Text)]) -> String {
    let mut text = String::new();
    for (name, value) in args {
        text.push_str(&format!("ARG {name}=\""));
        for c in value.chars() {
            text.extend(matches!(c, '"' | '\\' | '$').then_some('\\'));
            text.push(c);
        }
        text.push_str("\"\n");
    }
    text + &format!("FROM {reference}\n")
}

/// The stages that triggers copy from or mount.
fn stages_named<'s>(triggers: &[String], spec: &'s Spec) -> BTreeSet<&'s str> {
    let names = froms_of(triggers).into_iter();
    names.filter_map(|name| Some(spec.stages.get_key_value(name)?.0.as_str())).collect()
}
