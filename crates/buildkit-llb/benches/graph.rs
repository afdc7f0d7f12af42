//! Time to build a large graph: a thousand stages of eleven ops each, for which docker/dockerfile's
//! frontend needs about half a second.
//!
//! `cargo bench -p buildkit-llb`

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark looks at the clock"
)]

use std::time::{Duration, Instant};

use buildkit_llb::{
    CacheMount, CopyAction, Exec, FileOp, Graph, Image, Local, Location, Metadata, SourceInfo,
    State,
};
use prost::Message;

fn main() {
    let mut add = Vec::new();
    let mut define = Vec::new();
    let mut encode = Vec::new();
    let (mut ops, mut bytes) = (0, 0);
    for _ in 0..50 {
        let start = Instant::now();
        let (graph, target) = build();
        add.push(start.elapsed());
        let start = Instant::now();
        let definition = graph.definition(target);
        define.push(start.elapsed());
        ops = definition.digests().len();
        let start = Instant::now();
        bytes = definition.into_encoded().encode_to_vec().len();
        encode.push(start.elapsed());
    }
    println!("{ops} ops, {bytes} bytes");
    for (what, times) in [("add", add), ("definition", define), ("encode", encode)] {
        println!("{what:>10}: {:?}", median(times));
    }
}

fn build() -> (Graph, State) {
    let platform: buildkit_llb::Platform = "linux/amd64".parse().expect("a platform");
    let mut graph = Graph::new();
    let file =
        graph.add_source(SourceInfo::new("build.toml", vec![b'\n'; 100_000]).language("TOML"));
    let context = graph.add(Local::new("context", "session"), Metadata::named("load context"));
    let mut state = State::SCRATCH;
    for stage in 0..1000 {
        let at = |metadata: Metadata<'static>| {
            metadata.at([Location::lines(file, stage + 1..=stage + 1)])
        };
        let image = Image::new(
            format!("docker.io/library/image-{stage}:latest").parse().expect("a reference"),
        )
        .platform(Some(platform.clone()));
        let mut stage_state = graph.add(image, at(Metadata::named("FROM image")));
        for step in 0..9 {
            let name = format!("[stage-{stage} {step}/9] RUN make step");
            let exec = Exec::new(stage_state, "/bin/sh")
                .args(["-ec".to_owned(), format!("make stage={stage} step={step}")])
                .envs((0..6).map(|i| (format!("VARIABLE_{i}"), "some value")))
                .cwd("/src")
                .platform(Some(platform.clone()))
                .mounts(vec![CacheMount::new("/root/.cache", "/root/.cache").into()]);
            stage_state = graph.add(exec, at(Metadata::named(name))).root;
        }
        let copy = FileOp::new(state)
            .then(CopyAction::like_dockerfile(context, "/src", format!("/{stage}/")))
            .then(CopyAction::like_dockerfile(stage_state, "/out", format!("/{stage}/")));
        state = graph.add(copy, at(Metadata::named("COPY")));
    }
    (graph, state)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
