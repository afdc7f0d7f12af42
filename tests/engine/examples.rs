//! Every folder of `examples` gives the results in its `expect.toml`. A new example only needs a
//! folder. `MSTAGE_EXAMPLES=NAME,NAME cargo engine examples` runs only some of them.

#![expect(clippy::disallowed_methods, reason = "examples are files")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::harness::{Files, Finished, Image, Progress, ROOT, Service, build, engine, succeeded};

/// An `expect.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expectations {
    /// The required base images.
    images: Vec<String>,
    /// Builds with their results.
    build: Vec<Expected>,
}

/// One build of an example.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Expected {
    /// The spec, in the example's folder, or a Dockerfile to compare it with.
    spec: Option<String>,
    /// Options of `docker buildx build` for the spec.
    #[serde(default)]
    options: Vec<String>,
    /// Instead of a spec, a Compose file that refers to one.
    compose: Option<String>,
    /// Instead of a spec, a bake file, which may be a Compose file.
    bake: Option<String>,
    /// The service of the Compose file, or the target of the bake file.
    target: Option<String>,
    /// Variables for Compose and bake.
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// Instead of a spec, a script that makes the same image without mstage, for comparison. Its
    /// argument is the name of the image; the names of further images that it creates begin with
    /// that.
    script: Option<String>,
    /// Parts of the names of ops that must be in the build.
    #[serde(default)]
    in_progress: Vec<String>,
    /// Parts of the names of ops that must not be in the build.
    #[serde(default)]
    not_in_progress: Vec<String>,
    /// The first major version of Docker that supports it.
    #[serde(default)]
    since: u32,
    /// The build fails, and the client's output contains this.
    fails: Option<String>,
    /// Instead of an image, the files of the result, each with a part of its content.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// The number of layers of the image.
    layers: Option<usize>,
    /// Upper bound of the image's size in bytes.
    size_below: Option<u64>,
    /// Lower bound of the image's size in bytes.
    size_above: Option<u64>,
    /// Parts of the image's config, by their names in `docker image inspect`.
    #[serde(default)]
    config: BTreeMap<String, Value>,
    /// Arguments of the container.
    #[serde(default)]
    run: Vec<String>,
    /// The container's standard input.
    stdin: Option<String>,
    /// The container's output.
    stdout: Option<String>,
    /// Ports to publish, besides those that the image exposes.
    #[serde(default)]
    publish: Vec<u16>,
    /// Requests to the container as a server.
    #[serde(default)]
    get: Vec<Get>,
}

/// A request to a server, and its answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Get {
    port: u16,
    #[serde(default = "root")]
    path: String,
    #[serde(default = "ok")]
    status: u16,
    /// The whole body.
    body: Option<String>,
    /// Parts of it.
    #[serde(default)]
    contains: Vec<String>,
}

fn root() -> String {
    "/".to_owned()
}

fn ok() -> u16 {
    200
}

/// Every example is built, even if others have failed.
#[test]
#[ignore = "needs a BuildKit engine"]
fn examples_give_what_they_promise() {
    let only = std::env::var("MSTAGE_EXAMPLES").ok().filter(|names| !names.is_empty());
    let mut examples = folders();
    examples.retain(|folder| {
        let is_wanted = |names: &String| names.split(',').any(|name| folder.ends_with(name));
        only.as_ref().is_none_or(is_wanted)
    });
    let all: Vec<Expectations> = examples.iter().map(|folder| expectations(folder)).collect();
    let images = all.iter().flat_map(|expected| &expected.images).map(String::as_str);
    engine().provide(&images.collect::<Vec<_>>()).unwrap();

    let failed: Vec<&PathBuf> = std::thread::scope(|scope| {
        let checks: Vec<_> = examples
            .iter()
            .zip(&all)
            .map(|(folder, expected)| scope.spawn(|| check(folder, expected)))
            .collect();
        checks
            .into_iter()
            .zip(&examples)
            .filter_map(|(check, folder)| check.join().err().map(|_| folder))
            .collect()
    });
    assert!(failed.is_empty(), "examples that failed: {failed:?}");
}

