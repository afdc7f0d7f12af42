//! SBOM and provenance, read back from an exported OCI layout.

#![expect(clippy::disallowed_methods, reason = "an OCI layout is files")]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::harness::{Image, Project, build, engine, succeeded};

const SPEC: &str = r#"
default = "app"

[stages.tools]
from = "busybox:latest"
sbom = true
steps = ["echo tool > /tool"]

[stages.unscanned]
from = "scratch"
steps = [{ copy = "b.txt" }]

[stages.app]
from = "scratch"
steps = [
  { copy = "a.txt" },
  { copy = "/tool", from = "tools" },
  { copy = "b.txt", from = "unscanned" },
]
"#;

/// A scanner that lists the files of each of its inputs. It follows BuildKit's contract
/// (`docs/attestations/sbom-protocol.md` there), like the public ones.
const SCANNER: &str = r#"
[stages.scanner]
from = "busybox:latest"
steps = [{ write = "/scan", chmod = "0755", content = '''
  #!/bin/sh -e
  for source in "$BUILDKIT_SCAN_SOURCE" $(ls -d "${BUILDKIT_SCAN_SOURCE_EXTRAS:-/nothing}"/* 2>/dev/null); do
    files=$(cd "$source" && find . -name '*.txt' -o -name tool | sort | tr '\n' ' ')
    printf '{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document",' > /tmp/statement
    printf '"predicate":{"name":"%s","comment":"%s"}}' "${source##*/} $BUILDKIT_SCAN_LEVEL" "$files" >> /tmp/statement
    cp /tmp/statement "$BUILDKIT_SCAN_DESTINATION/${source##*/}.spdx.json"
  done
''' }]

[stages.scanner.image]
entrypoint = ["/scan"]
"#;

fn blob(layout: &Path, descriptor: &Value) -> Value {
    let (algorithm, hex) = descriptor["digest"].as_str().unwrap().split_once(':').unwrap();
    let file = layout.join("blobs").join(algorithm).join(hex);
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// The statements about a build with these options, by predicate type.
fn statements(project: &Project, options: &[&str]) -> BTreeMap<String, Vec<Value>> {
    let directory = tempfile::tempdir().unwrap();
    let layout = directory.path().join("layout");
    let output = format!("--output=type=oci,tar=false,dest={}", layout.display());
    let options = [options, &[&output]].concat();
    succeeded(build(&project.path().join("mstage.toml"), project.path(), &options));
    let index: Value =
        serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap();
    let index = blob(&layout, &index["manifests"][0]);
    let mut statements: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for manifest in index["manifests"].as_array().unwrap() {
        if manifest["annotations"]["vnd.docker.reference.type"] == "attestation-manifest" {
            for layer in blob(&layout, manifest)["layers"].as_array().unwrap() {
                let kind = layer["annotations"]["in-toto.io/predicate-type"].as_str().unwrap();
                statements.entry(kind.to_owned()).or_default().push(blob(&layout, layer));
            }
        }
    }
    statements
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn an_sbom_covers_the_target_and_what_else_is_asked_for() {
    if !engine().has_containerd_store() {
        return Project::new(SPEC).fail(&["--sbom=true"]).assert_refused_by_client("Attestation");
    }
    let scanner: Image = Project::new(SCANNER).image(&[]);
    let project =
        Project::new(SPEC).with("a.txt", "a").with("b.txt", "b").with("c.txt", "not read");
    let sbom = format!("--sbom=generator={},LEVEL=high", scanner.name());
    let scanned = |options: &[&str]| -> Vec<(String, String)> {
        let found = statements(&project, &[&[&sbom[..], "--provenance=false"], options].concat());
        let text = |of: &Value| of.as_str().unwrap().trim().to_owned();
        let mut found: Vec<_> = found["https://spdx.dev/Document"]
            .iter()
            .map(|of| (text(&of["predicate"]["name"]), text(&of["predicate"]["comment"])))
            .collect();
        found.sort();
        found
    };
    let pair = |name: &str, files: &str| (name.to_owned(), files.to_owned());
    let target = pair("sbom high", "./a.txt ./b.txt ./tool");
    let tools = pair("sbom-tools high", "./tool");
    assert_eq!(scanned(&[]), [target.clone(), tools.clone()]);
    let context = pair("sbom-context high", "./a.txt ./b.txt");
    let more = [
        "--build-arg=BUILDKIT_SBOM_SCAN_CONTEXT=true",
        "--build-arg=BUILDKIT_SBOM_SCAN_STAGE=unscanned",
    ];
    assert_eq!(
        scanned(&more),
        [target, context, tools.clone(), pair("sbom-unscanned high", "./b.txt")]
    );
    // If nothing else is requested, the engine scans the target itself.
    let only_target = scanned(&["--target=unscanned"]);
    assert_eq!(only_target, [pair("sbom high", "./b.txt")]);
}

#[test]
#[ignore = "needs a BuildKit engine"]
fn provenance_has_the_spec_and_the_places_of_the_steps() {
    let project = Project::new(SPEC).with("a.txt", "a").with("b.txt", "b");
    let option = "--provenance=mode=max,version=v1";
    if !engine().has_containerd_store() {
        return project.fail(&[option]).assert_refused_by_client("Attestation");
    }
    let found = statements(&project, &[option]);
    let predicate = &found["https://slsa.dev/provenance/v1"][0]["predicate"];
    let text = predicate.to_string();
    let definition = &predicate["buildDefinition"];
    assert_eq!(definition["externalParameters"]["configSource"]["path"], "mstage.toml", "{text}");
    let metadata = &predicate["runDetails"]["metadata"]["buildkit_metadata"];
    let source = &metadata["source"];
    assert_eq!(source["infos"][0]["filename"], "mstage.toml", "{text}");
    assert_eq!(source["infos"][0]["language"], "TOML", "{text}");
    // Each step of the graph, with its line.
    let steps =
        definition["internalParameters"]["buildConfig"]["llbDefinition"].as_array().unwrap();
    assert!(steps.len() >= 6, "{text}");
    let lines: Vec<u64> = source["locations"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(|of| of["locations"][0]["ranges"][0]["start"]["line"].as_u64())
        .collect();
    for line in [5, 7, 11, 16, 17, 18] {
        assert!(lines.contains(&line), "no step of line {line}: {text}");
    }
    assert!(text.contains("pkg:docker/busybox@latest"), "the materials lack the base: {text}");

    // The short form contains only the name of the file.
    let found = statements(&project, &["--provenance=mode=min,version=v1"]);
    let predicate = &found["https://slsa.dev/provenance/v1"][0]["predicate"];
    let definition = &predicate["buildDefinition"];
    assert_eq!(definition["externalParameters"]["configSource"]["path"], "mstage.toml");
    assert!(!predicate.to_string().contains("echo tool"));
}
