//! The output of `--call=graph` and the pictures of graphs in the documentation.

use std::fs;

use buildkit_llb::Platform;
use expect_test::expect_file;
use mstage::diagnostic::Diagnostics;
use mstage::plan::{Request, Selection, select_graph};
use mstage::show::Graph;
use mstage::source::SourceFile;
use mstage::spec;

use crate::root;

const BOTH: &[&str] = &["linux/amd64", "linux/arm64"];

const ONE: &[&str] = &["linux/amd64"];

fn graph(text: &str, platforms: &[&str]) -> Graph {
    let mut diagnostics = Diagnostics::default();
    let file = SourceFile::new("mstage.toml", text.into());
    let (files, spec) = spec::parse(file, &mut diagnostics);
    let spec = spec.unwrap();
    let build_platform = Platform::new("linux", "amd64", "").unwrap();
    let requests = platforms.iter().map(|platform| {
        let target_platform = Platform::parse(platform, &build_platform).unwrap();
        Request { target_platform, ..Request::new(build_platform.clone()) }
    });
    let requests: Vec<Request> = requests.collect();
    let selections: Vec<Selection<'_>> = requests
        .iter()
        .map(|request| select_graph(&spec, request, &mut diagnostics).unwrap())
        .collect();
    assert!(!diagnostics.has_errors(), "{:?}", diagnostics.errors());
    Graph::new(&selections, &files, None)
}

/// The build file of a page: its last listing with stages.
fn listing(page: &str) -> String {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.filter(|block| block.contains("[stages.")).last().unwrap().to_owned()
}

/// Each picture is shown by the page with its build file.
#[test]
fn pictures_of_graphs_are_current() {
    for (page, picture, platforms) in [
        ("README.md", "hello", BOTH),
        ("docs/tutorial/small-image.md", "small-image", ONE),
        ("docs/tutorial/tests.md", "tests", ONE),
        ("docs/tutorial/platforms.md", "hello", BOTH),
        ("docs/reference/calls/graph.md", "shop", ONE),
    ] {
        let text = match page {
            "README.md" => fs::read_to_string(root().join("examples/hello/mstage.toml")).unwrap(),
            page => listing(page),
        };
        let picture = format!("pictures/{picture}.svg");
        expect_file![root().join("docs").join(&picture)]
            .assert_eq(&graph(&text, platforms).to_svg());
        let text = fs::read_to_string(root().join(page)).unwrap();
        assert!(text.contains(&format!("{picture})")), "{page} does not show {picture}");
    }
}

/// The output on the page about the call is what the call prints for the build file on the page.
#[test]
fn the_page_of_the_call_graph_is_current() {
    const PAGE: &str = "docs/reference/calls/graph.md";
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let graph = graph(&listing(PAGE), ONE);
    let json = serde_json::to_value(&graph).unwrap();
    let stages = json["stages"].as_array().unwrap();
    let stage = stages.iter().find(|stage| stage["name"] == "shop").unwrap();
    let mut current = page.clone();
    for (before, output) in [
        ("```console\n$ docker buildx build -f mstage.toml --call=graph .\n", graph.to_text()),
        ("<!-- one stage -->\n```json\n", serde_json::to_string_pretty(stage).unwrap() + "\n"),
    ] {
        let start = current.find(before).unwrap() + before.len();
        let end = start + current[start..].find("```").unwrap();
        current.replace_range(start..end, &output);
    }
    expect_file![root().join(PAGE)].assert_eq(&current);
}
