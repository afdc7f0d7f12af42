//! Generated Dockerfiles, built by the engine's own frontend and by mstage.

#![expect(clippy::disallowed_methods, reason = "a build context is files")]

use std::fs;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;

use tempfile::TempDir;

use super::made::{Store, all_differences};
use super::{Case, Request, Settings, Verdict, judge, report, verdicts};
use crate::dockerfiles::dockerfile;
use crate::harness::{Capability, FRONTEND, Failure, cannot_run};

/// The numbers of the Dockerfiles. `MSTAGE_RANDOM=100-400` tries others.
const NUMBERS: Range<u64> = 0..40;

#[test]
#[ignore = "needs a BuildKit engine"]
fn both_frontends_make_the_same_of_random_dockerfiles() {
    if cannot_run(Capability::CurrentDockerfiles) {
        return;
    }
    let root = TempDir::new().unwrap();
    write_context(root.path());
    let cases: Vec<Case> = numbers().map(|number| case(number, root.path())).collect();
    let store = Store::of_engine();
    let (text, different) = report(&verdicts(&cases, |case| verdict(case, store)));
    assert!(different == 0, "\n{text}");
}

fn numbers() -> Range<u64> {
    let Ok(text) = std::env::var("MSTAGE_RANDOM") else { return NUMBERS };
    let (first, end) = text.split_once('-').expect("MSTAGE_RANDOM is FIRST-END");
    first.parse().unwrap()..end.parse().unwrap()
}

/// Writes the files that the Dockerfiles copy.
fn write_context(root: &Path) {
    for directory in ["dir/sub/deep", "empty"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    for file in ["a.txt", "b.txt", "x", "run.sh", "dir/c.txt", "dir/sub/d.txt", "dir/sub/deep/e.md"]
    {
        let path = root.join(file);
        fs::write(&path, file).unwrap();
        let mode = if file == "run.sh" { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    // All Dockerfiles are in the context. Without this each build would see those of the others.
    fs::write(root.join(".dockerignore"), "*.Dockerfile\n.dockerignore\n").unwrap();
}

fn case(number: u64, root: &Path) -> Case {
    let name = format!("{number:05}");
    fs::write(root.join(format!("{name}.Dockerfile")), dockerfile(number)).unwrap();
    let folder = root.to_owned();
    Case {
        name,
        home: folder.clone(),
        folder,
        settings: Settings::default(),
        trees: Mutex::default(),
    }
}

fn verdict(case: &Case, store: Store) -> Verdict {
    let file = format!("{}.Dockerfile", case.name);
    let request = |options: &[String]| Request { options: options.to_vec(), context: None };
    let by_engine = case.make(&file, store, &request(&[]));
    let syntax = format!("--build-arg=BUILDKIT_SYNTAX={FRONTEND}");
    let by_mstage = case.make(&file, store, &request(&[syntax]));
    let shown = |failure: &Failure| {
        let text = fs::read_to_string(case.folder.join(&file)).unwrap();
        Verdict::Different(format!("{text}\n{failure}"))
    };
    match (by_engine, by_mstage) {
        (Ok(by_engine), Ok(by_mstage)) => judge(&all_differences(&by_engine, &by_mstage), &[]),
        (Err(_), Err(_)) => Verdict::Same,
        (Err(failure), Ok(_)) | (Ok(_), Err(failure)) => shown(&failure),
    }
}
