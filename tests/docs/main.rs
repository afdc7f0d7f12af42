//! Checks that the documentation agrees with the program.
#![expect(clippy::disallowed_methods, reason = "the documentation is files")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its file has failed")]

mod explanations;
mod graphs;
mod links;

use std::fs;
use std::path::{Path, PathBuf};

use buildkit_llb::Platform;
use expect_test::expect_file;
use mstage::diagnostic::{Diagnostics, Severity, render};
use mstage::plan::{
    ContextFact, ContextSource, Facts, ImageFact, NamedContexts, Request, resolve, select,
};
use mstage::source::SourceFile;
use mstage::{show, spec};
use serde_json::Value;

#[test]
fn the_reference_is_current() {
    expect_file!["../../docs/reference/build-file.md"].assert_eq(&show::reference(&spec::shape()));
}

#[test]
fn the_schema_is_current() {
    expect_file!["../../schema/mstage.schema.json"].assert_eq(&show::schema(&spec::shape()));
}

/// Every TOML block with stages in a document is a valid build file. The pages of rules are checked
/// in `rules.rs`.
#[test]
fn examples_in_documents_compile() {
    for path in documents().into_iter().filter(|path| !path.parent().unwrap().ends_with("rules")) {
        let text = fs::read_to_string(&path).unwrap();
        for block in text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            if block.contains("[stages.") {
                compile(&path, block);
            }
        }
    }
}

/// Listings that are no build files have at least the form of their language.
#[test]
fn other_listings_parse() {
    let mut count = 0;
    for path in documents() {
        let text = fs::read_to_string(&path).unwrap();
        for block in text.split("```").skip(1).step_by(2) {
            let Some((language, body)) = block.split_once('\n') else { continue };
            let error = match language {
                "json" => serde_json::from_str::<Value>(body).err().map(|err| err.to_string()),
                "yaml" => serde_yaml_ng::from_str::<Value>(body).err().map(|err| err.to_string()),
                "toml" => body.parse::<toml::Table>().err().map(|err| err.to_string()),
                _ => continue,
            };
            assert!(error.is_none(), "{}:\n{body}{}", path.display(), error.unwrap_or_default());
            count += 1;
        }
    }
    assert!(count > 100, "the search finds only {count} listings");
}

/// The README and the last listing of the tutorial show the example `hello`.
#[test]
fn the_example_hello_is_shown() {
    let example = fs::read_to_string(root().join("examples/hello/mstage.toml")).unwrap();
    let listing = format!("```toml\n{example}```\n");
    for page in ["README.md", "docs/tutorial/platforms.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        assert!(text.contains(&listing), "{page} does not show examples/hello/mstage.toml");
    }
}

/// The guide's configuration of Renovate finds exactly the images in the guide's lock file, and the
/// frontend of the guide's syntax line.
#[test]
fn renovate_finds_images_in_lock_files() {
    let guide = fs::read_to_string(root().join("docs/guides/lock-file.md")).unwrap();
    let block = |language: &str, nth: usize| {
        let rest = guide.split(&format!("```{language}\n")).nth(nth).unwrap();
        rest.split("```").next().unwrap()
    };
    let pattern = |manager: &Value| {
        let pattern = manager["matchStrings"][0].as_str().unwrap();
        regex_lite::Regex::new(pattern).unwrap()
    };
    let settings: Value = serde_json::from_str(block("json", 1)).unwrap();
    let images = pattern(&settings["customManagers"][0]);
    let frontend = pattern(&serde_json::from_str(block("json", 2)).unwrap());
    let digest = format!("sha256:{}", "0".repeat(64));
    let more = format!(
        "\"localhost:5000/a/b:1\" = \"{digest}\"\n\"https://h:80/a:b\" = \"{digest}\"\n\"https://h/a:b\" = \"{digest}\"\n"
    );
    let lock = format!("{}{more}", block("toml", 1));
    let syntax = block("toml", 2);
    let in_lock = images.captures_iter(&lock);
    let names: Vec<(&str, &str)> = in_lock
        .chain(frontend.captures_iter(syntax))
        .map(|found| (found.name("depName").unwrap(), found.name("currentValue").unwrap()))
        .map(|(name, tag)| (name.as_str(), tag.as_str()))
        .collect();
    let expected = [
        ("docker.io/myorg/mstage", "1"),
        ("docker.io/library/debian", "bookworm-slim"),
        ("docker.io/library/golang", "1.24"),
        ("localhost:5000/a/b", "1"),
        ("myorg/mstage", "1"),
    ];
    assert_eq!(names, expected);
    let file = SourceFile::new("mstage.lock", block("toml", 1).as_bytes().to_vec());
    assert!(mstage::lock::parse(&file, &mut Diagnostics::default()).is_ok());
}

