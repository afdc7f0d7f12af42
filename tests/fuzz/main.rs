//! The fuzz targets, run on a bounded number of mutated seeds. The same bytes are tried every time.
//!
//! `MSTAGE_FUZZ_ROUNDS=100000 MSTAGE_FUZZ_SEED=7 cargo test --release --test fuzz` tries others.
//! `CONTRIBUTING.md` says how to run the same targets under libFuzzer. An input that fails is written
//! to `target/fuzz`.

#![expect(
    clippy::disallowed_methods,
    reason = "seeds are files, the number of rounds is a setting"
)]
#![expect(clippy::print_stdout, reason = "the path of an input that fails")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its seeds has failed")]

mod mutate;
#[path = "../common/numbers.rs"]
mod numbers;
#[path = "../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is a library for libFuzzer")]
mod targets;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use crate::mutate::mutated;
use crate::numbers::Numbers;

/// Number of mutated inputs of each target, unless `MSTAGE_FUZZ_ROUNDS` is set.
const ROUNDS: u64 = 300;

#[test]
fn text_to_llb() {
    let seeds = ["tests/corpus", "tests/convert/cases", "tests/graph", "examples"];
    check("text_to_llb", targets::text_to_llb, &seeds, |path| path.ends_with(".toml"));
}

#[test]
fn dockerfile_to_spec() {
    let seeds = ["tests/convert", "tests/parity"];
    check("dockerfile_to_spec", targets::dockerfile_to_spec, &seeds, |path| {
        path.ends_with("Dockerfile")
    });
}

#[test]
fn lock_file() {
    check("lock_file", targets::lock_file, &["examples"], |path| path.ends_with(".lock"));
}

#[test]
fn client_options() {
    check("client_options", targets::client_options, &[], |_| false);
}

#[test]
fn gateway_answers() {
    check("gateway_answers", targets::gateway_answers, &[], |_| false);
}

/// Runs a target on its own seeds in `fuzz/seeds`, and on mutations of them and of other files whose
/// names match.
fn check(name: &str, target: fn(&[u8]), directories: &[&str], matches: fn(&str) -> bool) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = files(&root.join("fuzz/seeds").join(name));
    for path in &paths {
        run(name, target, &fs::read(path).unwrap(), &path.display().to_string());
    }
    // The other files are tests elsewhere.
    let others = directories.iter().flat_map(|directory| files(&root.join(directory)));
    paths.extend(others.filter(|path| path.to_str().is_some_and(matches)));
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(!seeds.is_empty(), "there are no seeds for {name}");
    let first = setting("MSTAGE_FUZZ_SEED").unwrap_or(0) << 32;
    for round in first..first + setting("MSTAGE_FUZZ_ROUNDS").unwrap_or(ROUNDS) {
        let input = mutated(&seeds, &mut Numbers(round));
        run(name, target, &input, &format!("round {round}"));
    }
}

/// Runs a target on one input, and keeps the input if the target panics.
fn run(name: &str, target: fn(&[u8]), input: &[u8], what: &str) {
    let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) else { return };
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz");
    let path = directory
        .join(format!("{name}-{}", buildkit_llb::Digest::of(input).to_string().replace(':', "-")));
    fs::create_dir_all(&directory).unwrap();
    fs::write(&path, input).unwrap();
    println!("{name} fails at {what}: {}", path.display());
    resume_unwind(panic);
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect();
    paths.sort();
    paths
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}
