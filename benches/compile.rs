//! Time from the text of a build file to encoded LLB: `cargo bench --bench compile`.
//!
//! Generates build files and Dockerfiles of 10 to 10,000 stages with ten steps each (or the numbers
//! of stages given as arguments), and prints the time of each phase, the median of several runs.
//! Allocations are in `memory.rs`, since counting them takes time.
#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]
#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
#![expect(clippy::unwrap_used, reason = "generated files are right")]

mod way;

use std::fmt::Write;
use std::time::{Duration, Instant};

/// The phases, in order.
const PARTS: [&str; 7] = ["convert", "parse", "select", "resolve", "lower", "encode", "drop"];

fn main() {
    // `cargo test --benches` runs this too: then one small file shows that it works.
    let test = !std::env::args().any(|arg| arg == "--bench");
    let asked: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let sizes: &[usize] = match asked.as_slice() {
        _ if test => &[10],
        [] => &[10, 100, 1_000, 10_000],
        asked => asked,
    };
    let parts = PARTS.map(|part| format!("{part:>8}")).concat();
    println!("            stages      ops  LLB MiB  ms:{parts} |    total   us/op");
    for &stages in sizes {
        measure("mstage.toml", &way::generate(stages), stages, test);
        measure("Dockerfile", &way::generate_dockerfile(stages), stages, test);
    }
}

/// Prints the times of one file.
fn measure(name: &str, text: &str, stages: usize, test: bool) {
    let runs = if test { 1 } else { (20_000 / stages).clamp(5, 500) };
    let (mut ops, mut bytes) = (0, 0);
    let mut runs: Vec<[Duration; PARTS.len()]> = (0..runs)
        .map(|_| {
            let mut times = [Duration::ZERO; PARTS.len()];
            let mut part = times.iter_mut();
            let mut start = Instant::now();
            let mut done = || {
                let now = Instant::now();
                *part.next().unwrap() = now - start;
                start = now;
            };
            way::Compiled { ops, bytes } = way::compile(name, text, &mut done);
            done();
            times
        })
        .collect();
    runs.sort_by_key(|times| times.iter().sum::<Duration>());
    let median = runs[runs.len() / 2];

    let mut line =
        format!("{name:<11} {stages:>6} {ops:>8} {:>8.2}     ", bytes as f64 / f64::from(1 << 20));
    for part in median {
        let _ = write!(line, " {:>7.2}", part.as_secs_f64() * 1e3);
    }
    let total = median.iter().sum::<Duration>().as_secs_f64();
    println!("{line} | {:>8.2} {:>7.2}", total * 1e3, total * 1e6 / ops as f64);
}