#[test]
fn the_schema_accepts_every_right_file() {
    let schema = schema();
    for path in specs("tests/corpus/right")
        .into_iter()
        .chain(specs("examples"))
        .chain(specs("src/show/examples"))
    {
        let json = to_json(&fs::read_to_string(&path).unwrap()).unwrap();
        let errors: Vec<String> =
            schema.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}:\n{}", path.display(), errors.join("\n"));
    }
}

/// An editor with the schema shows syntax errors while the file is being written.
#[test]
fn the_schema_rejects_what_a_schema_can() {
    const OF_FORM: [&str; 6] = [
        "[unknown-key]",
        "[wrong-type]",
        "[several-verbs]",
        "[no-verb]",
        "a stage needs `from`",
        "a write step needs",
    ];
    let schema = schema();
    let mut rejected = 0;
    for path in specs("tests/corpus/wrong") {
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        // Errors in included files are not errors of this file.
        let own = |line: &&str| line.contains("] mstage.toml:");
        let is_of_form = |line: &str| OF_FORM.iter().any(|sign| line.contains(sign));
        if !text.lines().filter(own).any(is_of_form) {
            continue;
        }
        // Files that are not TOML are rejected by the parser.
        let Ok(json) = to_json(&text) else { continue };
        assert!(!schema.is_valid(&json), "{} passes the schema", path.display());
        rejected += 1;
    }
    assert!(rejected > 5);
}

/// The locations and texts of errors that an editor shows.
#[test]
fn the_schema_names_the_wrong_key() {
    let schema = schema();
    let in_stage = |line: &str| format!("[stages.a]\nfrom = \"b\"\n{line}\n");
    let step = |step: &str| in_stage(&format!("steps = [\"true\", {step}]"));
    let mount = |mount: &str| in_stage(&format!("mounts = [{mount}]"));
    let (at_step, at_mount) = ("/stages/a/steps/1", "/stages/a/mounts/0");
    let cases = [
        (step("{ run = 'x', mountz = [] }"), at_step, "'mountz' was unexpected"),
        (step("{ exec = ['x'], shell = 'bash' }"), at_step, "'shell' was unexpected"),
        (step("{ copy = 'a', dest = '/b' }"), at_step, "'dest' was unexpected"),
        (step("{ write = '/a' }"), at_step, "\"content\" is a required property"),
        (step("{ cpoy = 'a' }"), at_step, "'cpoy' was unexpected"),
        (step("{ to = '/a' }"), at_step, "\"to\" is not one of \"run\""),
        (step("{}"), at_step, "{} has less than 1 property"),
        (step("5"), at_step, "5 is not of types \"string\", \"object\""),
        (
            step("{ run = 'x', mounts = [{ cache = '/c', target = '/d' }] }"),
            "/stages/a/steps/1/mounts/0",
            "'target' was unexpected",
        ),
        (
            step("{ copy = 5 }"),
            "/stages/a/steps/1/copy",
            "5 is not of types \"string\", \"array\", \"object\"",
        ),
        (step("{ copy = ['a', 5] }"), "/stages/a/steps/1/copy/1", "5 is not of type \"string\""),
        (
            step("{ copy = 'a', chmod = 644 }"),
            "/stages/a/steps/1/chmod",
            "644 is not of type \"string\"",
        ),
        (
            step("{ copy = 'a', from = { stge = 'b' } }"),
            "/stages/a/steps/1/from",
            "'stge' was unexpected",
        ),
        (
            step("{ git = 'https://h/a.git', submodules = 'no' }"),
            "/stages/a/steps/1/submodules",
            "\"no\" is not of type \"boolean\"",
        ),
        (
            step("{ parallel = ['a', { steps = [{ run = 'a', usr = 'b' }] }] }"),
            "/stages/a/steps/1/parallel/1/steps/0",
            "'usr' was unexpected",
        ),
        (
            step("{ parallel = ['a', { stps = [] }] }"),
            "/stages/a/steps/1/parallel/1",
            "'stps' was unexpected",
        ),
        (mount("{ bind = 'a', target = '/b' }"), at_mount, "'target' was unexpected"),
        (mount("{ secret = 'a', sharing = 'locked' }"), at_mount, "'sharing' was unexpected"),
        (
            mount("{ cache = '/a', sharing = 'none' }"),
            "/stages/a/mounts/0/sharing",
            "\"none\" is not one of",
        ),
        (mount("{ type = 'cache' }"), at_mount, "'type' was unexpected"),
        (mount("{ to = '/a' }"), at_mount, "\"to\" is not one of \"cache\""),
        (in_stage("shell = 'zsh'"), "/stages/a/shell", "\"zsh\" is not one of"),
        (
            in_stage("from = { image = 'a', os = 'b' }").replacen("from = \"b\"\n", "", 1),
            "/stages/a/from",
            "'os' was unexpected",
        ),
        (in_stage("[args]\nA = { defult = 'x' }"), "/args/A", "'defult' was unexpected"),
        (in_stage("[args]\nA = []"), "/args/A", "[] is not of types"),
        (
            in_stage("[stages.a.image]\nlabels = { a = [] }"),
            "/stages/a/image/labels/a",
            "[] is not of types",
        ),
    ];
    for (text, place, message) in cases {
        let json = to_json(&text).unwrap();
        let errors: Vec<(String, String)> = schema
            .iter_errors(&json)
            .map(|error| (error.instance_path().to_string(), error.to_string()))
            .collect();
        let [(at, said)] = &errors[..] else { panic!("{text}: {errors:?}") };
        assert_eq!(at, place, "{text}: {said}");
        assert!(said.contains(message), "{text}: {said}");
    }
    // Of two verbs, each is an unknown key for the other.
    let json = to_json(&step("{ run = 'a', copy = 'b' }")).unwrap();
    let errors: Vec<String> = schema.iter_errors(&json).map(|error| error.to_string()).collect();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors[0].contains("'copy' was unexpected"), "{errors:?}");
    assert!(errors[1].contains("'run' was unexpected"), "{errors:?}");
}