#[test]
fn every_spec_of_an_example_is_built_and_explained() {
    for folder in folders() {
        let expected = expectations(&folder);
        let files = expected
            .build
            .iter()
            .filter_map(|build| build.compose.as_ref().or(build.bake.as_ref()));
        let files: String =
            files.map(|file| std::fs::read_to_string(folder.join(file)).unwrap()).collect();
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        let specs = entries(&folder).into_iter().filter(|file| {
            let is_spec = |text: String| text.starts_with("# syntax=");
            file.is_file() && std::fs::read_to_string(file).is_ok_and(is_spec)
        });
        for path in specs {
            let name = path.file_name().unwrap().to_string_lossy();
            let is_built = |build: &Expected| build.spec.as_deref() == Some(&*name);
            let is_built = expected.build.iter().any(is_built) || files.contains(&*name);
            assert!(is_built, "no test builds {}", path.display());
            assert!(readme.contains(&*name), "the README does not speak of {}", path.display());
        }
    }
}

fn check(folder: &Path, expected: &Expectations) {
    for wanted in expected.build.iter().filter(|build| build.since <= engine().major_version) {
        if let Some(message) = &wanted.fails {
            check_failure(folder, wanted, message);
            continue;
        }
        if !wanted.files.is_empty() {
            check_files(folder, wanted);
            continue;
        }
        let image = Image::unique();
        let (progress, what) = make(folder, wanted, &image);
        for text in &wanted.in_progress {
            assert!(progress.names(text), "{what}: no op with `{text}` in its name\n{progress}");
        }
        for text in &wanted.not_in_progress {
            assert!(
                !progress.names(text),
                "{what}: there is an op with `{text}` in its name\n{progress}"
            );
        }
        check_image(wanted, &image, &what);
        check_container(wanted, &image, &what);
    }
}

/// Builds the image and returns a description of the build for messages.
fn make(folder: &Path, wanted: &Expected, image: &Image) -> (Progress, String) {
    match (&wanted.spec, &wanted.compose, &wanted.bake, &wanted.script) {
        (Some(spec), None, None, None) => {
            let mut options: Vec<&str> = wanted.options.iter().map(String::as_str).collect();
            options.extend(["--load", "-t", image.name()]);
            let build = succeeded(build(&folder.join(spec), folder, &options));
            (build.progress, format!("{} {:?}", folder.join(spec).display(), wanted.options))
        }
        (None, Some(file), None, None) => {
            let project = image.name().replace(':', "-");
            let service = wanted.target.as_deref().unwrap();
            docker(folder, wanted, &["compose", "-f", file, "-p", &project, "build", service]);
            let made = Image::named(format!("{project}-{service}:latest"));
            engine().docker(["image", "tag", made.name(), image.name()]).run();
            (Progress::default(), format!("{service} of {}", folder.join(file).display()))
        }
        (None, None, Some(file), None) => {
            let target = wanted.target.as_deref().unwrap();
            let tags = format!("{target}.tags={}", image.name());
            let words = ["buildx", "bake", "--progress=rawjson", "--load", "-f", file];
            let done = docker(folder, wanted, &[&words, &["--set", &tags, target][..]].concat());
            let (progress, _) = Progress::read(&done.stderr);
            (progress, format!("{target} of {}, with bake", folder.join(file).display()))
        }
        (None, None, None, Some(script)) => {
            let script = folder.join(script);
            engine().command(&script).arg(image.name()).minutes(10).run();
            let names =
                engine().docker(["image", "ls", "--format={{.Repository}}:{{.Tag}}"]).run().text();
            let left = names.lines().filter(|name| name.starts_with(&format!("{}-", image.name())));
            left.for_each(|name| drop(Image::named(name.to_owned())));
            (Progress::default(), script.display().to_string())
        }
        _ => panic!("{}: a build has one of spec, compose, bake and script", folder.display()),
    }
}

