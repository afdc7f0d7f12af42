//! Prints a small graph: `cargo run -p buildkit-llb --example print_llb`. With `--raw` it writes the message for
//! BuildKit instead: `... --example print_llb -- --raw | buildctl build --local context=.`.
use std::error::Error;
use std::io::{Write, stdout};

use buildkit_llb::{CopyAction, Exec, FileOp, Graph, Image, Local, Metadata, State};

fn main() -> Result<(), Box<dyn Error>> {
    let mut graph = Graph::new();
    let golang = graph.add(Image::new("golang:1.24".parse()?), Metadata::named("FROM golang:1.24"));
    let context = graph.add(Local::new("context", ""), Metadata::named("load the build context"));

    let copy = FileOp::new(golang).then(CopyAction::like_dockerfile(context, ".", "/src/"));
    let sources = graph.add(copy, Metadata::named("COPY . /src/"));
    let build = Exec::new(sources, "/bin/sh").args(["-c", "cd /src && go build -o /app ."]);
    let built = graph.run(build, Metadata::named("RUN go build"));
    let copy = FileOp::new(State::SCRATCH).then(CopyAction::new(built, "/app", "/app"));
    let app = graph.add(copy, Metadata::named("COPY --from=build /app /"));

    let definition = graph.definition(app);
    let text = match std::env::args().nth(1).as_deref() {
        Some("--raw") => definition.as_bytes().to_vec(),
        _ => definition.to_string().into_bytes(),
    };
    stdout().write_all(&text)?;
    Ok(())
}