fn schema() -> jsonschema::Validator {
    let json: Value = serde_json::from_str(&show::schema(&spec::shape())).unwrap();
    jsonschema::validator_for(&json).unwrap()
}

fn to_json(text: &str) -> Result<Value, String> {
    let table: toml::Table = text.parse().map_err(|err: toml::de::Error| err.to_string())?;
    serde_json::to_value(table).map_err(|err| err.to_string())
}

fn compile(path: &Path, text: &str) {
    let file = SourceFile::new("mstage.toml", text.as_bytes().to_vec());
    let mut diagnostics = Diagnostics::default();
    let mut request = Request::new(Platform::new("linux", "amd64", "").unwrap());
    // Build contexts that are asked for as such exist.
    let names = text.split("{ context = \"").skip(1).filter_map(|rest| rest.split('"').next());
    request.contexts = NamedContexts::new(
        names.map(|name| (name.to_owned(), ContextSource::Local(format!("context:{name}")))),
    );
    request.build_args.insert("RELEASE".to_owned(), "r1".to_owned());
    request.build_args.insert("BUILDKIT_IGNORED".to_owned(), String::new());
    let config = br#"{"config":{},"rootfs":{"diff_ids":["sha256:00"]}}"#;
    let fact = || Some(ImageFact { config: config.to_vec(), ..ImageFact::default() });
    // Files that a listing includes are not shown.
    let (files, spec) = spec::parse_with(file, |_| Ok(Vec::new()), &mut diagnostics);
    let plan = spec.and_then(|spec| {
        let selection = select(&spec, &request, &mut diagnostics)?;
        let images = selection.images().iter().map(|_| fact()).collect();
        let contexts = selection.contexts().iter().map(|_| Some(ContextFact::default())).collect();
        resolve(&selection, Facts { images, contexts }, &mut diagnostics).map(|_| ())
    });
    let errors: Vec<String> = diagnostics
        .of(Severity::Error)
        .iter()
        .map(|found| render::diagnostic(found, &files))
        .collect();
    assert!(plan.is_some(), "{}:\n{text}\n{}", path.display(), errors.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn documents() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md")];
    for folder in ["docs", "examples"] {
        collect(&root().join(folder), "md", &mut found);
    }
    found
}

fn specs(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(&root().join(folder), "toml", &mut found);
    let own = ["expect.toml", "Cargo.toml", "pyproject.toml"];
    found.retain(|path| !own.contains(&path.file_name().unwrap().to_str().unwrap()));
    found
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
}
