//! `toolchain-in-image`: an image for running a program that contains a toolchain.
//!
//! Checks the images that the file is meant to build, if they set a command: an image should not be
//! based on the stage that builds the program, or on an image that is known to be for building.

use super::subject::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::id::IdVec;
use crate::plan::{Origin, StageId};
use crate::reference::Reference;

/// Images for building, by the end of their repository, each with the tag prefixes of its lean
/// variants.
const TOOLCHAINS: [(&str, &[&str]); 19] = [
    ("library/golang", &[]),
    ("library/rust", &[]),
    ("library/gcc", &[]),
    ("library/maven", &[]),
    ("library/gradle", &[]),
    ("library/haskell", &[]),
    ("library/dart", &[]),
    ("library/swift", &["slim"]),
    ("library/node", &["slim", "alpine"]),
    ("library/python", &["slim", "alpine"]),
    ("library/ruby", &["slim", "alpine"]),
    ("library/buildpack-deps", &["curl", "scm"]),
    ("library/eclipse-temurin", &["jre"]),
    ("library/openjdk", &["jre"]),
    ("library/sapmachine", &["jre"]),
    ("library/ibm-semeru-runtimes", &["jre"]),
    ("emscripten/emsdk", &[]),
    ("dotnet/sdk", &[]),
    ("dotnet/nightly/sdk", &[]),
];

/// Facts about a stage from those below it.
#[derive(Clone, Copy)]
struct Chain<'a> {
    /// True if it sets a container's command.
    runs: bool,
    /// The stage that builds, if there is one below.
    builder: Option<&'a str>,
    /// The base of the lowest stage.
    bottom: Origin,
}

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    let mut chains: IdVec<StageId, Chain<'_>> = IdVec::default();
    for (at, selected) in subject.stages() {
        let image = selected.stage.image.as_ref();
        let runs = image.is_some_and(|image| image.entrypoint.is_some() || image.cmd.is_some());
        chains.push(match subject.base(at) {
            Origin::Stage(base) => {
                let (below, name) = (chains[base], subject.name(base));
                Chain {
                    runs: runs || below.runs,
                    builder: Some(name).filter(|name| is_builder(name)).or(below.builder),
                    ..below
                }
            }
            bottom => Chain { runs, builder: None, bottom },
        });
    }
    for &shipped in &subject.selection.shipped {
        let what = match chains[shipped] {
            Chain { runs: false, .. } => continue,
            Chain { builder: Some(builder), .. } => {
                format!("the build tools of stage `{builder}`")
            }
            Chain { bottom: Origin::Image(image), .. } => {
                let reference = &subject.selection.images[image].reference;
                if !is_toolchain(reference) {
                    continue;
                }
                format!("the toolchain of {reference}")
            }
            Chain { .. } => continue,
        };
        diagnostics.push(
            Diagnostic::new(
                Code::ToolchainInImage,
                subject.stage(shipped).from.span,
                format!("the image of `{}` contains {what}", subject.name(shipped)),
            )
            .hint(
                "start from a smaller image, and copy the result `from` the stage that builds it",
            ),
        );
    }
}

fn is_builder(name: &str) -> bool {
    name.split(['-', '_']).any(|part| matches!(part, "build" | "builder" | "compile" | "sdk"))
}

fn is_toolchain(reference: &Reference) -> bool {
    let lean = |prefixes: &[&str]| match reference.tag() {
        Some(tag) => {
            tag.split('-').any(|part| prefixes.iter().any(|prefix| part.starts_with(prefix)))
        }
        // With only a digest, it may be any variant.
        None => !prefixes.is_empty(),
    };
    TOOLCHAINS.iter().any(|(repository, prefixes)| {
        let found = reference.repository();
        found.strip_suffix(repository).is_some_and(|rest| rest.ends_with('/')) && !lean(prefixes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_for_building() {
        let is = |text: &str| is_toolchain(&Reference::parse(text).unwrap());
        for text in [
            "golang:1.24-alpine",
            "rust:1.95-slim",
            "node",
            "node:22-bookworm",
            "mirror.example.com/library/python:3.13",
            "mcr.microsoft.com/dotnet/sdk:9.0",
            "eclipse-temurin:21",
        ] {
            assert!(is(text), "{text}");
        }
        let digest = "a".repeat(64);
        for text in [
            "node:22-slim",
            "python:3.13-alpine3.20",
            "eclipse-temurin:21-jre-noble",
            "mcr.microsoft.com/dotnet/aspnet:9.0",
            "ghcr.io/acme/node:22",
            "debian:12",
            &format!("node@sha256:{digest}"),
        ] {
            assert!(!is(text), "{text}");
        }
    }
}
