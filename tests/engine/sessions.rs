//! The terminal sessions on the pages about calls, `docs/reference/calls`: the files of a page are
//! written, the commands of its `console` blocks run, and their output is compared with the page.
//! With `UPDATE_EXPECT=1` the pages get the new output.
//!
//! The digests of images differ between machines, and Docker's older store has none for images that
//! were not pulled. So those on the page stay.

#![expect(clippy::disallowed_methods, reason = "the documentation is files")]

use std::fs;
use std::path::Path;

use expect_test::expect_file;
use regex_lite::Regex;

use crate::harness::{ROOT, blocks, engine};

/// Ends the output of a command.
const MARK: &str = "=== the command has ended ===";

#[test]
#[ignore = "needs a BuildKit engine"]
fn calls_print_what_their_pages_show() {
    engine().provide(&["alpine:3.20", "golang:1.24"]).unwrap();
    let folder = Path::new(ROOT).join("docs/reference/calls");
    let mut sessions = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let page = fs::read_to_string(&path).unwrap();
        let files = tempfile::tempdir().unwrap();
        let mut current = page.clone();
        for block in blocks(&page) {
            if !block.write(files.path()) && block.language == "console" {
                let played = play(&block.text, files.path());
                if without_digests(&played) != without_digests(&block.text) {
                    current = current.replace(&block.text, &played);
                }
                sessions += 1;
            }
        }
        expect_file![path].assert_eq(&current);
    }
    assert!(sessions >= 7, "only {sessions} sessions");
}

/// Runs the commands of a session, lines that begin with `$ `, and returns it with their output.
fn play(session: &str, folder: &Path) -> String {
    let commands: Vec<&str> = session.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    let mut script = format!("mark() {{ status=$?; echo '{MARK}'; return $status; }}\n");
    for command in &commands {
        script.push_str(&format!("{command}\nmark\n"));
    }
    let script = engine().command("bash").args(["-c", &script]).directory(folder);
    let output = script.finish().unwrap().text();
    let end = format!("{MARK}\n");
    // Trailing blanks and empty lines at the end only disturb on a page.
    let outputs = output.split(&end);
    commands
        .iter()
        .zip(outputs)
        .map(|(command, output)| {
            let lines = output.trim_end().lines().map(str::trim_end);
            let lines: String = lines.map(|line| format!("{line}\n")).collect();
            format!("$ {command}\n{lines}")
        })
        .collect()
}

fn without_digests(text: &str) -> String {
    let digest = Regex::new(r"@sha256:[0-9a-f]{64}| \(looked up in each build\)").unwrap();
    digest.replace_all(text, "").into_owned()
}
