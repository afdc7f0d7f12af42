//! `toolchain-in-image`: an image to run that has everything in it that builds.
//!
//! Looked at are the images that the file is for, where they say what a container runs: one that starts
//! from the stage that builds, or from an image that is known to be for building.

use super::Subject;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::plan::reference::Reference;
use crate::plan::select::Origin;

/// Images for building, by the end of their repository, each with how the tags of its lean variants begin.
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

pub(super) fn check(subject: &Subject<'_>, diagnostics: &mut Diagnostics) {
    for &shipped in &subject.selection.shipped {
        let (chain, base) = subject.chain(shipped);
        let runs = chain.iter().filter_map(|&at| subject.stage(at).image.as_ref());
        if !runs.into_iter().any(|image| image.entrypoint.is_some() || image.cmd.is_some()) {
            continue;
        }
        let name = |at: usize| subject.selection.stages[at].name;
        let builder = chain[1..].iter().map(|&at| name(at).as_str()).find(|name| is_builder(name));
        let what = match (builder, base) {
            (Some(builder), _) => format!("all that stage `{builder}` builds with"),
            (None, Origin::Image(image)) => {
                let reference = &subject.selection.images[image].reference;
                if !is_toolchain(reference) {
                    continue;
                }
                format!("the toolchain of {reference}")
            }
            (None, _) => continue,
        };
        diagnostics.push(
            Diagnostic::new(
                Code::ToolchainInImage,
                subject.stage(shipped).from.span,
                format!("the image of `{}` has {what} in it", name(shipped)),
            )
            .hint("start from a smaller image, and copy what was built `from` the stage that built it"),
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
        // By a digest alone it may be any variant.
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
