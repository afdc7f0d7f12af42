//! Files, directories and pipes that nobody should have: a message and an exit status, no panic and
//! no endless run.

use std::ffi::OsStr;
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Output, Stdio};

use super::program;

const SIMPLE: &str = "# syntax=myorg/mstage\n[stages.a]\nfrom = \"alpine:3.20\"\n";

fn run(args: &[&str], directory: &Path) -> (i32, String, String) {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    let Output { status, stdout, stderr } = program(&args, directory).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

#[test]
fn directories_in_a_circle() {
    let directory = tempfile::tempdir().unwrap();
    let sub = directory.path().join("sub");
    fs::create_dir(&sub).unwrap();
    symlink("..", sub.join("up")).unwrap();
    symlink("self", directory.path().join("self")).unwrap();
    fs::write(sub.join("mstage.toml"), SIMPLE).unwrap();
    let (status, stdout, stderr) = run(&["check", "."], directory.path());
    assert_eq!((status, &*stdout, &*stderr), (0, "", "1 file checked: nothing found\n"));
}

#[test]
fn names_that_are_no_text() {
    let directory = tempfile::tempdir().unwrap();
    let sub = directory.path().join(OsStr::from_bytes(b"a\xff b"));
    fs::create_dir(&sub).unwrap();
    fs::write(sub.join("mstage.toml"), "stage = 1\n").unwrap();
    for format in ["text", "json", "sarif", "github"] {
        let (status, stdout, _) = run(&["check", ".", "--format", format], directory.path());
        assert!(status == 1 && stdout.contains("mstage.toml"), "{stdout}");
    }
}

#[test]
fn files_that_are_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    symlink("gone", path.join("dangling")).unwrap();
    symlink("circle", path.join("circle")).unwrap();
    for (file, problem) in [
        ("missing", "no such file or directory"),
        ("missing/mstage.toml", "no such file or directory"),
        ("dangling", "no such file or directory"),
        ("circle", "too many levels of symbolic links"),
        ("/dev/zero", "it is not a file"),
    ] {
        let (status, stdout, stderr) = run(&["check", file], path);
        let message = format!("mstage: cannot read `{file}`: {problem}\n");
        assert!(stderr.ends_with(&message), "{stderr}");
        assert_eq!((status, &*stdout), (2, ""), "{file}");
        assert_eq!(run(&["graph", file], path).0, 2, "{file}");
        assert_eq!(run(&["convert", file], path).0, 2, "{file}");
    }
}

/// One file that cannot be read does not hide what is wrong with the others.
#[test]
fn the_others_are_checked() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.toml"), "stage = 1\n").unwrap();
    let (status, stdout, stderr) = run(&["check", "missing", "a.toml"], directory.path());
    assert!(stdout.contains("unknown key `stage`") && stderr.contains("`missing`"));
    assert_eq!(status, 2);
}

#[test]
fn bytes_that_are_no_text() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("mstage.toml"), b"[stages.a]\nfrom = \"\xff\"\n").unwrap();
    fs::write(directory.path().join("Dockerfile"), b"FROM \xff\x1b[31m\nRUN \xff\n").unwrap();
    for format in ["text", "json", "sarif", "github"] {
        for file in ["mstage.toml", "Dockerfile"] {
            let (status, stdout, _) = run(&["check", file, "--format", format], directory.path());
            assert_eq!(status, 1, "{file}: {stdout}");
            assert!(!stdout.contains('\x1b'), "{stdout}");
        }
    }
}

#[test]
fn more_than_anybody_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("large.toml"), "#".repeat((4 << 20) + 1)).unwrap();
    let (status, _, stderr) = run(&["check", "large.toml"], path);
    assert_eq!(status, 2);
    assert!(stderr.contains("it is larger than 4 MiB"), "{stderr}");

    let wide = format!("{SIMPLE}steps = [\"{}\", {{ rnu = \"x\" }}]\n", "x".repeat(1 << 20));
    fs::write(path.join("wide.toml"), wide).unwrap();
    let (status, stdout, _) = run(&["check", "wide.toml"], path);
    assert_eq!(status, 1);
    assert!(stdout.len() < 10_000 && stdout.contains("wide.toml:4:"), "{} bytes", stdout.len());

    fs::write(path.join("included.toml"), " ".repeat(4 << 20)).unwrap();
    fs::write(path.join("mstage.toml"), format!("include = [\"included.toml\"]\n{SIMPLE}"))
        .unwrap();
    let (status, stdout, _) = run(&["check"], path);
    assert_eq!(status, 1);
    assert!(stdout.contains("larger than 4 MiB"), "{stdout}");
}

/// Links lead nowhere outside of the build file's directory, as in BuildKit, which has only that.
#[test]
fn includes_from_elsewhere() {
    let directory = tempfile::tempdir().unwrap();
    let inside = directory.path().join("inside");
    fs::create_dir(&inside).unwrap();
    fs::write(directory.path().join("secret.toml"), SIMPLE).unwrap();
    symlink("../secret.toml", inside.join("relative.toml")).unwrap();
    symlink(directory.path().join("secret.toml"), inside.join("absolute.toml")).unwrap();
    symlink("circle.toml", inside.join("circle.toml")).unwrap();
    symlink("/kept.toml", inside.join("link.toml")).unwrap();
    fs::write(inside.join("kept.toml"), SIMPLE).unwrap();
    let check = |file: &str| {
        fs::write(inside.join("mstage.toml"), format!("include = [\"{file}\"]\n")).unwrap();
        run(&["check"], &inside)
    };
    for file in ["relative.toml", "absolute.toml", "circle.toml", "/dev/zero", "../secret.toml"] {
        let (status, stdout, _) = check(file);
        assert_eq!(status, 1, "{file}: {stdout}");
        assert!(!stdout.contains("alpine"), "{stdout}");
    }
    assert_eq!(check("link.toml").0, 0);
}

/// A reader that has seen enough, such as `head`, is no failure.
#[test]
fn closed_pipes() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("mstage.toml"), "a = 1\n".repeat(20_000)).unwrap();
    for args in [&["check"][..], &["schema"], &["check", "--format", "sarif"], &["--help"]] {
        let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
        let mut child = program(&args, directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert!(!stderr.contains("panicked"), "{args:?}: {stderr}");
        assert!(child.wait().unwrap().code().is_some(), "{args:?}");
    }
}

/// Nothing is overwritten or half written.
#[test]
fn written_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    fs::write(path.join("Dockerfile"), "FROM alpine:3.20\n").unwrap();
    symlink("elsewhere.toml", path.join("link.toml")).unwrap();
    let convert = |args: &[&str]| run(&[&["convert"], args].concat(), path);
    assert_eq!(convert(&["-o", "mstage.toml"]).0, 0);
    let (status, _, stderr) = convert(&["-o", "mstage.toml"]);
    assert_eq!(
        (status, &*stderr),
        (2, "mstage: `mstage.toml` exists; pass --force to overwrite it\n")
    );
    assert_eq!(convert(&["-o", "link.toml"]).0, 2);
    assert_eq!(convert(&["-o", "mstage.toml", "--force"]).0, 0);
    assert_eq!(convert(&["-o", "no/such/directory.toml"]).0, 2);
    assert_eq!(convert(&["-o", "."]).0, 2);
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["Dockerfile", "link.toml", "mstage.toml"]);
}
