//! mstage beside docker/dockerfile, on the same projects in the same run:
//! `cargo side-by-side [ROUNDS]`.
//!
//! Writes the medians and spreads into `docs/explanation/measurements.md`, and plots of them. The
//! builds run on an engine of their own that `scripts/engine` creates, so this needs root; the cache
//! of the user's engine stays. Takes about ten minutes per round on two cores.
//!
//! Each round builds every project with one frontend and then with the other; the next round begins
//! with the other one.
#![expect(clippy::disallowed_methods, reason = "a benchmark looks at the clock and writes files")]
#![expect(clippy::print_stderr, reason = "it takes long")]

mod dance;
#[expect(dead_code, unused_imports, reason = "the benchmark needs only a part of it")]
#[path = "../../tests/engine/harness/mod.rs"]
mod harness;
mod machine;
mod page;
mod plot;
mod project;
mod samples;
mod texts;

use std::path::Path;

use harness::{OwnEngine, ROOT, Registry};
use project::{Frontend, Setting};
use samples::Samples;

fn main() {
    // `cargo test --benches` runs this too.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let rounds = std::env::args().find_map(|arg| arg.parse().ok()).unwrap_or(3);
    let registry = Registry::start();
    let own = OwnEngine::start();
    registry.show_to(&own);
    own.make_image("frontend.Dockerfile", harness::FRONTEND).expect("the frontend is built");
    own.provide(&project::BASES).expect("the engine takes images");
    let setting = Setting { engine: &own, registry: &registry, official: official(&own) };

    let mut samples = Samples::default();
    for round in 0..rounds {
        let mut frontends = Frontend::ALL;
        frontends.rotate_left(round % 2);
        for name in project::EXAMPLES {
            for frontend in frontends {
                eprintln!("round {} of {rounds}: {name} with {}", round + 1, frontend.name());
                project::measure(&setting, name, frontend, &mut samples);
            }
        }
        for frontend in frontends {
            eprintln!("round {} of {rounds}: steps and texts with {}", round + 1, frontend.name());
            project::measure_steps(&setting, frontend, &mut samples);
            texts::measure(&setting, frontend, &mut samples);
        }
    }
    let about = machine::about(&setting, rounds);
    let docs = Path::new(ROOT).join("docs");
    let write = |path: &str, text: &str| {
        std::fs::write(docs.join(path), text).unwrap_or_else(|err| panic!("{path}: {err}"));
    };
    write("explanation/measurements.md", &page::page(&about, &samples));
    for name in project::EXAMPLES {
        write(&format!("pictures/measured-{name}.svg"), &plot::svg(name, &samples));
    }
}

/// The official frontend's image for a syntax line, if the engine can pull it. Otherwise Dockerfiles
/// are built by the engine's own copy of it.
fn official(own: &OwnEngine) -> Option<&'static str> {
    let name = "docker/dockerfile:1";
    own.docker(["image", "pull", "--quiet", name]).attempt().ok().map(|_| name)
}
