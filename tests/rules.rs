//! The pages of the advisory rules are their tests: an example of a mistake is found by the page's
//! rule only, and a correct example by no rule.
#![expect(clippy::disallowed_methods, reason = "the pages are files")]
#![expect(clippy::unwrap_used, reason = "a test that cannot read its page has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use buildkit_llb::Platform;
use mstage::diagnostic::{Code, Diagnostics, DockerfileRule, Severity, render};
use mstage::lock;
use mstage::lower::Engine;
use mstage::plan::{
    ContextFact, ContextSource, Facts, ImageFact, ImageQuery, NamedContexts, Request, Stages,
    check_of, resolve, select_all,
};
use mstage::rules;
use mstage::source::SourceFile;
use mstage::spec::{Absent, FileAddress, parse_with};

#[test]
fn every_rule_has_its_page_and_every_page_its_rule() {
    let names = |extension: &str| -> BTreeSet<String> {
        let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
        files
            .filter(|path| path.extension().is_some_and(|found| found == extension))
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect()
    };
    let mut pages = names("md");
    assert!(pages.remove("README"));
    let rules: BTreeSet<String> = Code::rules().map(|rule| rule.name().to_owned()).collect();
    assert_eq!(pages, rules);
    for rule in Code::rules() {
        let url = rule.url().unwrap();
        assert!(url.ends_with(&format!("/docs/rules/{}.md", rule.name())), "{url}");
        assert!(url.starts_with(env!("CARGO_PKG_REPOSITORY")), "{url}");
    }
}

#[test]
fn pages_say_what_the_rule_says_and_how_to_silence_it() {
    let index = fs::read_to_string(folder().join("README.md")).unwrap();
    for rule in Code::rules() {
        let (name, text) = (rule.name(), page(rule));
        let head = format!("# {name}\n\n{}\n", rule.description());
        assert!(text.starts_with(&head), "{name}.md does not begin with:\n{head}");
        let (_, silence) = text.split_once("\n## Silence\n").unwrap();
        assert!(silence.contains(name), "{name}.md does not say how to silence it");
        let line = format!("| [{name}]({name}.md) | {} |\n", rule.description());
        assert!(index.contains(&line), "README.md has no line:\n{line}");
    }
}

/// The index has the counterpart of each Dockerfile rule.
#[test]
fn the_index_has_every_rule_of_dockerfiles() {
    let index = fs::read_to_string(folder().join("README.md")).unwrap();
    for rule in DockerfileRule::ALL {
        let name = rule.name();
        let start = match rule.counterpart() {
            Some(rule) => format!("| {name} | [{0}]({0}.md)", rule.name()),
            None => format!("| {name} | none: "),
        };
        assert!(index.contains(&start), "README.md has no line `{start}`");
    }
}

