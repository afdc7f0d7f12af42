//! The SARIF document, against a schema.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::program;

fn validate(document: &Value, schema: &[u8]) {
    let schema: Value = serde_json::from_slice(schema).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = schema
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

#[test]
fn documents_are_valid() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = fs::read(root.join("tests/cli/sarif.schema.json")).unwrap();
    let of_standard = std::env::var_os("MSTAGE_SARIF_SCHEMA").map(|path| fs::read(path).unwrap());
    let mut files: Vec<String> = Vec::new();
    for folder in ["tests/corpus/wrong", "tests/corpus/right", "tests/convert/wrong", "examples"] {
        files.push(folder.to_owned());
        let entries = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let is_file = |path: &std::path::PathBuf| {
            path.extension().is_none_or(|extension| extension == "toml") && path.is_file()
        };
        files.extend(entries.filter(is_file).map(|path| path.display().to_string()));
    }
    files.retain(|file| file.ends_with("examples") || Path::new(file).is_file());
    let args = ["check", "--format", "sarif"].map(str::to_owned).into_iter().chain(files);
    let output = program(&args.collect::<Vec<_>>(), root).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    validate(&document, &own);
    if let Some(schema) = of_standard {
        validate(&document, &schema);
    }
    let run = &document["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert!(results.len() > 200);
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        let region = &result["locations"][0]["physicalLocation"]["region"];
        if region.is_null() {
            continue;
        }
        let at = |key: &str| region[key].as_u64().unwrap();
        let is_range = (at("startLine"), at("startColumn")) <= (at("endLine"), at("endColumn"));
        assert!(is_range, "{result}");
    }
}
