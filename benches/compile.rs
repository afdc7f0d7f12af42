//! From the text of a build file to encoded LLB: `cargo bench --bench compile`.
//!
//! Generated files of 10 to 10,000 stages with ten steps each. For each: the time of every part of the
//! way (the median of several runs), what was allocated, and how large the result is.
#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]
#![expect(clippy::print_stdout, reason = "the table is what a benchmark is for")]
#![expect(clippy::unwrap_used, reason = "generated files are right")]

use std::fmt::Write;
use std::time::{Duration, Instant};

use buildkit_llb::{Graph, Platform};
use mstage::diagnostic::Diagnostics;
use mstage::lower::{Engine, Sessions, Settings, lower};
use mstage::plan::{Facts, ImageFact, Request, resolve, select};
use mstage::source::SourceFile;
use mstage::spec;
use prost::Message;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// The parts of the way, in order.
const PARTS: [&str; 5] = ["parse", "select", "resolve", "lower", "encode"];

fn main() {
    // `cargo test --benches` runs this too: there, one small file shows that it works.
    let test = !std::env::args().any(|arg| arg == "--bench");
    let sizes: &[usize] = if test { &[10] } else { &[10, 100, 1_000, 10_000] };
    println!(
        "stages      ops    text  {:>9} {} | total  allocations  peak MiB  LLB MiB",
        "",
        PARTS.join("     ")
    );
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    for &stages in sizes {
        let text = generate(stages);
        let runs = (20_000 / stages).clamp(5, 500);
        let mut times: Vec<[Duration; PARTS.len()]> =
            (0..runs).map(|_| compile(&text).times).collect();
        times.sort_by_key(|times| times.iter().sum::<Duration>());
        let median = times[times.len() / 2];

        // The profiler looks at the stack of every allocation: of the largest file it takes minutes.
        let (compiled, heap) = if stages <= 1_000 {
            let profiler = dhat::Profiler::builder().testing().build();
            let compiled = compile(&text);
            let heap = dhat::HeapStats::get();
            drop(profiler);
            (compiled, format!("{:>11} {:>9.1}", heap.total_blocks, mib(heap.max_bytes)))
        } else {
            (compile(&text), format!("{:>11} {:>9}", "-", "-"))
        };

        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let mut line = format!("{stages:>6} {:>8} {:>4} KiB  ms:", compiled.ops, text.len() >> 10);
        for part in median {
            let _ = write!(line, " {:>9.2}", ms(part));
        }
        let total = ms(median.iter().sum());
        println!("{line} | {total:>8.2} {heap} {:>8.2}", mib(compiled.bytes));
    }
}

/// A file of stages that all end up in the last: each starts from an image, has ten steps, and copies
/// from the one before it.
fn generate(stages: usize) -> String {
    let mut text = format!("default = \"stage{}\"\n\n[args]\nVERSION = \"1.0\"\n\n", stages - 1);
    for stage in 0..stages {
        let _ = write!(
            text,
            "[stages.stage{stage}]\nfrom = \"debian:bookworm-slim\"\nworkdir = \"/src{stage}\"\n"
        );
        text.push_str("env = { STAGE = \"${VERSION}\", MODE = \"release\" }\nsteps = [\n");
        for step in 0..9 {
            let _ = match step % 3 {
                0 => {
                    writeln!(text, "  {{ copy = \"src/{stage}/{step}\", to = \"/src/{step}/\" }},")
                }
                1 => writeln!(text, "  'make -C /src/{step} VERSION=$VERSION all',"),
                _ => writeln!(
                    text,
                    "  {{ run = 'make install', mounts = [{{ cache = \"/cache/{stage}\" }}] }},"
                ),
            };
        }
        let _ = match stage {
            0 => writeln!(text, "  'true',\n]\n"),
            _ => writeln!(
                text,
                "  {{ copy = \"/out\", from = \"stage{}\", to = \"/in/\" }},\n]\n",
                stage - 1
            ),
        };
    }
    text
}

struct Compiled {
    times: [Duration; PARTS.len()],
    ops: usize,
    bytes: usize,
}

fn compile(text: &str) -> Compiled {
    let config =
        br#"{"config":{"Env":["PATH=/usr/bin:/bin"]},"rootfs":{"diff_ids":["sha256:00"]}}"#;
    let request = Request::new(Platform::new("linux", "amd64", "").unwrap());
    let settings = Settings {
        sessions: Sessions { id: "session".to_owned(), ..Sessions::default() },
        engine: Engine { merge: true, required_paths: true },
        ..Settings::default()
    };
    let file = SourceFile::new("mstage.toml", text.as_bytes().to_vec());
    let mut diagnostics = Diagnostics::default();
    let mut marks = vec![Instant::now()];
    let spec = spec::parse(&file, &mut diagnostics).unwrap();
    marks.push(Instant::now());
    let selection = select(&spec, &request, &mut diagnostics).unwrap();
    marks.push(Instant::now());
    let fact = || ImageFact { config: config.to_vec(), ..ImageFact::default() };
    let facts =
        Facts { images: selection.images().iter().map(|_| fact()).collect(), ..Facts::default() };
    let plan = resolve(&selection, facts, &mut diagnostics).unwrap();
    marks.push(Instant::now());
    let mut graph = Graph::new();
    let target = lower(&plan, &file, &settings, &mut graph).unwrap();
    let definition = graph.definition(target);
    drop(graph);
    marks.push(Instant::now());
    let ops = definition.digests().len();
    let bytes = definition.into_proto().encode_to_vec().len();
    marks.push(Instant::now());
    let mut times = [Duration::ZERO; PARTS.len()];
    for (time, pair) in times.iter_mut().zip(marks.windows(2)) {
        *time = pair[1] - pair[0];
    }
    Compiled { times, ops, bytes }
}
