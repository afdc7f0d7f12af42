use std::fs::{File, FileTimes, Permissions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::process::Command;

use super::*;

/// A root directory of a stage, and the destination of its report.
struct Stage(tempfile::TempDir);

impl Stage {
    fn new() -> Self {
        let stage = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(stage.root().join("out")).unwrap();
        stage
    }

    fn root(&self) -> PathBuf {
        self.0.path().join("root")
    }

    fn out(&self) -> PathBuf {
        self.root().join("out")
    }

    fn report(&self) -> PathBuf {
        self.0.path().join("report")
    }

    fn run(verb: &str, paths: &[&Path]) -> Result<Vec<String>, String> {
        let args = [OsStr::new(verb), OsStr::new("the report `/out` of `test`")].into_iter();
        copy_files(
            &args
                .chain(paths.iter().map(|path| path.as_os_str()))
                .map(Into::into)
                .collect::<Vec<_>>(),
        )
    }

    /// Copies the report at a path both as for a passed stage and as for a failed one, and expects
    /// equal results.
    fn copy(&self, path: &str) -> Result<Vec<String>, String> {
        let (kept, given) = (self.0.path().join("kept"), self.0.path().join("given"));
        for directory in [&kept, &given, &self.report()] {
            let _ = fs::remove_dir_all(directory);
            fs::create_dir(directory).unwrap();
        }
        let copied = Self::run(COPY, &[&self.root(), path.as_ref(), &self.report()]);
        let salvaged = Self::run(KEEP, &[&self.root(), path.as_ref(), &kept])
            .and_then(|_| Self::run(GIVE, &[&kept, &given]));
        assert_eq!(copied, salvaged);
        assert_eq!(tree(&self.report()), tree(&given));
        // Nothing remains in the cache directory.
        assert_eq!(tree(&kept), [""; 0]);
        copied
    }
}

/// All files in a directory, with the properties that a copy must preserve.
fn tree(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending = vec![root.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().display();
            let (mode, time) = (metadata.mode(), metadata.mtime_nsec());
            found.push(format!("{name} {mode:o} {time} {}", metadata.nlink()));
            if metadata.is_dir() {
                pending.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_tree_stays_what_it_is() {
    let stage = Stage::new();
    let out = stage.out();
    fs::create_dir_all(out.join("a/empty")).unwrap();
    fs::write(out.join("a/file"), "text").unwrap();
    fs::hard_link(out.join("a/file"), out.join("same")).unwrap();
    fs::set_permissions(out.join("a/file"), Permissions::from_mode(0o4750)).unwrap();
    fs::write(out.join("unreadable"), "text").unwrap();
    fs::set_permissions(out.join("unreadable"), Permissions::from_mode(0o000)).unwrap();
    fs::write(out.join(" new\nline \"*\\ "), "text").unwrap();
    symlink("/nowhere", out.join("dangling")).unwrap();
    symlink("/etc/passwd", out.join("absolute")).unwrap();
    symlink("../../../..", out.join("above")).unwrap();
    fs::set_permissions(out.join("a/empty"), Permissions::from_mode(0o500)).unwrap();
    let times = FileTimes::new().set_modified(std::time::UNIX_EPOCH);
    File::open(out.join("a")).unwrap().set_times(times).unwrap();

    assert_eq!(stage.copy("/out").unwrap(), [""; 0]);
    assert_eq!(tree(&stage.report()), tree(&out));
    let report = stage.report();
    assert_eq!(fs::read_to_string(report.join("same")).unwrap(), "text");
    assert_eq!(fs::metadata(report.join("a")).unwrap().mtime(), 0);
    assert_eq!(fs::read_link(report.join("absolute")).unwrap(), Path::new("/etc/passwd"));
    let inode = |name: &str| fs::metadata(report.join(name)).unwrap().ino();
    assert_eq!(inode("same"), inode("a/file"));
}

#[test]
fn holes_stay_holes() {
    let stage = Stage::new();
    let sparse = stage.out().join("sparse");
    let mut file = File::create(&sparse).unwrap();
    file.write_all(b"begin").unwrap();
    file.seek(SeekFrom::Start(3 << 30)).unwrap();
    file.write_all(b"middle").unwrap();
    file.set_len(8 << 30).unwrap();
    fs::hard_link(&sparse, stage.out().join("link")).unwrap();

    stage.copy("/out").unwrap();
    let copied = fs::metadata(stage.report().join("sparse")).unwrap();
    assert_eq!(copied.len(), 8 << 30);
    assert!(size(&stage.report()) < 1 << 20);
    let mut copied = File::open(stage.report().join("link")).unwrap();
    copied.seek(SeekFrom::Start(3 << 30)).unwrap();
    let mut middle = [0; 8];
    std::io::Read::read_exact(&mut copied, &mut middle).unwrap();
    assert_eq!(&middle, b"middle\0\0");
}

#[test]
fn what_clients_cannot_have_is_left_out_and_said() {
    let stage = Stage::new();
    let _socket = UnixListener::bind(stage.out().join("s.sock")).unwrap();
    let made = Command::new("mkfifo").arg(stage.out().join("pipe")).status().unwrap();
    assert!(made.success());
    fs::write(stage.out().join("file"), "").unwrap();
    fs::create_dir(stage.out().join(OsStr::from_bytes(b"not \xff"))).unwrap();
    symlink(OsStr::from_bytes(b"\xff"), stage.out().join("link\x1b")).unwrap();
    let mut notes = stage.copy("/out").unwrap();
    notes.sort();
    assert_eq!(
        notes,
        [
            "not in the report: link\\x1b (its target is not UTF-8)",
            "not in the report: not \\xff (the name is not UTF-8)",
            "not in the report: pipe (a named pipe)",
            "not in the report: s.sock (a socket)",
        ]
    );
    assert!(stage.report().join("file").exists());
    assert_eq!(stage.copy("/out/pipe").unwrap(), ["not in the report: pipe (a named pipe)"]);

    for number in 0..30 {
        UnixListener::bind(stage.out().join(number.to_string())).unwrap();
    }
    assert_eq!(stage.copy("/out").unwrap().last().unwrap(), "and 14 more");
}

/// Deeper than the maximum length of a path, like the result of a recursive copy into itself.
#[test]
fn what_is_too_deep_is_left_out_and_said() {
    let stage = Stage::new();
    let name = "d".repeat(200);
    let script =
        "cd \"$1\"; n=0; while [ $n -lt 30 ]; do mkdir \"$2\"; cd -P \"$2\"; n=$((n+1)); done";
    let made = Command::new("sh").args(["-c", script, "sh"]).arg(stage.out()).arg(&name).status();
    assert!(made.unwrap().success());
    let notes = stage.copy("/out").unwrap();
    let [note] = &notes[..] else { panic!("{notes:?}") };
    assert!(note.starts_with("not in the report: dddd"), "{note}");
    assert!(note.ends_with("(the path is too long)"), "{note}");
    assert_eq!(tree(&stage.report()).len(), 17);
    // Removing the temporary directory would fail at this depth.
    let removed = Command::new("rm").arg("-rf").arg(stage.out()).status();
    assert!(removed.unwrap().success());
}

#[test]
fn one_file_keeps_its_name() {
    let stage = Stage::new();
    fs::write(stage.root().join("real.xml"), "text").unwrap();
    symlink("/real.xml", stage.root().join("latest.xml")).unwrap();
    stage.copy("/latest.xml").unwrap();
    assert_eq!(fs::read_to_string(stage.report().join("latest.xml")).unwrap(), "text");
}

#[test]
fn nothing_is_an_empty_report() {
    let stage = Stage::new();
    let root = stage.root();
    fs::write(root.join("file"), "").unwrap();
    symlink("nowhere/../out", root.join("dangling")).unwrap();
    symlink("loop", root.join("loop")).unwrap();
    fs::write(stage.out().join("file"), "").unwrap();
    for path in ["/file/below", "/nothing", "/dangling", "/loop", "/loop/x"] {
        assert_eq!(stage.copy(path).unwrap(), [""; 0]);
        assert_eq!(tree(&stage.report()), [""; 0], "{path}");
    }
}

/// A link in a stage refers to a file of the stage, regardless of its target in the container.
#[test]
fn links_stay_in_the_stage() {
    let stage = Stage::new();
    let root = stage.root();
    let outside = stage.0.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("secret"), "").unwrap();
    fs::write(stage.out().join("file"), "").unwrap();
    symlink("../../../../../out", root.join("above")).unwrap();
    symlink("/above", root.join("two")).unwrap();
    symlink(&outside, root.join("outside")).unwrap();
    for path in ["/two", "/two/../above", "/out"] {
        stage.copy(path).unwrap();
        assert!(stage.report().join("file").exists(), "{path}");
    }
    for path in ["/outside", "/outside/secret"] {
        stage.copy(path).unwrap();
        assert_eq!(tree(&stage.report()), [""; 0], "{path}");
    }
}

#[test]
fn a_link_to_what_cannot_be_a_report_is_refused() {
    let stage = Stage::new();
    for (link, target, leads) in [
        ("root", "/", "/"),
        ("dots", "out/../../..", "/"),
        ("processes", "/proc/self/root", "/proc/self/root"),
        ("devices", "dev", "/dev"),
        ("kernel", "/sys", "/sys"),
    ] {
        symlink(target, stage.root().join(link)).unwrap();
        let error = stage.copy(&format!("/{link}")).unwrap_err();
        let begin =
            format!("cannot export the report `/out` of `test`: /{link} resolves to {leads}, but ");
        assert!(error.starts_with(&begin), "{error}");
        assert!(error.contains("\n  help: name the directory"), "{error}");
    }
    // Those names have no meaning elsewhere.
    fs::create_dir_all(stage.root().join("srv/proc")).unwrap();
    stage.copy("/srv/proc").unwrap();
}

#[test]
fn what_is_not_kept_cannot_be_given() {
    let stage = Stage::new();
    let error = Stage::run(GIVE, &[&stage.root(), &stage.root()]).unwrap_err();
    assert!(error.starts_with("cannot copy the report `/out` of `test`: "), "{error}");
    assert!(error.contains("notes: No such file"), "{error}");
    for paths in [&[][..], &[Path::new("/"); 4]] {
        assert!(Stage::run(KEEP, paths).is_err());
    }
}

/// The test below runs itself again in a mount namespace, where it may mount a small file system.
const SMALL: &str = "MSTAGE_TEST_SMALL_DISK";

#[test]
#[expect(clippy::disallowed_methods, reason = "a test that starts itself anew")]
fn a_full_disk_says_which_report_did_not_fit() {
    let name = "gateway::salvage::files::tests::a_full_disk_says_which_report_did_not_fit";
    let Some(small) = std::env::var_os(SMALL) else {
        let directory = tempfile::tempdir().unwrap();
        let script = "mount -t tmpfs -o size=1m small \"$0\" && exec \"$@\"";
        let inner = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .arg(directory.path())
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(SMALL, directory.path())
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&inner.stderr);
        assert!(inner.status.success() && printed.contains("did it"), "{printed}");
        return;
    };
    let small = Path::new(&small);
    let stage = Stage::new();
    fs::write(stage.out().join("large"), vec![1; 3 << 20]).unwrap();
    let says = |error: &str, file: &str| {
        let begin = "the report `/out` of `test` does not fit on the engine's disk: ";
        assert!(error.starts_with(begin), "{error}");
        assert!(
            error.contains(file) && error.contains("exporting it takes another 4 MiB"),
            "{error}"
        );
        assert!(error.contains("docker buildx prune"), "{error}");
    };
    let error = Stage::run(COPY, &[&stage.root(), Path::new("/out"), small]).unwrap_err();
    says(&error, "out/large: No space left");
    assert_eq!(tree(small), [""; 0]);

    let error = Stage::run(KEEP, &[&stage.root(), Path::new("/out"), small]).unwrap_err();
    says(&error, "out/large: No space left");
    assert_eq!(tree(small), [""; 0]);

    let kept = stage.0.path().join("kept");
    fs::create_dir(&kept).unwrap();
    Stage::run(KEEP, &[&stage.root(), Path::new("/out"), &kept]).unwrap();
    says(&Stage::run(GIVE, &[&kept, small]).unwrap_err(), "files/large: No space left");
    assert_eq!(tree(&kept), [""; 0]);
    assert_eq!(tree(small), [""; 0]);
    eprintln!("did it");
}
