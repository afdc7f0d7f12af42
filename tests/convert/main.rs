//! Converts Dockerfiles to build files. `README.md` describes the format of cases.
#![expect(clippy::disallowed_methods, reason = "cases are files")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its case has failed")]

#[path = "../common/dockerfiles.rs"]
mod dockerfiles;
mod generated;
mod graphs;
#[path = "../common/numbers.rs"]
mod numbers;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use expect_test::expect_file;
use mstage::convert::convert;
use mstage::diagnostic::{Diagnostics, render};
use mstage::dockerfile::parse;
use mstage::source::{SourceFile, SourceMap};

/// Maximum number of lines in the build file for ten lines of the Dockerfile.
const MOST_LINES: usize = 15;

#[test]
fn cases_are_converted() {
    for path in files("cases") {
        let text = fs::read(&path).unwrap();
        let converted = convert_text(&path, text);
        expect_file![path.with_extension("toml")].assert_eq(&converted);
    }
}

#[test]
fn converted_files_are_read_without_errors() {
    for path in files("cases").into_iter().chain(parity()) {
        let converted = convert_text(&path, fs::read(&path).unwrap());
        if converted.contains("\n# remark: error") {
            continue;
        }
        let mut diagnostics = Diagnostics::default();
        let file = SourceFile::new("mstage.toml", converted.clone().into_bytes());
        let (files, spec) = mstage::spec::parse(file, &mut diagnostics);
        let errors = render::errors(&diagnostics.errors(), &files);
        assert!(
            !diagnostics.has_errors() && spec.is_some(),
            "{}:\n{converted}\n{errors}",
            path.display()
        );
    }
}

#[test]
fn converted_files_are_formatted() {
    for path in files("cases").into_iter().chain(parity()) {
        let converted = convert_text(&path, fs::read(&path).unwrap());
        let formatted = taplo::formatter::format(&converted, Default::default());
        assert_eq!(formatted, converted, "{}", path.display());
    }
}

/// Counts the lines that say something, and all lines of a file that is not small: a stage always has
/// a header and some keys.
#[test]
fn converted_files_are_not_much_longer() {
    let mut longer = String::new();
    for path in files("cases").into_iter().chain(parity()) {
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if text.contains("# long: ") {
            continue;
        }
        let converted = convert_text(&path, bytes);
        let count = |lines: &dyn Fn(&str) -> bool, of: &str| {
            of.lines().filter(|line| !line.trim().is_empty() && lines(line)).count()
        };
        let most = count(&|_| true, &text) * MOST_LINES / 10;
        let all = count(&|_| true, &converted);
        let saying = count(&|line| !is_structure(line), &converted);
        if saying > most || (text.lines().count() >= 20 && all > most) {
            longer += &format!("{}: {saying} lines of {all}, not {most}\n", path.display());
        }
    }
    assert!(longer.is_empty(), "\n{longer}");
}

/// True for a line that every build file has, and for the brackets of lists and the quotes of texts.
fn is_structure(line: &str) -> bool {
    let line = line.trim();
    let begins = |starts: &[&str]| starts.iter().any(|start| line.starts_with(start));
    begins(&["# syntax=", "default = ", "from = ", "["])
        || ["steps = [", "steps = '''", "{ run = '''", "'''"].contains(&line)
        || line.chars().all(|char| "[]{}()',\" ".contains(char))
}

/// In documents, a Dockerfile followed by a build file is shown with its actual conversion.
#[test]
fn documents_show_what_the_conversion_writes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let mut text = fs::read_to_string(&path).unwrap();
    let (_, rest) = text.split_once("```dockerfile\n").expect("the README has a Dockerfile");
    let (dockerfile, rest) = rest.split_once("```\n").unwrap();
    let (_, rest) = rest.split_once("```toml\n").expect("a build file follows");
    let (shown, _) = rest.split_once("```\n").unwrap();
    let converted = convert_text(&path, dockerfile.as_bytes().to_vec());
    if shown != converted {
        let update = std::env::var_os("UPDATE_EXPECT").is_some();
        assert!(update, "README.md shows:\n{shown}\nthe conversion writes:\n{converted}");
        let start = text.len() - rest.len();
        text.replace_range(start..start + shown.len(), &converted);
        fs::write(&path, text).unwrap();
    }
}

#[test]
fn wrong_files_are_told_with_all_their_mistakes() {
    const MARK: &str = "# reported:\n";
    for path in files("wrong") {
        let text = fs::read_to_string(&path).unwrap();
        let (dockerfile, expected) = text.split_once(MARK).unwrap_or((&text, ""));
        let file = SourceFile::new("Dockerfile", dockerfile.as_bytes().to_vec());
        let mut diagnostics = Diagnostics::default();
        parse(&file, &mut diagnostics);
        let errors = render::errors(&diagnostics.errors(), &SourceMap::new(file));
        assert!(!errors.is_empty(), "{} is not wrong", path.display());
        let reported: String = errors.lines().map(|line| format!("# {line}\n")).collect();
        if reported != expected {
            let update = std::env::var_os("UPDATE_EXPECT").is_some();
            assert!(update, "{}:\nexpected:\n{expected}\nreported:\n{reported}", path.display());
            fs::write(&path, format!("{dockerfile}{MARK}{reported}")).unwrap();
        }
    }
}

/// The build file of a Dockerfile, followed by the remarks.
fn convert_text(path: &Path, text: Vec<u8>) -> String {
    let file = SourceFile::new("Dockerfile", text);
    let mut diagnostics = Diagnostics::default();
    let dockerfile = parse(&file, &mut diagnostics);
    let errors: Vec<_> = diagnostics.errors().iter().map(|error| error.message.clone()).collect();
    assert!(errors.is_empty(), "{} has mistakes: {errors:?}", path.display());
    let converted = convert(&dockerfile, "myorg/mstage", &BTreeMap::new());
    let mut out = converted.text;
    for remark in converted.remarks {
        let kind = if remark.is_error { "error" } else { "note" };
        let line = file.lines(remark.span).start().to_string();
        out.push_str(&format!("# remark: {kind} in line {line}: {}\n", remark.message));
    }
    out
}

fn files(directory: &str) -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/convert").join(directory);
    let entries = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "Dockerfile")).collect();
    files.sort();
    assert!(!files.is_empty(), "there are no cases in {}", directory.display());
    files
}

/// The Dockerfiles of the parity cases.
fn parity() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parity");
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.map(|case| case.join("Dockerfile")).filter(|path| path.exists()).collect();
    files.sort();
    files
}
