//! The frontend image itself.

use std::path::Path;

use crate::harness::{
    Capability, FRONTEND, Image, Project, ROOT, build_within, cannot_run, engine, inspect,
    succeeded,
};

/// It has to be downloaded before a build can begin. A seventh of it is needed for catching panics.
const SIZE_LIMIT: u64 = 6_850_000;

#[test]
#[ignore = "needs a BuildKit engine"]
fn the_image_is_one_small_binary_that_says_what_it_can_do() {
    let image = inspect(FRONTEND);
    let labels = &image["Config"]["Labels"];
    assert_eq!(labels["moby.buildkit.frontend.network.none"], "true");
    assert_eq!(
        labels["moby.buildkit.frontend.caps"],
        "moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,\
         moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring"
    );
    assert_eq!(image["Config"]["Entrypoint"].as_array().unwrap(), &["/mstage-frontend"]);

    let project = Project::new(&format!(
        r#"
[stages.a]
from = "scratch"
steps = [{{ copy = "/", from = "{FRONTEND}", to = "/" }}]
"#
    ));
    let files = project.files(&[]);
    assert_eq!(files.paths(), ["mstage-frontend"]);
    let size = files["mstage-frontend"].content.len() as u64;
    assert!(size <= SIZE_LIMIT, "the binary has {size} bytes");
}

/// mstage builds the same image as `frontend.Dockerfile`, and the result works.
#[test]
#[ignore = "needs a BuildKit engine"]
fn mstage_builds_itself() {
    if cannot_run(Capability::CurrentDockerfiles) {
        return;
    }
    engine().provide(&["rust:1.95"]).unwrap();
    let image = Image::unique();
    let spec = Path::new(ROOT).join("mstage.toml");
    succeeded(build_within(30, &spec, Path::new(ROOT), &["--load", "-t", image.name()]));
    let built = image.inspect();
    let reference = inspect(FRONTEND);
    for member in ["Entrypoint", "Labels"] {
        assert_eq!(built["Config"][member], reference["Config"][member], "{member}");
    }

    let project = Project::new("\n[stages.a]\nfrom = \"scratch\"\nsteps = [{ copy = \"file\" }]\n")
        .with("file", "built");
    let with_it = format!("BUILDKIT_SYNTAX={}", image.name());
    assert_eq!(project.files(&["--build-arg", &with_it])["file"].text(), "built");
}