/// A docker command in the example's folder, with the build's variables.
#[track_caller]
fn docker(folder: &Path, wanted: &Expected, words: &[&str]) -> Finished {
    let variables = wanted.environment.iter().map(|(name, value)| format!("{name}={value}"));
    let command = engine().command("env").args(variables).arg("docker").args(words);
    command.directory(folder).minutes(10).run()
}

/// Checks that a build fails.
fn check_failure(folder: &Path, wanted: &Expected, message: &str) {
    let spec = folder.join(wanted.spec.as_deref().unwrap());
    let options: Vec<&str> = wanted.options.iter().map(String::as_str).collect();
    match build(&spec, folder, &[&options[..], &["--output=type=cacheonly"]].concat()) {
        Ok(build) => panic!("{} should have failed:\n{build}", spec.display()),
        Err(failure) => assert!(failure.message.contains(message), "no `{message}`:\n{failure}"),
    }
}

/// Builds the files and checks each.
fn check_files(folder: &Path, wanted: &Expected) {
    let spec = folder.join(wanted.spec.as_deref().unwrap());
    let files = Files::of(|output| {
        let options: Vec<&str> = wanted.options.iter().map(String::as_str).collect();
        succeeded(build(&spec, folder, &[&options[..], &[output]].concat()));
    });
    let paths: Vec<&str> = wanted.files.keys().map(String::as_str).collect();
    assert_eq!(files.paths(), paths, "{} {:?}", spec.display(), wanted.options);
    for (path, part) in &wanted.files {
        let text = files[path].text();
        assert!(text.contains(part), "{path}: no `{part}` in\n{text}");
    }
}

fn check_image(wanted: &Expected, image: &Image, what: &str) {
    let description = image.inspect();
    let layers = description["RootFS"]["Layers"].as_array().map_or(0, Vec::len);
    let size = description["Size"].as_u64().unwrap();
    assert!(wanted.layers.is_none_or(|wanted| layers == wanted), "{what}: {layers} layers");
    assert!(wanted.size_below.is_none_or(|limit| size < limit), "{what}: {size} bytes");
    assert!(wanted.size_above.is_none_or(|limit| size > limit), "{what}: {size} bytes");
    for (member, value) in &wanted.config {
        assert_eq!(&description["Config"][member], value, "{what}: {member} of the config");
    }
}

fn check_container(wanted: &Expected, image: &Image, what: &str) {
    let arguments: Vec<&str> = wanted.run.iter().map(String::as_str).collect();
    if let Some(stdout) = &wanted.stdout {
        assert_eq!(
            image.run_with_input(&arguments, wanted.stdin.as_deref()),
            *stdout,
            "{what}: the container's output"
        );
    }
    if wanted.get.is_empty() {
        return;
    }
    let service = Service::start(image.name(), &arguments, &wanted.publish);
    for Get { port, path, status, body, contains } in &wanted.get {
        let what = format!("{what}: GET {path} at port {port}");
        let response = service.get(*port, path);
        assert_eq!(response.status, *status, "{what}\n{}", response.body);
        assert!(
            body.as_ref().is_none_or(|body| response.body == *body),
            "{what}\n{}",
            response.body
        );
        for part in contains {
            assert!(response.body.contains(part), "{what}: no `{part}` in\n{}", response.body);
        }
    }
}

fn folders() -> Vec<PathBuf> {
    let folders: Vec<_> = entries(&Path::new(ROOT).join("examples"))
        .into_iter()
        .filter(|path| path.is_dir())
        .collect();
    assert!(!folders.is_empty(), "there are no examples");
    folders
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn expectations(folder: &Path) -> Expectations {
    let file = folder.join("expect.toml");
    let text =
        std::fs::read_to_string(&file).unwrap_or_else(|err| panic!("{}: {err}", file.display()));
    toml::from_str(&text).unwrap_or_else(|err| panic!("{}: {err}", file.display()))
}