#[test]
fn what_is_wrong_is_found_and_what_is_right_is_not() {
    let mut problems = Vec::new();
    for rule in Code::rules() {
        let text = page(rule);
        let (wrong, right) = text.split_once("\n## Right\n").unwrap();
        for (specs, expected) in
            [(blocks(wrong), BTreeSet::from([rule])), (blocks(right), BTreeSet::new())]
        {
            assert!(!specs.is_empty(), "{}.md has no spec", rule.name());
            let lock = text.split("```toml mstage.lock\n").nth(1);
            let lock = lock.and_then(|rest| rest.split("```").next());
            for spec in specs {
                let (found, report) = found(spec, lock, &folder());
                if found != expected {
                    problems.push(format!("{}.md:\n{spec}reports:\n{report}", rule.name()));
                }
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// The project's own files set an example.
#[test]
fn no_rule_speaks_of_the_projects_own_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![root.join("mstage.toml")];
    for example in fs::read_dir(root.join("examples")).unwrap().map(|entry| entry.unwrap().path()) {
        for name in ["mstage.toml", "single-stage.toml"] {
            files.extend(Some(example.join(name)).filter(|path| path.exists()));
        }
    }
    assert!(files.len() > 8);
    let report = |path: PathBuf| {
        let folder = path.parent().unwrap();
        let (found, report) = found(&fs::read_to_string(&path).unwrap(), None, folder);
        (!found.is_empty()).then(|| format!("{}:\n{report}", path.display()))
    };
    let reports: Vec<String> = files.into_iter().filter_map(report).collect();
    assert!(reports.is_empty(), "{}", reports.join("\n"));
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules")
}

fn page(rule: Code) -> String {
    fs::read_to_string(folder().join(format!("{}.md", rule.name()))).unwrap_or_default()
}

fn blocks(text: &str) -> Vec<&str> {
    text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// The rules with findings about a spec, which may have a lock file, and their texts. Includes are
/// in the folder, and in a folder there for each build context.
fn found(text: &str, lock: Option<&str>, folder: &Path) -> (BTreeSet<Code>, String) {
    let file = SourceFile::new("mstage.toml", text.as_bytes().to_vec());
    let mut request = request(text);
    let mut diagnostics = Diagnostics::default();
    check_of(&request, &mut diagnostics);
    let read = |FileAddress { context, path }: &FileAddress| {
        let context = context.as_deref().unwrap_or_default();
        fs::read(folder.join(context).join(path)).map_err(|_| Absent::File)
    };
    let (mut files, spec) = parse_with(file, read, &mut diagnostics);
    if let Some(spec) = &spec {
        rules::check_file(spec, &mut diagnostics);
    }
    let lock = lock.map(|lock| {
        let file = files.add(SourceFile::new("mstage.lock", lock.into()));
        lock::parse(file, &mut diagnostics).unwrap()
    });
    if let (Some(lock), Some(spec)) = (&lock, &spec) {
        rules::check_lock(lock, spec, &mut diagnostics);
    }
    request.hold_to(lock, &mut diagnostics);
    let planned = spec.and_then(|spec| {
        let selection = select_all(&spec, &request, &mut diagnostics)?;
        rules::check_selection(&selection, &mut diagnostics);
        // Alpine supports one platform only, any other image all. Those of Node.js record their
        // version.
        let fact = |image: &ImageQuery| {
            let is_alpine = image.reference.to_string().contains("/alpine:");
            let architecture = if is_alpine { "amd64" } else { image.platform.architecture() };
            let is_node = image.reference.to_string().contains("/node:");
            let env = if is_node { r#""NODE_VERSION=22.21.1""# } else { "" };
            let config = format!(
                r#"{{"architecture":"{architecture}","os":"linux","config":{{"Env":[{env}]}},"rootfs":{{"diff_ids":["sha256:00"]}}}}"#
            );
            Some(ImageFact { config: config.into_bytes(), ..ImageFact::default() })
        };
        let images = selection.images().iter().map(fact).collect();
        let contexts = selection.contexts().iter().map(|_| Some(ContextFact::default())).collect();
        let plan = resolve(&selection, Facts { images, contexts }, &mut diagnostics)?;
        let ignore: Vec<String> = spec.ignore.iter().map(|pattern| pattern.text.clone()).collect();
        let merges = !text.starts_with("# on an engine that does not merge");
        let engine = Engine { merge: merges, diff: merges, ..Engine::default() };
        rules::check_plan(&selection, &plan, &mut diagnostics);
        rules::check_build(&plan, &ignore, &engine, &mut diagnostics);
        rules::check_silences(&mut diagnostics, |place| spec.is_own(place));
        Some(plan)
    });
    let all = [diagnostics.of(Severity::Error), diagnostics.of(Severity::Warning)].concat();
    let report: Vec<String> = all.iter().map(|found| render::diagnostic(found, &files)).collect();
    assert!(planned.is_some(), "{text}\n{}", report.join("\n"));
    (all.iter().map(|found| found.code).collect(), report.join("\n"))
}

/// The request in the spec's first line.
fn request(text: &str) -> Request {
    let platform = Platform::new("linux", "amd64", "").unwrap();
    let mut request = Request::new(platform.clone());
    request.runnable_platforms = vec![platform];
    let line = text.lines().next().and_then(|line| line.strip_prefix("# docker buildx build "));
    let mut words = line.unwrap_or_default().split_whitespace();
    while let (Some(option), Some(value)) = (words.next(), words.next()) {
        match option {
            "--build-arg" => {
                let (name, value) = value.split_once('=').unwrap();
                request.build_args.insert(name.to_owned(), value.to_owned());
            }
            "--platform" => {
                request.implicit_platform = false;
                request.target_platform = Platform::parse(value, &request.build_platform).unwrap();
            }
            "--no-cache-filter" => request.no_cache = Stages::Named(vec![value.to_owned()]),
            other => panic!("unknown option {other}"),
        }
    }
    // Build contexts that the spec refers to explicitly exist.
    let names = text.split("{ context = \"").skip(1).filter_map(|rest| rest.split('"').next());
    request.contexts = NamedContexts::new(
        names.map(|name| (name.to_owned(), ContextSource::Local(format!("context:{name}")))),
    );
    request
}
