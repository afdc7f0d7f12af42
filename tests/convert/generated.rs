//! Generated Dockerfiles: none causes a panic, and the build file that each is converted to gives
//! the same graph.

#![expect(clippy::disallowed_methods, reason = "cases are files")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its case has failed")]

use std::fs;
use std::path::Path;

use mstage::convert::convert;
use mstage::diagnostic::{Code, Diagnostics};
use mstage::dockerfile::parse;
use mstage::plan::Request;
use mstage::source::SourceFile;

use crate::dockerfiles::dockerfile;
use crate::graphs::{converted, direct, request};
use crate::numbers::Numbers;

/// Number of generated Dockerfiles. Each is determined by its seed.
const FILES: u64 = if cfg!(debug_assertions) { 700 } else { 100_000 };

/// The build file of a Dockerfile; `None` if the Dockerfile has errors or cannot be converted
/// exactly.
fn build_file(text: &str) -> Option<String> {
    build_file_of(text, &request(&[]))
}

fn build_file_of(text: &str, request: &Request) -> Option<String> {
    let file = SourceFile::new("Dockerfile", text.into());
    let mut diagnostics = Diagnostics::default();
    let dockerfile = parse(&file, &mut diagnostics);
    if diagnostics.has_errors() {
        return None;
    }
    let converted = convert(&dockerfile, "myorg/mstage", &request.build_args);
    converted.remarks.is_empty().then_some(converted.text)
}

#[test]
fn converted_files_give_the_graph_of_their_dockerfiles() {
    let mut same = 0;
    for seed in 0..FILES {
        let text = dockerfile(seed);
        let Some(spec) = build_file(&text) else { continue };
        let request = request(&["--build-arg=A=given".to_owned()][seed as usize % 2..]);
        let (direct, converted) = (direct(&text, &request), converted(&spec, &request));
        if let (Err(_), Err(_)) = (&direct, &converted) {
            // Errors that only a build finds, such as a required variable that is not set.
            continue;
        }
        assert!(direct == converted, "{seed}:\n{text}\n---\n{spec}\n{direct:?}\n{converted:?}");
        same += 1;
    }
    assert!(same > FILES / 2, "only {same} of {FILES} are right");
}

/// Texts that resemble Dockerfiles give errors, or a build file that can be parsed.
#[test]
fn nearly_dockerfiles_end_in_a_build_file_or_in_mistakes() {
    const PIECES: [&str; 39] = [
        "\\\n",
        "`",
        "\n",
        "\r\n",
        "<<EOF",
        "EOF\n",
        "<<-'E'\n",
        "\"",
        "'",
        "$",
        "${",
        "}",
        "${A:-",
        "--",
        "--mount=",
        "--from=",
        "--chmod=",
        "=",
        "[",
        "]",
        "[\"a\",",
        "#",
        "# escape=`\n",
        "# check=skip=all\n",
        "\u{feff}",
        "\t",
        " ",
        "ONBUILD ",
        "FROM ",
        "\nFROM a AS b\n",
        "RUN ",
        "COPY ",
        "ARG ",
        "ENV ",
        "\u{e4}",
        ",",
        "/",
        "..",
        "HEALTHCHECK ",
    ];
    for seed in 0..FILES {
        let mut numbers = Numbers(seed ^ 0x5555);
        let mut text = if numbers.one_in(8) { String::new() } else { dockerfile(seed) };
        for _ in 0..1 + numbers.below(6) {
            let bounds: Vec<usize> =
                text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let (a, b) = (bounds[numbers.below(bounds.len())], bounds[numbers.below(bounds.len())]);
            match numbers.below(4) {
                0 => text.replace_range(a.min(b)..(a.max(b)).min(text.len()), ""),
                1 => {
                    let piece = text[a.min(b)..a.max(b)].to_owned();
                    text.insert_str(a, &piece);
                }
                _ => text.insert_str(a, PIECES[numbers.below(PIECES.len())]),
            }
            if text.len() > 4_000 {
                break;
            }
        }
        let Some(spec) = build_file(&text) else { continue };
        let mut diagnostics = Diagnostics::default();
        let file = SourceFile::new("mstage.toml", spec.clone().into());
        mstage::spec::parse(file, &mut diagnostics);
        // A flag in the wrong place is an error here; the engine's own frontend takes it for a
        // file.
        let errors = diagnostics.errors();
        let errors: Vec<_> = errors.iter().filter(|e| e.code != Code::DockerfileForm).collect();
        assert!(errors.is_empty(), "{seed}:\n{text}\n---\n{spec}\n{errors:?}");
    }
}

/// The same for the Dockerfiles among the test cases, with the options of their builds.
#[test]
fn written_dockerfiles_and_their_build_files_give_one_graph() {
    let mut tried = 0;
    for path in crate::files("cases").into_iter().chain(crate::parity()) {
        let text = fs::read_to_string(&path).unwrap();
        let Some(spec) = build_file(&text) else { continue };
        let options = options(&path);
        let given = options.iter().any(|option| option.starts_with("--build-arg=SERVER="));
        // The form of `ADD ${URL}` depends on the value of the arg.
        let spec = if given { build_file_of(&text, &request(&options)) } else { Some(spec) };
        let spec = spec.unwrap();
        let request = request(&options);
        let (direct, converted) = (direct(&text, &request), converted(&spec, &request));
        if let (Err(_), Err(_)) = (&direct, &converted) {
            continue;
        }
        assert!(direct == converted, "{}:\n{spec}\n{direct:?}\n{converted:?}", path.display());
        tried += 1;
    }
    assert!(tried > 200, "only {tried} are compiled");
}

/// The options in the `case.toml` next to a Dockerfile, with plausible values.
fn options(dockerfile: &Path) -> Vec<String> {
    let Ok(text) = fs::read_to_string(dockerfile.with_file_name("case.toml")) else {
        return Vec::new();
    };
    let settings: toml::Table = toml::from_str(&text).unwrap();
    let options = settings.get("options").and_then(toml::Value::as_array).cloned();
    let fill = |option: toml::Value| {
        let digest = format!("sha256:{}", "0".repeat(64));
        let text = option.as_str().unwrap().replace("{server}", "https://example.com");
        text.replace("{base}", "base").replace("{alpine}", &digest).replace("{long}", "long")
    };
    options.unwrap_or_default().into_iter().map(fill).collect()
}
