//! Compiles specs and compares diagnostics or LLB. `README.md` describes the format of cases.
#![expect(clippy::disallowed_methods, reason = "cases are files")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its case has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use buildkit_llb::{Definition, Digest, Graph, Platform};
use expect_test::expect_file;
use mstage::analysis::{Analysis, BuildFiles};
use mstage::diagnostic::{Code, Diagnostics, Severity, render};
use mstage::lock;
use mstage::lower::{Engine, Sessions, Settings, lower};
use mstage::plan::{
    ContextFact, ContextSource, Facts, ImageFact, ImageQuery, NamedContexts, Plan, Request,
    Selection, Stages, Vcs, check_of, resolve, select,
};
use mstage::rules;
use mstage::source::{SourceFile, SourceMap};
use mstage::spec::{Absent, FileAddress, Spec, parse_with};
use serde_json::Value;

#[test]
fn right() {
    for path in cases("right") {
        let text = fs::read_to_string(&path).unwrap();
        let compiled = compile(&text);
        let Some((plan, definition)) = compiled.result else {
            panic!("{} is wrong:\n{}", path.display(), compiled.reports.join("\n"));
        };
        let config: Value = serde_json::from_slice(&plan.config.to_json()).unwrap();
        let config = serde_json::to_string_pretty(&config).unwrap();
        let reports: String = compiled.reports.iter().map(|report| format!("{report}\n")).collect();
        let dump = format!("{reports}\nimage config: {config}\n\n{definition}");
        expect_file![path.with_extension("txt")].assert_eq(dump.trim_start());
    }
}

#[test]
fn wrong() {
    const MARK: &str = "# reported:\n";
    for path in cases("wrong") {
        let bytes = fs::read(&path).unwrap();
        let end = bytes
            .windows(MARK.len())
            .position(|window| window == MARK.as_bytes())
            .unwrap_or(bytes.len());
        let (spec, expected) = bytes.split_at(end);
        let compiled = compile_bytes(spec.to_vec());
        assert!(compiled.result.is_none(), "{} is not wrong", path.display());
        let comment =
            |report: &String| report.lines().map(|line| format!("# {line}\n")).collect::<String>();
        let reported: String = compiled.reports.iter().map(comment).collect();
        let reported = format!("{MARK}{reported}");
        if reported.as_bytes() != expected {
            assert!(
                std::env::var_os("UPDATE_EXPECT").is_some(),
                "{}:\nexpected:\n{}\nreported:\n{reported}",
                path.display(),
                String::from_utf8_lossy(expected)
            );
            fs::write(&path, [spec, reported.as_bytes()].concat()).unwrap();
        }
    }
}

#[test]
fn every_code_has_a_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = BTreeSet::new();
    for path in ["right", "wrong"].iter().flat_map(|kind| cases(kind)) {
        seen.extend(compile_bytes(fs::read(&path).unwrap()).codes);
    }
    for entry in fs::read_dir(root.join("tests/convert/wrong")).unwrap() {
        let file = SourceFile::new("Dockerfile", fs::read(entry.unwrap().path()).unwrap());
        let mut diagnostics = Diagnostics::default();
        mstage::dockerfile::parse(&file, &mut diagnostics);
        seen.extend(diagnostics.errors().iter().map(|error| error.code));
    }
    let missing: Vec<_> =
        Code::ALL.iter().filter(|code| !seen.contains(code)).map(|code| code.name()).collect();
    assert!(missing.is_empty(), "no case reports {missing:?}");
}

