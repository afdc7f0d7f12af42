//! A frontend: the build file's first line names an image, each further one is a command for it.
use buildkit_frontend::*;
use buildkit_llb::{Exec, Graph, Image, Location, Metadata, Reference};

fn main() -> std::process::ExitCode {
    run(frontend)
}

async fn frontend(bridge: Bridge, options: Options) -> Result<SolveResult, Status> {
    let file = bridge.read_build_file(&options).await?;
    let text = String::from_utf8_lossy(&file.data);
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with('#'));
    let (at, name) = lines.next().ok_or_else(|| Status::new("the file names no image"))?;
    let wrong = |err| Status::new(format!("line {at}: {err}")).with_source(&file, &[at..=at]);
    let reference = Reference::parse(name).map_err(wrong)?;
    let image = bridge.resolve_image(ImageRequest::new(reference.clone())).await?;

    let mut graph = Graph::new();
    let source = graph.add_source(file.clone());
    let shown = |at, name| Metadata::named(name).at([Location::lines(source, at..=at)]);
    let mut state = graph.add(Image::new(reference.pinned(image.meta.digest)), shown(at, name));
    for (at, line) in lines {
        state = graph.run(Exec::new(state, "/bin/sh").args(["-c", line]), shown(at, line));
    }
    let files = bridge.solve(SolveRequest::new(graph.definition(state))).await?.refs.single()?;
    let mut result = ImageResult::new(false);
    result.add(&options.build_platform()?, files).config(image.meta.config);
    Ok(result.finish())
}
