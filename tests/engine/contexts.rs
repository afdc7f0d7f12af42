//! Every kind of build context, and named contexts.

#![expect(clippy::disallowed_methods, reason = "contexts are files")]

use std::path::Path;
use std::sync::Barrier;

use crate::harness::{FRONTEND, Files, Project, Server, build, engine, succeeded};

/// Copies all of the context.
const COPY_ALL: &str = r#"
[stages.a]
from = "scratch"
steps = [{ copy = "." }]
"#;

/// A tar archive of files.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn an_archive_on_standard_input() {
    let spec = format!("# syntax={FRONTEND}{COPY_ALL}");
    let archive = archive(&[("mstage.toml", &spec), ("a.txt", "from the archive")]);
    let build = |output: &str| {
        let command = engine().docker(["buildx", "build", "-f", "mstage.toml", output, "-"]);
        command.input(String::from_utf8(archive).unwrap())
    };
    if engine().major_version < 28 {
        // Older engines read the archive themselves to find the frontend, and the client sends it
        // only once.
        let problem = build("--output=type=cacheonly").attempt().err().unwrap_or_default();
        return assert!(problem.contains("no http response from session"), "{problem}");
    }
    let files = Files::of(|output| build(output).run());
    assert_eq!(files["a.txt"].text(), "from the archive");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_spec_on_standard_input() {
    let project = Project::new(COPY_ALL).with("a.txt", "of the directory");
    let spec = String::from_utf8(project.read("mstage.toml")).unwrap();
    let files = Files::of(|output| {
        let command = engine().docker(["buildx", "build", "-f", "-", output]);
        command.arg(project.path()).input(spec).run()
    });
    assert_eq!(files["a.txt"].text(), "of the directory");
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_spec_outside_of_the_context_with_its_own_ignore_file() {
    let project = Project::new(COPY_ALL).with("mstage.toml.dockerignore", "b.*");
    let context =
        Project::new("\n").with("a.txt", "a").with("b.txt", "b").with(".dockerignore", "a.*");
    let spec = project.path().join("mstage.toml");
    let files = Files::of(|output| succeeded(build(&spec, context.path(), &[output])));
    assert_eq!(files["a.txt"].text(), "a");
    assert!(!files.paths().contains(&"b.txt"), "{:?}", files.paths());
}

/// An archive from a URL is unpacked; any other file is the spec itself. Git is in the parity
/// suite.
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_url() {
    let web = tempfile::tempdir().unwrap();
    let spec = format!("# syntax={FRONTEND}{COPY_ALL}");
    std::fs::write(web.path().join("mstage.toml"), &spec).unwrap();
    let content = archive(&[("mstage.toml", &spec), ("sub/a.txt", "from the web")]);
    std::fs::write(web.path().join("context.tar"), content).unwrap();
    let server = Server::start(web.path().to_owned());
    let files = |context: &str| {
        let url = server.url(context);
        Files::of(|output| succeeded(build(Path::new("mstage.toml"), Path::new(&url), &[output])))
    };
    assert_eq!(files("context.tar")["sub/a.txt"].text(), "from the web");
    assert_eq!(files("mstage.toml").paths(), ["context"]);
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn a_directory_with_a_name_stands_in_place_of_a_stage() {
    let project = Project::new(
        r#"
default = "runtime"
[stages.builder]
from = "localhost:1/no-such-image"
steps = ["false"]
[stages.runtime]
from = "scratch"
steps = [{ copy = "out/*.txt", from = "builder" }]
"#,
    );
    let prebuilt = Project::new("\n").with("out/b.txt", "b").with(".dockerignore", "out/b.txt");
    prebuilt.write("out/a.txt", &prebuilt.nonce());
    prebuilt.write("large", &"x".repeat(1 << 20));
    let option = format!("--build-context=builder={}", prebuilt.path().display());
    let files = project.files(&[&option]);
    assert_eq!(files.paths(), ["a.txt"], "the context's own ignore file holds");

    prebuilt.write("out/a.txt", "changed");
    let built = project.build(&[&option]);
    let load = "[context builder] load from client";
    let load = built.progress.vertices.iter().find(|vertex| vertex.name == load).unwrap();
    assert!(load.transferred < 10_000, "{} bytes were sent for a small file", load.transferred);
    assert!(!built.progress.names("no-such-image"));
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn an_image_with_a_name_stands_in_place_of_an_image() {
    let project = Project::new(
        r#"
[stages.a]
from = "no/such:image"
steps = [{ copy = "/bin/busybox", from = { context = "tools" }, to = "/tools/" }]
"#,
    );
    let files = project.files(&[
        "--build-context=no/such:image=docker-image://busybox:latest",
        "--build-context=tools=docker-image://busybox:latest",
    ]);
    assert!(files.paths().contains(&"tools/busybox"));
    assert!(files.paths().contains(&"bin/sh"));
}

/// The output of `docker buildx build --output type=oci,tar=false` can be used as a base without a
/// registry.
#[test]
#[ignore = "needs a BuildKit engine"]
fn an_image_on_the_disk_of_the_client() {
    if engine().major_version < 28 {
        // These cannot create a layout either.
        let project = Project::new("\n[stages.a]\nfrom = \"base\"\nsteps = [\"true\"]\n");
        let digest = format!("sha256:{}", "a".repeat(64));
        let layout = format!("base=oci-layout://{}@{digest}", project.path().display());
        let failure = project.fail(&[&format!("--build-context={layout}")]);
        let whose = match engine().major_version {
            20 => {
                "the engine does not support images from OCI layouts of the client (`source.ocilayout`)"
            }
            _ => "unknown scheme oci-layout",
        };
        return assert!(failure.message.contains(whose), "{failure}");
    }
    let base = Project::new(
        r#"
[stages.a]
from = "scratch"
env = { FROM_LAYOUT = "yes" }
steps = [{ copy = "a.txt" }]
"#,
    )
    .with("a.txt", "in the layout");
    let layout = base.path().join("layout");
    let output = format!("--output=type=oci,tar=false,dest={}", layout.display());
    succeeded(build(
        &base.path().join("mstage.toml"),
        base.path(),
        &[&output, "--provenance=false"],
    ));
    let index: serde_json::Value =
        serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    let digest = index["manifests"][0]["digest"].as_str().unwrap();

    let project = Project::new(
        r#"
[stages.a]
from = "base"
steps = [{ write = "/b.txt", content = "${FROM_LAYOUT}", expand = true }]
"#,
    );
    let option = format!("--build-context=base=oci-layout://{}@{digest}", layout.display());
    let files = project.files(&[&option]);
    assert_eq!((files["a.txt"].text(), files["b.txt"].text()), ("in the layout", "yes"));
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn builds_at_the_same_moment_have_their_own_files() {
    const SPEC: &str = r#"
[stages.a]
from = "scratch"
steps = [{ copy = "who" }]
"#;
    for _ in 0..4 {
        let projects = [(); 3].map(|()| Project::new(SPEC));
        let start = Barrier::new(projects.len());
        let found: Vec<(String, String)> = std::thread::scope(|scope| {
            let builds: Vec<_> = projects
                .iter()
                .map(|project| {
                    project.write("who", &project.nonce());
                    scope.spawn(|| {
                        start.wait();
                        (project.nonce(), project.files(&[])["who"].text().to_owned())
                    })
                })
                .collect();
            builds.into_iter().map(|build| build.join().unwrap()).collect()
        });
        for (own, copied) in found {
            assert_eq!(own, copied, "a build has another build's file");
        }
    }
}