/// A value that cannot be parsed is reported once, at its location, and not again at each use.
#[test]
fn one_mistake_is_told_as_one() {
    let is_whole = |value: &str| {
        let is_closed =
            |open: &str, close: &str| value.matches(open).count() == value.matches(close).count();
        is_closed("[", "]") && is_closed("{", "}") && !value.contains("'''")
    };
    let mut tried = 0;
    for path in cases("right") {
        let text = fs::read_to_string(&path).unwrap();
        for (number, line) in text.lines().enumerate() {
            let Some((key, value)) = line.split_once(" = ") else { continue };
            if key.contains(['#', '{']) || !is_whole(value) {
                continue;
            }
            let wrong = format!("{key} = 1.5");
            let mut lines: Vec<&str> = text.lines().collect();
            lines[number] = &wrong;
            let Compiled { result, reports, errors, .. } = compile(&lines.join("\n"));
            // It may be a line of a script.
            if result.is_none() {
                tried += 1;
                let place = format!("mstage.toml:{}:", number + 1);
                let is_one = errors == 1 && reports[0].contains(&place);
                assert!(is_one, "{}: {wrong}\n{}", path.display(), reports.join("\n"));
            }
        }
    }
    assert!(tried > 100);
}

/// The order of tables has no effect.
#[test]
fn the_order_of_tables_means_nothing() {
    for path in cases("right") {
        let text = fs::read_to_string(&path).unwrap();
        let mut tables: Vec<String> = vec![String::new()];
        for line in text.lines() {
            if line.starts_with('[') {
                tables.push(String::new());
            }
            let last = tables.last_mut().unwrap();
            *last = format!("{last}{line}\n");
        }
        let top = tables.remove(0);
        tables.reverse();
        let (_, definition) = compile(&text).result.unwrap();
        let (_, reordered) = compile(&format!("{top}{}", tables.concat())).result.unwrap();
        assert_eq!(definition.to_proto().def, reordered.to_proto().def, "{}", path.display());
    }
}

/// A step that is excluded by a condition has no effect.
#[test]
fn a_step_that_does_not_exist_changes_nothing() {
    const STEP: &str = r#"{ run = "false", when = { TARGETOS = "none" } }, "#;
    let mut tried = 0;
    for path in cases("right") {
        let text = fs::read_to_string(&path).unwrap();
        let more = text.replace("steps = [", &format!("steps = [{STEP}"));
        let (plan, definition) = compile(&text).result.unwrap();
        let (plan_of_more, definition_of_more) = compile(&more).result.unwrap();
        let (config, config_of_more) = (plan.config.to_json(), plan_of_more.config.to_json());
        assert_eq!(config, config_of_more, "{}", path.display());
        let (definition, definition_of_more) =
            (definition.to_proto(), definition_of_more.to_proto());
        assert_eq!(definition.def, definition_of_more.def, "{}", path.display());
        tried += usize::from(more != text);
    }
    assert!(tried > 10);
}

/// A program that knows nothing about images reports nothing that it would not report if it knew
/// them.
#[test]
fn ignorance_finds_nothing_more() {
    let mut tried = 0;
    for path in cases("right") {
        let text = fs::read_to_string(&path).unwrap();
        let known = findings(&text, facts);
        let unknown = findings(&text, Facts::none);
        tried += unknown.len();
        for found in unknown {
            assert!(known.contains(&found), "{}: {found}", path.display());
        }
    }
    assert!(tried > 50);
}

