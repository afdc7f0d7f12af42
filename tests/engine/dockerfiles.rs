//! A Dockerfile and the spec that says the same give the same image.
//!
//! Each folder of `dockerfiles` has both, and the context for them. The engine's own frontend builds the
//! one and mstage the other, so what an engine does in its own way (the modes that an old one knows,
//! say) is the same on both sides.

#![expect(clippy::disallowed_methods, reason = "the pairs are files")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::harness::{Files, Image, ROOT, build, succeeded};

/// What of an image's config a spec or a Dockerfile decides.
const CONFIG: [&str; 12] = [
    "Cmd",
    "Entrypoint",
    "Env",
    "ExposedPorts",
    "Healthcheck",
    "Labels",
    "OnBuild",
    "Shell",
    "StopSignal",
    "User",
    "Volumes",
    "WorkingDir",
];

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_dockerfile_and_its_spec_give_the_same_files_and_config() {
    let folder = Path::new(ROOT).join("tests/engine/dockerfiles");
    let mut pairs: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pairs.sort();
    assert!(pairs.len() > 5);
    let differences: String = std::thread::scope(|scope| {
        let compared: Vec<_> = pairs.iter().map(|pair| scope.spawn(|| differences(pair))).collect();
        compared
            .into_iter()
            .map(|pair| pair.join().unwrap_or_else(|_| "a pair failed\n".to_owned()))
            .collect()
    });
    assert!(differences.is_empty(), "\n{differences}");
}

/// What the two sides do not have in common.
fn differences(pair: &Path) -> String {
    let by_dockerfile = describe(pair, "Dockerfile");
    let by_spec = describe(pair, "mstage.toml");
    let names: BTreeSet<&String> = by_dockerfile.keys().chain(by_spec.keys()).collect();
    let mut differences = String::new();
    for name in names.into_iter().filter(|&name| by_dockerfile.get(name) != by_spec.get(name)) {
        let shown = |side: &BTreeMap<String, String>| {
            side.get(name).map_or("nothing", |text| text).to_owned()
        };
        differences.push_str(&format!(
            "{}: {name}\n  Dockerfile:  {}\n  mstage.toml: {}\n",
            pair.file_name().unwrap_or_default().display(),
            shown(&by_dockerfile),
            shown(&by_spec)
        ));
    }
    differences
}

/// The files and the config of an image, each in a line of text.
fn describe(pair: &Path, file: &str) -> BTreeMap<String, String> {
    let image = Image::unique();
    succeeded(build(&pair.join(file), pair, &["--load", "-t", image.name()]));
    let config = CONFIG
        .into_iter()
        .map(|member| (format!("config {member}"), image.config(member).to_string()));
    let files = Files::of(|output| succeeded(build(&pair.join(file), pair, &[output])));
    let files = files.iter().map(|(path, entry)| (format!("/{path}"), entry.to_string()));
    config.chain(files).collect()
}
