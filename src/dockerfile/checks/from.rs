//! The rules about `FROM`: `UndefinedArgInFrom`, `RedundantTargetPlatform`, `FromPlatformFlagConstDisallowed`,
//! `InvalidDefaultArgInFrom` and `InvalidBaseImagePlatform`.

use std::str::FromStr;

use buildkit_llb::Platform;

use super::{From, Input, Linter};
use crate::diagnostic::DockerfileRule;
use crate::dockerfile::Kind;
use crate::dockerfile::evaluate::{Base, Globals, Graph, Images, from_values};
use crate::reference::Reference;

pub(super) fn undefined_arg_in_from(from: &From<'_>, linter: &mut Linter<'_>) {
    let words = [Some(&from.values.base), from.values.platform.as_ref()];
    for name in words.into_iter().flatten().flat_map(|word| &word.unmatched) {
        if from.globals.knows(name) {
            continue;
        }
        let declared = from.globals.args.keys().map(String::as_str);
        let known = declared.chain(from.globals.variables.names());
        let near = from.near.find(name, known);
        let near = near.map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
        let detail = format!("FROM argument '{name}' is not declared{near}");
        let lines = Some(from.lines.clone());
        linter.report(DockerfileRule::UndefinedArgInFrom, lines, &from.comments, detail);
    }
}

pub(super) fn redundant_target_platform(from: &From<'_>, linter: &mut Linter<'_>) {
    const NAME: &str = "TARGETPLATFORM";
    let (Some(platform), Some(written)) = (&from.values.platform, &from.stage.header.platform)
    else {
        return;
    };
    let is_it = platform.unmatched.is_empty()
        && platform.matched.len() == 1
        && platform.matched.contains(NAME);
    if is_it && from.globals.variables.get(NAME) == Some(&*platform.text) {
        let detail = format!(
            "Setting platform to predefined {} in FROM is redundant as this is the default behavior",
            written.value
        );
        let lines = Some(from.lines.clone());
        linter.report(DockerfileRule::RedundantTargetPlatform, lines, &from.comments, detail);
    }
}

/// No finding if the name of the stage contains the platform: then the constant is intended.
pub(super) fn from_platform_flag_const_disallowed(from: &From<'_>, linter: &mut Linter<'_>) {
    let Some(platform) = &from.values.platform else { return };
    if !platform.matched.is_empty() || !platform.unmatched.is_empty() {
        return;
    }
    let default = Platform::from_str("linux/amd64");
    let Ok(parsed) = default.and_then(|default| Platform::parse(&platform.text, &default)) else {
        return;
    };
    let name = from.stage.header.name.as_ref().map(|name| name.value.to_lowercase());
    let name = name.unwrap_or_default();
    if !name.contains(parsed.os()) && !name.contains(parsed.architecture()) {
        let detail =
            format!("FROM --platform flag should not use constant value {:?}", platform.text);
        let lines = Some(from.lines.clone());
        let rule = DockerfileRule::FromPlatformFlagConstDisallowed;
        linter.report(rule, lines, &from.comments, detail);
    }
}

/// With default args alone, a base should still be a valid image name.
pub(super) fn invalid_default_arg_in_from(input: &Input<'_>, linter: &mut Linter<'_>) {
    let globals = Globals::of_defaults(input);
    if globals.has_failed {
        return;
    }
    for stage in &input.dockerfile.stages {
        let base = from_values(stage, &globals, input).base;
        if base.error.is_some() {
            return;
        }
        if Reference::parse(&base.text).is_err() {
            let written = &stage.header.base.value;
            let detail = format!(
                "Default value for ARG {written} results in empty or invalid base image name"
            );
            let lines = Some(input.lines(&stage.from));
            linter.report(DockerfileRule::InvalidDefaultArgInFrom, lines, &[], detail);
        }
    }
}

/// An image with only one platform is used for every platform.
pub(super) fn invalid_base_image_platform(
    input: &Input<'_>,
    graph: &Graph,
    images: &dyn Images,
    wanted: &[bool],
    linter: &mut Linter<'_>,
) {
    let mut check = |name: &str, platform: Option<&str>, lines| {
        let Base::Image(image) = images.image(name, platform) else { return };
        let Some([expected, found]) = image.other_platform else { return };
        let detail = format!(
            "Base image {name} was pulled with platform {found:?}, expected {expected:?} for current build"
        );
        linter.report(DockerfileRule::InvalidBaseImagePlatform, lines, &[], detail);
    };
    for (index, stage) in input.dockerfile.stages.iter().enumerate().filter(|(at, _)| wanted[*at]) {
        let name = stage.header.name.as_ref().map(|name| name.value.to_lowercase());
        let is_replaced = name.is_some_and(|name| images.replacement(&name).is_some());
        let base = &graph.names[index];
        if graph.bases[index].is_none() && base != "scratch" && !is_replaced {
            check(base, graph.platforms[index].as_deref(), Some(input.lines(&stage.from)));
        }
        for instruction in &stage.instructions {
            match &instruction.kind {
                Kind::Copy(copy) => {
                    let image = copy.from.as_ref().map(|from| &*from.value);
                    let image = image.filter(|from| graph.copied_from(from).is_none());
                    image.into_iter().for_each(|name| {
                        check(name, None, Some(input.lines(instruction)));
                    });
                }
                // BuildKit has no location for the image of a mount.
                Kind::Run(run) => {
                    let names = run.mounts.iter().filter_map(|mount| mount.from.as_deref());
                    let names = names.filter(|name| graph.named(name).is_none());
                    names.for_each(|name| check(name, None, None));
                }
                _ => {}
            }
        }
    }
}
