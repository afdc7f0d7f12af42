//! Plays the tutorial from its first page to its last: writes the files of each page as shown, runs
//! its commands, and compares their output.
//!
//! A block of code below a line such as **`main.go`** is a file. A `text` block after a `sh` block
//! contains lines of the command's output; lines with `...` and drawings are ignored. A comment
//! above a command marks it as `fails` or `not run`, each with the reason.

#![expect(clippy::disallowed_methods, reason = "the tutorial is files")]

use std::fs;
use std::path::Path;

use crate::harness::{Block, Image, ROOT, blocks, engine};

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_tutorial_does_what_it_says() {
    engine().provide(&["golang:1.24"]).unwrap();
    let has_several_platforms = engine().has_containerd_store();
    let folder = tempfile::tempdir().unwrap();
    let image = Image::unique();
    // None after a command that is not run.
    let mut output: Option<String> = None;
    for block in pages().iter().flat_map(|page| blocks(page)) {
        if block.write(folder.path()) {
            continue;
        }
        if block.language == "text" {
            if let Some(output) = output.take() {
                expect_lines(&block.text, &output);
            }
        } else if block.language == "sh" {
            let needs_platforms = block.text.contains("--platform");
            let can_run = has_several_platforms || !needs_platforms;
            output = (can_run && !block.comment.starts_with("not run"))
                .then(|| run(folder.path(), &block, image.name()));
        }
    }
}

/// The pages that the first one lists, in order; no other pages may exist.
fn pages() -> Vec<String> {
    let folder = Path::new(ROOT).join("docs/tutorial");
    let first = fs::read_to_string(folder.join("README.md")).unwrap();
    let links = first.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let names: Vec<&str> = links.map(|(name, _)| name).collect();
    assert_eq!(names.len() + 1, fs::read_dir(&folder).unwrap().count());
    names.iter().map(|name| fs::read_to_string(folder.join(name)).unwrap()).collect()
}

/// Runs the commands of a block, and returns their output. The image `hello` gets a unique name.
fn run(folder: &Path, block: &Block, image: &str) -> String {
    let mut script = format!("set -e\nexec 2>&1\n{}", block.text);
    for before in ["-t ", "--rm ", "image ls "] {
        script = script.replace(&format!("{before}hello"), &format!("{before}{image}"));
    }
    let command = engine().command("bash").args(["-c", &script]).directory(folder).minutes(10);
    let finished = command.finish().unwrap();
    let output = finished.text();
    let should_fail = block.comment.starts_with("fails");
    assert_eq!(!finished.status.success(), should_fail, "{}\n{output}", block.text);
    output
}

/// Expects each line of the block in the command's output.
fn expect_lines(text: &str, output: &str) {
    let is_left_out =
        |line: &&str| line.contains("...") || line.contains('─') || line.contains("sha256:");
    if text.contains("{ name =") && !engine().shows_excerpts() {
        return;
    }
    for line in text.lines().filter(|line| !is_left_out(line)) {
        assert!(output.contains(line.trim()), "no `{line}` in\n{output}");
    }
}