/// The findings and errors of a file's build.
fn findings(text: &str, facts: fn(&Selection<'_>) -> Facts) -> BTreeSet<String> {
    let request = request(text);
    let file = SourceFile::new("mstage.toml", text.as_bytes().to_vec());
    let build_files = BuildFiles { file, ignore: None, lock: lock_file(text) };
    let mut diagnostics = Diagnostics::default();
    let read = |address: &FileAddress| included(address, &request);
    let analysis = Analysis::new(build_files, vec![request.clone()], read, &mut diagnostics);
    analysis.plan(select, true, facts, &mut diagnostics);
    let found = [diagnostics.of(Severity::Error), diagnostics.of(Severity::Warning)].concat();
    found.iter().map(|found| render::diagnostic(found, &analysis.files)).collect()
}

#[test]
fn the_same_spec_gives_the_same_bytes() {
    for path in cases("right") {
        let text = fs::read_to_string(&path).unwrap();
        let (_, first) = compile(&text).result.unwrap();
        let (_, second) = compile(&text).result.unwrap();
        assert_eq!(first, second, "{}", path.display());
    }
}

fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(kind);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

/// The result of compiling a spec.
struct Compiled {
    result: Option<(Plan, Definition)>,
    /// Errors, then warnings.
    reports: Vec<String>,
    /// The number of errors among them.
    errors: usize,
    codes: Vec<Code>,
}

fn compile(text: &str) -> Compiled {
    compile_bytes(text.as_bytes().to_vec())
}

fn compile_bytes(bytes: Vec<u8>) -> Compiled {
    let file = SourceFile::new("mstage.toml", bytes);
    let text = file.text().clone();
    let mut request = request(&text);
    let mut diagnostics = Diagnostics::default();
    check_of(&request, &mut diagnostics);
    let (mut files, spec) = read(file, &request, &mut diagnostics);
    if let Some(spec) = &spec {
        rules::check_file(spec, &mut diagnostics);
    }
    let lock = lock_file(&text).map(|file| lock::parse(files.add(file), &mut diagnostics));
    // If the lock file is wrong, its errors are reported and nothing else.
    let (lock, spec) = match lock.transpose() {
        Ok(lock) => (lock, spec),
        Err(_) => (None, None),
    };
    if let (Some(lock), Some(spec)) = (&lock, spec.as_ref().filter(|spec| spec.is_whole())) {
        rules::check_lock(lock, spec, &mut diagnostics);
    }
    request.hold_to(lock, &mut diagnostics);
    let plan = spec.and_then(|spec| plan(&spec, &text, &request, &mut diagnostics));
    let result = plan.map(|plan| {
        let settings = Settings {
            sessions: Sessions::new("session"),
            engine: engine(&text),
            ..Settings::default()
        };
        let mut graph = Graph::new();
        let guarded = lower(&plan, &files, &settings, &mut graph).unwrap().guarded;
        let definition = graph.definition(guarded);
        (plan, definition)
    });
    let errors = diagnostics.of(Severity::Error);
    let found = [&errors[..], &diagnostics.of(Severity::Warning)].concat();
    let report = |found: &&mstage::diagnostic::Diagnostic| {
        format!("[{}] {}", found.code.name(), render::diagnostic(found, &files))
    };
    Compiled {
        result: result.filter(|_| !diagnostics.fail_build()),
        reports: found.iter().map(report).collect(),
        errors: errors.len(),
        codes: found.iter().map(|found| found.code).collect(),
    }
}

/// The spec with all its includes: from `included`, and from a folder there for each build context.
fn read(
    file: SourceFile,
    request: &Request,
    diagnostics: &mut Diagnostics,
) -> (SourceMap, Option<Spec>) {
    parse_with(file, |address| included(address, request), diagnostics)
}

/// An included file.
fn included(
    FileAddress { context, path }: &FileAddress,
    request: &Request,
) -> Result<Vec<u8>, Absent> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/included");
    match context {
        Some(name) if request.contexts.find(name, &request.build_platform).is_none() => {
            Err(Absent::Context)
        }
        Some(name) => fs::read(folder.join(name).join(path)).map_err(|_| Absent::File),
        None => fs::read(folder.join(path)).map_err(|_| Absent::File),
    }
}

fn plan(spec: &Spec, text: &str, request: &Request, diagnostics: &mut Diagnostics) -> Option<Plan> {
    let selection = select(spec, request, diagnostics)?;
    if !diagnostics.has_errors() {
        rules::check_selection(&selection, diagnostics);
    }
    // As in a build, nothing is looked up for a file with errors.
    let facts = if diagnostics.has_errors() { Facts::none(&selection) } else { facts(&selection) };
    let plan = resolve(&selection, facts, diagnostics)?;
    let ignore: Vec<String> = spec.ignore.iter().map(|pattern| pattern.text.clone()).collect();
    rules::check_plan(&selection, &plan, diagnostics);
    rules::check_build(&plan, &ignore, &engine(text), diagnostics);
    rules::check_silences(diagnostics, |place| spec.is_own(place));
    Some(plan)
}

