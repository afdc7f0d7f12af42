//! The output of `--call=explain` in the documentation.

use std::fs;

use buildkit_llb::Platform;
use expect_test::expect_file;
use mstage::diagnostic::Diagnostics;
use mstage::lower::ProcessOptions;
use mstage::plan::{Facts, ImageFact, Request, resolve, select};
use mstage::show::{ClientSide, Explained, Ignored};
use mstage::source::SourceFile;
use mstage::spec;

use crate::root;

const PAGE: &str = "docs/reference/calls/explain.md";

const CONFIG: &str = r#"{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":["sha256:00"]}}"#;

fn explained(text: &str, args: &[(&str, &str)]) -> Explained {
    let mut diagnostics = Diagnostics::default();
    let (files, spec) = spec::parse(SourceFile::new("mstage.toml", text.into()), &mut diagnostics);
    let spec = spec.unwrap();
    let mut request = Request::new(Platform::new("linux", "amd64", "").unwrap());
    request.build_args =
        args.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let selection = select(&spec, &request, &mut diagnostics).unwrap();
    let mut facts = Facts::none(&selection);
    for (image, fact) in selection.images().iter().zip(&mut facts.images) {
        let digest = buildkit_llb::Digest::of(image.reference.to_string().as_bytes()).to_string();
        let config = CONFIG.as_bytes().to_vec();
        *fact = Some(ImageFact { digest: Some(digest), config, ..ImageFact::default() });
    }
    let plan = resolve(&selection, facts, &mut diagnostics).unwrap();
    let patterns = [".git".to_owned(), "*.log".to_owned()];
    let ignored = Ignored { file: ".dockerignore", patterns: &patterns };
    let client = ClientSide { ignored, process: &ProcessOptions::default() };
    let mut explained = Explained::new();
    explained.add(&selection, &plan, &client, None, &files);
    explained
}

/// The output on the page about the call is what the call prints for the build file on the page.
#[test]
fn the_page_of_the_call_explain_is_current() {
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let blocks = page.split("```toml\n").nth(1).unwrap();
    let text = blocks.split("```").next().unwrap();
    let before = explained(text, &[]);
    let now = explained(text, &[("VERSION", "1.3")]);
    let json: serde_json::Value = serde_json::from_str(&before.to_json()).unwrap();
    let step = &json["builds"][0]["stages"][0]["steps"][6];
    let step = serde_json::to_string_pretty(step).unwrap() + "\n";
    let mut current = page.clone();
    for (mark, output) in [
        ("```console\n$ docker buildx build -f mstage.toml --call=explain .\n", before.to_text()),
        ("<!-- one step -->\n```json\n", step),
        ("<!-- since -->\n```text\n", now.since(&before)),
    ] {
        let start = current.find(mark).unwrap() + mark.len();
        let end = start + current[start..].find("```").unwrap();
        current.replace_range(start..end, &output);
    }
    expect_file![root().join(PAGE)].assert_eq(&current);
}
