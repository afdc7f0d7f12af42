//! Runs the program: a command line in; its output and its exit status out. `README.md` describes
//! the format of cases.
#![expect(clippy::disallowed_methods, reason = "cases are files, and the program is a process")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its case has failed")]

mod hostile;
mod pages;
mod sarif;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// The file with the command lines of a case, and what they print.
const SESSION: &str = "session.txt";

/// The first characters of a line with a command.
const PROMPT: &str = "$ mstage";

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/cases");
    let mut wrong = Vec::new();
    for case in sorted(&folder) {
        let files = copy_of(&case);
        let session = case.join(SESSION);
        let expected = fs::read_to_string(&session).unwrap();
        let found = played(&expected, files.path());
        if found == expected {
            continue;
        }
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&session, found).unwrap();
        } else {
            wrong.push(format!("{}:\n{}", case.display(), difference(&expected, &found)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Crates that only the program needs are not in the frontend image.
#[test]
fn the_frontend_is_built_without_the_program() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap();
    assert!(
        read(".cargo/config.toml")
            .contains(r#""--no-default-features", "--bin", "mstage-frontend""#)
    );
    for file in ["frontend.Dockerfile", "mstage.toml"] {
        assert!(read(file).contains("cargo frontend --target"), "{file}");
    }
    // Cargo ignores `strip` for a package that has a line of its own in the profile.
    assert!(!read("Cargo.toml").contains("\nmstage = { opt-level"));
}

/// Completions and man pages are for shells and readers that check them; here, that there are some.
#[test]
fn completions_and_man_pages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let printed = |args: &[&str]| {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let output = program(&args, root).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{args:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(printed(&["completions", shell]).contains("deny-warnings"), "{shell}");
    }
    assert!(printed(&["man"]).contains(".TH mstage 1"));
    assert!(printed(&["man", "check"]).contains("deny\\-warnings"));
}

/// The commands of a session with their output.
fn played(session: &str, directory: &Path) -> String {
    let commands = session.lines().filter(|line| line.starts_with(PROMPT));
    let played = commands.map(|line| format!("{line}\n{}", answer(&words(line)[2..], directory)));
    played.collect()
}

/// The first lines that differ.
fn difference(expected: &str, found: &str) -> String {
    let (mut expected, mut found) = (expected.lines(), found.lines());
    loop {
        match (expected.next(), found.next()) {
            (None, None) => return "only the last newline differs".to_owned(),
            (old, new) if old == new => {}
            (old, new) => return format!("expected: {old:?}\nfound:    {new:?}"),
        }
    }
}

/// The output of a command as a case shows it: standard output, then each line of standard error
/// after `! `, then the exit status if it is not 0. Standard output may be written to a file.
fn answer(args: &[String], directory: &Path) -> String {
    let (args, file) = match args {
        [args @ .., arrow, file] if arrow == ">" => (args, Some(file)),
        args => (args, None),
    };
    let output = program(args, directory).output().unwrap();
    let mut text = match file {
        Some(file) => {
            fs::write(directory.join(file), &output.stdout).unwrap();
            String::new()
        }
        None => shown(&output.stdout),
    };
    for line in shown(&output.stderr).lines() {
        text.push_str(format!("! {line}").trim_end());
        text.push('\n');
    }
    if !output.status.success() {
        text.push_str(&format!("[exit status {}]\n", output.status.code().unwrap()));
    }
    text
}

/// An output without blanks at the ends of lines, and without prompts that a case could not have.
fn shown(output: &[u8]) -> String {
    let text = String::from_utf8(output.to_vec()).unwrap();
    assert!(!text.lines().any(|line| line.starts_with(PROMPT)));
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// The program in a directory, with an environment that does not change its output.
fn program(args: &[String], directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mstage"));
    command.args(args).current_dir(directory).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "TERM"] {
        command.env_remove(name);
    }
    command
}

/// The words of a command line, where `'` quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

/// A copy of a case's files, which commands may change.
fn copy_of(case: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    copy_files(case, copy.path());
    copy
}

fn copy_files(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            fs::create_dir(&target).unwrap();
            copy_files(&path, &target);
        } else if entry.file_name() != SESSION {
            fs::copy(&path, &target).unwrap();
        }
    }
}
