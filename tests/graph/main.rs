//! Graphs of builds: build files in `cases`, and their renderings. See `README.md`.
#![expect(clippy::disallowed_methods, reason = "the cases are files")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its file has failed")]

mod boxes;
mod hostile;
mod large;

use std::fs;
use std::path::{Path, PathBuf};

use buildkit_llb::Platform;
use expect_test::expect_file;
use mstage::convert::as_build_file;
use mstage::diagnostic::{Diagnostics, render};
use mstage::plan::{ContextSource, NamedContexts, Request, Selection, select_graph};
use mstage::show::Graph;
use mstage::source::SourceFile;
use mstage::spec;

#[test]
fn renderings_are_current() {
    let mut paths: Vec<PathBuf> = fs::read_dir(root().join("tests/graph/cases"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension().is_some_and(|found| found == "toml" || found == "Dockerfile")
        })
        .collect();
    paths.sort();
    assert!(paths.len() > 5);
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let graph = graph(&text, &requests(&text)).unwrap();
        let json = serde_json::to_string_pretty(&graph).unwrap();
        for (extension, found) in [
            ("txt", graph.to_text()),
            ("mmd", graph.to_mermaid()),
            ("dot", graph.to_dot()),
            ("svg", graph.to_svg()),
            ("json", json + "\n"),
        ] {
            expect_file![path.with_extension(extension)].assert_eq(&found);
        }
        let widest = graph.to_text().lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(100), "{}: {widest:?} columns", path.display());
    }
}

/// The graph of a build file or a Dockerfile, or its errors.
fn graph(text: &str, requests: &[Request]) -> Result<Graph, String> {
    let mut diagnostics = Diagnostics::default();
    let name = if text.contains("[stages.") { "mstage.toml" } else { "Dockerfile" };
    let file = SourceFile::new(name, text.into());
    let args = &requests[0].build_args;
    let (file, dockerfile) = as_build_file(file, args, |_, _, _| (), &mut diagnostics)
        .map_err(|_| format!("{:?}", diagnostics.errors()))?;
    let (files, spec) = spec::parse(file, &mut diagnostics);
    let errors = |diagnostics: &Diagnostics| Err(render::errors(&diagnostics.errors(), &files));
    let Some(spec) = spec.filter(|_| !diagnostics.has_errors()) else {
        return errors(&diagnostics);
    };
    let selections: Option<Vec<Selection<'_>>> =
        requests.iter().map(|request| select_graph(&spec, request, &mut diagnostics)).collect();
    match selections.filter(|_| !diagnostics.has_errors()) {
        Some(selections) => Ok(Graph::new(&selections, &files, dockerfile.as_ref())),
        None => errors(&diagnostics),
    }
}

/// The requests in the `# request:` line of a case, one for each platform.
fn requests(text: &str) -> Vec<Request> {
    let line = text.lines().find_map(|line| line.strip_prefix("# request: ")).unwrap_or_default();
    let mut platforms = vec!["linux/amd64"];
    let mut words = line.split_whitespace();
    let mut options = Vec::new();
    while let (Some(option), Some(value)) = (words.next(), words.next()) {
        match option {
            "--platform" => platforms = value.split(',').collect(),
            _ => options.push((option, value)),
        }
    }
    let each = platforms.into_iter().map(|platform| {
        let mut request = request(platform);
        let mut contexts = Vec::new();
        for &(option, value) in &options {
            let pair = || {
                let (name, value) = value.split_once('=').unwrap();
                (name.to_owned(), value.to_owned())
            };
            match option {
                "--target" => request.target = Some(value.to_owned()),
                "--build-arg" => request.build_args.extend([pair()]),
                "--build-context" => {
                    let (name, source) = pair();
                    contexts.push((name, ContextSource::parse(&source).unwrap()));
                }
                other => panic!("unknown option {other}"),
            }
        }
        request.contexts = NamedContexts::new(contexts);
        request
    });
    each.collect()
}

fn request(platform: &str) -> Request {
    let mut request = Request::new(Platform::new("linux", "amd64", "").unwrap());
    request.target_platform = Platform::parse(platform, &request.build_platform).unwrap();
    request
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
