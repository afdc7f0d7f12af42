//! A frontend that is not mstage: the example of `crates/buildkit-frontend`.

use crate::harness::{Image, Project, build, engine, failed, succeeded};

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_example_of_the_frontend_crate_builds_images_and_shows_lines() {
    let frontend = Image::unique();
    let file = "crates/buildkit-frontend/examples/lines.Dockerfile";
    engine().make_image(file, frontend.name()).unwrap();

    let project = Project::with_syntax(frontend.name(), "\nbusybox:latest\necho hi > /hi\n");
    let spec = project.path().join("mstage.toml");
    let image = Image::unique();
    succeeded(build(&spec, project.path(), &["--load", "-t", image.name()]));
    assert_eq!(image.run(&["cat", "/hi"]), "hi\n");

    project.set_spec("\nbusybox:latest\necho lo > /lo\nexit 3\n");
    let failure = failed(build(&spec, project.path(), &[]));
    assert!(failure.message.contains("exit code: 3"), "{}", failure.message);
    if engine().shows_excerpts() {
        assert!(failure.message.contains("4 | >>> exit 3"), "{}", failure.message);
    }

    project.set_spec("\nBusybox\n");
    let failure = failed(build(&spec, project.path(), &[]));
    assert!(
        failure.message.contains("line 2: invalid image reference `Busybox`"),
        "{}",
        failure.message
    );
}
