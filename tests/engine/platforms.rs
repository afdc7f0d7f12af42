//! One build for several platforms.

#![expect(clippy::disallowed_methods, reason = "an OCI layout is files")]

use std::path::Path;

use serde_json::Value;

use crate::harness::{Project, ROOT, build, engine, failed, succeeded};

/// The machine numbers in the headers of ELF files.
const MACHINES: [(&str, u16); 3] =
    [("linux/amd64", 62), ("linux/arm64", 183), ("linux/arm/v7", 40)];

/// A file of an OCI layout by its digest, as JSON.
fn blob(layout: &Path, descriptor: &Value) -> Value {
    let (algorithm, hex) = descriptor["digest"].as_str().unwrap().split_once(':').unwrap();
    let file = layout.join("blobs").join(algorithm).join(hex);
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn an_index_of_cross_compiled_programs() {
    let example = Path::new(ROOT).join("examples/cross-compile");
    let directory = tempfile::tempdir().unwrap();
    let layout = directory.path().join("layout");
    let files = directory.path().join("files");
    let platforms = "--platform=linux/amd64,linux/arm64,linux/arm/v7";
    if !engine().has_containerd_store() {
        let options = [platforms, "--output=type=cacheonly"];
        return failed(build(&example.join("mstage.toml"), &example, &options))
            .assert_refused_by_client("Multi-platform build");
    }
    engine().provide(&["golang:1.24"]).unwrap();
    let options = [
        platforms.to_owned(),
        "--provenance=false".to_owned(),
        format!("--output=type=oci,tar=false,dest={}", layout.display()),
        format!("--output=type=local,dest={}", files.display()),
    ];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let built = succeeded(build(&example.join("mstage.toml"), &example, &options));

    // The compiler's base and the copied sources: once. Ops that depend on the target: once for
    // each.
    let count = |text: &str| {
        built.progress.vertices.iter().filter(|vertex| vertex.name.contains(text)).count()
    };
    assert_eq!(count("copy go.mod main.go"), 1, "{built}");
    assert_eq!(count("go build"), 3, "{built}");

    let index: Value =
        serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    let index = blob(&layout, &index["manifests"][0]);
    let mut platforms = Vec::new();
    for manifest in index["manifests"].as_array().unwrap() {
        let config = blob(&layout, &blob(&layout, manifest)["config"]);
        assert_eq!(config["config"]["Entrypoint"][0], "/platform");
        assert_eq!(config["architecture"], manifest["platform"]["architecture"]);
        let parts = ["os", "architecture", "variant"]
            .map(|part| config[part].as_str().unwrap_or_default().to_owned());
        platforms.push(parts.join("/").trim_end_matches('/').to_owned());
    }
    assert_eq!(platforms, MACHINES.map(|(platform, _)| platform));
    for (platform, machine) in MACHINES {
        let program = files.join(platform.replace('/', "_")).join("platform");
        let header = std::fs::read(program).unwrap();
        assert_eq!(u16::from_le_bytes([header[18], header[19]]), machine, "{platform}");
    }
}

/// A platform that the engine cannot run is reported before the step fails with "exec format
/// error".
#[test]
#[ignore = "needs a BuildKit engine"]
fn a_step_on_a_foreign_platform_is_warned_of() {
    // The program itself is the engine's own: the test is about mstage's warning before.
    let project = Project::new(
        r#"
[stages.a]
from = { image = "busybox:latest", platform = "linux/amd64" }
steps = ["true"]
"#,
    );
    let built = project.build(&["--platform=linux/s390x"]);
    let warned = built.progress.warnings.iter().any(|warning| warning.contains("foreign-platform"));
    // 20.10 shows no warnings.
    assert!(warned || engine().major_version < 23, "{built}");
}