/// The features in the spec's `# engine:` line; by default, most of them.
fn engine(text: &str) -> Engine {
    let line = text.lines().find_map(|line| line.strip_prefix("# engine: "));
    let has = |what: &str| {
        line.unwrap_or("merge diff owners-in-keys symlinks special-modes required-paths")
            .split(' ')
            .any(|word| word == what)
    };
    Engine {
        merge: has("merge"),
        diff: has("diff"),
        passthrough: has("passthrough"),
        required_paths: has("required-paths"),
        owners_in_keys: has("owners-in-keys"),
        symlinks: has("symlinks"),
        special_modes: has("special-modes"),
    }
}

/// The lock file in the spec's `# lock:` lines, if any.
fn lock_file(text: &str) -> Option<SourceFile> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("# lock:"));
    let text: String = lines.map(|line| format!("{}\n", line.trim())).collect();
    (!text.is_empty()).then(|| SourceFile::new("mstage.lock", text.into_bytes()))
}

/// The request in the spec's `# request:` line.
fn request(text: &str) -> Request {
    let mut request = Request::new(Platform::new("linux", "amd64", "").unwrap());
    let line = text.lines().find_map(|line| line.strip_prefix("# request: ")).unwrap_or_default();
    let mut words = line.split_whitespace();
    let mut contexts = Vec::new();
    while let (Some(option), Some(value)) = (words.next(), words.next()) {
        let pair = || {
            value.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap()
        };
        match option {
            "--target" => request.target = Some(value.to_owned()),
            "--build-arg" => request.build_args.extend([pair()]),
            "--vcs" => {
                let (revision, source) = pair();
                request.vcs = Vcs { revision: Some(revision), source: Some(source) };
            }
            "--label" => request.labels.extend([pair()]),
            "--build-context" => {
                let (name, source) = pair();
                contexts.push((name, ContextSource::parse(&source).unwrap()));
            }
            "--engine-platform" => {
                let platform = Platform::parse(value, &request.build_platform).unwrap();
                request.runnable_platforms.push(platform);
            }
            "--no-cache-filter" => request.no_cache = Stages::Named(vec![value.to_owned()]),
            "--epoch" => request.epoch = Some(value.parse().unwrap()),
            "--platform" => {
                request.implicit_platform = false;
                request.target_platform = Platform::parse(value, &request.build_platform).unwrap();
            }
            other => panic!("unknown option {other}"),
        }
    }
    request.contexts = NamedContexts::new(contexts);
    request
}

fn facts(selection: &Selection<'_>) -> Facts {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let known: Value =
        serde_json::from_slice(&fs::read(folder.join("images.json")).unwrap()).unwrap();
    let usual = serde_json::json!({
        "architecture": "amd64",
        "os": "linux",
        "config": { "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "Cmd": ["/bin/sh"] },
        "rootfs": { "type": "layers", "diff_ids": ["sha256:00"] },
        "history": [{ "created_by": "ADD rootfs.tar" }],
    });
    let fact = |image: &ImageQuery| {
        let reference = image.reference.to_string();
        let mut config = known.get(&reference).unwrap_or(&usual).clone();
        // Any other image supports every platform.
        if known.get(&reference).is_none() {
            config["architecture"] = image.platform.architecture().into();
        }
        Some(ImageFact {
            digest: Some(match image.reference.digest() {
                Some(digest) => digest.to_owned(),
                None => Digest::of(reference.as_bytes()).to_string(),
            }),
            config: config.to_string().into_bytes(),
            ..ImageFact::default()
        })
    };
    Facts {
        images: selection.images().iter().map(fact).collect(),
        contexts: selection.contexts().iter().map(|_| Some(ContextFact::default())).collect(),
    }
}
