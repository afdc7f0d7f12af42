//! The same inputs give the same image, whatever the machine and whatever the times of the files.

#![expect(clippy::disallowed_methods, reason = "examples are copied with other times")]

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::origin::Origin;
use crate::harness::{Capability, Engine, Image, Project, ROOT, cannot_run, engine, succeeded};

/// Copies a directory into a project. All files get a time, in seconds since 1970.
fn copy(from: &Path, to: &Project, below: &str, time: u64) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), to, &format!("{name}/"), time);
        } else if name != "mstage.toml" {
            to.write(&name, &fs::read_to_string(entry.path()).unwrap());
        }
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(time);
        let path = to.path().join(&name);
        if path.exists() {
            File::open(path).unwrap().set_modified(time).unwrap();
        }
    }
}

/// The digest of the project's image, built by an engine without its cache.
fn digest(project: &Project, engine: &Engine) -> String {
    let image = Image::unique();
    let options = ["--no-cache", "--provenance=false", "--load", "-t", image.name()];
    succeeded(project.try_build_on(engine, &options));
    let inspected = engine.docker(["image", "inspect", image.name()]).run().stdout;
    let inspected: Value = serde_json::from_slice(&inspected).unwrap();
    inspected[0]["Id"].as_str().unwrap().to_owned()
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn copies_from_two_checkouts_have_one_digest() {
    if cannot_run(Capability::DirectoryTimes) {
        return;
    }
    let origin = Origin::new();
    let example = Path::new(ROOT).join("examples/reproducible");
    let spec = fs::read_to_string(example.join("mstage.toml")).unwrap();
    let spec = spec.trim_start_matches("# syntax=myorg/mstage");
    let of_time = |time| {
        let project = Project::with_syntax(&origin.frontend, spec);
        copy(&example, &project, "", time);
        project
    };
    let (one, other) = (of_time(1_000_000_000), of_time(1_700_000_000));
    let node = origin.node();
    let expected = digest(&one, engine());
    assert_eq!(digest(&other, engine()), expected, "another checkout");
    assert_eq!(digest(&other, &node), expected, "another engine");
}
